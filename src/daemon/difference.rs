//! The difference between two texts, line by line: what an approver reads instead of comparing them by eye (R23).

use crate::history::Revision;

/// Texts of more lines than this are shown whole, one after the other.
const LINES_MAX: usize = 400;

/// What changed from one revision to the other: lines that begin with `-` are gone, with `+` are new, others are both's.
pub(super) fn of(before: &Revision, after: &Revision) -> Vec<String> {
    let (before, after) = (lines(before), lines(after));
    between(&before, &after)
}

fn lines(revision: &Revision) -> Vec<String> {
    let heads = [format!("title: {}", revision.title), format!("short: {}", revision.short)];
    heads.into_iter().chain(revision.body.lines().map(str::to_owned)).collect()
}

/// The longest common lines stay; what lies between them is gone or new.
fn between(before: &[String], after: &[String]) -> Vec<String> {
    let mark = |mark: char, line: &String| format!("{mark} {line}");
    if before.len().max(after.len()) > LINES_MAX {
        let gone = before.iter().map(|line| mark('-', line));
        return gone.chain(after.iter().map(|line| mark('+', line))).collect();
    }
    // `common[i][j]` is how many lines the rest of both has in common, behind `i` and `j`.
    let mut common = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            let either = common[i + 1][j].max(common[i][j + 1]);
            common[i][j] = if before[i] == after[j] { common[i + 1][j + 1] + 1 } else { either };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < before.len() || j < after.len() {
        let both = i < before.len() && j < after.len() && before[i] == after[j];
        if both {
            out.push(mark(' ', &before[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < before.len() && (j == after.len() || common[i + 1][j] >= common[i][j + 1]) {
            out.push(mark('-', &before[i]));
            i += 1;
        } else {
            out.push(mark('+', &after[j]));
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_gone_stands_before_what_is_new() {
        let found = between(&lines_of("a b c d"), &lines_of("a x c d e"));
        assert_eq!(found, ["  a", "- b", "+ x", "  c", "  d", "+ e"]);
        assert_eq!(between(&lines_of("a"), &lines_of("a")), ["  a"]);
        assert_eq!(between(&[], &lines_of("a")), ["+ a"]);
    }

    #[test]
    fn long_texts_are_shown_whole() {
        let many = vec!["a".to_owned(); LINES_MAX + 1];
        assert_eq!(between(&many, &lines_of("a")).len(), LINES_MAX + 2);
    }
}
