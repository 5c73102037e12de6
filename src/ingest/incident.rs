//! The native incident event: layered texts, whatever changed, and limits on all of it.

use super::json::{Text, When};
use super::labels::Pairs;
use super::native::ID_BYTES_MAX;
use super::{Flags, Way, text};
use crate::event::{
    Action, ExpectedEnd, Impact, IncidentEvent, Layered, Name, Needs, NoteKind, Scope, Stage, Visibility,
};
use schemars::JsonSchema;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The longest layer of a text, in bytes; a longer one is cut.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The longest title, in bytes; a longer one is cut.
pub const TITLE_BYTES_MAX: usize = 1024;
/// The longest word, name or amount, in bytes; a longer one is cut.
pub const WORD_BYTES_MAX: usize = 512;
/// The most components, regions and accounts; those behind are left out.
pub const LIST_MAX: usize = 100;

/// An incident event. Unknown fields are ignored; an update carries only what changed.
#[derive(serde::Deserialize, JsonSchema)]
#[schemars(title = "Tidings incident event")]
pub(super) struct RawIncident<'a> {
    /// `incident`; not needed in a CloudEvent of type `tidings.incident.v1`.
    #[serde(borrow, default, rename = "type")]
    #[schemars(with = "IncidentWord")]
    _sort: Text<'a>,
    /// Who says it; the name of the way in when it is absent.
    #[serde(borrow, default, rename = "source")]
    #[schemars(with = "Option<String>", length(max = 256))]
    _source: Text<'a>,
    /// The source's own id of this event: the same id again is the same event, and must have the same body.
    #[serde(borrow, default, rename = "id")]
    #[schemars(with = "Option<String>", length(max = 256))]
    _id: Text<'a>,
    /// Which incident, in the source's own naming.
    #[serde(borrow)]
    #[schemars(with = "String", length(min = 1, max = 256))]
    incident: Text<'a>,
    /// What is being done. An update to the stage `resolved` is a resolve.
    action: Action,
    /// When it happened.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    at: When,
    /// How bad, as the source writes it.
    #[serde(default)]
    severity: Option<Box<str>>,
    /// Where the work stands.
    #[serde(default)]
    stage: Option<Stage>,
    /// What it is, in a line.
    #[serde(default)]
    title: Option<RawLayered>,
    /// What is known or being done, in a few sentences.
    #[serde(default)]
    note: Option<RawLayered>,
    /// What a note records. `kind` is read as well.
    #[serde(default, alias = "kind")]
    note_kind: Option<NoteKind>,
    /// Whether customers are affected; absent means not known yet.
    #[serde(default)]
    customer_impact: Option<bool>,
    /// Whom it reaches.
    #[serde(default)]
    scope: Option<Scope>,
    /// Which components, by their ids.
    #[serde(default)]
    components: Option<Vec<Box<str>>>,
    /// Whether data is safe.
    #[serde(default)]
    data_safety: Option<RawLayered>,
    /// What works meanwhile.
    #[serde(default)]
    workaround: Option<RawLayered>,
    /// What happened, said at the end.
    #[serde(default)]
    resolution: Option<RawLayered>,
    /// What was found and what is changed, written after the end: everybody who was told the end is told it, once.
    #[serde(default)]
    write_up: Option<RawLayered>,
    /// What it costs.
    #[serde(default)]
    impact: Option<Impact>,
    /// What is needed, from whom, by when.
    #[serde(default)]
    needs: Option<RawNeeds>,
    /// When it should end.
    #[serde(default)]
    expected_end: Option<RawExpectedEnd>,
    /// Whether data was exposed.
    #[serde(default)]
    data_exposure: Option<bool>,
    /// Whether a regulator must be told.
    #[serde(default)]
    regulatory: Option<bool>,
    /// Who outside has noticed.
    #[serde(default)]
    visibility: Option<Visibility>,
    /// Who leads the work.
    #[serde(default)]
    commander: Option<Box<str>>,
    /// Who leads the communication.
    #[serde(default)]
    comms_lead: Option<Box<str>>,
    /// For matchers.
    #[serde(borrow, default)]
    labels: Option<Pairs<'a>>,
    /// The person who says it.
    #[serde(default)]
    by: Option<Box<str>>,
    /// For `merge`: the incident that goes on.
    #[serde(default)]
    #[schemars(length(max = 256))]
    into: Option<Box<str>>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum IncidentWord {
    Incident,
}

/// A text: a bare string is its internal layer.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "Text")]
enum RawLayered {
    Bare(Box<str>),
    Layers(Layers),
}

