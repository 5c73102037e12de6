//! Which files there are: those of `--config`, what their `include` patterns lead to (R13), and those of members (R14).

use super::diagnostic::{Diagnostic, Diagnostics, Place, Report, Source};
use super::load::as_value;
use super::value::Node;
use super::{Part, Parts, members};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The most bytes that one file may have.
pub const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The most files that patterns may lead to.
pub const FILES_MAX: usize = 2_000;

/// Every file in reading order, those of members last, and what each is. A file of members that cannot be read is left
/// out: whoever asks for it finds it missing.
pub(super) fn gather(paths: &[PathBuf]) -> Result<(Vec<Source>, Parts), Diagnostics> {
    let (mut sources, mut parts, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        let source = match read_file(path) {
            Ok(source) => source,
            Err(error) => {
                unreadable.push(*error);
                continue;
            }
        };
        for (pattern, _) in includes(&source) {
            for path in matches(&source.name, &pattern) {
                let seen = |source: &Source| Path::new(&*source.name) == path;
                if sources.iter().any(seen) || paths.contains(&path) || sources.len() >= FILES_MAX {
                    continue;
                }
                match read_file(&path) {
                    Ok(source) => {
                        sources.push(source);
                        parts.push(Part::Included);
                    }
                    Err(error) => unreadable.push(*error),
                }
            }
        }
        sources.push(source);
        parts.push(Part::Root);
    }
    let wanted: Vec<String> = sources.iter().flat_map(members::files).collect();
    for name in wanted {
        if let Some(index) = sources.iter().position(|source| *source.name == *name) {
            parts[index] = Part::Members;
        } else if let Some(source) = read_file(Path::new(&name)).ok().filter(|_| sources.len() < FILES_MAX) {
            sources.push(source);
            parts.push(Part::Members);
        }
    }
    if unreadable.is_empty() { Ok((sources, parts)) } else { Err(Diagnostics { all: unreadable }) }
}

/// One file.
pub(super) fn read_file(path: &Path) -> Result<Source, Box<Diagnostic>> {
    use std::io::Read;
    let name = path.display().to_string();
    let mut text = String::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() as u64 > FILE_BYTES_MAX => {
            Err(Box::new(Diagnostic::unreadable(&name, "it is larger than 4 MiB")))
        }
        Ok(_) => Ok(Source { name: name.into(), text: text.into() }),
        Err(error) => Err(Box::new(Diagnostic::unreadable(&name, &error.to_string()))),
    }
}

/// The patterns of `include`, each with its place in the file.
fn includes(source: &Source) -> Vec<(String, std::ops::Range<usize>)> {
    let value = as_value(DeTable::parse_recoverable(&source.text).0);
    let node = Node { file: 0, value: &value };
    let texts = node.get("include").map(|node| node.texts()).unwrap_or_default();
    texts.iter().map(|text| (text.value.to_owned(), text.place.start..text.place.end)).collect()
}

/// A pattern or a path relative to the file that names it.
pub(super) fn beside(file: &str, pattern: &str) -> String {
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    folder.join(pattern).display().to_string()
}

/// The files that a pattern leads to, in the order of their paths.
fn matches(file: &str, pattern: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = glob::glob(&beside(file, pattern))
        .map(|paths| paths.filter_map(Result::ok).filter(|path| path.is_file()).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

/// What each of the files is, by what others say of it: a root file, unless a pattern or an audience leads to it.
pub(super) fn parts(sources: &[Source]) -> Parts {
    let mut parts = vec![Part::Root; sources.len()];
    let wanted: BTreeSet<String> = sources.iter().flat_map(members::files).collect();
    for (part, _) in parts.iter_mut().zip(sources).filter(|(_, source)| wanted.contains(&*source.name)) {
        *part = Part::Members;
    }
    for from in sources.iter().filter(|source| !wanted.contains(&*source.name)) {
        for (pattern, _) in includes(from) {
            let Ok(pattern) = glob::Pattern::new(&beside(&from.name, &pattern)) else { continue };
            for (part, to) in parts.iter_mut().zip(sources) {
                if *part == Part::Root && from.name != to.name && pattern.matches(&to.name) {
                    *part = Part::Included;
                }
            }
        }
    }
    parts
}

/// Reports patterns that are none, and those that lead nowhere.
pub(super) fn check(sources: &[Source], parts: &Parts, report: &Report) {
    for (file, source) in sources.iter().enumerate().filter(|(file, _)| parts[*file] == Part::Root) {
        for (pattern, span) in includes(source) {
            let place = Place::new(file, span);
            match glob::Pattern::new(&beside(&source.name, &pattern)) {
                Err(error) => {
                    let message = format!("\"{pattern}\" is no pattern: {}", error.msg);
                    report.error("include::pattern", place, message, "write one like \"teams/*.toml\"");
                }
                Ok(full) if !sources.iter().any(|source| full.matches(&source.name)) => {
                    let message = format!("\"{pattern}\" leads to no file");
                    let help = "patterns are relative to this file; leave out one that nothing needs yet";
                    report.error("include::no-match", place, message, help);
                }
                Ok(_) => {}
            }
        }
    }
}
