//! Tests of the room: hand-made entries go in, and questions are asked.

mod approval;
mod dead;
mod file;
mod moments;
mod question;
mod several;

use super::{Error, Projected, Projection};
use crate::decide::{
    Accepted, AlertRecord, Blame, CaseAbout, DeadBy, Decided, End, Fact, Failure, Garbage, Input, Notified,
    Origin, Outcome, Reason, Receipt, Retry, Said, Sent, SpokenFor, SupersededBy, What, WithheldReason,
    group_id, incident_case,
};
use crate::event::id::{CaseId, DeliveryId, Digest, NotificationId};
use crate::event::{
    Action, AlertEvent, Event, IncidentEvent, Labels, Name, Recipient, Severity, Status, Time,
};
use crate::message::{CaseStatus, Disclosure, Kind, Message};
use std::path::Path;

pub(super) const JOURNAL: [u8; 16] = [7; 16];

/// Half past two, and so many seconds.
pub(super) fn at(seconds: i64) -> Time {
    Time::from_millis(1_795_271_400_000 + seconds * 1000)
}

type Step = (Option<Input>, Vec<Fact>);

/// Entries as a journal would hold them.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Vec<(Time, Vec<Step>)>,
}

impl Ledger {
    fn entry(&mut self, at: Time, what: What, facts: Vec<Fact>) {
        let origin = match &what {
            What::Event(_) | What::Garbage(_) => {
                Origin { lane: Some("alerts".into()), sequence: Some(9), ..Origin::default() }
            }
            _ => Origin::default(),
        };
        self.entries.push((at, vec![(Some(Input { at, origin, what }), facts)]));
    }

    /// Feeds entries from `from` on, so many at a time.
    pub(super) fn feed(&self, to: &mut Projection, from: u64, at_once: usize) -> Result<(), Error> {
        self.each(from, at_once, |entries| to.apply(entries))
    }

    /// Takes entries from `from` on, one at a time, without a commit.
    pub(super) fn take(&self, to: &mut Projection, from: u64) -> Result<(), Error> {
        self.each(from, 1, |entries| to.take(entries))
    }

