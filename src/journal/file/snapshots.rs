//! Snapshots as files beside the database: there whole, or not at all.
//!
//! A file is a head of fixed length (a mark, the entry's sequence and hash, the length of the content, and a BLAKE3
//! hash of all that and the content), then the content.

use super::folder::{private, sync_folder};
use crate::journal::{FrameHash, Head, ReadError, SnapshotId, crash_mark};
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const MARK: &[u8; 8] = b"TIDSNAP1";
const PREFIX: &str = "snapshot-";
/// What is still being written, or never was finished.
const PART: &str = ".part";

/// Where the hash stands in the head of a file: behind mark, sequence, entry hash and length.
const HASH_AT: usize = 8 + 8 + 32 + 8;
const HEAD: usize = HASH_AT + 32;

/// The most bytes of a snapshot.
pub const MAX_SNAPSHOT_BYTES: usize = 1 << 30;

fn path(folder: &Path, sequence: u64) -> PathBuf {
    folder.join(format!("{PREFIX}{sequence:020}"))
}

/// The sequence in a file's name; `None` for any other file.
fn sequence(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?;
    if digits.len() == 20 { digits.parse().ok() } else { None }
}

/// Writes a snapshot beside its place, makes it durable, then puts it there.
pub(super) fn save(folder: &Path, id: SnapshotId, content: &[u8]) -> io::Result<()> {
    if content.len() > MAX_SNAPSHOT_BYTES {
        return Err(io::Error::other(format!("a snapshot of more than {MAX_SNAPSHOT_BYTES} bytes")));
    }
    let place = path(folder, id.sequence);
    let part = place.with_extension(&PART[1..]);
    let mut file = private(&part)?;
    file.set_len(0)?;
    let mut head = Vec::with_capacity(HEAD);
    head.extend_from_slice(MARK);
    head.extend_from_slice(&id.sequence.to_le_bytes());
    head.extend_from_slice(&id.hash);
    head.extend_from_slice(&(content.len() as u64).to_le_bytes());
    let hash = seal(&head, content);
    head.extend_from_slice(&hash);
    file.write_all(&head)?;
    file.write_all(content)?;
    file.sync_all()?;
    crash_mark::mark(crash_mark::SNAPSHOT_HALF_WRITTEN);
    std::fs::rename(&part, &place)?;
    sync_folder(folder)
}

fn seal(head: &[u8], content: &[u8]) -> FrameHash {
    blake3::Hasher::new().update(head).update(content).finalize().into()
}

/// What a file's head says of it, if it is as long as it says.
fn identity(head: &[u8; HEAD], length: u64) -> Option<SnapshotId> {
    let number =
        |at: usize| head[at..at + 8].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let mut hash = [0; 32];
    hash.copy_from_slice(&head[16..48]);
    let whole = head.starts_with(MARK) && number(48).checked_add(HEAD as u64) == Some(length);
    whole.then_some(Head { sequence: number(8), hash })
}

/// The snapshots that are there in full length under their own names, newest first.
pub(super) fn list(folder: &Path) -> io::Result<Vec<SnapshotId>> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        let Some(sequence) = item.file_name().to_str().and_then(sequence) else { continue };
        let mut head = [0; HEAD];
        let mut file = File::open(item.path())?;
        let length = file.metadata()?.len();
        if file.read_exact(&mut head).is_err() {
            continue;
        }
        found.extend(identity(&head, length).filter(|id| id.sequence == sequence));
    }
    found.sort_unstable_by_key(|id: &SnapshotId| std::cmp::Reverse(id.sequence));
    Ok(found)
}

/// The content of a snapshot, compared with its hash.
pub(super) fn load(folder: &Path, id: SnapshotId) -> Result<Bytes, ReadError> {
    let wrong = |what: String| ReadError::Failed(format!("the snapshot of entry {}: {what}", id.sequence));
    let mut file = File::open(path(folder, id.sequence)).map_err(|error| wrong(error.to_string()))?;
    let length = file.metadata().map_err(|error| wrong(error.to_string()))?.len();
    if length > (HEAD + MAX_SNAPSHOT_BYTES) as u64 {
        return Err(wrong(format!("it is larger than {MAX_SNAPSHOT_BYTES} bytes")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
    let Some((head, content)) = bytes.split_first_chunk::<HEAD>() else {
        return Err(wrong("it is cut off".into()));
    };
    match identity(head, bytes.len() as u64) {
        Some(found) if found == id => {}
        Some(_) => return Err(wrong("it is of another entry".into())),
        None => return Err(wrong("it is no snapshot, or is cut off".into())),
    }
    if seal(&head[..HASH_AT], content)[..] != head[HASH_AT..] {
        return Err(wrong("its content is not what was written".into()));
    }
    Ok(Bytes::from(bytes).slice(HEAD..))
}

/// The two newest snapshots that are `ours` and whose content is sound.
pub(super) fn newest_sound(folder: &Path, ours: impl Fn(SnapshotId) -> bool) -> io::Result<Vec<SnapshotId>> {
    let listed = list(folder)?.into_iter();
    Ok(listed.filter(|id| ours(*id) && load(folder, *id).is_ok()).take(2).collect())
}

/// Removes the snapshots older than `oldest`.
pub(super) fn drop_before(folder: &Path, oldest: u64) -> io::Result<()> {
    remove(folder, |name| sequence(name).is_some_and(|sequence| sequence < oldest))
}

/// Removes what a crash has left half-written.
pub(super) fn clear_parts(folder: &Path) -> io::Result<()> {
    remove(folder, |name| name.starts_with(PREFIX) && name.ends_with(PART))
}

/// Whether any snapshot lies there, sound or not.
pub(super) fn any(folder: &Path) -> io::Result<bool> {
    for item in std::fs::read_dir(folder)? {
        if item?.file_name().to_str().and_then(sequence).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn remove(folder: &Path, which: impl Fn(&str) -> bool) -> io::Result<()> {
    let mut removed = false;
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        if item.file_name().to_str().is_some_and(&which) {
            std::fs::remove_file(item.path())?;
            removed = true;
        }
    }
    if removed { sync_folder(folder) } else { Ok(()) }
}
