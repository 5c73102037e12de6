//! What a daemon answered, for a terminal: printed as JSON or as text, in a table, or as what it refuses.

use super::{Server, complain};
use crate::deliver::visible;
use http::StatusCode;
use serde_json::Value;
use std::fmt::Write;

/// Prints the answer itself, or what `write` makes of it.
pub(super) fn print(json: bool, answer: &Value, write: impl FnOnce(&Value) -> String) {
    if json {
        println!("{answer}");
    } else {
        print!("{}", write(answer));
    }
}

/// Says why the daemon refuses, in at most `max` characters of its own words.
pub(super) fn refused(server: &Server, status: StatusCode, body: &Value, max: usize) {
    let why = body["error"].as_str().map(|why| visible::one_line(why, max));
    complain(&why.unwrap_or_else(|| format!("{} answered {status}", server.server)));
}

/// A value of the answer as one line of at most `max` characters, fit for a terminal; `-` where there is none.
pub(super) fn cell(value: &Value, max: usize) -> String {
    let text = match value {
        Value::String(text) => visible::one_line(text, max),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    if text.is_empty() { "-".to_owned() } else { text }
}

/// Rows under their heads, each column as wide as it must be, the last as it is.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = std::iter::once(heads.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N - 1).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "{cell:width$}  ");
        }
        let _ = writeln!(out, "{}", row[N - 1]);
    }
    out
}
