//! What the words of a step do to the world.

use super::reload::{left_behind, reload};
use super::script::{begin, offset};
use super::world::{Manner, World};
use serde_json::{Map, Value, json};
use tidings::decide::{
    AckWay, CaseAbout, Command, DraftText, End, Fact, Garbage, Identity, Input, Origin, Redrive, Verdict,
    What, command_refusal, incident_case, redrive_refusal, remarks,
};
use tidings::event::id::CaseId;
use tidings::event::id::DeliveryId;
use tidings::event::id::Digest;
use tidings::event::{
    Action, AlertEvent, Event, IncidentEvent, LabelsBuilder, Layered, Name, Recipient, Span, Status, Time,
};

/// What a step came to: a word about the input where it matters, and the facts.
pub type Came = (Option<String>, Vec<Fact>);

/// Does what the step says. `text` is the configuration's text, which `reload` changes.
pub fn act(world: &mut World, words: &[String], text: &mut String) -> Came {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["firing", rest @ ..] => alerts(world, Status::Firing, rest),
        ["resolved", rest @ ..] => alerts(world, Status::Resolved, rest),
        ["incident", id, action, rest @ ..] => incident(world, id, action, rest),
        ["remarks", rest @ ..] => remarked(world, rest, text),
        ["channel", channel, manner @ ..] => {
            world.manners.insert(Name::from(*channel), read_manner(manner));
            (None, Vec::new())
        }
        ["answers", channel, after] => {
            world.latency.insert(Name::from(*channel), span(after));
            (None, Vec::new())
        }
        ["refuse", recipient] => {
            world.refused.insert(Recipient::from(*recipient));
            (None, Vec::new())
        }
        ["accept", recipient] => {
            world.refused.remove(*recipient);
            (None, Vec::new())
        }
        ["restart", lanes @ ..] => (None, world.start(lanes.iter().map(|lane| Name::from(*lane)).collect())),
        ["stop"] => {
            world.stopped = Some(Vec::new());
            (None, Vec::new())
        }
        ["start"] => start(world),
        ["caught-up", lane] => (None, world.inside(What::CaughtUp { lane: Name::from(*lane) }).1),
        ["reload", changes @ ..] => reload(world, changes, text),
        ["against", changes @ ..] => (left_behind(world, changes, text), Vec::new()),
        ["lost", source, names @ ..] => leases(world, source, names, false),
        ["silent", source] => leases(world, source, &[], true),
        ["stale", count] => {
            let alerts = world.state.alerts.keys().copied().take(count.parse().unwrap()).collect();
            (None, world.inside(What::WentStale { alerts }).1)
        }
        ["garbage", reason] => garbage(world, reason),
        ["gap", lane, from, to] => {
            let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
            (None, world.inside(What::Gap { lane: Name::from(*lane), from, to }).1)
        }
        ["clock", by] => {
            let what = What::ClockStepped { by_ms: by.parse::<i64>().unwrap() * 1000, followed: true };
            (None, world.inside(what).1)
        }
        ["holds", wanted @ ..] => {
            wanted.iter().for_each(|wanted| holds(world, wanted));
            (None, Vec::new())
        }
        ["ticks", after, "late"] => {
            world.late = span(after);
            (None, Vec::new())
        }
        ["wait"] => (None, Vec::new()),
        words => asked(world, words),
    }
}

/// What a person asks for.
fn asked(world: &mut World, words: &[&str]) -> Came {
    match words {
        ["pause", channel] => {
            command(world, Command::Pause { channel: Name::from(*channel), by: "jonas".into() })
        }
        ["resume", channel] => {
            command(world, Command::Resume { channel: Name::from(*channel), by: "jonas".into() })
        }
        ["send-test", recipient, audience] => {
            let (recipient, audience) = (Recipient::from(*recipient), Name::from(*audience));
            command(world, Command::SendTest { recipient, audience, by: "jonas".into() })
        }
        ["redrive", recipient] => redrive(world, recipient),
        ["ack", case, by] => {
            let (case, by, way) = (case_of(world, case), (*by).into(), AckWay::Command);
            answer(world, Command::Acknowledge { case, by, way })
        }
        ["answer", case, text, by] => {
            let (case, text, by) = (case_of(world, case), (*text).into(), (*by).into());
            answer(world, Command::AnswerNeeds { case, text, by })
        }
        ["approve" | "reject" | "edit", case, audience, revision, rest @ ..] => {
            draft(world, words[0], case, audience, revision, rest)
        }
        other => panic!("no such step: {other:?}"),
    }
}

