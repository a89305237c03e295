//! Command `extract`.

use std::collections::HashSet;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::shown;
use crate::source::Source;
use crate::{Error, Exit, tell};

/// Arguments of `extract`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A bundle.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// A directory that does not exist yet, or is empty.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Runs `extract`.
pub fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Error> {
    let mut evidence = Source::evidence(&args.bundle)?;
    let mut tree = Tree::new(&args.directory)?;
    let mut refused = Vec::new();
    let (mut members, mut bytes) = (0_u64, 0_u64);
    evidence.all(&mut |item| match tree.add(item.name, item.content) {
        Ok(()) => {
            members = members.saturating_add(1);
            bytes = bytes.saturating_add(u64::try_from(item.content.len()).unwrap_or(u64::MAX));
            Ok(())
        }
        // One member stands in another's way, which a capture never writes.
        Err(error) if is_in_the_way(&error) => {
            refused.push(error.chain());
            Ok(())
        }
        Err(error) => Err(error),
    })?;
    for problem in evidence.problems() {
        tell(&problem.to_string());
    }
    for message in &refused {
        tell(message);
    }
    writeln!(
        out,
        "{members} members, {bytes} bytes in {}",
        shown(&args.directory)
    )
    .map_err(Error::Output)?;
    Ok(if refused.is_empty() {
        super::exit_of(&evidence)
    } else {
        Exit::Partial
    })
}

fn is_in_the_way(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. }
        if matches!(source.kind(), ErrorKind::AlreadyExists | ErrorKind::NotADirectory))
}

/// A directory in which everything was made by us: nothing that is there already is gone through or written to.
struct Tree<'a> {
    root: &'a Path,
    made: HashSet<PathBuf>,
}

impl<'a> Tree<'a> {
    fn new(root: &'a Path) -> Result<Self, Error> {
        match private_directory().create(root) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let refused = |reason: &str| Error::Input {
                    path: root.to_owned(),
                    reason: reason.to_owned(),
                };
                let there = root
                    .symlink_metadata()
                    .map_err(|error| Error::io("look at", root, error))?;
                if !there.is_dir() {
                    return Err(refused("is no directory"));
                }
                let mut entries = root
                    .read_dir()
                    .map_err(|error| Error::io("list", root, error))?;
                if entries.next().is_some() {
                    return Err(refused("is not empty"));
                }
            }
            Err(error) => return Err(Error::io("create", root, error)),
        }
        Ok(Tree {
            root,
            made: HashSet::new(),
        })
    }

    fn add(&mut self, name: &str, content: &[u8]) -> Result<(), Error> {
        let path = self.root.join(name);
        let parents: Vec<_> = path
            .ancestors()
            .skip(1)
            .take_while(|parent| *parent != self.root)
            .collect();
        for parent in parents.into_iter().rev() {
            if !self.made.contains(parent) {
                private_directory()
                    .create(parent)
                    .map_err(|error| Error::io("create", parent, error))?;
                self.made.insert(parent.to_owned());
            }
        }
        new_file()
            .open(&path)
            .and_then(|mut file| file.write_all(content))
            .map_err(|error| Error::io("create", &path, error))
    }
}

fn private_directory() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to set"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// `create_new` follows no link and overwrites nothing.
fn new_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
