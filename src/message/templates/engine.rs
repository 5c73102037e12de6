//! The engine that renders templates: bounded in steps, depth and size, with listed filters only, and given nothing
//! but a view.

use crate::event::Time;
use crate::message::table::FIELDS;
use crate::message::view::View;
use crate::message::{Disclosure, line, markdown, slot};
use minijinja::value::{Enumerator, Object, Serde};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value, filters, tests};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// The most steps of one rendering.
const FUEL: u64 = 50_000;
/// The deepest nesting.
const RECURSION: usize = 32;
/// The most bytes of one rendering.
pub(super) const OUTPUT_MAX: usize = 64 * 1024;
/// The most bytes that a filter makes.
const FILTER_MAX: usize = OUTPUT_MAX;

/// The filters there are.
pub(super) const FILTERS: [&str; 12] = [
    "upper",
    "lower",
    "trim",
    "capitalize",
    "default",
    "d",
    "length",
    "first",
    "last",
    "join",
    "truncate",
    "time",
];
/// The tests there are.
pub(super) const TESTS: [&str; 8] = ["defined", "undefined", "none", "true", "false", "eq", "ne", "in"];
/// The functions there are.
pub(super) const FUNCTIONS: [&str; 2] = ["next_update", "delay"];
/// The statements there are. Without `set` and `macro`, what a template can build in memory stays in proportion to it.
pub(super) const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// An engine without templates.
pub(super) fn environment() -> Environment<'static> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(RECURSION);
    env.set_debug(true);
    env.add_filter("upper", filters::upper);
    env.add_filter("lower", filters::lower);
    env.add_filter("trim", filters::trim);
    env.add_filter("capitalize", filters::capitalize);
    env.add_filter("default", default);
    env.add_filter("d", default);
    env.add_filter("length", filters::length);
    env.add_filter("first", filters::first);
    env.add_filter("last", filters::last);
    env.add_filter("join", join);
    env.add_filter("truncate", truncate);
    env.add_filter("time", time);
    env.add_test("defined", tests::is_defined);
    env.add_test("undefined", tests::is_undefined);
    env.add_test("none", tests::is_none);
    env.add_test("true", tests::is_true);
    env.add_test("false", tests::is_false);
    env.add_test("eq", tests::is_eq);
    env.add_test("ne", tests::is_ne);
    env.add_test("in", tests::is_in);
    env.add_function("next_update", || Value::from_safe_string(slot::next_update()));
    env.add_function("delay", || Value::from_safe_string(slot::delay()));
    // A body is Markdown: whatever a template prints that it does not say itself is escaped.
    env.set_auto_escape_callback(|name| match name.ends_with(".body") {
        true => AutoEscape::Custom("markdown".into()),
        false => AutoEscape::None,
    });
    env.set_formatter(|out, state, value| {
        if value.is_none() || value.is_undefined() {
            return Ok(());
        }
        let escapes = *state.auto_escape() != AutoEscape::None && !value.is_safe();
        let text = value.to_string();
        out.write_str(if escapes { markdown::escape(&text) } else { text.as_str().into() }.as_ref())
            .map_err(Error::from)
    });
    env
}

/// The value, or the other one where it is undefined, unknown or empty.
fn default(value: &Value, other: Option<Value>) -> Value {
    let missing = value.is_undefined() || value.is_none() || value.as_str() == Some("");
    if missing { other.unwrap_or_else(|| Value::from("")) } else { value.clone() }
}

fn join(value: &Value, between: Option<&str>) -> Result<String, Error> {
    let mut out = String::new();
    for (index, item) in value.try_iter()?.enumerate() {
        let between = if index > 0 { between.unwrap_or("") } else { "" };
        write!(out, "{between}{item}").map_err(Error::from)?;
        if out.len() > FILTER_MAX {
            return Err(Error::new(ErrorKind::InvalidOperation, "join makes more than 64 KiB"));
        }
    }
    Ok(out)
}

/// At most so many bytes, marked where it was cut.
fn truncate(value: &str, max: usize) -> String {
    line::cut(value.into(), max).into_owned()
}

/// The instant in the reader's own zone; nothing for one that is not known.
fn time(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    let _ = state;
    if value.is_none() {
        return Ok(Value::from(""));
    }
    let known = value.as_str().and_then(|text| Time::parse(text).ok().flatten());
    let wrong = || Error::new(ErrorKind::InvalidOperation, "time is for instants, such as opened_at");
    known.map(|time| Value::from_safe_string(slot::instant(time))).ok_or_else(wrong)
}

/// Some fields under one name. It counts as true only if one of them is known.
#[derive(Debug)]
struct Fields(BTreeMap<&'static str, Value>);

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().copied().map(Value::from).collect())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.0.values().any(|value| !value.is_none() && value.len() != Some(0))
    }
}

/// What templates of the view's level may name: every field that the table gives to the level, unknown ones as none
/// or an empty list. Read through the table once more, so nothing else can be there.
pub(super) fn context(view: &View<'_>) -> Value {
    let seen = Value::from(Serde(view));
    let mut top: BTreeMap<&'static str, Value> = BTreeMap::new();
    let mut groups: BTreeMap<&'static str, BTreeMap<&'static str, Value>> = BTreeMap::new();
    let known = |of: &Value, name: &str, list: bool| {
        let value = of.get_attr(name).unwrap_or_default();
        match value.is_undefined() || value.is_none() {
            true if list => Value::from(Vec::<Value>::new()),
            true => Value::from(()),
            false => value,
        }
    };
    for row in FIELDS.iter().filter(|row| view.level.may_read(row.level)) {
        match row.path.split_once('.') {
            // Fields of the items of a list come with it.
            Some((group, _)) if top.contains_key(group) => {}
            Some((group, name)) => {
                let of = known(&seen, group, false);
                let of = if of.is_none() { Value::UNDEFINED } else { of };
                groups.entry(group).or_default().insert(name, known(&of, name, row.list));
            }
            None => {
                top.insert(row.path, known(&seen, row.path, row.list));
            }
        }
    }
    top.extend(groups.into_iter().map(|(name, fields)| (name, Value::from_object(Fields(fields)))));
    Value::from_object(Fields(top))
}

/// A writer that takes no more than [`OUTPUT_MAX`].
#[derive(Default)]
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > OUTPUT_MAX {
            return Err(std::io::Error::other("the text is longer than 64 KiB"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Renders one part.
pub(super) fn render(env: &Environment<'_>, part: &str, context: &Value) -> Result<String, Error> {
    let mut out = Bounded::default();
    env.get_template(part)?.render_captured_to(context.clone(), &mut out)?;
    String::from_utf8(out.0).map_err(|_| Error::new(ErrorKind::WriteFailure, "the text is not UTF-8"))
}

/// The fields that a level may name, for "did you mean".
pub(super) fn names(level: Disclosure) -> impl Iterator<Item = &'static str> {
    FIELDS.iter().filter(move |row| level.may_read(row.level)).map(|row| row.path).chain(FUNCTIONS)
}
