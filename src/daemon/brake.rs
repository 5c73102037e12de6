//! R8: three panics of the loop at one position stop the sending: the daemon then only serves its probes and metrics.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// So many ends at one position are no accident.
const ENDS_MAX: u32 = 3;

/// Beside the journal; gone when it is deleted, which a person does who has mended what was wrong.
const FILE: &str = "panics.json";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Ends {
    /// The last entry that something was decided in.
    position: u64,
    /// How often the loop ended there.
    count: u32,
}

/// Remembers where the loop panicked.
#[derive(Clone, Debug)]
pub struct Brake {
    path: PathBuf,
    position: u64,
}

impl Brake {
    /// The brake of a journal that stands at this position.
    pub fn new(folder: &Path, position: u64) -> Brake {
        Brake { path: folder.join(FILE), position }
    }

    fn ends(&self) -> Ends {
        let text = std::fs::read(&self.path).unwrap_or_default();
        let ends: Ends = serde_json::from_slice(&text).unwrap_or_default();
        if ends.position == self.position { ends } else { Ends { position: self.position, count: 0 } }
    }

    /// Why nothing is sent any more, if so.
    pub fn holds(&self) -> Option<String> {
        let ends = self.ends();
        (ends.count >= ENDS_MAX).then(|| {
            format!(
                "the loop has ended {} times behind entry {}: nothing is decided or sent until what is wrong is mended \
                 and {FILE} beside the journal is deleted",
                ends.count, ends.position
            )
        })
    }

    /// The loop has panicked.
    pub fn note(&self) {
        let Ends { position, count } = self.ends();
        let ends = Ends { position, count: count + 1 };
        let text = serde_json::to_vec(&ends).unwrap_or_default();
        if let Err(error) = std::fs::write(&self.path, text) {
            tracing::error!(%error, "that the loop has panicked could not be written down");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r8_holds_after_three_ends_at_one_position_and_not_at_three() {
        let folder = tempfile::tempdir().unwrap();
        let brake = Brake::new(folder.path(), 7);
        for _ in 0..2 {
            brake.note();
            assert_eq!(brake.holds(), None);
        }
        Brake::new(folder.path(), 8).note();
        assert_eq!(Brake::new(folder.path(), 8).holds(), None, "another position counts anew");
        for _ in 0..3 {
            brake.note();
        }
        assert!(brake.holds().unwrap().contains("behind entry 7"));
    }
}
