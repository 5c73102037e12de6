//! What is answered: deliveries, what was withheld, cases and events.

use super::{at, group, told_story};
use crate::history::{
    CaseFilter, CaseKind, CaseStanding, EventFilter, Fate, Filter, Questions, Told, Verdict,
};

/// Each word in one line, oldest first.
fn lines(told: &[Told]) -> Vec<String> {
    let line = |told: &Told| {
        let what = told.said.as_ref().map_or("", |said| &said.kind);
        let why = told.why.as_deref().unwrap_or_default();
        format!("{} {} {what} {} {why}", told.entry, told.recipient, told.fate.as_str())
    };
    told.iter().rev().map(line).collect()
}

fn with_questions(test: impl FnOnce(&Questions)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let (_, _projection) = told_story(&path);
    test(&Questions::open(&path).unwrap());
}

#[test]
fn who_was_told_and_who_was_not_and_why() {
    with_questions(|questions| {
        let everything = questions.deliveries(&Filter::default()).unwrap();
        let wanted = [
            "1 mara@mail opening delivered ",
            "1 mara@sms opening dead_lettered refused",
            "5 mara@mail  withheld throttled",
            "6 mara@mail digest pending ",
            "7 customers@mail#c0ffee opening superseded newer",
        ];
        assert_eq!(lines(&everything), wanted);

        let withheld = &everything[2];
        assert_eq!((withheld.digest_at, withheld.row.as_deref()), (Some(at(200)), Some("databases")));
        assert_eq!(withheld.because, "The row has told this recipient enough for now; a digest names it.");
        assert_eq!((withheld.channel.as_deref(), &withheld.said), (Some("mail"), &None));

        let mail = everything[4].said.as_ref().unwrap();
        assert_eq!((mail.attempts, mail.released_at, mail.ended_at), (1, Some(at(0)), Some(at(5))));
        assert_eq!((mail.receipt.as_deref(), mail.sent.as_ref().map(String::len)), (Some("1.2"), Some(32)));
        assert_eq!((&*mail.title, &*mail.severity, mail.ordinal), ("Down", "sev1", 1));
        assert_eq!(mail.short, "Down since 2026-11-21 14:30 UTC");
        assert_eq!(mail.key, crate::event::id::Digest::of(&[b"mara@mail"]).to_string());

        let sms = everything[3].said.as_ref().unwrap();
        assert_eq!((sms.attempts, sms.failed, sms.failures.len()), (2, 2, 2));
        let reasons: Vec<_> = sms.failures.iter().map(|f| (f.attempt, f.reason.as_deref())).collect();
        assert_eq!(reasons, [(1, Some("server")), (2, Some("recipient"))]);
        assert_eq!(sms.failures[1].detail.as_deref(), Some("unknown subscriber"));
    });
}

#[test]
fn a_case_is_asked_for_by_any_of_its_names() {
    with_questions(|questions| {
        let about = |case: &str| {
            let filter = Filter { case: Some(case), ..Filter::default() };
            questions.deliveries(&filter).unwrap().iter().map(|told| told.entry).collect::<Vec<_>>()
        };
        // The digest of entry 6 spoke for the group.
        assert_eq!(about("databases{alertname=\"Down\"}"), [6, 5, 1, 1]);
        assert_eq!(about(&group().to_string()), [6, 5, 1, 1]);
        assert_eq!(about("INC-1"), [7]);
        assert_eq!(about("R-12AB34CD"), [7]);
        assert_eq!(about("INC-2"), [] as [u64; 0]);
        assert_eq!(about("' OR 1 --"), [] as [u64; 0]);
        assert_eq!(questions.find_case("INC-1").unwrap().len(), 1);
        assert_eq!(questions.find_case("INC-2").unwrap(), []);
    });
}

#[test]
fn filters_narrow_and_pages_follow_one_another() {
    with_questions(|questions| {
        let entries = |filter: Filter<'_>| {
            questions.deliveries(&filter).unwrap().iter().map(|told| told.entry).collect::<Vec<_>>()
        };
        let any = Filter::default();
        assert_eq!(entries(Filter { recipient: Some("mara"), ..any }), [6, 5, 1, 1]);
        assert_eq!(entries(Filter { recipient: Some("mara@sms"), ..any }), [1]);
        assert_eq!(entries(Filter { recipient: Some("mar"), ..any }), [] as [u64; 0]);
        assert_eq!(entries(Filter { channel: Some("mail"), ..any }), [7, 6, 5, 1]);
        assert_eq!(entries(Filter { audience: Some("customers"), ..any }), [7]);
        assert_eq!(entries(Filter { row: Some("databases"), ..any }), [5, 1, 1]);
        assert_eq!(entries(Filter { end: Some(Fate::DeadLettered), ..any }), [1]);
        assert_eq!(entries(Filter { end: Some(Fate::Withheld), ..any }), [5]);
        assert_eq!(entries(Filter { end: Some(Fate::Pending), ..any }), [6]);
        assert_eq!(entries(Filter { since: Some(at(140)), ..any }), [7, 6, 5]);
        assert_eq!(entries(Filter { since: Some(at(141)), until: Some(at(200)), ..any }), [6]);
        assert_eq!(entries(Filter { until: Some(at(-1)), ..any }), [] as [u64; 0]);

        let mut pages = Vec::new();
        let mut before = None;
        loop {
            let page = questions.deliveries(&Filter { limit: 2, before, ..any }).unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.place);
            pages.extend(page);
        }
        assert_eq!(pages, questions.deliveries(&any).unwrap());
    });
}

