//! From the keys of `[[route]]` to the rows of the policy: conditions, values, and one copy for each team (R10, R13).

use super::channel::Draft;
use super::diagnostic::{self, Report, Source};
use super::effective::{self, RowOrigins};
use super::keeping::Reader;
use super::route::{ALERTS_ONLY, Keys};
use super::table::{Document, Table, Team};
use super::value::At;
use super::via::{self, Reach};
use super::{audience, hours, severity, suggest, walk};
use crate::decide::{Audience, Cadence, Conditions, Contact, GroupBy, Orphans, Row, RowKind, Via};
use crate::event::{Ladder, Name};
use crate::message::Disclosure;
use std::collections::BTreeMap;

/// What stands before the name in the audience of a row that is read once for each team.
const TEAM_PREFIX: &str = "{team}/";

/// What rows are made from.
pub(super) struct Rows<'a, 't> {
    pub(super) document: &'a Document<'t>,
    pub(super) report: &'a Report,
    pub(super) sources: &'a [Source],
    pub(super) ladder: &'a Ladder,
    pub(super) channels: &'a [Draft<'a>],
    pub(super) contacts: &'a BTreeMap<Name, Contact>,
    pub(super) audiences: &'a BTreeMap<Name, Audience>,
    pub(super) default_via: &'a Via,
    pub(super) time_zone: &'a str,
    pub(super) cadence: &'a Cadence,
}

/// The routing table as it was read.
#[derive(Default)]
pub(super) struct Routing {
    pub(super) rows: Vec<Row>,
    pub(super) orphans: Vec<Orphans>,
    pub(super) origins: Vec<RowOrigins>,
    /// For each row, its table's index: copies share it.
    pub(super) tables: Vec<usize>,
}

