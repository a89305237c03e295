//! Databases that are made for one command, and what commands that were killed have left of them.

use std::fs::{File, Metadata};
use std::path::Path;
use std::time::Duration;

use tempfile::TempPath;

use crate::Error;

/// Such that nobody calls a database of their own so.
const PREFIX: &str = ".analyze-temporary-";
const SUFFIX: &str = ".db";
/// Nothing younger is taken for something that was left behind: another command may just be about to lock it.
const YOUNG: Duration = Duration::from_mins(1);

/// A file that others cannot read, and which goes with the value.
#[derive(Debug)]
pub struct Temporary {
    path: TempPath,
    /// Locked (`flock(2)`), which tells it from one that was left behind. SQLite's own locks are of another kind.
    _lock: File,
}

impl Temporary {
    /// Makes an empty file where the system wants such files, and removes those that were left there.
    ///
    /// # Errors
    ///
    /// Where no file can be made, with the directory.
    pub fn new() -> Result<Self, Error> {
        let directory = std::env::temp_dir();
        let failed = |error| Error::io("create a file in", directory.as_path(), error);
        let (file, path) = tempfile::Builder::new()
            .prefix(PREFIX)
            .suffix(SUFFIX)
            .tempfile_in(&directory)
            .map_err(failed)?
            .into_parts();
        // A file system without locks has nothing that is taken for left behind either.
        let _ = file.lock();
        if let Ok(own) = file.metadata() {
            sweep(&directory, &own);
        }
        Ok(Temporary { path, _lock: file })
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes what commands of the same user left that were killed while they loaded. What cannot be removed stays.
fn sweep(directory: &Path, own: &Metadata) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_named = name
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if is_named && is_left(&entry.path(), own) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn is_left(path: &Path, own: &Metadata) -> bool {
    // Not what a link of that name leads to.
    let Ok(there) = path.symlink_metadata() else {
        return false;
    };
    let is_old = there
        .modified()
        .ok()
        .and_then(|time| time.elapsed().ok())
        .is_some_and(|age| age > YOUNG);
    if !there.is_file() || !is_old || !is_of_same_user(&there, own) {
        return false;
    }
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(unix)]
fn is_of_same_user(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    one.uid() == other.uid()
}

/// Elsewhere each user has a directory for such files.
#[cfg(not(unix))]
fn is_of_same_user(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn only_what_was_left_goes() {
        let directory = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - 2 * YOUNG;
        let make = |name: &str, time: SystemTime| {
            let file = File::create(directory.path().join(name)).unwrap();
            file.set_modified(time).unwrap();
            file
        };
        drop(make(".analyze-temporary-left.db", old));
        drop(make(".analyze-temporary-young.db", SystemTime::now()));
        drop(make(".analyze-temporary-other.txt", old));
        drop(make("analyze-other.db", old));
        let used = make(".analyze-temporary-used.db", old);
        used.lock().unwrap();
        std::os::unix::fs::symlink(
            "analyze-other.db",
            directory.path().join(".analyze-temporary-link.db"),
        )
        .unwrap();
        sweep(directory.path(), &used.metadata().unwrap());
        let mut names: Vec<_> = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                ".analyze-temporary-link.db",
                ".analyze-temporary-other.txt",
                ".analyze-temporary-used.db",
                ".analyze-temporary-young.db",
                "analyze-other.db"
            ]
        );
    }
}
