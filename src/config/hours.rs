//! `hours = { days = …, from = …, to = …, time_zone = … }`, or a list of such: windows of local time.

use super::diagnostic::Report;
use super::environment::time_zone;
use super::suggest;
use super::value::{At, Node};
use crate::decide::{Hours, Window};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// The days of the week, as they are written.
pub(super) const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// What a window is made of.
pub(super) const KEYS: [&str; 4] = ["days", "from", "to", "time_zone"];

/// The most windows of one value.
const WINDOWS_MAX: usize = 50;

/// The hours, in `zone` where a window names none; `None` where something is wrong with them, which is reported.
pub(super) fn read(node: Node<'_>, zone: &str, report: &Report) -> Option<Hours> {
    let windows = if node.value.get_ref().is_table() { vec![node] } else { node.items() };
    if windows.is_empty() || windows.len() > WINDOWS_MAX {
        let message = format!("{} windows cannot be hours", windows.len());
        report.error("hours::windows", node.place(), message, "write 1 to 50 windows, or leave `hours` out");
        return None;
    }
    let before = report.errors();
    let read: Vec<Window> = windows.into_iter().filter_map(|one| window(one, zone, report)).collect();
    (report.errors() == before).then(|| Hours::new(read))
}

fn window(node: Node<'_>, zone: &str, report: &Report) -> Option<Window> {
    for (key, _) in node.entries() {
        if !KEYS.contains(&key.value) {
            let message = format!("`{}` is no key of a window of hours", key.value);
            report.error("key::unknown", key.place, message, suggest::hint(key.value, "key", KEYS));
        }
    }
    let text = |key: &str| {
        let value = node.get(key)?;
        Some(At { value: value.text().unwrap_or_default(), place: value.place() })
    };
    let days = node.get("days").map_or_else(|| Some(every_day()), |days| days_of(days, report));
    let zone = time_zone(text("time_zone"), zone, report);
    let (from, to) = (time(node, text("from"), "from", report)?, time(node, text("to"), "to", report)?);
    if from.value == to.value {
        let message = "this begins and ends at the same time";
        let help = "for the whole day write from = \"00:00\", to = \"24:00\"";
        report.error("hours::empty", to.place, message, help);
    }
    Some(Window { days: days?, from: from.value, to: to.value, zone: TimeZone::get(&zone).ok()? })
}

fn every_day() -> Vec<Weekday> {
    DAYS.iter().map(|(_, day)| *day).collect()
}

/// A list of days and of stretches of days, such as `"mon-fri"`.
fn days_of(node: Node<'_>, report: &Report) -> Option<Vec<Weekday>> {
    let texts = node.texts();
    if texts.is_empty() {
        let help = "write some of \"mon\", \"tue\", …, \"sun\" and stretches such as \"mon-fri\", or leave it out for every day";
        report.error("hours::day", node.place(), "`days` names no day", help);
        return None;
    }
    let known: Vec<Vec<Weekday>> = texts.iter().filter_map(|text| stretch(*text, report)).collect();
    let complete = known.len() == texts.len();
    complete.then(|| {
        DAYS.iter().map(|(_, day)| *day).filter(|day| known.iter().flatten().any(|d| d == day)).collect()
    })
}

fn stretch(text: At<&str>, report: &Report) -> Option<Vec<Weekday>> {
    let place = |word: &str| DAYS.iter().position(|(name, _)| name.eq_ignore_ascii_case(word.trim()));
    let (first, last) = text.value.split_once('-').unwrap_or((text.value, text.value));
    let (Some(first), Some(last)) = (place(first), place(last)) else {
        let word = if place(first).is_some() { last } else { first };
        let message = format!("`{word}` is no day of the week");
        let help = suggest::hint(word, "day", DAYS.iter().map(|(name, _)| *name));
        report.error("hours::day", text.place, message, help);
        return None;
    };
    let count = (last + DAYS.len() - first) % DAYS.len() + 1;
    Some(DAYS.iter().cycle().skip(first).take(count).map(|(_, day)| *day).collect())
}

