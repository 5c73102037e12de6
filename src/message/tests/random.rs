//! Random incidents, with texts at every level.

use crate::event::{ExpectedEnd, Impact, Labels, Layered, Name, Needs, Scope, Stage, Time, Visibility};
use crate::message::{IncidentRecord, Note};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(super) fn word() -> impl Strategy<Value = Box<str>> {
    "[a-z<*\\n ]{1,12}".prop_map(Into::into)
}

fn texts() -> impl Strategy<Value = Option<Layered>> {
    let layers = (option::of(word()), option::of(word()), option::of(word()));
    option::of(layers.prop_map(|(internal, business, public)| Layered { internal, business, public }))
}

pub(super) fn record() -> impl Strategy<Value = IncidentRecord> {
    let stage = prop_oneof![
        Just(Stage::Investigating),
        Just(Stage::Identified),
        Just(Stage::Monitoring),
        Just(Stage::Resolved)
    ];
    let impact = (option::of(0..9_u64), option::of(word()), option::of(word()), vec(word(), 0..3)).prop_map(
        |(customers, share, revenue_per_hour, accounts)| Impact {
            customers,
            share,
            revenue_per_hour,
            accounts,
        },
    );
    let needs =
        (word(), option::of(word())).prop_map(|(what, who)| Needs { what, who, by: Some(Time::EPOCH) });
    let end = (0..9_i64, option::of(word()), any::<bool>())
        .prop_map(|(at, confidence, public)| ExpectedEnd { at: Time::from_millis(at), confidence, public });
    let scope = (option::of(word()), vec(word(), 0..3)).prop_map(|(share, regions)| Scope { share, regions });
    let words = (word(), vec(word(), 0..3), vec(word(), 0..3), vec(option::of(word()), 5), word());
    let layered = (texts(), texts(), texts(), texts(), texts());
    let flags = (vec(option::of(any::<bool>()), 3), option::of(stage));
    let objects = (option::of(impact), option::of(needs), option::of(end), option::of(scope));
    (words, layered, flags, objects).prop_map(|(words, layered, flags, objects)| {
        let (id, components, component_names, people, label) = words;
        let (title, note, data_safety, workaround, resolution) = layered;
        let (impact, needs, expected_end, scope) = objects;
        let mut people = people.into_iter();
        let mut person = || people.next().flatten();
        let text = Layered {
            internal: Some(label.clone()),
            business: Some(label.clone()),
            public: Some(label.clone()),
        };
        IncidentRecord {
            id,
            severity: person(),
            stage: flags.1,
            title,
            note,
            customer_impact: flags.0[0],
            scope,
            components,
            component_names,
            data_safety,
            workaround,
            resolution,
            impact,
            needs,
            expected_end,
            data_exposure: flags.0[1],
            regulatory: flags.0[2],
            visibility: flags.0[0].map(|known| if known { Visibility::Press } else { Visibility::None }),
            commander: person(),
            comms_lead: person(),
            labels: Labels::from_pairs([("team", &*label)]),
            acknowledged_by: person(),
            source: person().map(|name| Name::from(&*name)),
            notes: vec![Note { at: Time::EPOCH, kind: None, text, by: None }],
            goes_on_as: flags.0[2].map(|_| (label.clone(), "R-0DD0B0D1".into())),
        }
    })
}
