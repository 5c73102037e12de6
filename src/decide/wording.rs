//! R23: what an approver writes passes the limits of templates, and holds nothing that its audience may not read; what
//! an approver reads is remarked upon.

use super::fact::DraftText;
use super::matter::{Matter, Shade, Sort};
use super::policy::Policy;
use super::state::Briefing;
use crate::event::Layered;
use crate::message::lint::{self, Known, Remark, lint};
use crate::message::{self, Disclosure, IncidentRecord, Kind, Message, WRITTEN_MAX, Wording};
use std::collections::BTreeSet;

/// A text of an inner layer that is shorter than this may well be written by chance.
const LAYER_MIN: usize = 16;

/// Ends of names that only a network of one's own resolves.
const INSIDE: [&str; 8] =
    [".internal", ".local", ".localdomain", ".lan", ".corp", ".intra", ".svc", ".home.arpa"];

/// What is wrong with the words, each as a sentence; nothing where they may leave.
pub(super) fn mistakes(
    policy: &Policy,
    matter: &Matter<'_>,
    briefing: &Briefing,
    text: &DraftText,
) -> Vec<String> {
    let parts = [("title", &text.title), ("short text", &text.short), ("body", &text.body)];
    let written: Vec<(&str, &str)> =
        parts.iter().filter_map(|(name, part)| Some((*name, part.as_deref()?))).collect();
    if written.is_empty() {
        return vec!["No words were given: write a title, a short text or a body.".to_owned()];
    }
    let mistakes: Vec<String> = parts.iter().zip(WRITTEN_MAX).filter_map(form).collect();
    // What is too long is not searched: that could take long.
    if !mistakes.is_empty() || briefing.disclosure == Disclosure::Internal {
        return mistakes;
    }
    let hidden = Hidden::of(policy, matter, briefing);
    written.iter().flat_map(|(name, part)| hidden.in_text(name, part)).collect()
}

/// What the approver should look at twice, each as a line.
pub(super) fn remarks(
    policy: &Policy,
    matter: &Matter<'_>,
    briefing: &Briefing,
    message: &Message,
) -> Vec<Box<str>> {
    let mut people: Vec<&str> = policy.people.iter().map(|name| &**name).collect();
    let mut components: Vec<&str> = policy.components.keys().map(|id| &**id).collect();
    let mut labels: Vec<&str> = Vec::new();
    match &matter.sort {
        Sort::Incident { incident, record } => {
            let leads = [&record.commander, &record.comms_lead, &record.acknowledged_by];
            people.extend(leads.into_iter().filter_map(|name| name.as_deref()));
            components.extend(incident.record.components.iter().map(|id| &**id));
            labels.extend(record.labels.iter().map(|(_, value)| value).chain([&*record.id]));
        }
        Sort::Group { labels: own, .. } => labels.extend(own.iter().map(|(_, value)| value)),
    }
    let public: Vec<&str> = policy.components.values().map(|name| &**name).collect();
    // Who was told nothing yet has heard no apology and no news.
    let last = matter.told_outside().filter(|_| briefing.said.is_some());
    let known = Known {
        people: &people,
        components: &components,
        labels: &labels,
        public: &public,
        last: last.map(|body| lint::Draft { body, ..lint::Draft::default() }),
    };
    let remarks = lint(&lint::Draft::from(message), &known);
    remarks
        .iter()
        .map(|Remark { words, part, better, .. }| format!("{part}, \"{words}\": {better}").into())
        .collect()
}

/// What is wrong with the form of a part.
fn form(((name, part), max): (&(&str, &Option<Box<str>>), usize)) -> Option<String> {
    let part = part.as_deref()?;
    if part.trim().is_empty() {
        return Some(format!("The {name} is empty."));
    }
    if part.len() > max {
        return Some(format!("The {name} has {} bytes, and may have {max}.", part.len()));
    }
    let many = *name != "body" && part.trim_end().contains('\n');
    many.then(|| format!("The {name} must be one line."))
}

/// What the audience may not read of a case, unless it stands in what Tidings itself would say to it.
struct Hidden {
    /// What Tidings would say, in lower case.
    said: String,
    /// Component ids and label values, in lower case.
    words: BTreeSet<String>,
    /// Texts of layers that are not the audience's, in lower case and with single spaces.
    layers: Vec<String>,
}

