//! The channels of a configuration, built: one whose secret is missing is down and queues, the others work (R38).

use super::dispatch::{Channels, Runner};
use crate::config::{Config, open_secret};
use std::sync::Arc;

/// Builds every channel.
pub fn build(config: &Config) -> Channels {
    let one = |(name, settings): (&crate::event::Name, &crate::config::ChannelSettings)| {
        let built = settings.settings.build(name, &settings.common, &open_secret);
        if let Err(why) = &built {
            tracing::error!(channel = %name, why, "a channel is down; what goes by it waits");
        }
        (name.clone(), Arc::new(Runner::new(built, settings.common.timeout, settings.rate)))
    };
    config.channels.iter().map(one).collect()
}
