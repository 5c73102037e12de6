//! The keys of a channel of `type = "sms"` as they are read: in one piece, because a mistake keeps its place only so.

use super::gateway::{Auth, Body, Success, Verb};
use super::{Form, Settings, gateway, twilio};
use crate::deliver::setting::TextOrSecret;
use crate::event::SecretRef;
use serde::Deserialize;
use serde::de::Error as _;
use std::collections::BTreeMap;

/// Which provider.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Provider {
    Twilio,
    Gateway,
}

/// The keys of every provider; [`twilio::Settings`] and [`gateway::Settings`] say what they mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    provider: Provider,
    from: Option<String>,
    segments: Option<u8>,

    account: Option<String>,
    token: Option<SecretRef>,
    key: Option<String>,
    secret: Option<SecretRef>,
    messaging_service: Option<String>,
    api: Option<String>,

    url: Option<TextOrSecret>,
    method: Option<Verb>,
    headers: Option<BTreeMap<String, TextOrSecret>>,
    auth: Option<Auth>,
    body: Option<Body>,
    success: Option<Success>,
    id_pointer: Option<String>,
    permanent_status: Option<Vec<u16>>,
}

/// Reads the keys.
///
/// # Errors
/// The first mistake, at its place; keys of the other provider are told by `check`.
pub(super) fn read(toml: toml::de::Deserializer<'_>) -> Result<Settings, toml::de::Error> {
    let keys = Keys::deserialize(toml)?;
    let foreign = keys.foreign();
    let missing = toml::de::Error::missing_field;
    let form = match keys.provider {
        Provider::Twilio => Form::Twilio(Box::new(twilio::Settings {
            account: keys.account.ok_or_else(|| missing("account"))?,
            token: keys.token,
            key: keys.key,
            secret: keys.secret,
            from: keys.from,
            messaging_service: keys.messaging_service,
            api: keys.api,
            segments: keys.segments,
        })),
        Provider::Gateway => Form::Gateway(Box::new(gateway::Settings {
            url: keys.url.ok_or_else(|| missing("url"))?,
            method: keys.method.unwrap_or_default(),
            headers: keys.headers.unwrap_or_default(),
            auth: keys.auth,
            body: keys.body.ok_or_else(|| missing("body"))?,
            from: keys.from,
            success: keys.success.unwrap_or_default(),
            id_pointer: keys.id_pointer,
            permanent_status: keys.permanent_status.unwrap_or_default(),
            segments: keys.segments,
        })),
    };
    Ok(Settings { form, foreign })
}

impl Keys {
    /// The keys that stand there and belong to the other provider.
    fn foreign(&self) -> Vec<&'static str> {
        let of_twilio = [
            ("account", self.account.is_some()),
            ("token", self.token.is_some()),
            ("key", self.key.is_some()),
            ("secret", self.secret.is_some()),
            ("messaging_service", self.messaging_service.is_some()),
            ("api", self.api.is_some()),
        ];
        let of_gateway = [
            ("url", self.url.is_some()),
            ("method", self.method.is_some()),
            ("headers", self.headers.is_some()),
            ("auth", self.auth.is_some()),
            ("body", self.body.is_some()),
            ("success", self.success.is_some()),
            ("id_pointer", self.id_pointer.is_some()),
            ("permanent_status", self.permanent_status.is_some()),
        ];
        let other: &[(&'static str, bool)] = match self.provider {
            Provider::Twilio => &of_gateway,
            Provider::Gateway => &of_twilio,
        };
        other.iter().filter(|(_, is_there)| *is_there).map(|(key, _)| *key).collect()
    }
}