/// Minutes after midnight; a window may end at 24:00 but not begin there.
fn time(node: Node<'_>, text: Option<At<&str>>, key: &str, report: &Report) -> Option<At<u16>> {
    let Some(text) = text else {
        let message = format!("`{key}` is missing");
        report.error("key::missing", node.place(), message, format!("add {key} = \"09:00\""));
        return None;
    };
    let minutes = minutes(text.value).filter(|minutes| key == "to" || *minutes < 24 * 60);
    if minutes.is_none() {
        let message = format!("\"{}\" is no time of the day to put into `{key}`", text.value);
        report.error(
            "hours::time",
            text.place,
            message,
            "write hours and minutes, such as \"09:00\" or \"17:30\"",
        );
    }
    // Midnight at the end is the end of the day, whichever way it is written.
    let value = minutes.map(|minutes| if key == "to" && minutes == 0 { 24 * 60 } else { minutes })?;
    Some(At { value, place: text.place })
}

fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |text: &str, least: usize| {
        let fits = (least..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| fits)
    };
    let (hours, minutes) = (digits(hours, 1)?, digits(minutes, 2)?);
    (minutes < 60 && hours * 60 + minutes <= 24 * 60).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::as_value;
    use toml::de::DeTable;

    /// The value of `hours`, with what is wrong with it: each code, and the text that it stands at.
    fn hours(value: &str) -> (Option<Hours>, Vec<(&'static str, String)>) {
        let text = format!("hours = {value}");
        let report = Report::default();
        let table = as_value(DeTable::parse(&text).unwrap());
        let node = Node { file: 0, value: &table }.get("hours").unwrap();
        let read = read(node, "UTC", &report);
        let source =
            super::super::diagnostic::Source { name: "test.toml".into(), text: text.as_str().into() };
        let found = report.finish(&[source], &|_| false);
        let at = |column: usize| text[column - 1..].split([' ', ',']).next().unwrap_or_default().to_owned();
        (read, found.all.iter().map(|one| (one.code, at(one.column))).collect())
    }

    #[test]
    fn a_window_and_a_list_of_windows_are_read() {
        let (read, found) = hours(
            r#"[{ days = ["mon-wed", "Fri"], from = "9:00", to = "17:30", time_zone = "Europe/Berlin" },
                { days = "sat-mon", from = "22:00", to = "00:00" }, { from = "00:00", to = "24:00" }]"#,
        );
        assert_eq!(found, []);
        let days = |names: &[&str]| {
            DAYS.iter().filter(|(name, _)| names.contains(name)).map(|(_, day)| *day).collect::<Vec<_>>()
        };
        let window = |days, from, to, zone| Window { days, from, to, zone: TimeZone::get(zone).unwrap() };
        let wanted = Hours::new(vec![
            window(days(&["mon", "tue", "wed", "fri"]), 540, 1050, "Europe/Berlin"),
            window(days(&["mon", "sat", "sun"]), 1320, 1440, "UTC"),
            window(every_day(), 0, 1440, "UTC"),
        ]);
        assert_eq!(read, Some(wanted));
    }

    #[test]
    fn every_mistake_is_named_at_its_place() {
        for (value, code, at) in [
            (r#"{ days = ["monday"], from = "09:00", to = "17:00" }"#, "hours::day", "\"monday\"]"),
            (r#"{ days = ["mon-fry"], from = "09:00", to = "17:00" }"#, "hours::day", "\"mon-fry\"]"),
            (r#"{ days = [], from = "09:00", to = "17:00" }"#, "hours::day", "[]"),
            (r#"{ from = "9am", to = "17:00" }"#, "hours::time", "\"9am\""),
            (r#"{ from = "24:00", to = "17:00" }"#, "hours::time", "\"24:00\""),
            (r#"{ from = "09:00", to = "24:01" }"#, "hours::time", "\"24:01\""),
            (r#"{ from = "09:00", to = 17 }"#, "hours::time", "17"),
            (r#"{ from = "09:00", to = "09:00" }"#, "hours::empty", "\"09:00\""),
            (r#"{ from = "00:00", to = "1:5" }"#, "hours::time", "\"1:5\""),
            (r#"{ from = "09:00" }"#, "key::missing", "{"),
            (r#"{ day = ["mon"], from = "09:00", to = "17:00" }"#, "key::unknown", "day"),
            (
                r#"{ from = "09:00", to = "17:00", time_zone = "Europe/Bonn" }"#,
                "time-zone::unknown-zone",
                "\"Europe/Bonn\"",
            ),
            ("[]", "hours::windows", "[]"),
        ] {
            let (read, found) = hours(value);
            assert_eq!((read, found), (None, vec![(code, at.to_owned())]), "{value}");
        }
    }
}