/// `remarks incident …`: what is odd about the event, before what became of it.
fn remarked(world: &mut World, words: &[&str], text: &mut String) -> Came {
    world.remarks = Some(Vec::new());
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let (word, facts) = act(world, &words, text);
    let remarks = world.remarks.take().unwrap_or_default();
    let said = remarks.iter().map(ToString::to_string).chain(word).collect::<Vec<_>>().join("; ");
    ((!said.is_empty()).then_some(said), facts)
}

fn span(text: &str) -> Span {
    Span::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn read_manner(words: &[&str]) -> Manner {
    match words {
        ["takes"] => Manner::Takes,
        ["down"] => Manner::Down,
        ["hangs"] => Manner::Hangs,
        ["fails"] => Manner::Fails,
        ["limits"] => Manner::Limits(None),
        ["limits", after] => Manner::Limits(Some(span(after))),
        other => panic!("no channel behaves like {other:?}"),
    }
}

fn command(world: &mut World, command: Command) -> Came {
    (None, world.inside(What::Command(command)).1)
}

/// The case of an incident, or the only group of that row.
fn case_of(world: &World, name: &str) -> CaseId {
    let group = |about: &CaseAbout| matches!(about, CaseAbout::Group { row, .. } if row.as_str() == name);
    let mut groups = world.state.cases.iter().filter(|(_, case)| group(&case.about));
    groups.next().map_or_else(|| incident_case(name), |(id, _)| *id)
}

/// A person's answer; what is refused decides nothing.
fn answer(world: &mut World, asked: Command) -> Came {
    let refused = command_refusal(&world.state, &world.policy, &asked);
    let (_, facts) = command(world, asked);
    assert!(refused.is_none() || facts.is_empty(), "what is refused decides nothing: {refused:?}");
    (refused.map(|refused| format!("refused: {}", refused.text)), facts)
}

/// `approve CASE AUDIENCE REVISION by`, `reject … by reason`, `edit … by body`
fn draft(world: &mut World, what: &str, case: &str, audience: &str, revision: &str, rest: &[&str]) -> Came {
    let (case, audience) = (case_of(world, case), Name::from(audience));
    let revision = revision.parse().expect("a revision is a number");
    let by: Box<str> = (*rest.first().unwrap_or(&"jonas")).into();
    let more: Box<str> = (*rest.get(1).unwrap_or(&"")).into();
    answer(
        world,
        match what {
            "approve" => Command::ApproveDraft { case, audience, revision, by },
            "reject" => Command::RejectDraft { case, audience, revision, reason: more, by },
            _ => {
                let text = DraftText { body: Some(more), ..DraftText::default() };
                Command::EditDraft { case, audience, revision, text, by }
            }
        },
    )
}

/// Asks for the newest dead letter to this recipient to be sent again; what is refused is refused twice.
fn redrive(world: &mut World, recipient: &str) -> Came {
    let facts = world.journal.iter().rev().flat_map(|(_, _, facts)| facts.iter().rev());
    let dead: Vec<DeliveryId> = facts
        .clone()
        .filter_map(|fact| match fact {
            Fact::Ended { delivery, end: End::DeadLettered { .. } } => Some(*delivery),
            _ => None,
        })
        .collect();
    let of =
        |fact: &Fact, id| if let Fact::Notified(notified) = fact { Redrive::of(notified, id) } else { None };
    let mut originals = dead.into_iter().filter_map(|id| facts.clone().find_map(|fact| of(fact, id)));
    let Some(original) = originals.find(|original| original.recipient.as_str() == recipient) else {
        return (Some("no dead letter".to_owned()), Vec::new());
    };
    let refused = redrive_refusal(&world.state, &world.policy, world.now, &original);
    let (_, facts) = command(world, Command::Redrive { original: Box::new(original), by: "jonas".into() });
    assert_eq!(refused.is_none(), !facts.is_empty(), "what is refused decides nothing: {refused:?}");
    (refused.map(|why| format!("refused: {why}")), facts)
}

/// `state` must hold so many of something.
fn holds(world: &mut World, wanted: &str) {
    let (what, number) = wanted.split_once('=').expect("holds WHAT=NUMBER");
    let state = &world.state;
    let found = match what {
        "alerts" => state.alerts.len(),
        "cases" => state.cases.len(),
        "incidents" => state.incidents.len(),
        "pending" => state.deliveries.len(),
        "digests" => state.digests.len(),
        "delivered" => state.sum.delivered as usize,
        "dead" => state.sum.dead_lettered as usize,
        "identities" => state.identities.len(),
        other => panic!("nothing is called {other}"),
    };
    if found.to_string() != number {
        world
            .wrong
            .push(format!("{what} are {found} at {}, not {number}", super::script::written(world.now)));
    }
}

/// An instant: `0:30` after the beginning, or `-5m` from now.
fn instant(world: &World, text: &str) -> Time {
    match text.strip_prefix('-') {
        Some(before) => world.now - span(before),
        None => begin() + offset(text).unwrap_or_else(|| panic!("no time: {text}")),
    }
}

/// Puts in an event: at once, or into the stream while the process is stopped.
fn event(world: &mut World, event: Event, identity: Option<Identity>) -> Came {
    let origin = Origin { lane: Some(Name::from("stream")), identity, ..Origin::default() };
    if world.remarks.is_some() {
        world.remarks = Some(remarks(&world.state, &world.policy, world.now, &event));
    }
    let input = Input { at: world.now, origin, what: What::Event(event) };
    if let Some(waiting) = &mut world.stopped {
        waiting.push(input);
        return (None, Vec::new());
    }
    let (verdict, facts) = world.input(input);
    let word = match verdict {
        Verdict::Conflict => Some("conflict"),
        Verdict::DeadLettered => Some("dead letter"),
        Verdict::Unchanged => Some("unchanged"),
        Verdict::Duplicate => Some("duplicate"),
        Verdict::Decided => None,
    };
    (word.map(str::to_owned), facts)
}

fn identity(id: Option<&str>, body: &str) -> Option<Identity> {
    let key = Digest::of(&[id?.as_bytes()]);
    Some(Identity { key, body: Digest::of(&[body.as_bytes()]) })
}

/// `[x500] NAME label=value starts=-5m ends=1:00 valid=5m source=… id=… summary=… url=…`
fn alerts(world: &mut World, status: Status, words: &[&str]) -> Came {
    let many = words.first().and_then(|word| word.strip_prefix('x')?.parse::<usize>().ok());
    let words = if many.is_some() { &words[1..] } else { words };
    let (name, fields) = words.split_first().expect("an alert has a name");
    let mut came: Came = (None, Vec::new());
    for number in 0..many.unwrap_or(1) {
        let instance = many.map(|_| format!("host-{number}"));
        let (one, id) = alert(world, status, name, fields, instance.as_deref());
        let identity = identity(id, &fields.join(" "));
        let (word, facts) = event(world, Event::Alert(Box::new(one)), identity);
        came.0 = word;
        came.1.extend(facts);
    }
    came
}

fn alert<'w>(
    world: &mut World,
    status: Status,
    name: &str,
    fields: &[&'w str],
    instance: Option<&str>,
) -> (AlertEvent, Option<&'w str>) {
    let (mut labels, mut annotations) = (LabelsBuilder::default(), LabelsBuilder::default());
    labels.push("alertname", name);
    if let Some(instance) = instance {
        labels.push("instance", instance);
    }
    let mut event = AlertEvent {
        source: Name::from("prometheus"),
        status,
        labels: Default::default(),
        annotations: Default::default(),
        starts_at: None,
        ends_at: None,
        url: None,
        valid_until: None,
    };
    let mut id = None;
    for field in fields {
        let (key, value) = field.split_once('=').unwrap_or_else(|| panic!("not key=value: {field}"));
        match key {
            "starts" => event.starts_at = Some(instant(world, value)),
            "ends" => event.ends_at = Some(instant(world, value)),
            "valid" => event.valid_until = Some(world.now + span(value)),
            "source" => event.source = Name::from(value),
            "id" => id = Some(value),
            "summary" | "note" => annotations.push(key, value),
            _ => labels.push(key, value),
        }
        if matches!(key, "summary" | "note" | "instance" | "cluster") {
            world.inside.push(value.to_owned());
        }
    }
    event.labels = labels.build();
    event.annotations = annotations.build();
    (event, id)
}

/// `severity=sev1 at=-5m title.internal="…" labels.team=payments id=… by=jonas`
fn incident(world: &mut World, id: &str, action: &str, fields: &[&str]) -> Came {
    let mut object = json!({ "source": "desk", "incident": id, "action": action });
    let mut event_id = None;
    for field in fields {
        let (key, value) = field.split_once('=').unwrap_or_else(|| panic!("not key=value: {field}"));
        // Double quotes hold words together, so lists are written with single ones.
        let json = if value.starts_with('[') { value.replace('\'', "\"") } else { value.to_owned() };
        let mut value = serde_json::from_str(&json).unwrap_or_else(|_| Value::String(value.to_owned()));
        if key == "id" {
            event_id = value.as_str().map(str::to_owned);
            continue;
        }
        if key == "at" {
            value = json!(instant(world, value.as_str().unwrap_or_default()));
        }
        let mut place = &mut object;
        for part in key.split('.') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[part];
        }
        *place = value;
    }
    let made: IncidentEvent =
        serde_json::from_value(object).unwrap_or_else(|error| panic!("{error}: {fields:?}"));
    remember_inside(world, &made);
    let identity = identity(event_id.as_deref(), &fields.join(" "));
    event(world, Event::Incident(Box::new(made)), identity)
}

