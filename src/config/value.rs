//! One value of a file with its place, read as this or that; whether it is of the right sort was checked before.

use super::diagnostic::Place;
use crate::decide::Limit;
use crate::event::{Layered, SecretRef, Span, Time};
use toml::Spanned;
use toml::de::DeValue;

/// How many characters a date has: `2026-12-20`.
const DATE_CHARS: usize = 10;

/// One value and which file it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'t> {
    pub(super) file: usize,
    pub(super) value: &'t Spanned<DeValue<'t>>,
}

/// Something read from a file, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// At most so many in so long: `"1/s"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub max: u32,
    /// In how long.
    pub per: Span,
}

impl Rate {
    /// Reads `"1/s"`, `"30/m"`, `"500/h"`.
    pub fn parse(text: &str) -> Option<Rate> {
        let (max, per) = text.split_once('/')?;
        let per = match per.trim() {
            "s" => Span::from_secs(1),
            "m" => Span::from_mins(1),
            "h" => Span::from_mins(60),
            _ => return None,
        };
        let max = max.trim().parse().ok().filter(|max| *max > 0)?;
        Some(Rate { max, per })
    }
}

/// A day of the calendar, or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    /// A whole day, wherever the reader is.
    Date(jiff::civil::Date),
    /// An instant.
    At(Time),
}

impl Day {
    /// Its first instant in a zone: a midnight that a clock change skips begins at the first instant after it.
    pub(super) fn begins(self, zone: &str) -> Option<Time> {
        match self {
            Day::At(time) => Some(time),
            Day::Date(date) => {
                let zone = jiff::tz::TimeZone::get(zone).ok()?;
                let begins = date.to_zoned(zone).ok()?.start_of_day().ok()?;
                Some(Time::from_millis(begins.timestamp().as_millisecond()))
            }
        }
    }
}

impl<'t> Node<'t> {
    pub(super) fn place(&self) -> Place {
        Place::new(self.file, self.value.span())
    }

    /// The word for its sort.
    pub(super) fn sort(&self) -> &'static str {
        match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }

    pub(super) fn text(&self) -> Option<&'t str> {
        self.value.get_ref().as_str()
    }

    pub(super) fn flag(&self) -> Option<bool> {
        self.value.get_ref().as_bool()
    }

    pub(super) fn count(&self) -> Option<u64> {
        let number = self.value.get_ref().as_integer()?;
        u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
    }

    pub(super) fn span(&self) -> Option<Span> {
        Span::parse(self.text()?).ok()
    }

    /// `"2026-12-20"`, or an instant as RFC 3339; TOML's own dates likewise.
    pub(super) fn day(&self) -> Option<Day> {
        let text = match self.value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(date) => date.to_string(),
            _ => return None,
        };
        let date = || (text.len() == DATE_CHARS).then(|| text.parse().ok()).flatten().map(Day::Date);
        date().or_else(|| Time::parse(&text).ok().flatten().map(Day::At))
    }

    pub(super) fn rate(&self) -> Option<Rate> {
        Rate::parse(self.text()?)
    }

    /// `"30m"` or `"on change"`.
    pub(super) fn rhythm(&self) -> Option<crate::decide::Rhythm> {
        super::keeping::rhythm(*self)
    }

    /// The elements of a list; a value that is no list has none.
    pub(super) fn items(&self) -> Vec<Node<'t>> {
        let array = self.value.get_ref().as_array();
        let node = |value| Node { file: self.file, value };
        array.map(|array| array.iter().map(node).collect()).unwrap_or_default()
    }

    /// The strings of a list, or the one string.
    pub(super) fn texts(&self) -> Vec<At<&'t str>> {
        let at = |node: &Node<'t>| Some(At { value: node.text()?, place: node.place() });
        at(self).map_or_else(|| self.items().iter().filter_map(at).collect(), |one| vec![one])
    }

    /// The keys of a table with their places and values, in the order of the file.
    pub(super) fn entries(&self) -> Vec<(At<&'t str>, Node<'t>)> {
        let Some(table) = self.value.get_ref().as_table() else {
            return Vec::new();
        };
        let one = |(key, value): (&'t Spanned<_>, _)| {
            let key: &'t Spanned<std::borrow::Cow<'t, str>> = key;
            let place = Place::new(self.file, key.span());
            (At { value: key.get_ref().as_ref(), place }, Node { file: self.file, value })
        };
        let mut entries: Vec<_> = table.iter().map(one).collect();
        entries.sort_by_key(|(key, _)| key.place);
        entries
    }

    /// The value of one key of a table.
    pub(super) fn get(&self, key: &str) -> Option<Node<'t>> {
        self.entries().into_iter().find(|(at, _)| at.value == key).map(|(_, node)| node)
    }

    /// `{ file = "…" }` or `{ env = "…" }`.
    pub(super) fn secret(&self) -> Option<SecretRef> {
        let entries = self.entries();
        let [(key, value)] = entries.as_slice() else {
            return None;
        };
        let text = value.text().filter(|text| !text.is_empty())?;
        match key.value {
            "file" => Some(SecretRef::File(text.into())),
            "env" => Some(SecretRef::Env(text.to_owned())),
            _ => None,
        }
    }

    /// Whether it is a string that is not blank.
    pub(super) fn is_said(&self) -> bool {
        self.text().is_some_and(|text| !text.trim().is_empty())
    }

    /// The path of `{ file = "…" }`.
    pub(super) fn member_file(&self) -> Option<At<&'t str>> {
        let entries = self.entries();
        let [(key, value)] = entries.as_slice() else {
            return None;
        };
        let path = value.text().filter(|path| key.value == "file" && !path.trim().is_empty())?;
        Some(At { value: path, place: value.place() })
    }

    /// A text for insiders, or texts by layer.
    pub(super) fn layers(&self) -> Option<Layered> {
        let said = |text: &'t str| Some(Box::from(text)).filter(|_| !text.trim().is_empty());
        if let Some(text) = self.text() {
            return Some(Layered { internal: Some(said(text)?), ..Layered::default() });
        }
        let mut layers = Layered::default();
        for (key, node) in self.entries() {
            let layer = match key.value {
                "internal" => &mut layers.internal,
                "business" => &mut layers.business,
                "public" => &mut layers.public,
                _ => return None,
            };
            *layer = Some(said(node.text()?)?);
        }
        (layers != Layered::default()).then_some(layers)
    }

    /// `{ max = 5, per = "15m" }`.
    pub(super) fn limit(&self) -> Option<Limit> {
        let max = self.get("max")?.count().and_then(|max| u32::try_from(max).ok()).filter(|max| *max > 0)?;
        let per = self.get("per")?.span().filter(|per| *per > Span::ZERO)?;
        (self.entries().len() == 2).then_some(Limit { max, per })
    }
}
