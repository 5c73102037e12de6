//! Texts as people write them: what is remarked on, and good texts that are left alone.

use super::*;
use crate::message::{Disclosure, Kind, Templates, Wording, compose, sample};
use proptest::prelude::*;

fn of(body: &str) -> Draft<'_> {
    Draft { title: "Payments are failing", short: "", body }
}

/// The faults of a body with the words found.
fn faults(body: &str, known: &Known<'_>) -> Vec<(Fault, String)> {
    lint(&of(body), known).into_iter().map(|remark| (remark.fault, remark.words.to_string())).collect()
}

fn known() -> Known<'static> {
    Known {
        people: &["Mara Lindqvist", "jonas", "Will Grant"],
        components: &["checkout", "ledger"],
        labels: &["payments", "eu-west-1a", "INC-1"],
        public: &["Checkout and payment"],
        last: None,
    }
}

#[test]
fn each_fault_is_found_in_texts_like_those_that_people_write() {
    let cases: &[(&str, Fault, &str)] = &[
        ("The problem is probably a failed disk.", Fault::Speculation, "probably"),
        ("We believe that a release is behind it.", Fault::Speculation, "We believe"),
        ("This might be related to our last release.", Fault::Speculation, "might be"),
        ("The cause was human error.", Fault::Blame, "human error"),
        ("An engineer removed the wrong file.", Fault::Blame, "An engineer"),
        ("This was caused by our provider.", Fault::Blame, "caused by our provider"),
        ("Mara Lindqvist is looking into it.", Fault::Person, "Mara Lindqvist"),
        ("Jonas has found the cause.", Fault::Person, "Jonas"),
        ("Please write to Lindqvist.", Fault::Person, "Lindqvist"),
        ("The ledger is not reachable.", Fault::InternalName, "ledger"),
        ("We restarted pay-db-2.prod.", Fault::InternalName, "pay-db-2.prod"),
        ("Everything in eu-west-1a is slow.", Fault::InternalName, "eu-west-1a"),
        ("This is INC-1 for us.", Fault::InternalName, "INC-1"),
        ("We will fix this within 30 minutes.", Fault::RepairTime, "within 30"),
        ("Payments should be back to normal shortly.", Fault::RepairTime, "shortly"),
        ("We expect to restore everything by tomorrow.", Fault::RepairTime, "by tomorrow"),
        ("The ETA is 15:00.", Fault::RepairTime, "ETA"),
        ("Only a small number of customers noticed a glitch.", Fault::Minimising, "small number"),
        ("This is a minor issue.", Fault::Minimising, "minor"),
        ("Our database failed.", Fault::Jargon, "database"),
        ("We have rolled back a deployment.", Fault::Jargon, "deployment"),
        (
            "We apologise for any inconvenience this may have caused.",
            Fault::HollowApology,
            "any inconvenience",
        ),
        ("Thank you for your patience.", Fault::HollowApology, "your patience"),
    ];
    for (text, fault, words) in cases {
        let found = faults(text, &known());
        assert!(found.contains(&(*fault, (*words).to_owned())), "{text}: {found:?}");
    }
}

#[test]
fn good_texts_are_left_alone() {
    let good = [
        "Paying by card fails for about one in seven customers. Paying by invoice works. We write again by 15:30.",
        "The cause is known and we are mending it. We do not know yet when it will be over.",
        "We will write as soon as we know more, at the latest within 30 minutes.",
        "It was resolved within 40 minutes. No payment data was affected.",
        "We are sorry that you could not pay by card for 1 h 23 min on 21 November.",
        "Payments failed to go through between 14:02 and 15:25 UTC. What we change you will read by 23 November.",
        "Checkout works again. Orders that were begun in that time are kept, and nobody was charged twice.",
        "Will it happen again? We will publish what we change.",
        "Customers in the EU may see an error page. Try again after 15:30, or order by telephone.",
    ];
    for text in good {
        assert_eq!(faults(text, &known()), [], "{text}");
    }
}

#[test]
fn the_built_in_texts_for_outsiders_are_good() {
    let (open, sparse) = (sample::Incident::full(), sample::Incident::sparse());
    let mut released = open.clone();
    released.record.expected_end.as_mut().unwrap().public = true;
    for sample in [&open, &sparse, &released, &open.clone().resolved(), &sparse.clone().resolved()] {
        for kind in crate::message::PHASES {
            for wording in [Wording::Free, Wording::Agreed] {
                let subject = sample.subject(kind);
                let message = compose(&subject, Disclosure::External, &Templates::default(), None, wording);
                let remarks = lint(&Draft::from(&message), &known());
                assert_eq!(remarks, [], "{kind:?} {wording:?}: {}", message.body);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd_to_be_read(title in ".{0,60}", body in "(?s).{0,200}", last in "(?s).{0,200}") {
        let last = Some(of(&last));
        let draft = Draft { title: &title, short: &body, body: &body };
        let people = [title.as_str(), "", " "];
        let known = Known { people: &people, labels: &people, last, ..known() };
        for remark in lint(&draft, &known) {
            prop_assert!(!remark.words.is_empty() && !remark.sentence.is_empty());
        }
        lint(&of(sample::HOSTILE), &known);
    }
}

#[test]
fn an_apology_is_said_once() {
    let first = "We are sorry that you could not pay for an hour.";
    let twice = format!("{first}\n\nIt is over. Again, we apologise for that hour.");
    assert_eq!(faults(&twice, &known()), [(Fault::RepeatedApology, "apologise".to_owned())]);
    let last = of(first);
    let after = Known { last: Some(last), ..known() };
    let found = faults("It is over. We are sorry that you could not pay for two hours.", &after);
    assert_eq!(found, [(Fault::RepeatedApology, "sorry".to_owned())]);
}

#[test]
fn an_update_that_repeats_the_last_one_has_no_news() {
    let sample = sample::Incident::full();
    let write = |sample: &sample::Incident, kind| {
        compose(&sample.subject(kind), Disclosure::External, &Templates::default(), None, Wording::Free)
    };
    let last = write(&sample, Kind::Opening);
    let again = write(&sample, Kind::Update);
    let after = Known { last: Some(Draft::from(&last)), ..known() };
    let remarks = lint(&Draft::from(&again), &after);
    assert_eq!(remarks.iter().map(|remark| remark.fault).collect::<Vec<_>>(), [Fault::NoNews]);
    assert_eq!(&*remarks[0].sentence, "We are moving payments to a spare system");
    let mut news = sample.clone();
    news.record.note.as_mut().unwrap().public = Some("Half of all payments go through again".into());
    assert_eq!(lint(&Draft::from(&write(&news, Kind::Update)), &after), []);
    // Who says that there is nothing new says it.
    assert_eq!(lint(&Draft::from(&write(&sample, Kind::Holding)), &after), []);
}

#[test]
fn a_remark_says_what_where_and_what_would_be_better() {
    let text = Draft {
        title: "Our server is down",
        short: "OPEN Our server is down: see below",
        body: "One **moment**.\n\n- The pay\\_pool is full. It is probably too small.",
    };
    let remarks = lint(&text, &Known::default());
    let all: Vec<_> = remarks.iter().map(|r| (r.fault, &*r.words, r.part, &*r.sentence)).collect();
    assert_eq!(
        all,
        [
            (Fault::Jargon, "server", "title", "Our server is down"),
            (Fault::InternalName, "pay_pool", "body", "- The pay_pool is full."),
            (Fault::Speculation, "probably", "body", "It is probably too small."),
        ]
    );
    assert_eq!(remarks[2].better, "say what is known, and that the rest is not known yet");
}
