//! Logs: one line for each record, as JSON or for a terminal, whatever text stands in it.

use super::escape::{Escaped, Form as EscapeForm};
use std::any::Any;
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt::Layer};

/// The filter where none is given.
pub const DEFAULT_FILTER: &str = "info";

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON object.
    Json,
    /// Time, level, sentence, `key=value`: for a terminal.
    Text,
}

/// Why logs could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is none.
    #[error("\"{filter}\" is no log filter: {why}; try \"info\" or \"info,tidings::deliver=debug\"")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        why: String,
    },
    /// Something else in this process takes the records already.
    #[error("logs are set up already")]
    Twice,
}

/// Sends the records of this process to standard error, and panics with them.
///
/// `filter` is the value of `--log` or `RUST_LOG`; see [`subscriber`].
///
/// # Errors
/// The filter cannot be read, or logs are set up already.
pub fn init(filter: &str, form: Form) -> Result<(), Error> {
    subscriber(filter, form, std::io::stderr)?.try_init().map_err(|_| Error::Twice)?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, what = panic_text(panic.payload()), "a panic");
    }));
    Ok(())
}

/// What a panic says, if that was written in the source: a text made at run time may quote a message or an address.
fn panic_text(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("see the place")
}

/// Formats records and gives them to `writer`.
///
/// A bare level in `filter` (`debug`) is that of Tidings' own records; what libraries say stays at `warn` unless they
/// are named, because some of them quote addresses and requests.
///
/// # Errors
/// The filter cannot be read.
pub fn subscriber<W>(filter: &str, form: Form, writer: W) -> Result<impl Subscriber + Send + Sync, Error>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let directives: Vec<String> = filter.split(',').map(str::trim).map(own_level).collect();
    let parsed = EnvFilter::try_new(directives.join(","))
        .map_err(|error| Error::Filter { filter: filter.to_owned(), why: error.to_string() })?;
    let layer = Layer::default().fmt_fields(Fields(form)).event_format(Lines(form)).with_writer(writer);
    Ok(Registry::default().with(parsed).with(layer))
}

fn own_level(directive: &str) -> String {
    match directive.parse::<tracing::level_filters::LevelFilter>() {
        Ok(level) => format!("{},tidings={level}", level.min(tracing::level_filters::LevelFilter::WARN)),
        Err(_) => directive.to_owned(),
    }
}

/// Writes fields: `,"key":value` or ` key=value`.
struct Fields(Form);

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        write_fields(self.0, writer, &fields, Part::All)
    }

    fn add_fields(
        &self,
        current: &'w mut FormattedFields<Self>,
        fields: &tracing::span::Record<'_>,
    ) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

/// Writes records.
struct Lines(Form);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let spans = || context.event_scope().into_iter().flat_map(|scope| scope.from_root());
        match self.0 {
            Form::Json => {
                writer.write_str("{\"time\":\"")?;
                SystemTime.format_time(&mut writer)?;
                write!(writer, "\",\"level\":\"{}\",\"target\":\"{}\"", metadata.level(), metadata.target())?;
                write_fields(self.0, writer.by_ref(), event, Part::All)?;
                for (number, span) in spans().enumerate() {
                    writer.write_str(if number == 0 { ",\"spans\":[" } else { "," })?;
                    write!(writer, "{{\"name\":\"{}\"", span.name())?;
                    if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                        writer.write_str(fields)?;
                    }
                    writer.write_str("}")?;
                }
                writer.write_str(if spans().next().is_some() { "]}\n" } else { "}\n" })
            }
            Form::Text => {
                SystemTime.format_time(&mut writer)?;
                write!(writer, " {:<5}", metadata.level())?;
                write_fields(self.0, writer.by_ref(), event, Part::Message)?;
                write_fields(self.0, writer.by_ref(), event, Part::Rest)?;
                for span in spans() {
                    write!(writer, " {}:", span.name())?;
                    if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                        writer.write_str(fields)?;
                    }
                }
                writer.write_str("\n")
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Message,
    Rest,
    All,
}

fn write_fields(form: Form, writer: Writer<'_>, fields: &impl RecordFields, part: Part) -> fmt::Result {
    let mut visitor = Visitor { form, writer, part, result: Ok(()) };
    fields.record(&mut visitor);
    visitor.result
}

struct Visitor<'w> {
    form: Form,
    writer: Writer<'w>,
    part: Part,
    result: fmt::Result,
}

impl Visitor<'_> {
    /// Writes one field. `bare` values are numbers and truth values: JSON does not quote them.
    fn field(&mut self, name: &str, bare: bool, value: fmt::Arguments<'_>) {
        let is_message = name == "message";
        let wanted = match self.part {
            Part::All => true,
            Part::Message => is_message,
            Part::Rest => !is_message,
        };
        if wanted && self.result.is_ok() {
            self.result = match self.form {
                Form::Json => self.json(name, bare, value),
                Form::Text => self.text(name, is_message, value),
            };
        }
    }

    fn json(&mut self, name: &str, bare: bool, value: fmt::Arguments<'_>) -> fmt::Result {
        write!(self.writer, ",\"{name}\":")?;
        if bare {
            return self.writer.write_fmt(value);
        }
        self.writer.write_char('"')?;
        Escaped::new(&mut self.writer, EscapeForm::Json).put(value)?;
        self.writer.write_char('"')
    }

    fn text(&mut self, name: &str, is_message: bool, value: fmt::Arguments<'_>) -> fmt::Result {
        self.writer.write_char(' ')?;
        if !is_message {
            write!(self.writer, "{name}=")?;
        }
        Escaped::new(&mut self.writer, EscapeForm::Text).put(value)
    }
}

impl Visit for Visitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field.name(), false, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field.name(), false, format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field.name(), true, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field.name(), true, format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no word for what is not a number.
        self.field(field.name(), value.is_finite(), format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field.name(), true, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.field(field.name(), false, format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests;
