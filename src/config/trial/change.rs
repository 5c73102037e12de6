//! `reload` of a test: another file, or the same files with some of their text replaced.

use super::step::{misfit, unknown_key};
use super::{Reader, Reload, SECTION};
use crate::config::include;
use crate::config::value::Node;
use std::ops::Range;
use std::path::PathBuf;

/// Makes the changes of one test, each upon those before it.
pub(super) struct Changes<'a, 't> {
    reader: Reader<'a, 't>,
    /// The files as they are by now; `None` before the first change.
    files: Option<Vec<(Box<str>, Box<str>)>>,
}

impl<'a, 't> Changes<'a, 't> {
    pub(super) fn new(reader: Reader<'a, 't>) -> Changes<'a, 't> {
        Changes { reader, files: None }
    }

    /// `"OTHER.toml"`, `{ replace = "…", by = "…" }`, or a list of such changes.
    pub(super) fn read(&mut self, node: Node<'t>) -> Option<Reload> {
        if let Some(path) = node.text().filter(|path| !path.trim().is_empty()) {
            let file = self.reader.sources.get(node.file).map_or("", |source| &source.name);
            return Some(Reload::File(PathBuf::from(include::beside(file, path))));
        }
        let mut files = self.files.take().unwrap_or_else(|| self.without_steps());
        let changes = if node.value.get_ref().is_array() { node.items() } else { vec![node] };
        let made = changes.into_iter().all(|change| self.make(change, &mut files).is_some());
        self.files = Some(files.clone());
        made.then_some(Reload::Texts(files))
    }

    fn make(&self, change: Node<'_>, files: &mut [(Box<str>, Box<str>)]) -> Option<()> {
        let text = |key: &str| change.get(key).and_then(|node| node.text());
        let known = ["replace", "by"];
        let entries = change.entries();
        let unknown = entries.iter().filter(|(key, _)| !known.contains(&key.value));
        unknown.for_each(|(key, _)| unknown_key(self.reader, *key, "reload", &known));
        let (Some(old), Some(new)) = (text("replace").filter(|old| !old.is_empty()), text("by")) else {
            return misfit(
                self.reader,
                "reload",
                change,
                "\"OTHER.toml\", or { replace = \"…\", by = \"…\" }, or a list of such changes",
            );
        };
        if !files.iter().any(|(_, text)| text.contains(old)) {
            let place = change.get("replace").unwrap_or(change).place();
            let help = "`replace` takes a text that stands in a file, outside of the steps of tests";
            self.reader.report.error("test::replaces-nothing", place, "this stands nowhere", help);
            return None;
        }
        files.iter_mut().for_each(|(_, text)| *text = text.replace(old, new).into());
        Some(())
    }

    /// The files with the steps of all tests left out: what a change replaces stands in them as well.
    fn without_steps(&self) -> Vec<(Box<str>, Box<str>)> {
        let tables = self.reader.document.all(SECTION.path);
        let steps: Vec<_> = tables.iter().filter_map(|table| table.get("steps")).map(|s| s.place()).collect();
        let sources = self.reader.sources.iter().enumerate();
        let blank = |(file, source): (usize, &crate::config::diagnostic::Source)| {
            let mut text = source.text.to_string();
            for place in steps.iter().filter(|place| place.file == file) {
                let inside: Range<usize> = place.start..place.end;
                let kept = text.get(inside.clone()).map(emptied).unwrap_or_default();
                text.replace_range(inside, &kept);
            }
            (source.name.clone(), Box::from(text))
        };
        sources.map(blank).collect()
    }
}

/// An empty list that is as long, in as many lines.
fn emptied(list: &str) -> String {
    let last = list.len().saturating_sub(1);
    let byte = |(at, byte): (usize, u8)| match byte {
        b'\n' => '\n',
        _ if at == 0 => '[',
        _ if at == last => ']',
        _ => ' ',
    };
    list.bytes().enumerate().map(byte).collect()
}
