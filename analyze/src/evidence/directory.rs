//! A directory that a bundle was extracted to.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use schema::bundle::{FRAME_LIMIT, MEMBER_LIMIT};
use schema::member;
use walkdir::WalkDir;

use super::{Found, Problem};
use crate::Error;

/// A directory with the members of a bundle below it.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Names of all members, in the order of a walk that sorts each directory.
    names: Vec<String>,
    problems: Vec<Problem>,
}

impl Directory {
    /// Lists the members. Only `freezeframe` and `root` are looked into: the bundle itself, or anything else, may lie
    /// beside them.
    pub(super) fn open(path: &Path) -> Result<Self, schema::Error> {
        let mut directory = Directory {
            path: path.to_owned(),
            names: Vec::new(),
            problems: Vec::new(),
        };
        for top in ["freezeframe", member::ROOT] {
            if path.join(top).symlink_metadata().is_ok() {
                directory.list(top)?;
            }
            // Before the rest, of which there may be much below a directory that is something else. Not what a link leads to.
            if !directory.names.iter().any(|name| name == member::HEADER) {
                return Err(schema::Error::NotABundle(format!(
                    "the directory has no file {}",
                    member::HEADER
                )));
            }
        }
        Ok(directory)
    }

    fn list(&mut self, top: &str) -> Result<(), schema::Error> {
        let walk = WalkDir::new(self.path.join(top))
            .follow_links(false)
            .follow_root_links(false)
            .sort_by_file_name();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let place = error.path().unwrap_or(&self.path);
                    let place = schema::text::escaped(&self.name_of(place)).to_string();
                    let reason = error.io_error().map_or_else(
                        || "cannot be listed".to_owned(),
                        |error| format!("cannot be listed: {error}"),
                    );
                    self.problems.push(Problem::new(place, reason));
                    continue;
                }
            };
            if entry.file_type().is_dir() {
                continue;
            }
            let name = self.name_of(entry.path());
            let shown = || schema::text::escaped(&name).to_string();
            if !entry.file_type().is_file() {
                self.problems
                    .push(Problem::new(shown(), "is no regular file"));
                continue;
            }
            match member::validate(&name) {
                Ok(name) if self.names.len() < MEMBER_LIMIT => self.names.push(name.to_owned()),
                Ok(_) => {
                    return Err(schema::Error::Limit {
                        what: "the number of members".to_owned(),
                        limit: MEMBER_LIMIT.to_string(),
                    });
                }
                Err(error) => self.problems.push(Problem::new(shown(), error.to_string())),
            }
        }
        Ok(())
    }

    /// The name that a path below the directory has as a member.
    fn name_of(&self, path: &Path) -> Vec<u8> {
        let below = path.strip_prefix(&self.path).unwrap_or(path);
        let components: Vec<_> = below
            .components()
            .map(|component| component.as_os_str().as_encoded_bytes())
            .collect();
        components.join(&b'/')
    }

    /// Names of all members.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// What is there and can be no member.
    pub(super) fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// The content of a member that was listed.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let failed = |error: std::io::Error| format!("cannot be read: {error}");
        let file = File::open(self.path.join(name)).map_err(failed)?;
        let limit = u64::try_from(FRAME_LIMIT).unwrap_or(u64::MAX);
        let mut content = Vec::new();
        file.take(limit.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(failed)?;
        if content.len() > FRAME_LIMIT {
            return Err(format!(
                "is longer than a member may be ({FRAME_LIMIT} bytes)"
            ));
        }
        Ok(content)
    }

    pub(super) fn each(
        &self,
        wanted: &dyn Fn(&str) -> bool,
        take: &mut dyn FnMut(Found<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let total = self.names.len();
        for (done, name) in self.names.iter().enumerate() {
            take(Found::Step { done, total })?;
            if !wanted(name) {
                continue;
            }
            match self.read(name) {
                Ok(content) => take(Found::Member {
                    name,
                    content: &content,
                    place: None,
                })?,
                Err(reason) => take(Found::Problem(Problem::new(name, reason)))?,
            }
        }
        Ok(())
    }
}
