//! The fields of an incident event as flags: every one of DESIGN's section 9, short enough for three in the morning.

use crate::event::{Span, Time};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

/// What is known of the incident. An update carries only what changed.
#[derive(clap::Args, Debug, Default)]
pub(super) struct Fields {
    /// How bad it is, as the ladder has it.
    #[arg(long, short, value_name = "SEVERITY")]
    severity: Option<String>,
    /// Where the work stands.
    #[arg(long, value_enum)]
    stage: Option<Stage>,
    /// What it is, in a line, for those who mend it.
    #[arg(long, short, value_name = "TEXT")]
    title: Option<String>,
    /// The title for those who answer for it.
    #[arg(long, value_name = "TEXT")]
    title_business: Option<String>,
    /// The title for those outside.
    #[arg(long, value_name = "TEXT")]
    title_public: Option<String>,
    /// What is known or being done, for those who mend it.
    #[arg(long, short, value_name = "TEXT")]
    note: Option<String>,
    /// What is known or being done, for those who answer for it.
    #[arg(long, value_name = "TEXT")]
    note_business: Option<String>,
    /// What is known or being done, for those outside.
    #[arg(long, value_name = "TEXT")]
    note_public: Option<String>,
    /// What works meanwhile, for those who mend it.
    #[arg(long, value_name = "TEXT")]
    workaround: Option<String>,
    /// What works meanwhile, for those who answer for it.
    #[arg(long, value_name = "TEXT")]
    workaround_business: Option<String>,
    /// What works meanwhile, for those outside.
    #[arg(long, value_name = "TEXT")]
    workaround_public: Option<String>,
    /// Whether data is safe, for those who mend it.
    #[arg(long, value_name = "TEXT")]
    data_safety: Option<String>,
    /// Whether data is safe, for those who answer for it.
    #[arg(long, value_name = "TEXT")]
    data_safety_business: Option<String>,
    /// Whether data is safe, for those outside.
    #[arg(long, value_name = "TEXT")]
    data_safety_public: Option<String>,
    /// What happened, for those who mend it.
    #[arg(long, value_name = "TEXT")]
    resolution: Option<String>,
    /// What happened, for those who answer for it.
    #[arg(long, value_name = "TEXT")]
    resolution_business: Option<String>,
    /// What happened, for those outside.
    #[arg(long, value_name = "TEXT")]
    resolution_public: Option<String>,
    /// What was found and what is changed, written after the end, for those who mend it.
    #[arg(long, value_name = "TEXT")]
    write_up: Option<String>,
    /// The write-up for those who answer for it: told to all of them who were told the end.
    #[arg(long, value_name = "TEXT")]
    write_up_business: Option<String>,
    /// The write-up for those outside: told to all of them who were told the end.
    #[arg(long, value_name = "TEXT")]
    write_up_public: Option<String>,
    /// Customers are affected; `--customer-impact false` says that they are not.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    customer_impact: Option<bool>,
    /// How many of them: some, many, all, or in words of one's own; outsiders may read it.
    #[arg(long, value_name = "WORDS")]
    share: Option<String>,
    /// Where; may be given several times.
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// A component by its id; may be given several times.
    #[arg(long, short, value_name = "ID")]
    component: Vec<String>,
    /// How many customers it costs.
    #[arg(long, value_name = "NUMBER")]
    customers: Option<u64>,
    /// The share of all customers, in words, for those who answer for it.
    #[arg(long, value_name = "WORDS")]
    customers_share: Option<String>,
    /// Lost revenue in an hour, such as "5000 EUR".
    #[arg(long, value_name = "AMOUNT")]
    revenue_per_hour: Option<String>,
    /// A customer by name; may be given several times.
    #[arg(long, value_name = "NAME")]
    account: Vec<String>,
    /// What is needed from somebody.
    #[arg(long, value_name = "TEXT")]
    needs: Option<String>,
    /// From whom it is needed: an audience or a contact.
    #[arg(long, value_name = "NAME", requires = "needs")]
    needs_from: Option<String>,
    /// By when it is needed: an instant, or from now, such as `30m`.
    #[arg(long, value_name = "TIME", requires = "needs", value_parser = When::read)]
    needs_by: Option<When>,
    /// When it should be over: an instant, or from now, such as `45m`.
    #[arg(long, value_name = "TIME", value_parser = When::read)]
    expected_end: Option<When>,
    /// How sure that is: low, medium, high, or words of one's own.
    #[arg(long, value_name = "WORDS", requires = "expected_end")]
    confidence: Option<String>,
    /// Those outside may be told when it should be over.
    #[arg(long, requires = "expected_end")]
    expected_end_public: bool,
    /// Data was exposed.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    data_exposure: Option<bool>,
    /// A regulator must be told.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    regulatory: Option<bool>,
    /// Who outside has noticed.
    #[arg(long, value_enum)]
    visibility: Option<Visibility>,
    /// Who leads the work.
    #[arg(long, value_name = "CONTACT")]
    commander: Option<String>,
    /// Who leads the communication.
    #[arg(long, value_name = "CONTACT")]
    comms_lead: Option<String>,
    /// A label that rows may match, as `team=payments`; may be given several times.
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Stage {
    Investigating,
    Identified,
    Monitoring,
    Resolved,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Visibility {
    None,
    Customers,
    Public,
    Press,
}

/// A time as people type it.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    At(Time),
    FromNow(Span),
}

impl When {
    pub(super) fn read(text: &str) -> Result<When, String> {
        let wrong =
            || format!("\"{text}\" is no time: write 2026-11-21T14:30:00Z, or a duration such as 30m");
        if let Ok(span) = Span::parse(text) {
            return Ok(When::FromNow(span));
        }
        Time::parse(text).ok().flatten().map(When::At).ok_or_else(wrong)
    }

