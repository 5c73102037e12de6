//! Tests of what only the file store promises: the lock, durability, damage on disk, snapshots as files, the reserve.

use super::*;
use crate::event::Time;
use crate::journal::conformance::{Maker, conforms};
use crate::journal::entry::tests::{batch, filled, header};
use crate::journal::verify::verify;
use crate::journal::{Encoder, snapshot};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

const BORN: Birth = Birth { id: [3; 16], at: Time::EPOCH };

fn options(folder: &TempDir) -> Options {
    Options::new(folder.path(), BORN)
}

fn open(folder: &TempDir) -> FileStore {
    FileStore::open(&options(folder)).unwrap()
}

/// A second connection to the database of an open journal, to do damage with.
fn behind_its_back(folder: &TempDir) -> Connection {
    let connection = Connection::open(folder.path().join(DATABASE)).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    connection
}

/// Waits for a condition, but not for ever.
async fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen");
}

struct InFolder(TempDir, AtomicU64);

impl InFolder {
    fn options(&self) -> Options {
        let folder = self.0.path().join(self.1.load(Ordering::Relaxed).to_string());
        Options::new(folder, BORN)
    }
}

impl Maker for InFolder {
    type Made = FileStore;

    async fn fresh(&self) -> FileStore {
        self.1.fetch_add(1, Ordering::Relaxed);
        FileStore::open(&self.options()).unwrap()
    }

    async fn reopen(&self, store: FileStore) -> Option<FileStore> {
        drop(store);
        Some(FileStore::open(&self.options()).unwrap())
    }
}

#[tokio::test]
async fn keeps_every_promise_of_a_store() {
    conforms(&InFolder(tempfile::tempdir().unwrap(), AtomicU64::new(0))).await.unwrap();
}

#[tokio::test]
async fn the_birth_is_that_of_the_first_opening() {
    let folder = tempfile::tempdir().unwrap();
    assert!(open(&folder).is_new());
    let later = Options::new(folder.path(), Birth { id: [4; 16], at: Time::from_millis(1) });
    let store = FileStore::open(&later).unwrap();
    assert!(!store.is_new());
    assert_eq!(store.birth(), BORN);
}

#[tokio::test]
async fn the_folder_is_private() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("journal");
    let store = FileStore::open(&Options::new(&folder, BORN)).unwrap();
    let store = filled(store, 1).await;
    store.save_snapshot(store.head().await.unwrap(), Bytes::new()).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 5, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_second_opener_fails_at_once_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let first = filled(open(&folder), 2).await;
    let error = FileStore::open(&options(&folder)).unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)));
    assert!(error.to_string().contains("in use by another process"), "{error}");
    assert_eq!(filled(first, 1).await.head().await.unwrap().sequence, 3);
}

#[test]
fn what_is_no_usable_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    for path in [file, folder.path().join("missing/journal"), "/proc/self".into()] {
        let error = FileStore::open(&Options::new(&path, BORN)).unwrap_err();
        assert!(matches!(error, OpenError::Folder { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    assert!(FileStore::open_read_only(folder.path()).is_err());
    assert!(!folder.path().join(DATABASE).exists(), "looking makes nothing");
}

#[test]
fn what_is_not_a_journal_of_this_release_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    behind_its_back(&folder).execute_batch("CREATE TABLE other (x)").unwrap();
    assert!(matches!(FileStore::open(&options(&folder)), Err(OpenError::Foreign)));
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder));
    behind_its_back(&folder).pragma_update(None, "user_version", 2).unwrap();
    assert!(matches!(FileStore::open(&options(&folder)), Err(OpenError::Schema(2))));
}

#[tokio::test]
async fn a_journal_that_was_lost_beside_its_snapshots_is_no_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(open(&folder), 1).await;
    store.save_snapshot(store.head().await.unwrap(), Bytes::new()).await.unwrap();
    drop(store);
    std::fs::write(folder.path().join(DATABASE), "").unwrap();
    assert!(matches!(FileStore::open(&options(&folder)), Err(OpenError::Lost(_))));
}

/// Every cut and, in every byte, a flipped bit: found at its entry, while the store is open.
#[tokio::test]
async fn damage_on_disk_is_found_at_its_entry() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(open(&folder), 3).await;
    let vandal = behind_its_back(&folder);
    let put = |sequence: u64, bytes: &[u8]| {
        let sequence = i64::try_from(sequence).unwrap();
        vandal.execute("UPDATE entries SET bytes = ?2 WHERE sequence = ?1", (sequence, bytes)).unwrap();
    };
    for frame in store.read(1, 10, usize::MAX).await.unwrap() {
        for at in 0..frame.bytes.len() {
            let mut flipped = frame.bytes.to_vec();
            flipped[at] ^= 1 << (at % 8);
            for damaged in [&flipped[..], &frame.bytes[..at]] {
                put(frame.sequence, damaged);
                let damage = verify(&store).await.damage.expect("damage is found");
                assert_eq!(damage.entry, frame.sequence, "at byte {at}");
            }
        }
        put(frame.sequence, &frame.bytes);
    }
    assert!(verify(&store).await.is_sound());
    vandal.execute("DELETE FROM entries WHERE sequence = 2", []).unwrap();
    let damage = verify(&store).await.damage.unwrap();
    assert!(damage.entry == 2 && damage.what.contains("missing"), "{damage:?}");
}

