//! The database of a journal: its schema, and the few statements that are ever run on it.

use super::OpenError;
use super::folder::{DATABASE, private};
use crate::event::Time;
use crate::journal::{Birth, Frame, FrameHash, Head, ReadError, Resolution, hash_of};
use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, params};
use std::path::Path;
use std::time::Duration;

/// Marks the file as a journal of Tidings ("Tidi").
const APPLICATION: i32 = 0x5469_6469;

/// The version of the schema. The entry format has its own.
const SCHEMA: i32 = 1;

/// How long to wait for somebody who looks at the file with another tool.
const BUSY: Duration = Duration::from_secs(5);

/// The write-ahead log gives back what it has grown beyond this.
const LOG_LIMIT_BYTES: i64 = 64 << 20;

/// Pages kept in memory by each connection, in KiB (a negative number is how SQLite is told so): entries are written once
/// and seldom read.
const CACHE_KIB: i64 = -256;

const CREATE: &str = "
    CREATE TABLE birth (id BLOB NOT NULL, at INTEGER NOT NULL);
    CREATE TABLE entries (sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB NOT NULL);
";

/// Opens the database for the one writer; makes it, with `birth`, if there is none. Says what it was born with.
pub(super) fn open_writer(folder: &Path, birth: Birth) -> Result<(Connection, Birth, bool), OpenError> {
    let path = folder.join(DATABASE);
    // Made before SQLite opens it, for its mode: the log and the index beside it take the same.
    private(&path)
        .and_then(|file| file.sync_all())
        .map_err(|source| OpenError::Folder { path: folder.to_owned(), source })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags)?;
    connection.busy_timeout(BUSY)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenError::NoLog(folder.to_owned()));
    }
    // A checkpoint that SQLite runs by itself hides its errors; the writer runs them instead.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT_BYTES)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        let new = connection.transaction()?;
        new.execute_batch(CREATE)?;
        new.execute("INSERT INTO birth VALUES (?1, ?2)", params![birth.id, birth.at.millis()])?;
        new.pragma_update(None, "application_id", APPLICATION)?;
        new.pragma_update(None, "user_version", SCHEMA)?;
        new.commit()?;
    }
    let found = birth_of(&connection)?;
    Ok((connection, found, tables == 0))
}

/// Opens the database for reading; never changes it.
pub(super) fn open_reader(folder: &Path, immutable: bool) -> Result<(Connection, Birth), OpenError> {
    let path = folder.join(DATABASE);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if immutable {
        use std::os::unix::ffi::OsStrExt;
        let bytes = std::path::absolute(&path).unwrap_or(path);
        let escaped = percent_encoding::percent_encode(bytes.as_os_str().as_bytes(), ESCAPED);
        Connection::open_with_flags(
            format!("file:{escaped}?immutable=1"),
            flags | OpenFlags::SQLITE_OPEN_URI,
        )?
    } else {
        Connection::open_with_flags(&path, flags)?
    };
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    let birth = birth_of(&connection)?;
    Ok((connection, birth))
}

/// What has a meaning in the URI of a database.
const ESCAPED: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

fn birth_of(connection: &Connection) -> Result<Birth, OpenError> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i32>(0));
    if number("PRAGMA application_id")? != APPLICATION {
        return Err(OpenError::Foreign);
    }
    match number("PRAGMA user_version")? {
        SCHEMA => {}
        other => return Err(OpenError::Schema(other)),
    }
    let birth = |row: &Row<'_>| Ok(Birth { id: row.get(0)?, at: Time::from_millis(row.get(1)?) });
    Ok(connection.query_row("SELECT id, at FROM birth", [], birth)?)
}

/// The newest entry, as it was written; its bytes are compared with its hash when it is read.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<Head> {
    let sql = "SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1";
    let head = |row: &Row<'_>| Ok(Head { sequence: sequence(row)?, hash: row.get(1)? });
    Ok(connection.prepare_cached(sql)?.query_row([], head).optional()?.unwrap_or_default())
}

/// The first entry that is kept; 0 in an empty journal.
fn first(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT sequence FROM entries ORDER BY sequence LIMIT 1";
    Ok(connection.prepare_cached(sql)?.query_row([], sequence).optional()?.unwrap_or_default())
}