    fn at(self, now: Time) -> Time {
        match self {
            When::At(time) => time,
            When::FromNow(span) => now + span,
        }
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// The word of one of these in an event.
fn word(value: &impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}

impl Fields {
    /// Puts `text` where a bare text of the command belongs, unless a flag said it.
    pub(super) fn put(&mut self, place: &str, text: Option<String>) {
        let field = match place {
            "title" => &mut self.title,
            "resolution" => &mut self.resolution,
            _ => &mut self.note,
        };
        *field = field.take().or(text);
    }

    /// What was said, as an event has it; `now` is for what was said from now.
    pub(super) fn event(&self, now: Time) -> Map<String, Value> {
        let mut event = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()) {
                event.insert(name.to_owned(), value);
            }
        };
        put("severity", json!(self.severity));
        put("stage", json!(self.stage.as_ref().and_then(word)));
        put("title", layered(&self.title, &self.title_business, &self.title_public));
        put("note", layered(&self.note, &self.note_business, &self.note_public));
        put("workaround", layered(&self.workaround, &self.workaround_business, &self.workaround_public));
        put("data_safety", layered(&self.data_safety, &self.data_safety_business, &self.data_safety_public));
        put("resolution", layered(&self.resolution, &self.resolution_business, &self.resolution_public));
        put("write_up", layered(&self.write_up, &self.write_up_business, &self.write_up_public));
        put("customer_impact", json!(self.customer_impact));
        put("components", json!(self.component));
        put("data_exposure", json!(self.data_exposure));
        put("regulatory", json!(self.regulatory));
        put("visibility", json!(self.visibility.as_ref().and_then(word)));
        put("commander", json!(self.commander));
        put("comms_lead", json!(self.comms_lead));
        put("scope", known(json!({ "share": self.share, "regions": self.region })));
        put(
            "impact",
            known(json!({
                "customers": self.customers, "share": self.customers_share,
                "revenue_per_hour": self.revenue_per_hour, "accounts": self.account,
            })),
        );
        let needs = self.needs.as_ref().map(
            |what| json!({ "what": what, "who": self.needs_from, "by": self.needs_by.map(|by| by.at(now)) }),
        );
        put("needs", needs.map_or(Value::Null, known));
        let end = self.expected_end.map(|end| {
            json!({ "at": end.at(now), "confidence": self.confidence, "public": self.expected_end_public })
        });
        put("expected_end", end.map_or(Value::Null, known));
        let labels: Map<String, Value> =
            self.label.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        put("labels", known(Value::Object(labels)));
        event
    }
}

fn layered(internal: &Option<String>, business: &Option<String>, public: &Option<String>) -> Value {
    known(json!({ "internal": internal, "business": business, "public": public }))
}

/// A table without what is not known; nothing where nothing is.
fn known(table: Value) -> Value {
    let Value::Object(mut table) = table else { return table };
    table.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    if table.is_empty() { Value::Null } else { Value::Object(table) }
}