#[tokio::test]
async fn nothing_is_written_behind_a_damaged_head() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(open(&folder), 2).await);
    behind_its_back(&folder).execute("UPDATE entries SET bytes = x'00' WHERE sequence = 2", []).unwrap();
    let error = FileStore::open(&options(&folder)).unwrap_err();
    assert!(matches!(error, OpenError::Damaged(ReadError::Damaged { sequence: 2, .. })), "{error}");
}

#[tokio::test]
async fn a_failed_commit_is_final() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(open(&folder), 2).await;
    // Somebody has got past the lock and taken the place of entry 3.
    behind_its_back(&folder).execute("INSERT INTO entries VALUES (3, x'00', x'00')", []).unwrap();
    let head = store.head().await.unwrap();
    let mut encoder = Encoder::new().unwrap();
    let (third, next) = encoder.encode(&header(head), &batch("x")).unwrap();
    let (fourth, _) = encoder.encode(&header(next), &batch("x")).unwrap();
    let [third, fourth] = [store.append(head, third), store.append(next, fourth)];
    assert!(matches!(third.await, Err(AppendError::Broken(_))));
    assert!(matches!(fourth.await, Err(AppendError::Broken(_))));
    behind_its_back(&folder).execute("DELETE FROM entries WHERE sequence = 3", []).unwrap();
    let (again, _) = encoder.encode(&header(head), &batch("x")).unwrap();
    assert!(
        matches!(store.append(head, again).await, Err(AppendError::Broken(_))),
        "also when it would work"
    );
    assert!(store.head().await.is_err());
    assert!(store.read(1, 1, 1).await.is_err());
    assert!(store.save_snapshot(head, Bytes::new()).await.is_err());
    drop(store);
    assert_eq!(open(&folder).head().await.unwrap(), head, "nothing of the failed chain was kept");
}

#[tokio::test]
async fn a_torn_snapshot_is_never_taken() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(open(&folder), 1).await;
    let old = store.head().await.unwrap();
    store.save_snapshot(old, Bytes::from_static(b"old")).await.unwrap();
    let store = filled(store, 1).await;
    let new = store.head().await.unwrap();
    store.save_snapshot(new, Bytes::from_static(b"new")).await.unwrap();
    let path = folder.path().join("snapshot-00000000000000000002");
    let whole = std::fs::read(&path).unwrap();
    for end in 0..whole.len() {
        std::fs::write(&path, &whole[..end]).unwrap();
        let found = snapshot::newest_sound(&store).await.unwrap();
        assert_eq!(found.newest.unwrap().0, old, "cut at {end}");
    }
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &flipped).unwrap();
        let found = snapshot::newest_sound(&store).await.unwrap();
        assert_eq!(found.newest.unwrap().0, old, "bit {bit}");
    }
    std::fs::write(&path, &whole).unwrap();
    let found = snapshot::newest_sound(&store).await.unwrap();
    assert_eq!(found.newest.unwrap(), (new, Bytes::from_static(b"new")));
}

#[tokio::test]
async fn an_unsound_snapshot_does_not_let_retention_drop_anything() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(open(&folder), 1).await;
    store.save_snapshot(store.head().await.unwrap(), Bytes::from_static(b"one")).await.unwrap();
    let store = filled(store, 4).await;
    store.save_snapshot(store.head().await.unwrap(), Bytes::from_static(b"five")).await.unwrap();
    let path = folder.path().join("snapshot-00000000000000000005");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    store.retain(5).await.unwrap();
    assert_eq!(store.read(1, 10, usize::MAX).await.unwrap().len(), 5);
    assert_eq!(store.snapshots().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_half_written_snapshot_is_cleared_away_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder));
    let [part, other] =
        ["snapshot-00000000000000000009.part", "notes.part"].map(|name| folder.path().join(name));
    std::fs::write(&part, "half").unwrap();
    std::fs::write(&other, "mine").unwrap();
    assert_eq!(open(&folder).snapshots().await.unwrap(), vec![]);
    assert!(!part.exists() && other.exists());
}

