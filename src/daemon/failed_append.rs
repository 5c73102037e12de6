//! When an append last failed: written down beside the journal, because the process that saw it ends.

use crate::event::Time;
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Beside the journal.
const FILE: &str = "append-failed.json";

/// The file always has this size and is there from the first start on: on most file systems, what is written in its place
/// needs no room on a disk that is full.
const BYTES: usize = 512;

/// So much of the reason is kept: written as JSON, each character takes at most six bytes.
const REASON_CHARS: usize = 60;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    /// By the wall clock, in milliseconds since 1970; 0 when no append ever failed.
    at: i64,
    /// Why, for people.
    why: String,
}

/// Remembers when an append last failed.
#[derive(Clone, Debug)]
pub struct FailedAppend {
    path: PathBuf,
}

impl FailedAppend {
    /// That of the journal in this folder.
    pub fn beside(folder: &Path) -> FailedAppend {
        let failed = FailedAppend { path: folder.join(FILE) };
        // Where there is no room even now, the failure is written as far as the disk allows.
        if !failed.path.exists() {
            let _ = failed.write(&Last::default());
        }
        failed
    }

    /// When an append last failed; `None` if none ever did.
    pub fn last(&self) -> Option<Time> {
        let text = std::fs::read(&self.path).unwrap_or_default();
        let last: Last = serde_json::from_slice(&text).unwrap_or_default();
        (last.at > 0).then(|| Time::from_millis(last.at))
    }

    /// An append has failed, and the process ends.
    pub fn note(&self, at: Time, why: &str) {
        let why = why.chars().take(REASON_CHARS).collect();
        if let Err(error) = self.write(&Last { at: at.millis(), why }) {
            tracing::error!(%error, "that an append has failed could not be written down");
        }
    }

    fn write(&self, last: &Last) -> io::Result<()> {
        let text = serde_json::to_string(last)?;
        let options = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).clone();
        let mut file = options.open(&self.path)?;
        file.write_all(format!("{text:<BYTES$}").as_bytes())?;
        file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_failure_is_known_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let failed = FailedAppend::beside(folder.path());
        assert_eq!(failed.last(), None);
        assert_eq!(std::fs::metadata(&file).unwrap().len(), BYTES as u64, "its room is taken beforehand");
        for (at, why) in [(5, "\u{1}".repeat(1000)), (7, "the disk is full".to_owned())] {
            failed.note(Time::from_millis(at), &why);
            assert_eq!(FailedAppend::beside(folder.path()).last(), Some(Time::from_millis(at)));
            assert_eq!(std::fs::metadata(&file).unwrap().len(), BYTES as u64);
        }
        assert!(std::fs::read_to_string(&file).unwrap().contains("the disk is full"));
        for spoilt in ["", "{", "[1]"] {
            std::fs::write(&file, spoilt).unwrap();
            assert_eq!(FailedAppend::beside(folder.path()).last(), None, "{spoilt:?} is no failure");
        }
    }
}
