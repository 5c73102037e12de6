//! Source files as the checks read them: text, code without comments, code without strings, code without tests.

use std::path::Path;
use std::process::Command;

/// One tracked text file.
pub struct Source {
    /// Its path from the root of the repository.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Rust only: comments blanked out; line numbers stay.
    pub uncommented: String,
    /// Rust only: comments and the insides of strings blanked out.
    pub code: String,
    /// Rust only: `code` without what is compiled for tests alone.
    pub production: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let rust = path.ends_with(".rs");
        let (uncommented, code) = if rust { mask(text) } else { Default::default() };
        let is_test = !path.starts_with("src/") || path.ends_with("tests.rs") || path.contains("/tests/");
        let production = if is_test { blank(&code, 0, code.len()) } else { without_tests(&code) };
        Source { path: path.to_owned(), text: text.to_owned(), uncommented, code, production }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The folder of `src/` that it belongs to; a file right in `src/` counts by its name.
    pub fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        Some(inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs"))
    }

    /// Modules from the root down to this file.
    pub fn depth(&self) -> usize {
        self.path.split('/').filter(|part| !["src", "mod.rs", "lib.rs", "main.rs"].contains(part)).count()
    }
}

/// What the repository tracks or is about to track, as far as it is text. Files that only tests compile are seen as such.
pub fn repository() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git lists the files");
    assert!(listing.status.success(), "git: {}", String::from_utf8_lossy(&listing.stderr));
    let paths = String::from_utf8(listing.stdout).expect("paths are UTF-8");
    // A file that is removed and still tracked cannot be read; one that is no UTF-8 is no text.
    let read = |path: &str| Some(Source::new(path, &std::fs::read_to_string(root.join(path)).ok()?));
    let mut sources: Vec<_> = paths.split_terminator('\0').filter_map(read).collect();
    assert!(sources.iter().any(|source| source.path == "src/lib.rs"), "the sources are found");
    mark_test_files(&mut sources);
    sources
}

/// Blanks the production code of files that a `#[cfg(test)] mod name;` brings in.
pub fn mark_test_files(sources: &mut [Source]) {
    let declared =
        regex::Regex::new(r"#\[cfg\(test\)\]\s*(?:pub(?:\([a-z]+\))?\s+)?mod\s+(\w+)\s*;").unwrap();
    let mut roots = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/")) {
        let folder = match source.path.rsplit_once('/').unwrap() {
            (folder, "mod.rs" | "lib.rs" | "main.rs") => folder.to_owned(),
            (folder, file) => format!("{folder}/{}", file.trim_end_matches(".rs")),
        };
        roots.extend(declared.captures_iter(&source.code).map(|found| format!("{folder}/{}", &found[1])));
    }
    for source in sources {
        let under = |root: &String| {
            source.path == format!("{root}.rs") || source.path.starts_with(&format!("{root}/"))
        };
        if roots.iter().any(under) {
            source.production = blank(&source.production, 0, source.production.len());
        }
    }
}

/// `text` with everything but line ends between `from` and `to` made blanks. Byte for byte, so that places stay.
fn blank(text: &str, from: usize, to: usize) -> String {
    let bytes = text.bytes().enumerate();
    let kept = bytes.map(|(at, byte)| if (from..to).contains(&at) && byte != b'\n' { b' ' } else { byte });
    String::from_utf8(kept.collect()).expect("whole characters are blanked")
}

/// Code without comments, and without comments and the insides of strings and characters.
fn mask(text: &str) -> (String, String) {
    let bytes = text.as_bytes();
    let (mut uncommented, mut code) = (bytes.to_vec(), bytes.to_vec());
    let mut wipe = |from: usize, to: usize, comment: bool| {
        for at in (from..to.min(bytes.len())).filter(|at| bytes[*at] != b'\n') {
            code[at] = b' ';
            if comment {
                uncommented[at] = b' ';
            }
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        at += if rest.starts_with(b"//") {
            let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            wipe(at, at + length, true);
            length
        } else if rest.starts_with(b"/*") {
            let length = block_comment(rest);
            wipe(at, at + length, true);
            length
        } else if let Some((open, length)) = string(rest, at.checked_sub(1).map(|before| bytes[before])) {
            wipe(at + open, at + length - 1, false);
            length
        } else {
            1
        };
    }
    let whole = |bytes| String::from_utf8(bytes).expect("whole characters are blanked");
    (whole(uncommented), whole(code))
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// If a string or character begins here: the length of its opening, and of all of it.
fn string(rest: &[u8], before: Option<u8>) -> Option<(usize, usize)> {
    let inside_word = before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match rest {
        [b'"', ..] => Some((1, quoted(rest, b'"'))),
        [b'r', ..] if !inside_word => raw(rest, 1),
        [b'b', b'r', ..] if !inside_word => raw(rest, 2),
        // A lifetime has no quote behind its first character; a character has, or is an escape.
        [b'\'', b'\\', ..] => Some((1, quoted(rest, b'\''))),
        [b'\'', first, ..] => {
            let width = if first.is_ascii() { 1 } else { first.leading_ones() as usize };
            (rest.get(1 + width) == Some(&b'\'')).then_some((1, width + 2))
        }
        _ => None,
    }
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn raw(rest: &[u8], prefix: usize) -> Option<(usize, usize)> {
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let open = prefix + hashes + 1;
    if rest.get(open - 1) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let inside = rest[open..].windows(close.len()).position(|window| window == close)?;
    Some((open, open + inside + close.len()))
}

/// Blanks each item under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut left = code.to_owned();
    while let Some(from) = left.find("#[cfg(test)]") {
        let body = from + "#[cfg(test)]".len();
        let to = item_end(&left, body);
        left = blank(&left, from, to);
    }
    left
}

/// Where the item that begins at `from` ends: behind its `;` or the brace that closes it.
pub fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' => depth -= 1,
            b'}' => {
                depth -= 1;
                if depth <= 0 {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}