#[test]
fn cases_say_how_they_stand_and_who_heard() {
    with_questions(|questions| {
        let cases = questions.cases(&CaseFilter::default()).unwrap();
        let names: Vec<&str> = cases.iter().map(|case| &*case.name).collect();
        assert_eq!(names, ["INC-1", "databases{alertname=\"Down\"}"]);

        let group = &cases[1];
        assert_eq!((group.kind, group.standing), (CaseKind::Group, CaseStanding::Resolved));
        assert_eq!((group.opened_at, group.closed_at), (Some(at(0)), Some(at(400))));
        // The digest said that it is no longer as bad, in no word of its own.
        assert_eq!((group.severity, group.severity_word.as_deref()), (Some(2), None));
        let briefing = &group.briefings[0];
        assert_eq!((&*briefing.audience, briefing.row.as_deref()), ("duty", Some("databases")));
        assert_eq!((briefing.words, briefing.first_word), (2, Some(at(0))));
        assert_eq!((briefing.last_word, briefing.title.as_deref()), (Some(at(200)), Some("Down")));

        let incident = &cases[0].briefings[0];
        assert_eq!(
            (&*incident.disclosure, incident.title.as_deref()),
            ("external", Some("Payments are failing"))
        );

        let some = |filter: CaseFilter<'_>| questions.cases(&filter).unwrap().len();
        let any = CaseFilter::default();
        assert_eq!(some(CaseFilter { open: Some(true), ..any }), 1);
        assert_eq!(some(CaseFilter { standing: Some(CaseStanding::Open), ..any }), 1);
        assert_eq!(some(CaseFilter { audience: Some("duty"), ..any }), 1);
        assert_eq!(some(CaseFilter { row: Some("status"), audience: Some("duty"), ..any }), 0);
        assert_eq!(some(CaseFilter { kind: Some(CaseKind::Desk), ..any }), 1);
        assert_eq!(some(CaseFilter { since: Some(at(401)), ..any }), 1);
        assert_eq!(some(CaseFilter { until: Some(at(200)), ..any }), 1);
        assert_eq!(some(CaseFilter { case: Some("R-12AB34CD"), ..any }), 1);
    });
}

#[test]
fn events_lead_to_their_cases_and_dead_letters_keep_their_bytes_for_admins() {
    with_questions(|questions| {
        let any = EventFilter::default();
        let kinds = |filter: EventFilter<'_>| {
            questions.events(&filter).unwrap().into_iter().map(|came| came.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(any), ["alert", "no_event", "incident", "alert"]);
        assert_eq!(
            kinds(EventFilter { case: Some("databases{alertname=\"Down\"}"), ..any }),
            ["alert", "alert"]
        );
        assert_eq!(kinds(EventFilter { case: Some("INC-1"), ..any }), ["incident"]);
        assert_eq!(kinds(EventFilter { source: Some("desk"), lane: Some("alerts"), ..any }), ["incident"]);
        assert_eq!(kinds(EventFilter { amiss: true, ..any }), ["alert", "no_event"]);

        let dead = EventFilter { verdict: Some(Verdict::DeadLettered), ..any };
        let came = questions.events(&dead).unwrap().remove(0);
        assert_eq!((came.reason.as_deref(), came.length, came.bytes), (Some("it is no JSON"), Some(6), None));
        let came = questions.events(&EventFilter { admin: true, ..dead }).unwrap().remove(0);
        assert_eq!(came.bytes.as_deref(), Some("c2VjcmV0"));

        let conflict =
            questions.events(&EventFilter { verdict: Some(Verdict::Conflict), ..any }).unwrap().remove(0);
        assert_eq!(conflict.subject.as_deref(), Some("{alertname=\"Down\"}"));
        assert_eq!((conflict.action.as_deref(), conflict.position), (Some("resolved"), Some(9)));
    });
}

#[test]
fn answers_are_json_without_addresses() {
    with_questions(|questions| {
        let told = serde_json::to_value(questions.deliveries(&Filter::default()).unwrap()).unwrap();
        assert_eq!(told[2]["fate"], "withheld");
        assert_eq!(told[4]["said"]["kind"], "opening");
        let all = [
            told.to_string(),
            serde_json::to_string(&questions.cases(&CaseFilter::default()).unwrap()).unwrap(),
            serde_json::to_string(&questions.events(&EventFilter::default()).unwrap()).unwrap(),
        ];
        for secret in ["C0SECRET", "The body stays"] {
            assert!(all.iter().all(|json| !json.contains(secret)), "{secret}");
        }
    });
}
