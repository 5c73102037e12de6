//! Words in a text for outsiders that look like names from inside: ids of components, labels' values, hosts, addresses.

use super::policy::Policy;
use crate::event::IncidentEvent;
use std::collections::BTreeSet;

/// What names of machines inside end in.
const INNER_DOMAINS: [&str; 8] =
    [".internal", ".local", ".lan", ".corp", ".intra", ".svc", ".localdomain", ".home.arpa"];

/// Tells every such word of the event's public layers, each once, with the field in which it stands.
pub(super) fn find(policy: &Policy, event: &IncidentEvent, mut tell: impl FnMut(&'static str, &str)) {
    let layers = [
        ("title", &event.title),
        ("note", &event.note),
        ("data_safety", &event.data_safety),
        ("workaround", &event.workaround),
        ("resolution", &event.resolution),
        ("write_up", &event.write_up),
    ];
    let mut seen = BTreeSet::new();
    for (field, layered) in layers {
        let Some(public) = layered.as_ref().and_then(|layered| layered.public.as_deref()) else { continue };
        for word in words(public) {
            if looks_inner(policy, event, word) && seen.insert(word) {
                tell(field, word);
            }
        }
    }
}

/// A text's words: what stands between spaces, without the marks around it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let marks = |c: char| !c.is_alphanumeric();
    text.split_whitespace().map(move |word| word.trim_matches(marks)).filter(|word| !word.is_empty())
}

fn looks_inner(policy: &Policy, event: &IncidentEvent, word: &str) -> bool {
    is_host(word) || (is_a_name(word) && is_named_inside(policy, event, word))
}

/// Whether it is written as names are: an ordinary word may be the id of a component or a label's value by chance.
fn is_a_name(word: &str) -> bool {
    let joined = word.contains(['-', '_', '/', '.', ':']);
    (joined || word.contains(|c: char| c.is_ascii_digit()))
        && word.contains(|c: char| c.is_ascii_alphabetic())
}

fn is_named_inside(policy: &Policy, event: &IncidentEvent, word: &str) -> bool {
    let published = policy.components.values().any(|public| public.contains(word));
    let component = policy.components.keys().chain(event.components.iter().flatten()).any(|id| **id == *word);
    let label = event.labels.iter().flat_map(|labels| labels.iter()).any(|(_, value)| value == word);
    !published && (component || label)
}

/// `pay-db-2`, `db01.eu.internal`, `10.0.3.7`: a name with a number behind a `-`, a name within the house, an address.
fn is_host(word: &str) -> bool {
    let host = word.split([':', '/']).next().unwrap_or(word);
    if host.split('.').count() == 4 && host.split('.').all(|part| part.parse::<u8>().is_ok()) {
        return true;
    }
    let lower = host.to_ascii_lowercase();
    let plain = lower.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    let inner =
        INNER_DOMAINS.iter().any(|domain| lower.ends_with(domain) || lower.contains(&format!("{domain}.")));
    plain && (inner || is_numbered(&lower))
}

/// Lower-case words joined by two `-` or more of which the last is a number: `pay-db-2`, but not `covid-19`.
fn is_numbered(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let [first, .., last] = parts.as_slice() else { return false };
    let number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() > 2 && number && first.starts_with(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_addresses_are_known_and_ordinary_words_are_not() {
        for host in [
            "pay-db-2",
            "db01.eu.internal",
            "api.pay.svc.cluster.local",
            "10.0.3.7",
            "10.0.3.7:5432",
            "cache.local",
        ] {
            assert!(is_host(host), "{host}");
        }
        for word in [
            "Checkout",
            "covid-19",
            "e-mail",
            "status.example.net",
            "14:30",
            "2026-11-21",
            "1.2",
            "Pay-by-invoice",
            "24/7",
        ] {
            assert!(!is_host(word), "{word}");
        }
        assert_eq!(words("On pay-db-2, (really) …").collect::<Vec<_>>(), ["On", "pay-db-2", "really"]);
    }
}
