//! Reads files, follows `include`, and builds the configuration: all mistakes of all files at once.

use super::channel::{self, ChannelSettings, Draft, Shared};
use super::diagnostic::{Diagnostics, Place, Report, SYNTAX, Source};
use super::row::{Routing, Rows};
use super::table::Document;
use super::value::Node;
use super::walk::Walk;
use super::{
    Config, JournalSettings, Part, Parts, audience, cadence, contact, environment, heartbeat, incident,
    include, ingest, journal, people, severity, template, token, trial, via,
};
use crate::decide::{ChannelPolicy, Policy, PolicyText, Via};
use crate::deliver::ChannelKind;
use crate::event::Name;
use crate::event::id::Digest;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads the files of `--config`, in the order given, with all that they include before each.
///
/// # Errors
/// Every mistake of every file.
pub fn load(paths: &[PathBuf], key: [u8; 32], kinds: &[ChannelKind]) -> Result<Config, Diagnostics> {
    let (sources, parts) = include::gather(paths)?;
    build(&sources, &parts, &key, kinds)
}

/// Builds a configuration from texts that were kept, in reading order: no file is opened. A file is a root file if
/// no `include` and no `members` of another leads to its name.
///
/// # Errors
/// Every mistake of every text.
pub fn from_texts<N: AsRef<str>, T: AsRef<str>>(
    files: &[(N, T)],
    key: [u8; 32],
    kinds: &[ChannelKind],
) -> Result<Config, Diagnostics> {
    let source =
        |(name, text): &(N, T)| Source { name: name.as_ref().into(), text: Arc::from(text.as_ref()) };
    let sources: Vec<Source> = files.iter().map(source).collect();
    let parts = include::parts(&sources);
    build(&sources, &parts, &key, kinds)
}

/// `[journal]` alone, whatever else is wrong with the files (R38).
///
/// # Errors
/// The files are missing, or `[journal]` is missing or wrong.
pub fn journal_section(paths: &[PathBuf]) -> Result<JournalSettings, Diagnostics> {
    let read =
        paths.iter().map(|path| include::read_file(path).map_err(|error| Diagnostics { all: vec![*error] }));
    journal::alone(&read.collect::<Result<Vec<_>, _>>()?)
}

/// A document as a value, with the span of the whole text.
pub(super) fn as_value(table: Spanned<DeTable<'_>>) -> Spanned<DeValue<'_>> {
    let span = table.span();
    Spanned::new(span, DeValue::Table(table.into_inner()))
}

fn build(
    sources: &[Source],
    parts: &Parts,
    key: &[u8; 32],
    kinds: &[ChannelKind],
) -> Result<Config, Diagnostics> {
    let report = Report::default();
    let mut values = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let toml = if parts[file] == Part::Members { "" } else { &source.text };
        let (table, errors) = DeTable::parse_recoverable(toml);
        for error in errors {
            let place = Place::new(file, error.span().unwrap_or_default());
            report.error(SYNTAX, place, error.message().trim_end(), "");
        }
        values.push(as_value(table));
    }
    let mut document = Document::default();
    for (file, value) in values.iter().enumerate() {
        let mut walk = Walk { document: &mut document, sources, report: &report };
        walk.file(parts[file] == Part::Root, Node { file, value });
    }
    check_top(&document, &report);
    include::check(sources, parts, &report);
    let text = text(sources, parts);
    let config = Builder { document: &document, sources, parts, report: &report, key, kinds }.config(text);
    let diagnostics = report.finish(sources, &|file| document.team(file).is_some());
    match config {
        Some(config) if !diagnostics.has_errors() => Ok(Config { warnings: diagnostics.all, ..config }),
        _ => Err(diagnostics),
    }
}

fn check_top(document: &Document<'_>, report: &Report) {
    let top = document.one("");
    if top.and_then(|top| top.get("version")).is_none() {
        report.general(
            "version::missing",
            "`version` is missing",
            "add version = 1 at the top of the root file",
        );
    }
}

/// The texts with their hash: the same files at another place are the same policy.
fn text(sources: &[Source], parts: &Parts) -> PolicyText {
    let mut hashed: Vec<&[u8]> = Vec::new();
    for (source, part) in sources.iter().zip(parts) {
        let part = match part {
            Part::Root => b"root".as_slice(),
            Part::Included => b"included",
            Part::Members => b"members",
        };
        hashed.extend([part, source.text.as_bytes()]);
    }
    let files = sources.iter().map(|source| (source.name.clone(), Box::from(&*source.text))).collect();
    PolicyText { hash: Digest::of(&hashed), files }
}

struct Builder<'a, 't> {
    document: &'a Document<'t>,
    sources: &'a [Source],
    parts: &'a Parts,
    report: &'a Report,
    key: &'a [u8; 32],
    kinds: &'a [ChannelKind],
}

impl Builder<'_, '_> {
    fn config(&self, text: PolicyText) -> Option<Config> {
        let (document, report) = (self.document, self.report);
        let egress = document.one("egress").map(|table| table.texts("allow_networks")).unwrap_or_default();
        let networks = environment::networks(&egress, report);
        let domain = document.one("environment").and_then(|table| table.text("domain"));
        let domain = domain.map_or("", |domain| domain.value).to_owned();
        let shared = Shared { kinds: self.kinds, networks: networks.clone(), domain };
        let channels = channel::read(document, &shared, report);
        let ingest = ingest::read(document, report);
        let tokens = token::read(document, report);
        let journal = journal::read(document, report);
        let (policy, routing) = self.policy(&text, &channels);
        let time_zone = policy.time_zone.clone();
        Some(Config {
            people: people::read(document, &policy, self.sources),
            policy,
            channels: settings(channels),
            contact_names: contact::names(document),
            ingest,
            journal: journal?,
            tokens,
            heartbeat: heartbeat::read(document, &networks, report),
            egress: networks,
            member_files: self.member_files(),
            text,
            rows: routing.origins,
            trials: self.trials(&time_zone),
            warnings: Vec::new(),
        })
    }

