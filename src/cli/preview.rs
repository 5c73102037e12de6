//! `tidings preview --audience X CASE.json`: every phase of a case as its readers would get it; without a daemon, sending
//! nothing.

use super::{ConfigFiles, Exit, complain, explain, offline};
use crate::config::suggest;
use crate::daemon::clock;
use crate::decide::Policy;
use crate::decide::preview::{Phase, Preview, preview};
use crate::deliver::{self, Attempt, visible};
use crate::event::id::{DeliveryId, Digest};
use crate::event::{Event, Name, Recipient, Span, Time};
use crate::ingest::{Way, native, unknown};
use crate::message::lint::{Draft, Known, Remark, lint};
use crate::message::slot::Filling;
use crate::message::{Disclosure, Message, Wording};
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// A file with one event, as it would be sent; `-` for standard input.
    case: PathBuf,
    /// Whose messages.
    #[arg(long, value_name = "NAME")]
    audience: String,
    /// Only this phase; may be repeated: opening, update, reminder, holding, escalation, resolution, write-up.
    #[arg(long, value_name = "PHASE", value_parser = phase)]
    phase: Vec<Phase>,
    /// In agreed words alone, as a message goes out that nobody approved.
    #[arg(long)]
    agreed: bool,
    /// As JSON: `{"audience", "disclosure", "route", "template", "unread", "unsaid", "remarks", "phases"}`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    files: ConfigFiles,
}

fn phase(word: &str) -> Result<Phase, String> {
    let known = || crate::message::PHASES.into_iter().map(Phase::Word).chain([Phase::WriteUp]);
    let found = known().find(|phase| phase.as_str() == word);
    found.ok_or_else(|| suggest::hint(word, "phase", known().map(Phase::as_str)))
}

pub fn run(arguments: &Arguments) -> Exit {
    let config = match offline::read_or_show(&arguments.files) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let policy = &config.policy;
    let Some(audience) = policy.audiences.get(&Name::from(arguments.audience.as_str())) else {
        let help = suggest::hint(&arguments.audience, "audience", policy.audiences.keys().map(Name::as_str));
        complain(&format!("there is no audience `{}`; {help}", arguments.audience));
        return Exit::Usage;
    };
    let bytes = match explain::read(&arguments.case) {
        Ok(bytes) => bytes,
        Err(error) => {
            complain(&format!("{}: {error}", arguments.case.display()));
            return Exit::Usage;
        }
    };
    let source = Name::from("preview");
    let received = Time::from_millis(clock::wall_ms());
    let event = match native::read(&bytes, &Way { lane: source.clone(), source, received }).event {
        Ok(event) => event,
        Err(garbage) => {
            complain(&format!("{} is no event: {}", arguments.case.display(), garbage.reason));
            return Exit::No;
        }
    };
    let unread = serde_json::from_slice(&bytes).map(|value| unknown::fields(&value)).unwrap_or_default();
    let phases = if arguments.phase.is_empty() { Phase::SHOWN.to_vec() } else { arguments.phase.clone() };
    let wording = if arguments.agreed { Wording::Agreed } else { Wording::Free };
    let shown = preview(policy, &event, audience, &phases, wording, received);
    let remarks = remarks(policy, &event, audience.disclosure, &shown);
    let page = Page { policy, audience: &audience.name, level: audience.disclosure, shown, unread, remarks };
    if arguments.json {
        println!("{}", page.json());
    } else {
        print!("{}", page.text());
    }
    Exit::Done
}

/// What an approver would be warned of in texts for outsiders; the same words once.
fn remarks(policy: &Policy, event: &Event, level: Disclosure, shown: &Preview) -> Vec<Remark> {
    if level != Disclosure::External {
        return Vec::new();
    }
    let mut people: Vec<&str> = policy.contacts.keys().map(Name::as_str).collect();
    let mut components: Vec<&str> = policy.components.keys().map(|id| &**id).collect();
    let mut labels = Vec::new();
    match event {
        Event::Alert(alert) => labels.extend(alert.labels.iter().map(|(_, value)| value)),
        Event::Incident(incident) => {
            people.extend(incident.commander.iter().chain(&incident.comms_lead).map(|name| &**name));
            components.extend(incident.components.iter().flatten().map(|id| &**id));
            labels.push(&*incident.incident);
            labels.extend(incident.labels.iter().flat_map(|labels| labels.iter().map(|(_, value)| value)));
        }
    }
    let public: Vec<&str> = policy.components.values().map(|name| &**name).collect();
    let known =
        Known { people: &people, components: &components, labels: &labels, public: &public, last: None };
    let mut remarks: Vec<Remark> = Vec::new();
    for remark in shown.messages.iter().flat_map(|(_, message)| lint(&Draft::from(message), &known)) {
        let same = |other: &Remark| other.fault == remark.fault && other.words == remark.words;
        if !remarks.iter().any(same) {
            remarks.push(remark);
        }
    }
    remarks
}