impl<'de> Deserialize<'de> for RawLayered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawLayered, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = RawLayered;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or texts named internal, business and public")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<RawLayered, E> {
                Ok(RawLayered::Bare(text.into()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawLayered, A::Error> {
                Layers::deserialize(de::value::MapAccessDeserializer::new(map)).map(RawLayered::Layers)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A text in layers; a missing one is never filled from a more internal one.
#[derive(serde::Deserialize, JsonSchema)]
struct Layers {
    /// For those who mend it.
    #[serde(default)]
    internal: Option<Box<str>>,
    /// For those who answer for it.
    #[serde(default)]
    business: Option<Box<str>>,
    /// For those outside.
    #[serde(default)]
    public: Option<Box<str>>,
}

/// What is needed from somebody.
#[derive(serde::Deserialize, JsonSchema)]
#[schemars(rename = "Needs")]
struct RawNeeds {
    /// What.
    what: Box<str>,
    /// From whom: an audience or a person.
    #[serde(default)]
    who: Option<Box<str>>,
    /// By when.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    by: When,
}

/// When it is expected to end.
#[derive(serde::Deserialize, JsonSchema)]
#[schemars(rename = "ExpectedEnd")]
struct RawExpectedEnd {
    /// When.
    #[serde(default)]
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: When,
    /// How sure: `low`, `medium`, `high`, or words of one's own.
    #[serde(default)]
    confidence: Option<Box<str>>,
    /// Whether outsiders may be told.
    #[serde(default)]
    public: bool,
}

/// The event that was meant.
///
/// # Errors
/// What is missing or over its limit, as a sentence.
pub(super) fn event(
    raw: RawIncident<'_>,
    source: Name,
    way: &Way,
    flags: &mut Flags,
) -> Result<IncidentEvent, &'static str> {
    let id = name(&raw.incident.0)?.ok_or("it names no incident")?;
    let into = raw.into.as_deref().map(name).transpose()?.flatten();
    if raw.action == Action::Merge && into.is_none() {
        return Err("a merge names no incident that goes on");
    }
    let ended = raw.action == Action::Update && raw.stage == Some(Stage::Resolved);
    flags.time_dropped |= raw.at.odd || raw.at.unset;
    let labels = match raw.labels {
        Some(pairs) => pairs.into_labels(flags).map(Some).or_else(none_is_fine)?,
        None => None,
    };
    // What a stream held for a while did not happen later than it was sent (R6).
    let at = raw.at.time.map(|at| at.min(way.received));
    Ok(IncidentEvent {
        source,
        incident: id,
        action: if ended { Action::Resolve } else { raw.action },
        at,
        severity: word(raw.severity, flags),
        stage: raw.stage,
        title: layered(raw.title, |text, flags| text::line(text, TITLE_BYTES_MAX, flags), flags),
        note: layered(raw.note, block, flags),
        note_kind: raw.note_kind,
        customer_impact: raw.customer_impact,
        scope: raw
            .scope
            .map(|scope| Scope { share: word(scope.share, flags), regions: words(scope.regions, flags) }),
        components: raw.components.map(|list| words(list, flags)),
        data_safety: layered(raw.data_safety, block, flags),
        workaround: layered(raw.workaround, block, flags),
        resolution: layered(raw.resolution, block, flags),
        write_up: layered(raw.write_up, block, flags),
        impact: raw.impact.map(|impact| Impact {
            customers: impact.customers,
            share: word(impact.share, flags),
            revenue_per_hour: word(impact.revenue_per_hour, flags),
            accounts: words(impact.accounts, flags),
        }),
        needs: raw.needs.and_then(|needs| needed(needs, flags)),
        expected_end: raw.expected_end.and_then(|end| expected(end, flags)),
        data_exposure: raw.data_exposure,
        regulatory: raw.regulatory,
        visibility: raw.visibility,
        commander: word(raw.commander, flags),
        comms_lead: word(raw.comms_lead, flags),
        labels,
        by: word(raw.by, flags),
        into,
    })
}

/// An incident without labels is an incident all the same.
fn none_is_fine<T>(reason: &'static str) -> Result<Option<T>, &'static str> {
    if reason == "no label that is not empty" { Ok(None) } else { Err(reason) }
}

/// An incident's name: it is an identity, so it is refused rather than cut.
fn name(text: &str) -> Result<Option<Box<str>>, &'static str> {
    if text.len() > ID_BYTES_MAX {
        return Err("an incident's name is longer than 256 bytes");
    }
    let name = text::line(Cow::Borrowed(text), ID_BYTES_MAX, &mut Flags::default());
    let name = name.trim();
    Ok((!name.is_empty()).then(|| name.into()))
}

fn block<'a>(text: Cow<'a, str>, flags: &mut Flags) -> Cow<'a, str> {
    text::block(text, TEXT_BYTES_MAX, flags)
}

fn word(text: Option<Box<str>>, flags: &mut Flags) -> Option<Box<str>> {
    let text = text?;
    let word = text::line(Cow::Owned(text.into()), WORD_BYTES_MAX, flags);
    (!word.is_empty()).then(|| word.into())
}

fn words(list: Vec<Box<str>>, flags: &mut Flags) -> Vec<Box<str>> {
    flags.cut |= list.len() > LIST_MAX;
    list.into_iter().take(LIST_MAX).filter_map(|text| word(Some(text), flags)).collect()
}

fn layered(
    raw: Option<RawLayered>,
    clean: impl for<'a> Fn(Cow<'a, str>, &mut Flags) -> Cow<'a, str>,
    flags: &mut Flags,
) -> Option<Layered> {
    let layers = match raw? {
        RawLayered::Bare(text) => Layers { internal: Some(text), business: None, public: None },
        RawLayered::Layers(layers) => layers,
    };
    let mut layer = |text: Option<Box<str>>| {
        let text = clean(Cow::Owned(text?.into()), flags);
        (!text.trim().is_empty()).then(|| text.into())
    };
    Some(Layered {
        internal: layer(layers.internal),
        business: layer(layers.business),
        public: layer(layers.public),
    })
}

fn needed(raw: RawNeeds, flags: &mut Flags) -> Option<Needs> {
    flags.time_dropped |= raw.by.odd;
    let what = text::block(Cow::Owned(raw.what.into()), TITLE_BYTES_MAX, flags);
    (!what.trim().is_empty()).then(|| Needs { what: what.into(), who: word(raw.who, flags), by: raw.by.time })
}

fn expected(raw: RawExpectedEnd, flags: &mut Flags) -> Option<ExpectedEnd> {
    flags.time_dropped |= raw.at.time.is_none();
    let at = raw.at.time?;
    Some(ExpectedEnd { at, confidence: word(raw.confidence, flags), public: raw.public })
}
