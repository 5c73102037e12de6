//! Tests in which a process of its own writes a journal and is killed, or is refused by the disk.

use super::{FileStore, Options};
use crate::event::Time;
use crate::journal::entry::tests::{batch, header};
use crate::journal::verify::verify;
use crate::journal::{AppendError, Birth, Encoder, Store, crash_mark, snapshot};
use bytes::Bytes;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The environment variable that makes a test process the one that writes.
const VICTIM: &str = "TIDINGS_TEST_JOURNAL_TO_KILL";

/// The environment variable that names the crash mark at which that process ends by itself.
const MARK: &str = "TIDINGS_TEST_JOURNAL_MARK";

/// The shell's unit is 512 bytes: no file beyond 1 MiB, and an error instead of a signal.
const SMALL_FILES: &str = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";

fn open(folder: &Path) -> FileStore {
    FileStore::open(&Options::new(folder, Birth { id: [3; 16], at: Time::EPOCH })).unwrap()
}

/// Starts this test binary again as the process that writes.
fn victim(program: &mut Command, folder: &Path, mark: &str) -> Child {
    let name = "journal::file::crash_tests::a_killed_process_loses_nothing_that_was_acknowledged";
    program
        .args(["--exact", name, "--nocapture"])
        .env(VICTIM, folder)
        .env(MARK, mark)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The numbers of the entries that a victim acknowledged, as it tells them.
fn acknowledged(child: &mut Child) -> impl Iterator<Item = u64> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.filter_map(|line| line.unwrap().split_once("acknowledged ")?.1.parse().ok())
}

/// Lets a victim work until it has acknowledged `enough` and kills it, or until it reaches `mark` and ends itself;
/// says what it acknowledged last.
fn killed_after(folder: &Path, enough: u64, mark: Option<&str>) -> u64 {
    let program = std::env::current_exe().unwrap();
    let mut child = victim(&mut Command::new(program), folder, mark.unwrap_or_default());
    let (mut last, mut killed) = (0, false);
    for number in acknowledged(&mut child) {
        last = number;
        if last >= enough && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    assert!(!child.wait().unwrap().success());
    assert_eq!(killed, mark.is_none(), "it ended by itself after {last}");
    last
}

/// Everything that was acknowledged is there, and all of it is sound.
async fn nothing_is_lost(folder: &Path, acknowledged: u64) {
    let store = open(folder);
    let head = store.head().await.unwrap();
    assert!(head.sequence >= acknowledged, "{} of {acknowledged}", head.sequence);
    let report = verify(&store).await;
    assert!(report.is_sound() && report.last == head.sequence, "{report:?}");
    let found = snapshot::newest_sound(&store).await.unwrap();
    assert!(found.newest.is_some() && found.passed_over.is_empty());
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_acknowledged() {
    if let Some(folder) = std::env::var_os(VICTIM) {
        return append_for_ever(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut last = 0;
    let half_written = Some(crash_mark::SNAPSHOT_HALF_WRITTEN);
    let ends = [None, None, half_written, None, Some(crash_mark::APPENDED)];
    for (round, mark) in (1_u64..).zip(ends) {
        last = killed_after(folder.path(), last + 20 * round, mark).max(last);
        if mark == half_written {
            let names = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
            let parts = names.filter(|name| name.to_str().unwrap().ends_with(".part")).count();
            assert_eq!(parts, 1, "it ended between writing and renaming");
        }
        nothing_is_lost(folder.path(), last).await;
    }
}

/// The disk takes no more: the process ends, and what it had acknowledged is there.
#[tokio::test]
async fn a_disk_that_refuses_a_write_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", SMALL_FILES]).arg(std::env::current_exe().unwrap());
    let mut child = victim(&mut shell, folder.path(), "");
    let last = acknowledged(&mut child).max().unwrap_or_default();
    assert!(child.wait().unwrap().success(), "it saw the refusal");
    assert!(last > 0);
    nothing_is_lost(folder.path(), last).await;
}

/// Appends in pipelines of eight, saves snapshots, and tells each acknowledged entry, until something ends it.
async fn append_for_ever(folder: &Path) {
    crash_mark::set(|name| {
        if std::env::var(MARK).is_ok_and(|mark| mark == name) {
            std::process::abort();
        }
    });
    let store = open(folder);
    let mut encoder = Encoder::new().unwrap();
    let mut head = store.head().await.unwrap();
    let mut refused = false;
    while !refused {
        let mut answers = Vec::new();
        for link in 0..8_u8 {
            let noise = blake3::Hasher::new().update(&head.hash).update(&[link]).finalize_xof();
            let (frame, next) = encoder.encode(&header(head), &batch(&hex_of(noise))).unwrap();
            answers.push((next, store.append(head, frame)));
            head = next;
        }
        for (head, answer) in answers {
            match answer.await {
                Ok(()) if !refused => {
                    writeln!(std::io::stdout(), "acknowledged {}", head.sequence).unwrap();
                }
                Err(AppendError::Broken(_)) => refused = true,
                other => panic!("after a refusal: {other:?}"),
            }
        }
        if !refused {
            store.save_snapshot(head, Bytes::from(vec![7; 100_000])).await.unwrap();
        }
    }
    assert!(store.head().await.is_err() && store.save_snapshot(head, Bytes::new()).await.is_err());
}

/// Text that does not compress away.
fn hex_of(mut noise: blake3::OutputReader) -> String {
    let mut bytes = [0; 4_000];
    noise.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