impl<'t> Rows<'_, 't> {
    /// The whole routing table.
    pub(super) fn read(&self) -> Routing {
        let mut routing = Routing::default();
        for (index, own) in self.document.all("route").iter().enumerate() {
            let keys = Keys { own, defaults: self.document.one("defaults") };
            self.row(index, keys, &mut routing);
        }
        self.check_names(&routing);
        super::unreachable::check(self.document, &routing, self.report);
        routing
    }

    fn row(&self, index: usize, keys: Keys<'_, 't>, routing: &mut Routing) {
        let name = keys.own.required("name", self.report).and_then(|node| node.text());
        let (kind, told) = (self.need(keys, "kind"), self.need(keys, "audience"));
        let (Some(name), Some(kind), Some(told)) = (name, kind, told) else {
            // What else is wrong with it is said all the same.
            self.conditions(keys, RowKind::Alert);
            return;
        };
        let kind = if kind.value == "incident" { RowKind::Incident } else { RowKind::Alert };
        let draft = self.draft(keys, name, kind);
        self.check_sense(keys, kind);
        self.check_owner(keys);
        let from = routing.rows.len();
        match told.value.strip_prefix(TEAM_PREFIX) {
            Some(inner) => {
                self.copies(&draft, At { value: inner, place: told.place }, routing);
                let rows = from..routing.rows.len();
                routing.orphans.push(Orphans {
                    name: draft.name.clone(),
                    conditions: draft.conditions.clone(),
                    rows,
                });
            }
            None => {
                let found = audience::resolve(self.document, told, keys.own.header.file, self.report);
                routing.rows.extend(found.map(|audience| Row { audience, ..draft }));
            }
        }
        routing.tables.resize(routing.rows.len(), index);
        for row in &routing.rows[from..] {
            let owner = self.document.team(row.file);
            let of_copy = || {
                let (team, _) =
                    row.audience.as_str().split_once('/').filter(|_| told.value.starts_with(TEAM_PREFIX))?;
                self.document.teams().find(|known| known.name.value == team)
            };
            let team = owner.or_else(of_copy).map(|team| team.place);
            routing.origins.push(effective::origins(keys, row, team, self.ladder, self.sources));
        }
        self.check_audiences(keys, &routing.rows[from..]);
    }

    fn keeping(&self) -> Reader<'_, 't> {
        Reader { document: self.document, report: self.report, audiences: self.audiences }
    }

    fn need(&self, keys: Keys<'_, 't>, key: &'static str) -> Option<At<&'t str>> {
        let node = match keys.get(key) {
            Some(node) => node,
            None => keys.own.required(key, self.report)?,
        };
        Some(At { value: node.text()?, place: node.place() })
    }

    /// The row without its audience.
    fn draft(&self, keys: Keys<'_, 't>, name: &str, kind: RowKind) -> Row {
        let own = keys.own;
        let text = |key: &str| keys.get(key).and_then(|node| node.text()).unwrap_or_default();
        let via = keys.own.get("via").map(|node| via::read(self.document, self.channels, node, self.report));
        let labels: Vec<Box<str>> = keys
            .get("group_by")
            .map(|node| node.texts())
            .unwrap_or_default()
            .iter()
            .map(|l| l.value.into())
            .collect();
        if labels.len() > 1 && labels.iter().any(|label| &**label == "...") {
            let help = "write [\"...\"] alone, or the labels without it";
            self.report.error(
                "route::group-by",
                keys.place("group_by"),
                "\"...\" already means every label",
                help,
            );
        }
        Row {
            name: self.document.full_name(own.header.file, name),
            about: text("about").into(),
            was: own
                .texts("was")
                .iter()
                .map(|was| self.document.full_name(own.header.file, was.value))
                .collect(),
            file: own.header.file,
            conditions: self.conditions(keys, kind),
            stop: keys.get("stop").and_then(|node| node.flag()).unwrap_or(false),
            audience: Name::from(""),
            via: via.unwrap_or_else(|| self.default_via.clone()),
            group_by: if labels.iter().any(|label| &**label == "...") {
                GroupBy::All
            } else {
                GroupBy::Labels(labels)
            },
            group_wait: keys.span("group_wait"),
            group_interval: keys.span("group_interval"),
            repeat_every: keys.get("repeat_every").and_then(|node| node.span()),
            max_alerts: keys.count("max_alerts"),
            dedupe_for: keys.span("dedupe_for"),
            throttle: keys.get("throttle").and_then(|node| node.limit()),
            template: self.template(keys),
            keeping: self.keeping().read(keys, kind),
        }
    }

    fn conditions(&self, keys: Keys<'_, 't>, kind: RowKind) -> Conditions {
        let texts = keys.get("match").map(|node| node.texts()).unwrap_or_default();
        let mut matchers = walk::matchers(&texts, self.report);
        if let Some(team) = self.document.team(keys.own.header.file) {
            matchers.extend(team.matchers.iter().cloned());
        }
        let customer_impact = keys.get("customer_impact").and_then(|node| node.flag());
        let lasting = keys.get("lasting").and_then(|node| node.span());
        let hours = keys.get("hours").and_then(|node| hours::read(node, self.time_zone, self.report));
        let severity =
            keys.get("severity").and_then(|node| severity::condition(node, self.ladder, self.report));
        Conditions { kind, matchers, severity, customer_impact, lasting, hours }
    }

    fn template(&self, keys: Keys<'_, 't>) -> Option<Name> {
        let node = keys.get("template")?;
        let text = node.text()?;
        if self.document.find("template", text).is_none() {
            let names = self.document.all("template").iter().map(|table| table.name.as_str());
            let help = suggest::hint(text, "template", names);
            let message = format!("there is no template `{text}`");
            self.report.error("route::unknown-template", node.place(), message, help);
        }
        Some(text.into())
    }

    /// One copy for each team that has the audience.
    fn copies(&self, draft: &Row, inner: At<&str>, routing: &mut Routing) {
        if self.document.team(inner.place.file).is_some() {
            let help = format!("write audience = \"{}\"", inner.value);
            return self.report.error(
                "route::team-row",
                inner.place,
                "a team's file has one team: its own",
                help,
            );
        }
        let full = |team: &Team<'_>| format!("{}/{}", team.name.value, inner.value);
        let having =
            self.document.teams().filter(|team| self.document.find("audience", &full(team)).is_some());
        let before = routing.rows.len();
        for team in having {
            let suffixed = |name: &Name| Name::from(format!("{name}/{}", team.name.value));
            let was = draft.was.iter().map(suffixed).collect();
            let mut row = Row { name: suffixed(&draft.name), was, ..draft.clone() };
            row.conditions.matchers.extend(team.matchers.iter().cloned());
            row.audience = full(team).into();
            routing.rows.push(row);
        }
        if routing.rows.len() == before {
            let message = format!("no team has an audience `{}`", inner.value);
            let of_teams =
                self.document.all("audience").iter().filter_map(|table| table.name.split_once('/'));
            let help = suggest::hint(inner.value, "audience of a team", of_teams.map(|(_, name)| name));
            self.report.error("route::unknown-audience", inner.place, message, help);
        }
    }

    /// What is promised, escalated or approved needs somebody who hears of what went wrong with it (R42).
    fn check_owner(&self, keys: Keys<'_, 't>) {
        let owner = self.document.one("incidents").and_then(|table| table.get("owner"));
        if let Some(key) = Reader::needs_owner(keys).filter(|_| owner.is_none()) {
            let message = format!("a row with `{key}` needs an owner, and [incidents] names none");
            let help = "add [incidents] with owner = \"…\", an internal audience";
            self.report.error("owner::missing", keys.place(key), message, help);
        }
    }

    /// Keys that mean nothing beside others.
    fn check_sense(&self, keys: Keys<'_, 't>, kind: RowKind) {
        let meaningless = |key: &str, of: &str| {
            if let Some(entry) = keys.own.entries.get(key) {
                let message = format!("`{key}` means nothing on a row about {of}");
                self.report.error("route::meaningless", entry.key, message, "leave it out");
            }
        };
        match kind {
            RowKind::Incident => ALERTS_ONLY.iter().for_each(|key| meaningless(key, "incidents")),
            RowKind::Alert => meaningless("customer_impact", "alerts"),
        }
    }

    fn check_audiences(&self, keys: Keys<'_, 't>, rows: &[Row]) {
        let told: Vec<&Audience> = rows.iter().filter_map(|row| self.audiences.get(&row.audience)).collect();
        let external = told.iter().any(|audience| audience.disclosure == Disclosure::External);
        match keys.own.entries.get("approve") {
            None if external => {
                let help = "add approve = true, and somebody looks at the texts before they leave, or approve = false";
                let message = "a row to an external audience says whether its texts need approval";
                self.report.error("route::approve-missing", keys.place("audience"), message, help);
            }
            Some(entry) if !external && !told.is_empty() => {
                let message = "`approve` means nothing on a row to an audience that is not external";
                self.report.error("route::meaningless", entry.key, message, "leave it out");
            }
            _ => {}
        }
        for (row, audience) in rows.iter().filter_map(|row| Some((row, self.audiences.get(&row.audience)?))) {
            self.keeping().check_audience(keys, &row.keeping, audience);
            self.keeping().check_rhythm(keys, row, self.cadence, audience);
        }
        if let (Some(node), Some(first)) = (keys.get("via"), rows.first()) {
            let reach = Reach { channels: self.channels, contacts: self.contacts };
            told.iter().for_each(|audience| reach.check(&first.via, node, audience, self.report));
        }
    }

    /// Names are identities: each once, and none that another row had before.
    fn check_names(&self, routing: &Routing) {
        let tables = self.document.all("route");
        let place = |table: &Table<'_>, key| table.place_of(key);
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (row, table) in routing.rows.iter().zip(&routing.tables) {
            if let Some(other) = seen.insert(row.name.as_str(), *table) {
                let first = diagnostic::line(self.sources, place(&tables[other], "name"));
                let message = format!("there are two rows `{}`", row.name);
                let help = format!("the other one stands in {first}; give one of them another name");
                self.report.error("route::twice", place(&tables[*table], "name"), message, help);
            }
        }
        for (row, table) in routing.rows.iter().zip(&routing.tables) {
            for was in row.was.iter().filter(|was| seen.contains_key(was.as_str())) {
                let message = format!("`{was}` is the name of a row that still stands");
                let help = "`was` takes names that no row has any more";
                self.report.error("route::was", place(&tables[*table], "was"), message, help);
            }
        }
    }
}