    fn policy(&self, text: &PolicyText, channels: &[Draft<'_>]) -> (Policy, Routing) {
        let (document, report) = (self.document, self.report);
        let top = document.one("");
        let time_zone = environment::time_zone(top.and_then(|top| top.text("time_zone")), "UTC", report);
        let ladder = severity::read(document, report);
        let mut endpoints = BTreeMap::new();
        let contacts = contact::read(document, channels, &time_zone, &mut endpoints, report);
        let (sources, key) = (self.sources, self.key);
        let parts = audience::Parts { channels, contacts: &contacts, time_zone: &time_zone, sources, key };
        let audiences = audience::read(document, &parts, &mut endpoints, report);
        let default_via = document.one("defaults").and_then(|table| table.get("via"));
        let default_via = default_via.map_or(Via::Unsaid, |node| via::read(document, channels, node, report));
        let cadence = cadence::read(document, &ladder, report);
        let rows = Rows {
            document,
            report,
            sources: self.sources,
            ladder: &ladder,
            channels,
            contacts: &contacts,
            audiences: &audiences,
            default_via: &default_via,
            time_zone: &time_zone,
            cadence: &cadence,
        };
        let mut routing = rows.read();
        let templates = template::read(document, &routing.rows, &audiences, self.sources, report);
        let (remember_events_for, remember_events_max, stale_after) = ingest::memory(document);
        let unrouted = self.named("", "unrouted");
        let unrouted_row =
            unrouted.as_ref().map(|audience| Box::new(crate::decide::Row::unrouted(audience, &default_via)));
        let policy = Policy {
            unrouted_row,
            tokens: document.all("token").iter().map(|table| table.name.as_str().into()).collect(),
            confined: self.confined(),
            hash: text.hash,
            time_zone,
            environment: environment::read(document, report),
            rows: std::mem::take(&mut routing.rows),
            orphans: std::mem::take(&mut routing.orphans),
            audiences,
            contacts,
            endpoints,
            channels: policies(channels),
            components: environment::components(document),
            critical: environment::critical(document),
            cadence,
            write_up: environment::write_up(document),
            people: contact::names(document).into_values().collect(),
            unrouted,
            owner: self.owner(),
            default_via,
            templates,
            remember_events_for,
            remember_events_max,
            forget_after: journal::forget_after(document),
            stale_after,
            watchdog: heartbeat::watchdog(document, report),
            incident_rules: incident::read(document, self.sources, &ladder, report),
            resolve_incidents_after: incident::resolve_after(document),
            reference_key: *self.key,
            ladder,
        };
        self.check_whole();
        (policy, routing)
    }

    fn member_files(&self) -> Vec<PathBuf> {
        let files = self.sources.iter().zip(self.parts).filter(|(_, part)| **part == Part::Members);
        files.map(|(source, _)| PathBuf::from(&*source.name)).collect()
    }

    fn trials(&self, time_zone: &str) -> Vec<trial::Trial> {
        let (document, sources, report) = (self.document, self.sources, self.report);
        trial::read(trial::Reader { document, sources, time_zone, report })
    }

    /// What each confined token may touch (R43).
    fn confined(&self) -> BTreeMap<Name, Vec<crate::event::Matcher>> {
        let tokens = self.document.all("token").iter().filter_map(|table| {
            let wanted = table.text("team")?.value;
            let team = self.document.teams().find(|team| team.name.value == wanted)?;
            Some((Name::from(table.name.as_str()), team.matchers.clone()))
        });
        tokens.collect()
    }

    fn named(&self, section: &str, key: &str) -> Option<Name> {
        let text = self.document.one(section)?.text(key)?;
        environment::internal_audience(self.document, text, key, self.report)
    }

    /// `[incidents] owner`, else `unrouted` (R42).
    fn owner(&self) -> Option<Name> {
        self.named("incidents", "owner").or_else(|| self.named("", "unrouted"))
    }

    /// What only shows when everything is read.
    fn check_whole(&self) {
        if self.document.all("route").is_empty() {
            let help = "add [[route]] with `name`, `kind` and `audience`";
            self.report.general("route::no-row", "there is no row: nobody would be told of anything", help);
        }
        let said =
            |section: &str, key: &str| self.document.one(section).is_some_and(|t| t.get(key).is_some());
        if !said("", "unrouted") && !said("incidents", "owner") {
            let message =
                "neither `unrouted` nor [incidents] `owner` is set: what no row matches is told to nobody";
            let help = "set unrouted to an internal audience";
            self.report.warning("owner::nobody", None, message, help);
        }
    }
}

fn policies(channels: &[Draft<'_>]) -> BTreeMap<Name, ChannelPolicy> {
    channels.iter().map(|draft| (draft.name.clone(), draft.policy.clone())).collect()
}

fn settings(channels: Vec<Draft<'_>>) -> BTreeMap<Name, ChannelSettings> {
    let one = |draft: Draft<'_>| {
        let (common, rate) = (draft.common, draft.rate);
        Some((draft.name, ChannelSettings { settings: draft.settings?, common, rate }))
    };
    channels.into_iter().filter_map(one).collect()
}
