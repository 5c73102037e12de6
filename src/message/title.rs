//! The one line that names a case, the same while the case lasts.

use super::agreed::Wordless;
use super::layer::layer;
use super::line::{TITLE_MAX, cut, one_line};
use super::{About, Disclosure, Subject};
use crate::event::Labels;
use std::borrow::Cow;
use std::fmt::Write;

/// The title of a case of which a reader may know nothing.
pub(super) const NEUTRAL: &str = "Service disruption";

/// The case's one-line name for a reader of `level`: what a digest calls it. It holds no status and no count (R41).
pub fn title_at(subject: &Subject<'_>, level: Disclosure) -> String {
    title(subject, level).into_owned()
}

/// The same of an agreed text, which says less (R23).
pub fn agreed_title_at(subject: &Subject<'_>, level: Disclosure) -> String {
    let wordless = Wordless::of(subject);
    title_at(&wordless.subject(subject), level)
}

pub(super) fn title<'a>(subject: &Subject<'a>, level: Disclosure) -> Cow<'a, str> {
    let insider = level == Disclosure::Internal;
    let title = match &subject.about {
        // Labels name machines and services: below the internal level nothing of them may show.
        About::Alerts { group, .. } if insider => of_group(group, subject.route).into(),
        About::Alerts { .. } => "Problem seen by monitoring".into(),
        About::Incident(record) => match layer(record.title.as_ref(), level) {
            Some(title) => one_line(title),
            None if insider && !record.id.is_empty() => format!("Incident {}", one_line(&record.id)).into(),
            None => of_components(&record.component_names).into(),
        },
        About::Digest { .. } => "Several cases in one message".into(),
        About::Notice { title, level: made_for, .. } if level.may_read(*made_for) => one_line(title),
        About::Notice { .. } => "Notice about these messages".into(),
    };
    cut(title, TITLE_MAX)
}

/// `HighErrorRate (cluster eu-1, service api)`
fn of_group(group: &Labels, route: &str) -> String {
    let name = group.get("alertname").map_or(Cow::Borrowed("Alerts"), one_line);
    let mut title = name.into_owned();
    let mut rest = group.iter().filter(|(name, _)| *name != "alertname").peekable();
    if rest.peek().is_none() {
        if group.is_empty() && !route.is_empty() {
            let _ = write!(title, " of {}", one_line(route));
        }
        return title;
    }
    title.push_str(" (");
    for (index, (name, value)) in rest.enumerate() {
        // What is cut off in the end need not be written.
        if title.len() > TITLE_MAX {
            break;
        }
        let _ = write!(title, "{}{} {}", if index > 0 { ", " } else { "" }, one_line(name), one_line(value));
    }
    title.push(')');
    title
}

/// What anybody may call an incident that has no public title.
fn of_components(names: &[Box<str>]) -> String {
    let names: Vec<_> =
        names.iter().filter(|name| !name.trim().is_empty()).map(|name| one_line(name)).collect();
    if names.is_empty() { NEUTRAL.to_owned() } else { format!("Disruption of {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_by_its_labels_or_its_row() {
        let title =
            |pairs: &[(&str, &str)]| of_group(&Labels::from_pairs(pairs.iter().copied()), "databases");
        assert_eq!(
            title(&[("alertname", "Down"), ("cluster", "eu"), ("zone", "a\nb")]),
            "Down (cluster eu, zone a b)"
        );
        assert_eq!(title(&[("alertname", "Down")]), "Down");
        assert_eq!(title(&[("cluster", "eu")]), "Alerts (cluster eu)");
        assert_eq!(title(&[]), "Alerts of databases");
    }
}
