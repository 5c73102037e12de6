//! What makes a state of a case: what deduplication and "has anything changed" compare (R17, R21).

use super::agreed::Wordless;
use super::cut::{status_of, view};
use super::table::Field;
use super::title::title;
use super::view::{Detail, View};
use super::{About, AlertItem, Disclosure, Subject};
use crate::event::Status;
use crate::event::id::{Digest, Fingerprint};

/// The digest of what a reader of `level` may see of the case's state: status, severity, stage, what fires, and the
/// texts. Two subjects of one case with the same digest have nothing new to tell that reader.
///
/// Not part of it: what the message is for, when the case changed, what other audiences read (R21), and annotations
/// of alerts, which carry measured values that change all the time.
pub fn state_digest(subject: &Subject<'_>, level: Disclosure) -> Digest {
    if let About::Alerts { shown, firing, .. } = &subject.about {
        return group(subject, level, shown, *firing);
    }
    let mut view = view(subject, level);
    let status = view.status.as_str().as_bytes();
    let severity = view.severity.unwrap_or_default().as_bytes();
    let title = std::mem::take(&mut view.title);
    let head = [view.about.as_bytes(), status, severity, title.as_bytes()];
    let rest = detail(&mut view);
    Digest::of(&[head[0], head[1], head[2], head[3], &rest])
}

/// The same of an agreed text, which says less (R23).
pub fn agreed_state(subject: &Subject<'_>, level: Disclosure) -> Digest {
    let wordless = Wordless::of(subject);
    state_digest(&wordless.subject(subject), level)
}

/// Of a group, without making the view of all of it: there are very many groups.
fn group(subject: &Subject<'_>, level: Disclosure, shown: &[AlertItem<'_>], firing: usize) -> Digest {
    let status = status_of(subject, level).as_str().as_bytes();
    let severity = if Field::Severity.is_for(level) { subject.severity } else { "" };
    let title = title(subject, level);
    let shown = if Field::Alerts.is_for(level) { shown } else { &[] };
    let fires = shown.iter().filter(|alert| alert.status == Status::Firing);
    let mut set: Vec<Fingerprint> = fires.map(|alert| alert.fingerprint).collect();
    set.sort_unstable();
    // Of those that are not shown only the number is known.
    let count = if Field::Firing.is_for(level) { firing as u64 } else { 0 };
    let numbers = std::iter::once(count).chain(set.iter().map(|fingerprint| fingerprint.0));
    let numbers: Vec<u8> = numbers.flat_map(u64::to_le_bytes).collect();
    Digest::of(&[b"alerts", status, severity.as_bytes(), title.as_bytes(), &numbers])
}