fn sequence(row: &Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(0).map(|sequence| u64::try_from(sequence).unwrap_or_default())
}

/// SQLite counts to 2^63: more entries than there will ever be.
fn stored(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

/// Appends an entry; one that stands there already is an error, never replaced.
pub(super) fn insert(connection: &Connection, frame: &Frame, hash: &FrameHash) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3)")?;
    insert.execute(params![stored(frame.sequence), hash, &frame.bytes[..]]).map(drop)
}

/// Removes at most `slice` entries before `first`, oldest first; says how many.
pub(super) fn drop_before(connection: &Connection, first: u64, slice: u32) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM entries WHERE sequence IN
        (SELECT sequence FROM entries WHERE sequence < ?1 ORDER BY sequence LIMIT ?2)";
    connection.prepare_cached(sql)?.execute(params![stored(first), slice])
}

/// Moves what stands in the write-ahead log into the database, as far as nobody reads it there. A full disk is no
/// error: everything is still in the log, to be moved another time. Says whether it got through.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    match connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(true)) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Ok(false),
        other => other,
    }
}

/// Entries from `from` on, each compared with its hash.
pub(super) fn read(
    connection: &Connection,
    from: u64,
    max: usize,
    max_bytes: usize,
) -> Result<Vec<Frame>, ReadError> {
    let max = max.max(1);
    let sql = "SELECT sequence, hash, bytes FROM entries WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2";
    let mut statement = connection.prepare_cached(sql).map_err(|error| failed(&error))?;
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![stored(from), limit]).map_err(|error| failed(&error))?;
    let mut frames: Vec<Frame> = Vec::new();
    let mut bytes = 0;
    loop {
        let expected = from.max(1) + frames.len() as u64;
        let found = match rows.next() {
            Ok(None) => return Ok(frames),
            Ok(Some(row)) => frame(row, expected),
            Err(error) => Err(broken_at(expected, &error)),
        };
        match found {
            Ok(frame) => {
                bytes += frame.bytes.len();
                if !frames.is_empty() && bytes > max_bytes {
                    return Ok(frames);
                }
                frames.push(frame);
            }
            // What precedes the damage is given out; the next read begins at it.
            Err(_) if !frames.is_empty() => return Ok(frames),
            Err(ReadError::Damaged { sequence, what }) => {
                let first = first(connection).map_err(|error| failed(&error))?;
                let gone = sequence < first;
                return Err(if gone {
                    ReadError::Gone { first }
                } else {
                    ReadError::Damaged { sequence, what }
                });
            }
            Err(error) => return Err(error),
        }
    }
}

fn frame(row: &Row<'_>, expected: u64) -> Result<Frame, ReadError> {
    let damaged = |what: String| ReadError::Damaged { sequence: expected, what };
    let read = || -> rusqlite::Result<(u64, FrameHash, Bytes)> {
        let bytes = row.get_ref(2)?.as_blob().map_err(|_| rusqlite::Error::InvalidQuery)?;
        Ok((sequence(row)?, row.get(1)?, Bytes::copy_from_slice(bytes)))
    };
    let (sequence, hash, bytes) = read().map_err(|_| damaged("its row is damaged".into()))?;
    if sequence != expected {
        return Err(damaged(format!("is missing: entry {sequence} stands in its place")));
    }
    if hash_of(&bytes) != hash {
        return Err(damaged("its bytes are not those that were written".into()));
    }
    Ok(Frame { sequence, bytes })
}

/// What stands at the place of an entry.
pub(super) fn resolve(connection: &Connection, frame: Head) -> Result<Resolution, ReadError> {
    let head = head(connection).map_err(|error| failed(&error))?;
    if frame.sequence > head.sequence {
        return Ok(Resolution::Absent);
    }
    let found = read(connection, frame.sequence, 1, 1)?;
    let ours = found.first().is_some_and(|found| Head::of(found) == frame);
    Ok(if ours { Resolution::Durable } else { Resolution::Lost })
}

/// An error of the database for a reader.
pub(super) fn failed(error: &rusqlite::Error) -> ReadError {
    ReadError::Failed(error.to_string())
}

fn broken_at(sequence: u64, error: &rusqlite::Error) -> ReadError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            ReadError::Damaged { sequence, what: format!("the database is damaged there: {error}") }
        }
        _ => failed(error),
    }
}