#[tokio::test]
async fn the_reserve_closes_and_opens_again_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(1 << 30));
    let seen = free.clone();
    let measure: Measure =
        Arc::new(move |_| Ok(Space { free: seen.load(Ordering::Relaxed), total: 1 << 40 }));
    let store = FileStore::open(&Options { measure, ..options(&folder) }).unwrap();
    assert_eq!(store.room(), Room::Plenty);
    assert!(store.room_bytes().is_some_and(|left| left > 0));
    free.store(1 << 20, Ordering::Relaxed);
    let store = filled(store, 8).await;
    assert_eq!(store.room(), Room::Reserve, "seen while appending, without waiting for a pause");
    assert_eq!(store.room_bytes(), Some(0));
    let store = filled(store, 1).await;
    free.store(1 << 30, Ordering::Relaxed);
    eventually("room", || store.room() == Room::Plenty).await;
}

#[tokio::test]
async fn the_log_does_not_grow_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let mut head = Head::default();
    let size = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len() >> 20;
    for round in 1..=2 {
        for _ in 0..80 {
            let frame = Frame { sequence: head.sequence + 1, bytes: Bytes::from(vec![7; 1 << 20]) };
            let next = Head::of(&frame);
            store.append(head, frame).await.unwrap();
            head = next;
        }
        eventually("the log is moved", || size(DATABASE) >= round * 80).await;
    }
    assert!(size("journal.db-wal") < 120, "{} MiB", size("journal.db-wal"));
}

#[tokio::test]
async fn dropping_the_store_keeps_what_was_queued() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let (mut encoder, mut head) = (Encoder::new().unwrap(), Head::default());
    for _ in 0..200 {
        let (frame, next) = encoder.encode(&header(head), &batch("x")).unwrap();
        drop(store.append(head, frame));
        head = next;
    }
    drop(store);
    let store = open(&folder);
    assert_eq!(store.head().await.unwrap(), head);
    assert!(verify(&store).await.is_sound());
}

#[tokio::test]
async fn a_journal_is_read_while_it_is_written_at_rest_and_as_a_fixture() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(open(&folder), 3).await;
    let head = store.head().await.unwrap();
    store.save_snapshot(head, Bytes::from_static(b"state")).await.unwrap();
    let written = FileStore::open_read_only(folder.path()).unwrap();
    let store = filled(store, 1).await;
    assert_eq!(verify(&written).await.count, 4, "sees what is appended after it was opened");
    let (frame, _) = Encoder::new().unwrap().encode(&header(head), &batch("x")).unwrap();
    assert!(matches!(written.append(head, frame).await, Err(AppendError::Broken(_))));
    assert!(written.save_snapshot(head, Bytes::new()).await.is_err() && written.retain(2).await.is_err());
    drop((written, store));
    assert_eq!(verify(&FileStore::open_read_only(folder.path()).unwrap()).await.count, 4);
    let fixture = tempfile::tempdir().unwrap();
    for name in [DATABASE, "snapshot-00000000000000000003"] {
        std::fs::copy(folder.path().join(name), fixture.path().join(name)).unwrap();
    }
    let store = FileStore::open_read_only(fixture.path()).unwrap();
    let report = verify(&store).await;
    assert!(report.is_sound() && report.count == 4 && report.snapshots.len() == 1, "{report:?}");
    assert_eq!((store.birth(), store.is_new()), (BORN, false));
    drop(store);
    assert_eq!(std::fs::read_dir(fixture.path()).unwrap().count(), 2, "a fixture is not littered");
}

#[tokio::test]
async fn a_backup_of_a_running_journal_goes_on_where_it_was_taken() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(open(&folder), 3).await;
    let head = store.head().await.unwrap();
    let restored = tempfile::tempdir().unwrap();
    let copy = restored.path().join(DATABASE);
    behind_its_back(&folder).execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    let store = filled(store, 2).await;
    store.save_snapshot(store.head().await.unwrap(), Bytes::from_static(b"newer")).await.unwrap();
    let name = "snapshot-00000000000000000005";
    std::fs::copy(folder.path().join(name), restored.path().join(name)).unwrap();
    let store = open(&restored);
    assert_eq!((store.head().await.unwrap(), store.birth()), (head, BORN));
    let found = snapshot::newest_sound(&store).await.unwrap();
    assert!(found.newest.is_none() && found.passed_over.len() == 1, "a snapshot of what is not there");
    let store = filled(store, 1).await;
    assert_eq!(verify(&store).await.count, 4);
}

/// A root that nobody may write has no folder for temporary files.
#[test]
fn what_is_temporary_stays_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, ..) = table::open_writer(folder.path(), BORN).unwrap();
    let (reader, _) = table::open_reader(folder.path(), false).unwrap();
    for connection in [writer, reader] {
        let place: i32 = connection.query_row("PRAGMA temp_store", [], |row| row.get(0)).unwrap();
        assert_eq!(place, 2);
    }
}
