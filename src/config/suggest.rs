//! "Did you mean": the nearest of the words that would have been right.

/// The most candidates that a hint lists when none is near.
const LISTED_MAX: usize = 8;

/// What would be right instead of `word`: the nearest candidate, else a list of them.
pub fn hint<'a>(word: &str, what: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let mut all: Vec<&str> = candidates.into_iter().collect();
    all.sort_unstable();
    all.dedup();
    match nearest(word, &all) {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => format!("there is no {what} at all"),
        None => {
            let more = if all.len() > LISTED_MAX { ", …" } else { "" };
            let listed: Vec<String> = all.iter().take(LISTED_MAX).map(|one| format!("`{one}`")).collect();
            format!("there is: {}{more}", listed.join(", "))
        }
    }
}

/// The candidate that fewest edits lead to, if they are few for a word of this length.
pub(super) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let wanted = plain(word);
    let best = candidates.iter().map(|one| (edits(&wanted, &plain(one)), *one)).min()?;
    (best.0 <= (word.chars().count() / 3).max(1)).then_some(best.1)
}

/// How many characters must be inserted, removed, replaced or swapped with their neighbour.
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_far_off() {
        let all = ["executives", "support", "customers"];
        assert_eq!(nearest("executive", &all), Some("executives"));
        assert_eq!(nearest("suppotr", &all), Some("support"));
        assert_eq!(nearest("CUSTOMERS", &all), Some("customers"));
        assert_eq!(nearest("partners", &all), None);
        assert_eq!(edits("ab", "ba"), 1);
        assert!(hint("x", "audience", all).starts_with("there is: `customers`, "));
        assert_eq!(hint("x", "audience", []), "there is no audience at all");
    }
}
