//! Loading a capture into a database: all of it or nothing.

mod batch;

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use schema::tables::SnapshotRow;

use super::ddl;
use crate::Error;
use crate::evidence::Evidence;
use crate::extract::Sink;
use crate::snapshot::Snapshot;
use crate::tables::Wanted;
use batch::{Batch, Collector, Inserter};

/// How long another program that holds the database is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Large pages make a file of many rows smaller and its scans faster.
const PAGE_SIZE: u32 = 16384;
/// Memory for pages while a file is filled, KiB: the pages at the end of each table are written once, not each time that
/// another table needs room.
const CACHE_KIB: i32 = 64 << 10;

/// How loading one capture ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Its number in the database.
    pub snapshot_id: i64,
    /// Rows of all tables; `None` where it was there already.
    pub rows: Option<u64>,
    /// Whether the capture was found whole.
    pub whole: bool,
}

/// Loads captures into the database `target`, which is made where it is not there yet.
///
/// Each is visible when all of it is loaded. A new database appears under its name with the first of them.
pub fn load(target: &Path, evidence: &mut Evidence) -> Result<Loaded, Error> {
    match target.symlink_metadata() {
        Ok(_) => into_existing(target, evidence),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => into_new(target, evidence),
        Err(error) => Err(Error::io("open", target, error)),
    }
}

/// Loads the wanted tables of a capture into an empty file that nobody else knows.
pub fn load_private(
    file: &Path,
    evidence: &mut Evidence,
    wanted: &Wanted,
) -> Result<Loaded, Error> {
    let connection = Connection::open(file).map_err(|error| failed("open the database", error))?;
    private(&connection).map_err(|error| failed("prepare the database", error))?;
    insert(connection, evidence, wanted)
}

/// What an SQLite database is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// One of ours.
    Ours,
    /// One of ours, as far as its first page tells, into which a load was cut off. A journal beside it has what it was before.
    CutOff,
    /// Somebody else's.
    Foreign,
}

/// Tells what a database is, without writing to it.
pub fn state(path: &Path) -> Result<State, Error> {
    let read = || -> Result<i32, rusqlite::Error> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_query_value(None, "application_id", |row| row.get(0))
    };
    match read() {
        Ok(ddl::APPLICATION_ID) => Ok(State::Ours),
        Ok(_) => Ok(State::Foreign),
        Err(error) if is_cut_off(&error) => match first_application_id(path) {
            Ok(ddl::APPLICATION_ID) => Ok(State::CutOff),
            Ok(_) => Ok(State::Foreign),
            Err(error) => Err(Error::io("read", path, error)),
        },
        Err(error) => Err(failed(
            &format!("read {}", crate::error::shown(path)),
            error,
        )),
    }
}

fn is_cut_off(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_READONLY_ROLLBACK)
}

/// As it stands in the file, whatever a journal says.
fn first_application_id(path: &Path) -> std::io::Result<i32> {
    const OFFSET: u64 = 68;
    let mut bytes = [0; 4];
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(OFFSET))?;
    file.read_exact(&mut bytes)?;
    Ok(i32::from_be_bytes(bytes))
}

/// Restores what a database was before a load into it was cut off.
pub fn restore(path: &Path) -> Result<(), Error> {
    let restored = writable(path).and_then(|connection| {
        // The first look does it.
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))
    });
    match restored {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(
            "restore what the database was before a load was cut off",
            error,
        )),
    }
}