impl Hidden {
    fn of(policy: &Policy, matter: &Matter<'_>, briefing: &Briefing) -> Hidden {
        let subject = matter.subject(policy, briefing, Kind::Update, Shade::default());
        let own = message::compose(&subject, briefing.disclosure, &policy.templates, None, Wording::Free);
        let facts = own.facts.iter().map(|(_, value)| &**value);
        let said: Vec<&str> = [&*own.title, &*own.short, &*own.body].into_iter().chain(facts).collect();
        let (mut words, mut layers) = (BTreeSet::new(), Vec::new());
        match &matter.sort {
            Sort::Incident { incident, record } => {
                words.extend(incident.record.components.iter().map(|id| squeezed(id)));
                let labels = record.labels.iter().filter(|(name, _)| *name != "severity");
                words.extend(labels.map(|(_, value)| squeezed(value)));
                words.insert(squeezed(&record.id));
                layers.extend(inner(record, briefing.disclosure).map(squeezed));
            }
            Sort::Group { labels, standing, .. } => {
                let alerts = standing.firing.iter().chain(&standing.ended);
                let all = alerts.flat_map(|(_, alert)| alert.record.labels.iter()).chain(labels.iter());
                let labels = all.filter(|(name, _)| *name != "severity");
                words.extend(labels.map(|(_, value)| squeezed(value)));
            }
        }
        words.retain(|word| word.chars().count() > 2);
        layers.retain(|layer| layer.len() >= LAYER_MIN);
        Hidden { said: squeezed(&said.join(" ")), words, layers }
    }

    fn in_text(&self, name: &str, text: &str) -> Vec<String> {
        let text = squeezed(text);
        let mut found: BTreeSet<String> = BTreeSet::new();
        let words = self.words.iter().filter(|word| stands(word, &text) && !stands(word, &self.said));
        found.extend(words.cloned());
        let hosts = text.split(|c: char| c.is_whitespace() || "()[]<>\"'`,;".contains(c)).map(bare);
        found.extend(hosts.filter(|word| is_host(word) && !stands(word, &self.said)).map(str::to_owned));
        let mut out: Vec<String> = found
            .into_iter()
            .map(|word| format!("The {name} says \"{word}\", which its readers may not read."))
            .collect();
        let layers =
            self.layers.iter().filter(|layer| text.contains(&***layer) && !self.said.contains(&***layer));
        out.extend(layers.map(|layer| format!("The {name} repeats a text for insiders: \"{layer}\".")));
        out
    }
}

/// The texts of an incident that readers of this level may not read.
fn inner(record: &IncidentRecord, level: Disclosure) -> impl Iterator<Item = &str> {
    let IncidentRecord { title, note, data_safety, workaround, resolution, write_up, .. } = record;
    let all = [title, note, data_safety, workaround, resolution, write_up].into_iter().flatten();
    let notes = record.notes.iter().map(|note| &note.text);
    all.chain(notes).flat_map(move |layered| {
        let Layered { internal, business, .. } = layered;
        [internal.as_deref(), business.as_deref().filter(|_| level == Disclosure::External)]
            .into_iter()
            .flatten()
    })
}

/// In lower case, and with single spaces.
fn squeezed(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the word stands in the text by itself.
fn stands(word: &str, text: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, found)| {
        let (before, after) = (&text[..at], &text[at + found.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

/// A word without the marks of a sentence around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| "*_.:!?#-".contains(c))
}

/// Whether a word looks like the name or address of a machine: `10.0.0.1`, `pay-db-2`, `db:5432`, `vault.svc.local`.
fn is_host(word: &str) -> bool {
    let rest = word.split_once("://").map_or(word, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let has_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let name = if has_port { name } else { host };
    if is_address(name) || is_address(host) {
        return true;
    }
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && name.starts_with(|c: char| c.is_ascii_alphabetic());
    let counted = name.contains('-') && name.ends_with(|c: char| c.is_ascii_digit());
    is_name && (has_port || counted || INSIDE.iter().any(|end| name.ends_with(end)))
}

/// Whether it is an IP address: four numbers with dots, or groups of hexadecimal digits with two colons between some.
fn is_address(text: &str) -> bool {
    let mut numbers = text.split('.');
    let four = text.matches('.').count() == 3 && numbers.all(|number| number.parse::<u8>().is_ok());
    let groups = |c: char| c.is_ascii_hexdigit() || c == ':';
    let six = text.contains("::") && text.len() > 2 || text.matches(':').count() == 7;
    four || (six && text.chars().all(groups))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_known_by_their_look() {
        for host in ["10.0.0.1", "pay-db-2", "db:5432", "vault.svc", "http://grafana.corp/x", "fd00::1"] {
            assert!(is_host(host), "{host}");
        }
        for word in
            ["checkout", "status.example.com", "e-mail", "14:30", "15", "https://example.com/a-1", "7-day"]
        {
            assert!(!is_host(word), "{word}");
        }
    }

    #[test]
    fn words_stand_by_themselves_or_not_at_all() {
        assert!(stands("pay", "we pay.") && stands("pay", "pay-db") && !stands("pay", "payments"));
        assert_eq!(squeezed(" Checkout  is\nBack "), "checkout is back");
    }

    #[test]
    fn a_part_has_its_limits() {
        let of = |name, text: &str, max| form((&(name, &Some(text.into())), max));
        assert_eq!(of("title", "a\nb", 9).as_deref(), Some("The title must be one line."));
        assert_eq!(of("body", "a\nb", 9), None);
        assert_eq!(of("body", " ", 9).as_deref(), Some("The body is empty."));
        assert_eq!(
            of("short text", "abc", 2).as_deref(),
            Some("The short text has 3 bytes, and may have 2.")
        );
    }
}
