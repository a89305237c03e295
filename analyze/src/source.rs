//! What a command was given: a bundle, a directory that one was extracted to, or a database.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::db::load::{self, State};
use crate::db::query::{Limits, Unlocked};
use crate::evidence::Evidence;
use crate::tables::Wanted;
use crate::temporary::Temporary;

/// First bytes of every SQLite file.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// What follows after the page size where changes go into a log beside the file; `load` never makes such a file.
const WITH_LOG: u8 = 2;

/// What lies at a path.
pub enum Source {
    /// A capture: a bundle or an extracted directory.
    Evidence(Box<Evidence>),
    /// A database that `load` made.
    Database,
    /// One into which a load was cut off.
    CutOffDatabase,
}

impl Source {
    /// Tells what lies at a path, and opens it.
    ///
    /// Nothing but a regular file or a directory is opened: a pipe would make us wait, a device may do anything.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let refused = |reason: &str| Error::Input {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        let failed = |error| Error::io("open", path, error);
        let there = std::fs::metadata(path).map_err(failed)?;
        if there.is_dir() {
            return Ok(Source::Evidence(Box::new(Evidence::directory(path)?)));
        }
        if !there.is_file() {
            return Err(refused("is neither a regular file nor a directory"));
        }
        let mut file = File::open(path).map_err(failed)?;
        let mut magic = Vec::new();
        file.by_ref()
            .take(20)
            .read_to_end(&mut magic)
            .map_err(|error| Error::io("read", path, error))?;
        if !magic.starts_with(SQLITE_MAGIC) {
            return Ok(Source::Evidence(Box::new(Evidence::bundle(path, file)?)));
        }
        drop(file);
        if magic
            .get(18..)
            .is_some_and(|modes| modes.contains(&WITH_LOG))
        {
            return Err(refused(
                "is a database with a write-ahead log, and even reading it would write files beside it; \
                 `PRAGMA journal_mode = DELETE` of sqlite3 makes it a plain one",
            ));
        }
        match load::state(path)? {
            State::Ours => Ok(Source::Database),
            State::CutOff => Ok(Source::CutOffDatabase),
            State::Foreign => Err(refused("is an SQLite database that analyze did not make")),
        }
    }

    /// Opens a capture.
    pub fn evidence(path: &Path) -> Result<Evidence, Error> {
        match Source::open(path)? {
            Source::Evidence(evidence) => Ok(*evidence),
            Source::Database | Source::CutOffDatabase => Err(Error::Input {
                path: path.to_owned(),
                reason: "is a database; this needs a bundle or an extracted directory".to_owned(),
            }),
        }
    }
}

/// Checks that a file which is to be loaded into is a database of ours, and restores it where a load into it was cut off.
pub fn check_database(path: &Path) -> Result<(), Error> {
    match Source::open(path) {
        Ok(Source::Database) => Ok(()),
        Ok(Source::CutOffDatabase) => load::restore(path),
        Ok(Source::Evidence(_)) | Err(Error::Bundle { .. }) => Err(Error::Input {
            path: path.to_owned(),
            reason: "is no database; a name that does not exist makes a new one".to_owned(),
        }),
        Err(error) => Err(error),
    }
}

/// A database that can be asked, whatever the command was given: a bundle, an extracted directory, or a database.
#[derive(Debug)]
pub struct Opened {
    path: PathBuf,
    whole: bool,
    /// Deletes a database that was made for this command only.
    temporary: RefCell<Option<Temporary>>,
}

impl Opened {
    /// Opens the database for questions, once.
    pub fn connect(&self, limits: Limits) -> Result<Unlocked, Error> {
        let database = Unlocked::open(&self.path, limits)?;
        self.forget();
        Ok(database)
    }

    /// To be called when the database has been opened. One that was made for this command loses its name, where the system
    /// lets an open file go: whatever ends the command leaves nothing behind.
    pub fn forget(&self) {
        if cfg!(unix) {
            drop(self.temporary.take());
        }
    }

    /// The database's file.
    pub fn database(&self) -> &Path {
        &self.path
    }

    /// `false` for a bundle that was cut off or damaged: the command ends with [`Exit::Partial`](crate::Exit).
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

/// Opens what a command was given, to be asked for the wanted tables. Those of bundles and directories are loaded into a temporary
/// database, which others cannot read and which goes with the value.
pub fn open(path: &Path, wanted: &Wanted) -> Result<Opened, Error> {
    let mut evidence = match Source::open(path)? {
        Source::Evidence(evidence) => evidence,
        Source::Database => {
            return Ok(Opened {
                path: path.to_owned(),
                whole: true,
                temporary: RefCell::default(),
            });
        }
        Source::CutOffDatabase => {
            return Err(Error::Input {
                path: path.to_owned(),
                reason: "a load into it was cut off; to load that bundle again restores it"
                    .to_owned(),
            });
        }
    };
    let temporary = Temporary::new()?;
    let loaded = load::load_private(temporary.path(), &mut evidence, wanted)?;
    if !loaded.whole {
        tell_broken(&evidence);
    }
    Ok(Opened {
        path: temporary.path().to_owned(),
        whole: loaded.whole,
        temporary: RefCell::new(Some(temporary)),
    })
}

/// Says in one line that an answer is of a capture that is cut off or damaged.
pub fn tell_broken(evidence: &Evidence) {
    let problems = evidence.problems();
    let first = problems
        .first()
        .map_or("it was cut off", |problem| problem.reason.as_str());
    crate::tell(&format!(
        "{}: cut off or damaged, the answer is of what can be read: {} (`analyze verify` lists {} problems)",
        crate::error::shown(evidence.path()),
        schema::text::escaped(first.as_bytes()),
        problems.len().max(1)
    ));
}