fn detail(view: &mut View<'_>) -> Vec<u8> {
    match &mut view.detail {
        // Taken by `group` above.
        Detail::Group(_) => Vec::new(),
        Detail::Incident(incident) => {
            incident.customer_texts = None;
            incident.business_texts = None;
            json(incident)
        }
        Detail::Digest(digest) => json(digest),
        Detail::Notice(notice) => json(notice),
    }
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("views have string keys and no floats")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Stage;
    use crate::event::Time;
    use crate::message::{CaseStatus, Kind, Templates, Wording, compose, sample};

    #[test]
    fn only_what_the_reader_may_see_makes_a_new_state() {
        let before = sample::Incident::full();
        let digest = |sample: &sample::Incident, level| state_digest(&sample.subject(Kind::Update), level);
        let differs = |after: &sample::Incident| {
            Disclosure::ALL.map(|level| digest(&before, level) != digest(after, level))
        };
        let changed = |change: &dyn Fn(&mut sample::Incident)| {
            let mut after = before.clone();
            change(&mut after);
            differs(&after)
        };
        assert_eq!(changed(&|_| {}), [false, false, false]);
        assert_eq!(changed(&|s| s.record.commander = None), [true, false, false]);
        assert_eq!(changed(&|s| s.record.impact = None), [true, true, false]);
        assert_eq!(changed(&|s| s.record.components.clear()), [true, false, false]);
        assert_eq!(changed(&|s| s.record.scope = None), [true, true, true]);
        assert_eq!(changed(&|s| s.record.stage = None), [true, true, true]);
        assert_eq!(changed(&|s| s.changed_at = Time::EPOCH), [false, false, false]);
        assert_eq!(changed(&|s| s.record.notes.clear()), [false, false, false]);
        // The public note is news for those outside alone: business has its own.
        let note = |s: &mut sample::Incident| s.record.note.as_mut().unwrap().public = Some("Other".into());
        assert_eq!(changed(&note), [false, false, true]);
    }

    #[test]
    fn the_firing_set_is_the_state_of_a_group() {
        let sample = sample::Group::full();
        let state = |change: &dyn Fn(&mut Subject<'_>), level| {
            let mut subject = sample.subject(Kind::Update);
            change(&mut subject);
            state_digest(&subject, level)
        };
        let same = state(&|_| {}, Disclosure::Internal);
        assert_eq!(state(&|s| s.kind = Kind::Reminder, Disclosure::Internal), same);
        assert_eq!(state(&|s| s.changed_at = Time::EPOCH, Disclosure::Internal), same);
        let fewer = |s: &mut Subject<'_>| {
            if let About::Alerts { shown, .. } = &mut s.about {
                shown[0].status = Status::Lost;
            }
        };
        assert_ne!(state(&fewer, Disclosure::Internal), same);
        assert_eq!(state(&fewer, Disclosure::Business), state(&|_| {}, Disclosure::Business));
        // Lost is no word for those outside (R5).
        let lost = |s: &mut Subject<'_>| s.status = CaseStatus::Lost;
        assert_ne!(state(&lost, Disclosure::Internal), same);
        assert_eq!(state(&lost, Disclosure::External), state(&|_| {}, Disclosure::External));
    }

    #[test]
    fn an_end_that_is_held_back_is_no_end_yet() {
        let mut over = sample::Incident::full().resolved();
        let note = over.record.note.as_mut().unwrap();
        (note.business, note.public) = (Some("All is well".into()), Some("All is well".into()));
        note.internal = Some("All is well".into());
        for level in Disclosure::ALL {
            let held = Subject { hold: true, ..over.subject(Kind::Update) };
            let message = compose(&held, level, &Templates::default(), None, Wording::Free);
            assert_eq!(message.status, CaseStatus::Open);
            assert!(message.body.contains("It has been mended, and we are watching it."), "{}", message.body);
            for over in ["The problem is over", "is resolved", "pool enlarged", "more room", "work again"] {
                assert!(!message.body.contains(over) && !message.short.contains(over), "{over}");
            }
            assert!(!message.short.contains("All is well"), "{}", message.short);
            assert_ne!(state_digest(&held, level), state_digest(&over.subject(Kind::Update), level));
        }
        let subject = Subject { hold: true, ..over.subject(Kind::Update) };
        let outside = view(&subject, Disclosure::External);
        let json = serde_json::to_string(&outside).unwrap();
        assert!(!json.contains("All is well") && !json.contains("resolved"), "{json}");
        let mut watched = over.clone();
        (watched.status, watched.record.note) = (CaseStatus::Open, None);
        watched.record.stage = Some(Stage::Monitoring);
        let watched = watched.subject(Kind::Update);
        assert_eq!(
            state_digest(&subject, Disclosure::External),
            state_digest(&watched, Disclosure::External)
        );
    }

    #[test]
    fn what_customers_were_told_is_shown_and_is_no_change() {
        let sample = sample::Incident::full();
        let before = sample.subject(Kind::Update);
        let after = Subject { customers_told: Some(("Something else", Time::EPOCH)), ..before.clone() };
        for level in Disclosure::ALL {
            let write = |subject| compose(subject, level, &Templates::default(), None, Wording::Free);
            assert_eq!(state_digest(&before, level), state_digest(&after, level), "{level}");
            assert_eq!(
                write(&after).body.contains("Something else"),
                level != Disclosure::External,
                "{level}"
            );
        }
    }
}