/// Opens a database for writing, in a way in which nothing runs that whoever made it may have put into it beside tables.
fn writable(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

fn into_new(target: &Path, evidence: &mut Evidence) -> Result<Loaded, Error> {
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let create = |error| Error::io("create", target, error);
    // Beside its final name, so that the last step is a rename; mode 0600, as a snapshot holds what root can read.
    let file = tempfile::Builder::new()
        .prefix(".analyze-")
        .suffix(".partial")
        .tempfile_in(directory)
        .map_err(create)?
        .into_temp_path();
    let loaded = load_private(&file, evidence, &Wanted::All)?;
    std::fs::File::open(&file)
        .and_then(|file| file.sync_all())
        .map_err(create)?;
    file.persist_noclobber(target)
        .map_err(|error| create(error.error))?;
    Ok(loaded)
}

fn into_existing(target: &Path, evidence: &mut Evidence) -> Result<Loaded, Error> {
    let opened = writable(target).and_then(|connection| {
        let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((connection, version))
    });
    let (connection, version) = opened.map_err(|error| failed("open the database", error))?;
    if version != ddl::version() {
        return Err(Error::Input {
            path: target.to_owned(),
            reason:
                "its tables are of another version of analyze; load the bundles into a new database"
                    .to_owned(),
        });
    }
    insert(connection, evidence, &Wanted::All)
}

/// Settings for a file that is thrown away when anything fails.
fn private(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    ddl::create_all(connection, crate::queries::views())
}

fn insert(
    mut connection: Connection,
    evidence: &mut Evidence,
    wanted: &Wanted,
) -> Result<Loaded, Error> {
    let begin = |error| failed("begin to load", error);
    let digest = evidence.digest()?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(begin)?;
    let capture_id = evidence.header().capture_id.clone();
    let there = transaction
        .query_row(
            "SELECT snapshot_id, digest, intact FROM snapshots WHERE capture_id = ?1",
            [&capture_id],
            |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, bool>(2)?,
                ))
            },
        )
        .optional()
        .map_err(begin)?;
    if let Some((snapshot_id, loaded, intact)) = there {
        if loaded != digest {
            return Err(Error::Input {
                path: evidence.path().to_owned(),
                reason: format!(
                    "snapshot {snapshot_id} is the same capture with another content (digest {loaded}, here {digest})"
                ),
            });
        }
        // A damaged copy has the sums of the whole one, and not its members.
        if !intact && !evidence.is_cut_off() {
            evidence.all(&mut |_| Ok(()))?;
            if evidence.is_whole() {
                return Err(Error::Input {
                    path: evidence.path().to_owned(),
                    reason: format!(
                        "is whole, and snapshot {snapshot_id} was loaded from a damaged copy of it; load this one into a new database"
                    ),
                });
            }
        }
        return Ok(Loaded {
            snapshot_id,
            rows: None,
            whole: evidence.is_whole(),
        });
    }
    let next = "SELECT coalesce(max(snapshot_id), 0) + 1 FROM snapshots";
    let snapshot_id = transaction
        .query_row(next, [], |row| row.get(0))
        .map_err(begin)?;
    let inserter = Inserter::new(&transaction, snapshot_id, wanted.has(ddl::FULL_TEXT));
    let inserter = inserter.map_err(begin)?;
    // Rows are made on one processor and inserted on another.
    let (to, from) = std::sync::mpsc::sync_channel(batch::WAITING);
    let (made, result) = std::thread::scope(|scope| {
        let maker = scope.spawn(|| make_rows(evidence, wanted, &digest, to));
        let result = inserter.insert_all(&from);
        // With nobody to take them the other thread's batches go nowhere, and it ends.
        drop(from);
        let made = maker
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (made, result)
    });
    let whole = made?;
    let rows = result.map_err(|error| failed("insert a row", error))?;
    transaction
        .commit()
        .and_then(|()| connection.close().map_err(|(_, error)| error))
        .map_err(|error| failed("finish the database", error))?;
    Ok(Loaded {
        snapshot_id,
        rows: Some(rows),
        whole,
    })
}

/// Makes the wanted rows of a capture; returns whether it was found whole.
fn make_rows(
    evidence: &mut Evidence,
    wanted: &Wanted,
    digest: &str,
    to: SyncSender<Batch>,
) -> Result<bool, Error> {
    let mut rows = Collector::new(to);
    let mut snapshot = Snapshot::open(evidence)?;
    snapshot.rows(wanted, &mut rows)?;
    let row: SnapshotRow<'_> = snapshot.row(digest);
    rows.row(&row);
    rows.finish();
    Ok(snapshot.is_whole())
}

fn failed(attempt: &str, error: rusqlite::Error) -> Error {
    Error::Database {
        attempt: attempt.to_owned(),
        source: Box::new(error),
    }
}
