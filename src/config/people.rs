//! Gaps among the people, for `tidings check --contacts`: who cannot be reached, who stands alone, whose addresses nobody
//! has looked at for long (R14).

use super::diagnostic::{Diagnostic, Diagnostics, Place, Source};
use super::members;
use super::table::{Document, Table};
use crate::decide::{Audience, Policy};
use crate::event::{Name, Span, Time};
use std::collections::BTreeSet;

/// What can be said against the contacts and audiences of a configuration that is right otherwise.
#[derive(Clone, Debug, Default)]
pub struct People {
    found: Vec<Diagnostic>,
    /// For each contact that has an address: when somebody last saw that it is right, and the remark that it was long ago.
    verified: Vec<(Option<Time>, Diagnostic)>,
}

impl People {
    /// Everything found; with a span, also whose addresses were not verified within it before `now`.
    pub fn check(&self, now: Time, unverified: Option<Span>) -> Diagnostics {
        let old = |at: Option<Time>| unverified.is_some_and(|span| at.is_none_or(|at| at + span < now));
        let unverified = self.verified.iter().filter(|(at, _)| old(*at)).map(|(_, remark)| remark);
        Diagnostics { all: self.found.iter().chain(unverified).cloned().collect() }
    }
}

/// Looks at everybody.
pub(super) fn read(document: &Document<'_>, policy: &Policy, sources: &[Source]) -> People {
    let gaps = Gaps { document, policy, sources };
    let mut found = gaps.without_address();
    found.extend(gaps.unnamed_roles());
    found.extend(gaps.audiences());
    People { found, verified: gaps.verified() }
}

struct Gaps<'a, 't> {
    document: &'a Document<'t>,
    policy: &'a Policy,
    sources: &'a [Source],
}

impl Gaps<'_, '_> {
    fn remark(&self, code: &'static str, place: Place, message: String, help: String) -> Diagnostic {
        Diagnostic::remark(self.sources, code, place, message, help)
    }

    /// The team whose file it is, if it is one's.
    fn team(&self, table: &Table<'_>) -> Option<&str> {
        self.document.team(table.header.file).map(|team| team.name.value)
    }

    fn is_reached(&self, table: &Table<'_>) -> bool {
        self.policy.contacts.get(table.name.as_str()).is_some_and(|contact| !contact.all.is_empty())
    }

    fn without_address(&self) -> Vec<Diagnostic> {
        let nowhere = self.document.all("contact").iter().filter(|table| !self.is_reached(table));
        let remark = |table: &Table<'_>| {
            let message = format!("`{}` has no address that a channel serves", table.name);
            let help = "give it an `email`, `phone` or `slack` that a channel serves".to_owned();
            self.remark("people::no-address", table.header, message, help)
        };
        nowhere.map(remark).collect()
    }

    /// Roles that somebody has and no audience that sees them names; one that nobody has is a mistake of the audience.
    fn unnamed_roles(&self) -> Vec<Diagnostic> {
        let audiences = self.document.all("audience").iter();
        let named: BTreeSet<(&str, Option<&str>)> = audiences
            .flat_map(|table| {
                let roles = members::roles(self.document, table, self.sources);
                roles.into_iter().map(|role| (role, self.team(table)))
            })
            .collect();
        let is_named = |table: &Table<'_>, role: &str| match self.team(table) {
            Some(team) => named.contains(&(role, Some(team))),
            None => named.iter().any(|(named, _)| *named == role),
        };
        let remark = |role: super::value::At<&str>| {
            let message = format!("no audience names the role `{}`", role.value);
            let help =
                format!("add \"role:{}\" to the `members` of an audience, or leave it out", role.value);
            self.remark("people::unnamed-role", role.place, message, help)
        };
        let contacts = self.document.all("contact").iter();
        let unnamed = contacts
            .flat_map(|table| table.texts("roles").into_iter().filter(|role| !is_named(table, role.value)));
        unnamed.map(remark).collect()
    }

    /// Teams that have nobody who stands in, and elsewhere the one member of an audience who has no backup.
    fn audiences(&self) -> Vec<Diagnostic> {
        let one = |table: &Table<'_>| {
            let audience = self.policy.audiences.get(table.name.as_str())?;
            let alone = self.only_person(audience)?;
            let place = table.place_of("members");
            let help = format!("add a second member, or give [contact.{alone}] a `backup`");
            Some(match self.team(table) {
                Some(team) => {
                    let message =
                        format!("the team `{team}` has no deputy: `{}` is `{alone}` alone", audience.name);
                    self.remark("people::no-deputy", place, message, help)
                }
                None => {
                    let message = format!("`{alone}` is alone in `{}` and has no `backup`", audience.name);
                    self.remark("people::alone", place, message, help)
                }
            })
        };
        self.document.all("audience").iter().filter_map(one).collect()
    }

    /// The contact that is the only person of an audience, those told instead counted.
    fn only_person(&self, audience: &Audience) -> Option<Name> {
        let members = audience.contacts.iter().filter_map(|name| self.policy.contacts.get(name));
        let people =
            members.flat_map(|contact| self.policy.with_backups(contact)).map(|contact| &contact.name);
        let people: BTreeSet<&Name> = people.collect();
        people.first().filter(|_| people.len() == 1).map(|name| (*name).clone())
    }

    fn verified(&self) -> Vec<(Option<Time>, Diagnostic)> {
        let reached = self.document.all("contact").iter().filter(|table| self.is_reached(table));
        let one = |table: &Table<'_>| {
            let node = table.get("verified");
            let at = node.and_then(|node| node.day()).and_then(|day| day.begins(&self.policy.time_zone));
            let message = match at {
                Some(at) => format!("the addresses of `{}` were last verified at {at}", table.name),
                None => format!("the addresses of `{}` were never verified", table.name),
            };
            let help = "write to them, and set `verified` to the day of the answer".to_owned();
            (at, self.remark("people::unverified", table.place_of("verified"), message, help))
        };
        reached.map(one).collect()
    }
}
