//! The file of the projection: how it is opened and closed, and when it is trusted.
//!
//! It is written without syncs. A process that ends leaves it whole; a machine that goes down may not. So the file
//! says during which run of the machine it is being written, and is begun anew if that run ended before it was closed.

use super::Error;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages of twice the usual size: half as many of them are written, and little more for a single row.
const PAGE_BYTES: i64 = 8192;

/// Marks the file as a projection of Tidings ("TidH").
const APPLICATION: i32 = 0x5469_6448;

/// The version of the tables: with another one the file is begun anew.
pub(super) const SCHEMA: i32 = 4;

/// How long to wait for somebody who looks at the file with another tool.
const BUSY: Duration = Duration::from_secs(5);

/// Every statement of a feed, and those of the usual questions.
const STATEMENTS: usize = 64;

/// The write-ahead log gives back what it has grown beyond this.
const LOG_LIMIT_BYTES: i64 = 64 << 20;

/// Pages kept in memory while feeding, in KiB (a negative number is how SQLite is told so).
const CACHE_KIB: i64 = -1024;

/// Opens the file for the one writer; begins it anew where it is not to be trusted.
pub(super) fn open_writer(path: &Path, journal: &[u8; 16]) -> Result<Connection, Error> {
    let run = run_of_the_machine();
    match look(path)? {
        Found::Foreign => return Err(Error::Foreign),
        Found::Ours => match trusted(path, journal, run.as_deref()) {
            Ok(Some(connection)) => return begin_run(connection, run.as_deref()),
            Ok(None) => remove(path)?,
            Err(error) if is_wrong_inside(&error) => remove(path)?,
            Err(error) => return Err(error.into()),
        },
        Found::Nothing => remove(path)?,
    }
    begin_run(create(path, journal)?, run.as_deref())
}

/// Opens the file for questions; never changes it.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Error> {
    if !path.exists() {
        return Err(Error::Missing);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i32>(0));
    match (number("PRAGMA application_id")?, number("PRAGMA user_version")?) {
        (APPLICATION, SCHEMA) => {}
        (APPLICATION, _) => return Err(Error::OtherRelease),
        (0, 0) => return Err(Error::Missing),
        _ => return Err(Error::Foreign),
    }
    Ok(connection)
}

/// What stands at the path.
enum Found {
    Nothing,
    Ours,
    Foreign,
}

/// Reads the head of the file as it lies there: a damaged projection is still known as one.
fn look(path: &Path) -> io::Result<Found> {
    let mut head = Vec::with_capacity(100);
    match fs::File::open(path) {
        Ok(file) => file.take(100).read_to_end(&mut head)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    };
    let ours = head.starts_with(b"SQLite format 3\0") && head.get(68..72) == Some(&APPLICATION.to_be_bytes());
    Ok(match ours {
        true => Found::Ours,
        // A file whose content was lost with the machine is all zeros.
        false if head.iter().all(|byte| *byte == 0) => Found::Nothing,
        false => Found::Foreign,
    })
}

fn is_wrong_inside(error: &rusqlite::Error) -> bool {
    // `Unknown` is what a missing table or column is called.
    let code = error.sqlite_error_code();
    let wrong = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase, ErrorCode::Unknown];
    code.is_none_or(|code| wrong.contains(&code))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The file as it was left, if it is this journal's, of this release, and whole.
fn trusted(path: &Path, journal: &[u8; 16], run: Option<&str>) -> rusqlite::Result<Option<Connection>> {
    let connection = connect(path)?;
    let schema: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if schema != SCHEMA {
        return Ok(None);
    }
    let head = "SELECT journal, run FROM head";
    let head = connection.query_row(head, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((of, written_in)): Option<([u8; 16], Option<String>)> = head else { return Ok(None) };
    let whole = written_in.is_none() || written_in.as_deref() == run;
    Ok((of == *journal && whole).then_some(connection))
}

fn create(path: &Path, journal: &[u8; 16]) -> Result<Connection, Error> {
    // Made before SQLite opens it, for its mode: the log and the index beside it take the same.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut connection = connect(path)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    let new = connection.transaction()?;
    new.execute_batch(super::tables::CREATE)?;
    new.execute("INSERT INTO head VALUES (1, ?1, 0, 0, 0, NULL)", [journal])?;
    new.pragma_update(None, "application_id", APPLICATION)?;
    new.pragma_update(None, "user_version", SCHEMA)?;
    new.commit()?;
    Ok(connection)
}

/// Says in the file, durably, that it is being written from now on without syncs.
fn begin_run(connection: Connection, run: Option<&str>) -> Result<Connection, Error> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT_BYTES)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Where the machine does not say which run this is, only a file that was closed is trusted.
    connection.execute("UPDATE head SET run = ?1", [run.unwrap_or("unknown")])?;
    checkpoint(&connection)?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    Ok(connection)
}

/// Syncs everything and says so in the file: it can be trusted whatever becomes of the machine.
pub(super) fn close(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Something must be written for the checkpoint to sync the database, and with it all that was not synced before.
    connection.execute("UPDATE head SET at = at", [])?;
    if checkpoint(connection)? {
        connection.execute("UPDATE head SET run = NULL", [])?;
        checkpoint(connection)?;
    }
    Ok(())
}

/// Moves the log into the database; false if somebody who reads is in the way.
fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i32>(0)? == 0))
}

/// Removes the file and what SQLite keeps beside it.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    // The database goes last: a log without its database is nothing, a database with a stranger's log is damaged.
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn run_of_the_machine() -> Option<String> {
    let run = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(run.trim().to_owned()).filter(|run| !run.is_empty())
}

/// What the file says of itself: first entry, last entry, and the ledger time of the last.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<(u64, u64, i64)> {
    let sql = "SELECT first, sequence, at FROM head";
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    let mut head = connection.prepare_cached(sql)?;
    head.query_row([], |row| Ok((number(row.get(0)?), number(row.get(1)?), row.get(2)?)))
}

/// Sets what the file says of itself.
pub(super) fn set_head(connection: &Connection, first: u64, sequence: u64, at: i64) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached("UPDATE head SET first = ?1, sequence = ?2, at = ?3")?;
    update.execute(params![super::place::count(first), super::place::count(sequence), at]).map(drop)
}