    fn each(
        &self,
        from: u64,
        at_once: usize,
        mut give: impl FnMut(&[Projected<'_>]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let numbered: Vec<_> = self.entries.iter().zip(1..).filter(|(_, number)| *number >= from).collect();
        for some in numbered.chunks(at_once) {
            let decided: Vec<Vec<(Option<&Input>, &[Fact])>> = some
                .iter()
                .map(|((_, steps), _)| steps.iter().map(|(i, facts)| (i.as_ref(), &facts[..])).collect())
                .collect();
            let entries: Vec<Projected<'_>> = some
                .iter()
                .zip(&decided)
                .map(|(((at, _), sequence), decided)| Projected { sequence: *sequence, at: *at, decided })
                .collect();
            give(&entries)?;
        }
        Ok(())
    }

    /// The first so many entries.
    pub(super) fn first(&self, many: u64) -> Ledger {
        Ledger { entries: self.entries[..usize::try_from(many).unwrap()].to_vec() }
    }

    pub(super) fn head(&self) -> u64 {
        self.entries.len() as u64
    }
}

fn message(kind: Kind, reference: &str, title: &str) -> Message {
    Message {
        kind,
        status: CaseStatus::Open,
        severity: "sev1".into(),
        urgent: true,
        reference: reference.into(),
        title: title.into(),
        short: format!("{title} since {}", crate::message::slot::instant(at(0))).into(),
        body: "The body stays in the journal".into(),
        facts: Vec::new(),
        links: Vec::new(),
        asks: None,
        data: serde_json::value::RawValue::from_string("{}".into()).unwrap(),
    }
}

fn said(status: CaseStatus, severity: u8) -> Said {
    Said { status, state: Digest::of(&[b"state"]), severity: Severity(severity) }
}

/// A notification of the row `databases` to `duty`, to these recipients under these delivery numbers.
fn notified(case: CaseId, id: u64, kind: Kind, to: &[(u64, &str)]) -> Notified {
    let deliveries = to.iter().map(|(id, recipient)| Decided {
        id: DeliveryId(*id),
        recipient: Recipient::from(*recipient),
        channel: recipient.split(['@', '#']).nth(1).unwrap().into(),
        kind,
        key: Digest::of(&[recipient.as_bytes()]),
        fallback_at: None,
        redrive_of: None,
    });
    Notified {
        id: NotificationId(id),
        case,
        audience: "duty".into(),
        row: "databases".into(),
        ordinal: id as u32,
        kind,
        severity: Severity(0),
        due: at(1),
        event_at: at(0),
        said: said(CaseStatus::Open, 0),
        firing: Vec::new(),
        ended: Vec::new(),
        speaks_for: Vec::new(),
        disclosure: crate::message::Disclosure::Internal,
        next_update: None,
        agreed: false,
        revision: None,
        cause: None,
        message: std::sync::Arc::new(message(kind, "databases{alertname=\"Down\"}", "Down")),
        deliveries: deliveries.collect(),
    }
}

fn failure(reason: Reason, detail: &str) -> Failure {
    Failure {
        about: Blame::Delivery,
        sent: Sent::No,
        retry: Retry::After(None),
        reason,
        detail: detail.into(),
    }
}

pub(super) fn labels() -> Labels {
    Labels::from_pairs([("alertname", "Down")])
}

pub(super) fn group() -> CaseId {
    group_id(&"databases".into(), &"duty".into(), &labels())
}

fn alert(status: Status) -> What {
    What::Event(Event::Alert(Box::new(AlertEvent {
        source: "prometheus".into(),
        status,
        labels: labels(),
        annotations: Labels::default(),
        starts_at: None,
        ends_at: None,
        url: None,
        valid_until: None,
    })))
}

fn fired() -> Fact {
    let record = AlertRecord {
        source: "prometheus".into(),
        labels: labels(),
        annotations: Labels::default(),
        url: None,
        severity: Severity(0),
        starts_at: at(0),
        received: at(0),
        leased: false,
        status: Status::Firing,
        ends_at: None,
    };
    Fact::AlertFired { fingerprint: labels().fingerprint(), alert: Box::new(record) }
}

fn opened(case: CaseId, about: CaseAbout, row: &str, disclosure: Disclosure) -> [Fact; 2] {
    let audience: Name = if disclosure == Disclosure::External { "customers".into() } else { "duty".into() };
    let briefing = Fact::BriefingOpened { case, audience, row: row.into(), disclosure };
    [Fact::CaseOpened { case, about }, briefing]
}

/// A group of which mara hears by mail and SMS, and whose second word is withheld and then told in a digest; an
/// incident that customers hear of; bytes that are no event.
pub(super) fn story() -> Ledger {
    let mut ledger = Ledger::default();
    let case = group();
    let about = CaseAbout::Group { row: "databases".into(), audience: "duty".into(), labels: labels() };
    let mut facts = vec![fired()];
    facts.extend(opened(case, about, "databases", Disclosure::Internal));
    facts.push(Fact::AlertJoined { case, fingerprint: labels().fingerprint() });
    let opening = notified(case, 1, Kind::Opening, &[(1, "mara@mail"), (2, "mara@sms")]);
    facts.push(Fact::Notified(Box::new(opening)));
    facts.push(Fact::Released { deliveries: vec![DeliveryId(1), DeliveryId(2)] });
    ledger.entry(at(0), alert(Status::Firing), facts);

    let outcome = |id, result| What::Outcome(Outcome { delivery: DeliveryId(id), attempt: 1, result });
    let receipt = Receipt { id: "1.2".into(), place: Some("C0SECRET".into()) };
    let accepted = Accepted { receipt: Some(receipt), body: Some(Digest::of(&[b"body"])) };
    let end = Fact::Ended { delivery: DeliveryId(1), end: End::Delivered(accepted.clone()) };
    ledger.entry(at(5), outcome(1, Ok(accepted)), vec![end]);
    let busy = failure(Reason::Server, "503 from the gateway");
    let returned = Fact::Returned {
        delivery: DeliveryId(2),
        maybe_sent: false,
        counted: true,
        not_before: None,
        failure: Some(busy.clone()),
    };
    let again = Fact::Released { deliveries: vec![DeliveryId(2)] };
    ledger.entry(at(70), outcome(2, Err(busy)), vec![returned, again]);
    let refused = failure(Reason::Recipient, "unknown subscriber");
    let end = End::DeadLettered { why: DeadBy::Refused, failure: Some(refused.clone()) };
    ledger.entry(at(80), outcome(2, Err(refused)), vec![Fact::Ended { delivery: DeliveryId(2), end }]);
    more(&mut ledger, case);
    ledger
}

fn more(ledger: &mut Ledger, case: CaseId) {
    let withheld = Fact::Withheld {
        case,
        audience: "duty".into(),
        recipient: "mara@mail".into(),
        reason: WithheldReason::Throttled,
        digest_at: Some(at(200)),
    };
    ledger.entry(at(140), What::Tick, vec![withheld]);

    let desk = CaseId(77);
    let mut facts =
        Vec::from(opened(desk, CaseAbout::Desk { audience: "duty".into() }, "", Disclosure::Internal));
    let mut digest = notified(desk, 2, Kind::Digest, &[(3, "mara@mail")]);
    digest.row = "".into();
    let spoken = said(CaseStatus::Resolved, 2);
    let (firing, ended) = (Vec::new(), Vec::new());
    digest.speaks_for = vec![SpokenFor { case, audience: "duty".into(), said: spoken, firing, ended }];
    facts.push(Fact::Notified(Box::new(digest)));
    ledger.entry(at(200), What::Tick, facts);

    let incident = incident_case("INC-1");
    let mut event = IncidentEvent::bare("desk".into(), "INC-1", Action::Open);
    event.severity = Some("sev2".into());
    let changed = Fact::IncidentChanged {
        event: Box::new(event.clone()),
        stamp: Default::default(),
        open: Some(true),
        received: None,
    };
    let about = CaseAbout::Incident { id: "INC-1".into() };
    let [opened, briefing] = opened(incident, about, "status", Disclosure::External);
    let mut public = notified(incident, 3, Kind::Opening, &[(4, "customers@mail#c0ffee")]);
    (public.audience, public.row) = ("customers".into(), "status".into());
    public.message = std::sync::Arc::new(message(Kind::Opening, "R-12AB34CD", "Payments are failing"));
    let newer = End::Superseded { why: SupersededBy::Newer };
    let facts = vec![
        opened,
        changed,
        briefing,
        Fact::Notified(Box::new(public)),
        Fact::Ended { delivery: DeliveryId(4), end: newer },
    ];
    ledger.entry(at(260), What::Event(Event::Incident(Box::new(event))), facts);

    let garbage = Garbage { reason: "it is no JSON".into(), bytes: "c2VjcmV0".into(), length: 6 };
    let kept = Fact::DeadLettered { lane: Some("alerts".into()), garbage: garbage.clone() };
    ledger.entry(at(270), What::Garbage(garbage), vec![kept]);
    let conflict = Garbage { reason: "said something else".into(), bytes: "".into(), length: 0 };
    let kept = Fact::DeadLettered { lane: Some("alerts".into()), garbage: conflict };
    ledger.entry(at(280), alert(Status::Resolved), vec![kept]);
    ledger.entry(at(400), What::Tick, vec![Fact::CaseClosed { case }]);
}

/// A projection of the whole story.
pub(super) fn told_story(path: &Path) -> (Ledger, Projection) {
    let ledger = story();
    let mut projection = Projection::open(path, JOURNAL).unwrap();
    ledger.feed(&mut projection, 1, 3).unwrap();
    (ledger, projection)
}