/// What the event says to insiders alone.
fn remember_inside(world: &mut World, event: &IncidentEvent) {
    let texts = [&event.title, &event.note, &event.workaround, &event.resolution, &event.data_safety];
    for text in texts.into_iter().chain([&event.write_up]).flatten() {
        let Layered { internal, business, public } = text;
        let hidden = [internal, business].into_iter().flatten();
        world.inside.extend(hidden.filter(|text| Some(*text) != public.as_ref()).map(ToString::to_string));
        if event.action == Action::Note && Some(text) != event.write_up.as_ref() {
            world.inside.extend(public.iter().map(ToString::to_string));
        }
    }
}

/// The process starts again; what its stream kept is read before anything owed is said (R39).
fn start(world: &mut World) -> Came {
    let waiting = world.stopped.take().expect("it was stopped");
    let lane = Name::from("stream");
    let mut facts = world.start(vec![lane.clone()]);
    for mut input in waiting {
        input.origin.received = Some(input.at);
        input.at = world.now;
        facts.extend(world.input(input).1);
    }
    facts.extend(world.inside(What::CaughtUp { lane }).1);
    (None, facts)
}

fn leases(world: &mut World, source: &str, names: &[&str], whole_source: bool) -> Came {
    let known = world.state.alerts.iter().filter(|(_, alert)| {
        let name = alert.record.labels.get("alertname").unwrap_or_default();
        alert.record.source.as_str() == source && (whole_source || names.contains(&name))
    });
    let alerts = known.map(|(fingerprint, _)| *fingerprint).collect();
    (None, world.inside(What::LeasesEnded { source: Name::from(source), alerts, whole_source }).1)
}

fn garbage(world: &mut World, reason: &str) -> Came {
    let garbage = Garbage { reason: reason.into(), bytes: "e30=".into(), length: 2 };
    (Some("dead letter".to_owned()), world.inside(What::Garbage(garbage)).1)
}
