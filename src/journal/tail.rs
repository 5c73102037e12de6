//! Entries as lines of JSON for people, without the texts that only an admin may read.

use super::entry::{self, Entry};
use super::walk::{Kept, Walk};
use super::{FrameHash, ReadError, Store};
use serde::Serialize;
use serde_json::Value;

/// What stands for a text that is held back.
const HELD_BACK: &str = "(shown to admins)";

/// What the reader of a line may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Everything, the configuration's texts with the addresses in them included: for the right `admin` alone (R36).
    Admin,
    /// Everything but the texts of the configuration.
    Others,
}

/// The entry as one line of JSON without a line end.
///
/// # Errors
/// It cannot be written as JSON.
pub fn line(kept: &Kept, sight: Sight) -> Result<String, ReadError> {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(with = "entry::hex")]
        hash: FrameHash,
        #[serde(flatten)]
        entry: &'a Entry,
    }
    let line = Line { hash: kept.head.hash, entry: &kept.entry };
    let text = match sight {
        Sight::Admin => serde_json::to_string(&line),
        Sight::Others => {
            serde_json::to_value(&line).map(blanked).and_then(|value| serde_json::to_string(&value))
        }
    };
    text.map_err(|error| ReadError::Failed(error.to_string()))
}

/// Every list named `files`, wherever it stands, keeps its names and loses its texts: that is how the configuration
/// stands in inputs and in facts. Labels cannot look like that: their values are no lists.
fn blanked(mut value: Value) -> Value {
    fn blank(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(blank),
            Value::Object(fields) => {
                for (name, field) in fields {
                    match field {
                        Value::Array(files) if name == "files" => files.iter_mut().for_each(hold_back),
                        field => blank(field),
                    }
                }
            }
            _ => {}
        }
    }
    fn hold_back(file: &mut Value) {
        match file {
            Value::Array(parts) => parts.iter_mut().skip(1).for_each(|text| *text = HELD_BACK.into()),
            other => *other = HELD_BACK.into(),
        }
    }
    blank(&mut value);
    value
}

/// Gives `each` the entries from `first` on, as lines, up to the end; it says whether to go on. `first` 0 is the
/// first that is kept.
///
/// # Errors
/// The journal could not be read, or is damaged; what precedes the damage has been given out.
pub async fn tail<S: Store + ?Sized>(
    store: &S,
    first: u64,
    sight: Sight,
    mut each: impl FnMut(&str) -> bool,
) -> Result<(), ReadError> {
    let mut walk = if first == 0 { Walk::whole(store).await? } else { Walk::from(store, first)? };
    loop {
        let kept = walk.next().await?;
        if kept.is_empty() {
            return Ok(());
        }
        for kept in &kept {
            if !each(&line(kept, sight)?) {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{filled, header};
    use super::super::{Birth, Decided, Encoder, Head, MemoryStore};
    use super::*;
    use crate::decide::{Input, Origin, PolicyText, What};
    use crate::event::Time;
    use crate::event::id::Digest;

    fn policy_changed() -> Decided {
        let files = vec![("tidings.toml".into(), "phone = \"+4915112345678\"".into())];
        let policy = PolicyText { hash: Digest::of(&[b"policy"]), files };
        let what = What::PolicyChanged(policy);
        Decided { input: Some(Input { at: Time::EPOCH, origin: Origin::default(), what }), facts: vec![] }
    }

    async fn lines(first: u64, sight: Sight) -> Vec<String> {
        let store = filled(MemoryStore::new(Birth::default()), 3).await;
        let head = store.head().await.unwrap();
        let header = header(head);
        let (frame, _): (_, Head) = Encoder::new().unwrap().encode(&header, &[policy_changed()]).unwrap();
        store.append(head, frame).await.unwrap();
        let mut lines = Vec::new();
        let give = |line: &str| {
            lines.push(line.to_owned());
            true
        };
        tail(&store, first, sight, give).await.unwrap();
        lines
    }

    #[tokio::test]
    async fn policy_texts_are_for_admins_alone() {
        let [others, admin] = [lines(4, Sight::Others).await, lines(4, Sight::Admin).await];
        assert!(!others[0].contains("+49151") && others[0].contains("tidings.toml"), "{}", others[0]);
        assert!(others[0].contains(HELD_BACK));
        assert!(admin[0].contains("+49151"));
    }

    #[tokio::test]
    async fn lines_begin_where_they_are_asked_to() {
        for (first, count) in [(0, 4), (1, 4), (3, 2), (5, 0)] {
            let lines = lines(first, Sight::Others).await;
            assert_eq!(lines.len(), count, "from {first}");
            assert!(lines.iter().all(|line| !line.contains('\n')));
        }
    }
}