/// Everything that is shown.
struct Page<'a> {
    policy: &'a Policy,
    audience: &'a Name,
    level: Disclosure,
    shown: Preview,
    unread: Vec<unknown::Unknown>,
    remarks: Vec<Remark>,
}

impl Page<'_> {
    fn text(&self) -> String {
        let Preview { route, template, unsaid, .. } = &self.shown;
        let mut out = format!("audience {} ({})", self.audience, self.level);
        match route {
            Some(route) => out.push_str(&format!(", told by {route}")),
            None => out.push_str(", told by no row: none with this audience matches"),
        }
        if let Some(template) = template {
            out.push_str(&format!(", template {template}"));
        }
        out.push('\n');
        for field in &self.unread {
            let name = field.path.rsplit('.').next().unwrap_or_default();
            let help = suggest::hint(name, "field", field.known.iter().map(String::as_str));
            out.push_str(&format!("nothing reads `{}`; {help}\n", visible::one_line(&field.path, 200)));
        }
        if !unsaid.is_empty() {
            let list = unsaid.join(", ");
            out.push_str(&format!("not said for this audience, or not known: {list}\n"));
        }
        for Remark { fault, words, sentence, better, .. } in &self.remarks {
            let fault = fault.as_str();
            let line = format!("{fault}: \"{words}\" in \"{sentence}\"; {better}");
            out.push_str(&format!("{}\n", visible::one_line(&line, 400)));
        }
        for (phase, message) in &self.shown.messages {
            for (channel, text) in self.channels(message) {
                let text = visible::lines(&text);
                out.push_str(&format!("\n── {} by {channel} ──\n\n{}\n", phase.as_str(), text.trim_end()));
            }
        }
        out
    }

    fn json(&self) -> serde_json::Value {
        let phases = self.shown.messages.iter().map(|(phase, message)| {
            let channels: serde_json::Map<String, serde_json::Value> =
                self.channels(message).map(|(name, text)| (name.to_owned(), text.into())).collect();
            serde_json::json!({ "phase": phase.as_str(), "channels": channels })
        });
        serde_json::json!({
            "audience": self.audience,
            "disclosure": self.level,
            "route": self.shown.route,
            "template": self.shown.template,
            "unread": self.unread.iter().map(|field| &field.path).collect::<Vec<_>>(),
            "unsaid": self.shown.unsaid,
            "remarks": self.remarks,
            "phases": phases.collect::<Vec<_>>(),
        })
    }

    /// The message as each kind of channel shows it.
    fn channels(&self, message: &Message) -> impl Iterator<Item = (&'static str, String)> {
        let attempt = self.attempt(message);
        let kinds = deliver::kinds().iter();
        kinds.filter_map(move |kind| Some((kind.name, kind.preview?(&attempt))))
    }

    /// What a channel would be given, with a name instead of an address.
    fn attempt(&self, message: &Message) -> Attempt {
        let open = message.status == crate::message::CaseStatus::Open;
        let zone = TimeZone::get(&self.policy.time_zone).unwrap_or(TimeZone::UTC);
        let next_update = open.then_some(self.shown.next_update);
        let now = self.shown.next_update;
        Attempt {
            delivery: DeliveryId(0),
            attempt: 1,
            key: Digest::of(&[b"preview"]),
            recipient: Recipient::from("preview"),
            address: Arc::from(""),
            disclosure: self.level,
            message: Arc::new(message.clone()),
            decided_at: now,
            now,
            filling: Filling { zone, next_update, delay: None },
            thread: Digest::of(&[b"preview"]),
            first: None,
            meant_for: None,
            answer: None,
            deadline: Span::from_secs(15),
        }
    }
}
