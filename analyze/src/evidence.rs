//! The members of a capture, whether they lie in a bundle or in a directory that one was extracted to.
//!
//! Both give the same members with the same bytes. What a bundle's closing sums do not list, or list with another
//! hash, is refused: it is a [`Problem`], not evidence.

mod directory;
mod sums;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use schema::bundle::{Frame, Reader};
use schema::header::Header;
use schema::manifest::Manifest;
use schema::member;
use schema::text::hex;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::error::one_line;
use crate::progress::Progress;
use directory::Directory;
use sums::Sums;

/// Something in a capture that is not as its writer left it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The member, or the place in the bundle.
    pub place: String,
    /// What is wrong.
    pub reason: String,
}

/// Most problems of one kind that are kept: of a forged capture that has millions, nobody reads more.
const PROBLEM_LIMIT: usize = 100_000;

/// A member whose content is what the sums say.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Its name, which [`member::validate`] accepts.
    pub name: &'a str,
    /// Its content.
    pub content: &'a [u8],
    /// SHA-256 of the content.
    pub sum: &'a [u8; 32],
}

/// What was read in one pass over all members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Members that were accepted.
    pub members: u64,
    /// Their content, bytes.
    pub bytes: u64,
}

/// A capture that is open for reading.
pub struct Evidence {
    path: PathBuf,
    header: Header,
    manifest: Option<Manifest>,
    members: Members,
    closing: Option<Vec<u8>>,
    sums: Sums,
    /// What the index says of each member, where it is to be checked.
    index: Option<HashMap<String, Place>>,
    /// What was wrong when it was opened.
    problems: Vec<Problem>,
    /// What the last pass found.
    found: Vec<Problem>,
    /// Frames that could be read in that pass.
    readable: usize,
}

enum Members {
    Bundle(Box<Reader<File>>),
    Directory(Directory),
}

/// Where a member lies in a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    frame: u32,
    offset: u64,
    length: u64,
}

/// What is met on the way through the members.
enum Found<'a> {
    /// `done` of `total` steps are behind us.
    Step {
        done: usize,
        total: usize,
    },
    /// A frame could be read, and its members follow.
    Frame,
    Member {
        name: &'a str,
        content: &'a [u8],
        place: Option<Place>,
    },
    Problem(Problem),
}

/// Keeps a problem, or says once that there are more.
fn add(problems: &mut Vec<Problem>, problem: Problem) {
    match problems.len().cmp(&PROBLEM_LIMIT) {
        Ordering::Less => problems.push(problem),
        Ordering::Equal => problems.push(Problem::new(problem.place, "and more of such problems")),
        Ordering::Greater => {}
    }
}

impl Problem {
    fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Problem {
            place: place.into(),
            reason: reason.into(),
        }
    }
}

/// For a person: places are names that others chose.
impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("{}: {}", self.place, self.reason);
        formatter.write_str(&one_line(&line))
    }
}

impl Evidence {
    /// Opens a bundle.
    pub fn bundle(path: &Path, file: File) -> Result<Self, Error> {
        let reader = Reader::open(file).map_err(|source| Error::Bundle {
            path: path.to_owned(),
            source,
        })?;
        let header = reader.header().clone();
        let manifest = reader.manifest().cloned();
        let closing = reader.sums().map(<[u8]>::to_vec);
        let members = Members::Bundle(Box::new(reader));
        Evidence::new(path, header, manifest, closing, members)
    }

    /// Opens a directory that a bundle was extracted to, by us or by tar.
    pub fn directory(path: &Path) -> Result<Self, Error> {
        let refused = |source| Error::Bundle {
            path: path.to_owned(),
            source,
        };
        let foreign = |reason: String| refused(schema::Error::NotABundle(reason));
        let directory = Directory::open(path).map_err(refused)?;
        let header = directory
            .read(member::HEADER)
            .map_err(|reason| foreign(format!("{}: {reason}", member::HEADER)))?;
        let header = Header::from_json(&header).map_err(refused)?;
        let optional = |name: &str| {
            let there = directory.names().iter().any(|found| found == name);
            there.then(|| directory.read(name))
        };
        let mut problems = Vec::new();
        let mut noted = |name: &str, result: Result<Vec<u8>, String>| {
            result
                .map_err(|reason| problems.push(Problem::new(name, reason)))
                .ok()
        };
        let manifest = optional(member::MANIFEST)
            .and_then(|read| noted(member::MANIFEST, read))
            .and_then(|json| match serde_json::from_slice(&json) {
                Ok(manifest) => Some(manifest),
                Err(error) => {
                    let _ = noted(member::MANIFEST, Err(error.to_string()));
                    None
                }
            });
        let closing = match optional(member::SUMS) {
            Some(read) => noted(member::SUMS, read),
            None => noted(
                member::SUMS,
                Err("missing: the capture was cut off".to_owned()),
            ),
        };
        let mut evidence = Evidence::new(
            path,
            header,
            manifest,
            closing,
            Members::Directory(directory),
        )?;
        evidence.problems.splice(0..0, problems);
        Ok(evidence)
    }

    fn new(
        path: &Path,
        header: Header,
        manifest: Option<Manifest>,
        closing: Option<Vec<u8>>,
        mut members: Members,
    ) -> Result<Self, Error> {
        let mut problems = Vec::new();
        if let Members::Directory(directory) = &mut members {
            problems.append(&mut directory.take_problems());
        }
        let mut sums = Sums::new(closing.as_deref(), &mut problems);
        members.each(&sums::is_part, &mut |found| {
            if let Found::Member { name, content, .. } = found {
                sums.add_part(name, content, &mut problems);
            }
            Ok(())
        })?;
        Ok(Evidence {
            path: path.to_owned(),
            header,
            manifest,
            members,
            closing,
            sums,
            index: None,
            problems,
            found: Vec::new(),
            readable: 0,
        })
    }

    /// What was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who was frozen, and how.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How the capture ended; `None` where it was cut off.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// Whether the capture did not reach its end.
    pub fn is_cut_off(&self) -> bool {
        self.closing.is_none()
    }

    /// Whether the closing sums are there and nothing was found wrong so far. Only a pass over [`Evidence::all`]
    /// finds everything.
    pub fn is_whole(&self) -> bool {
        let damaged = match &self.members {
            Members::Bundle(reader) => !reader.damage().is_empty(),
            Members::Directory(_) => false,
        };
        !self.is_cut_off() && !damaged && self.problems.is_empty() && self.found.is_empty()
    }

    /// What was found wrong so far.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Members::Bundle(reader) = &self.members {
            problems.extend(reader.damage().iter().map(|damage| {
                Problem::new(format!("byte {}", damage.offset), damage.reason.clone())
            }));
        }
        problems.extend(self.problems.iter().chain(&self.found).cloned());
        problems
    }

    /// How many frames of a bundle could be read in the last pass over all members, and how many it has; `None` for a
    /// directory.
    pub fn readable_frames(&self) -> Option<(usize, usize)> {
        match &self.members {
            Members::Bundle(reader) => Some((self.readable, reader.frames())),
            Members::Directory(_) => None,
        }
    }

    /// Identity of the content, hex: SHA-256 of the closing sums or, for a capture that was cut off, of the sums that
    /// its readable members would have.
    pub fn digest(&mut self) -> Result<String, Error> {
        if let Some(closing) = &self.closing {
            return Ok(hex(&Sha256::digest(closing)));
        }
        let mut lines = Vec::new();
        self.some(&|_| true, &mut |item| {
            lines.push((item.name.to_owned(), *item.sum));
            Ok(())
        })?;
        lines.sort();
        let mut digest = Sha256::new();
        for (name, sum) in lines {
            digest.update(format!("{}  {name}\n", hex(&sum)));
        }
        Ok(hex(&digest.finalize()))
    }

    /// Lets the next pass over [`Evidence::all`] compare the bundle's index with its members.
    pub fn check_index(&mut self) {
        let Members::Bundle(reader) = &self.members else {
            return;
        };
        let place = |entry: &schema::bundle::IndexEntry| {
            let place = Place {
                frame: entry.frame,
                offset: entry.offset,
                length: entry.length,
            };
            (entry.name.clone(), place)
        };
        self.index = Some(reader.index().iter().map(place).collect());
    }

    /// Hands the members with wanted names to `take`, reading no frame that the index says has none of them.
    pub fn some(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        take: &mut dyn FnMut(&Item<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let sums = &self.sums;
        let mut refused = Vec::new();
        self.members.each(wanted, &mut |found| match found {
            Found::Member { name, content, .. } => {
                let sum = Sha256::digest(content).into();
                match sums.check(name, &sum) {
                    Ok(()) => take(&Item {
                        name,
                        content,
                        sum: &sum,
                    }),
                    Err(reason) => {
                        add(&mut refused, Problem::new(name, reason));
                        Ok(())
                    }
                }
            }
            Found::Problem(problem) => {
                add(&mut refused, problem);
                Ok(())
            }
            Found::Step { .. } | Found::Frame => Ok(()),
        })?;
        // A pass over all finds the same again.
        self.found = refused;
        Ok(())
    }

    /// Hands every member to `take`, once and in an order that is always the same, and notes what is wrong.
    pub fn all(
        &mut self,
        take: &mut dyn FnMut(&Item<'_>) -> Result<(), Error>,
    ) -> Result<Totals, Error> {
        let (sums, index) = (&mut self.sums, &self.index);
        let mut problems = Vec::new();
        let mut readable = 0_usize;
        let mut totals = Totals::default();
        let mut progress = Progress::start(&self.path);
        sums.forget_seen();
        self.members.each(&|_| true, &mut |found| {
            let (name, content, place) = match found {
                Found::Step { done, total } => {
                    progress.show(done, total);
                    return Ok(());
                }
                Found::Frame => {
                    readable = readable.saturating_add(1);
                    return Ok(());
                }
                Found::Problem(problem) => {
                    add(&mut problems, problem);
                    return Ok(());
                }
                Found::Member {
                    name,
                    content,
                    place,
                } => (name, content, place),
            };
            let sum = Sha256::digest(content).into();
            let accepted = sums.check(name, &sum).and_then(|()| sums.note_seen(name));
            if let Err(reason) = accepted {
                add(&mut problems, Problem::new(name, reason));
                return Ok(());
            }
            if let (Some(index), Some(place)) = (index, place)
                && let Some(reason) = contradiction(index, name, place)
            {
                add(&mut problems, Problem::new(name, reason));
            }
            totals.members = totals.members.saturating_add(1);
            totals.bytes = totals
                .bytes
                .saturating_add(u64::try_from(content.len()).unwrap_or(u64::MAX));
            take(&Item {
                name,
                content,
                sum: &sum,
            })
        })?;
        for name in sums.missing() {
            add(&mut problems, Problem::new(name, sums::MISSING));
        }
        self.found = problems;
        self.readable = readable;
        Ok(totals)
    }
}

impl Members {
    fn each(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        take: &mut dyn FnMut(Found<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self {
            Members::Bundle(reader) => each_of_bundle(reader, wanted, take),
            Members::Directory(directory) => directory.each(wanted, take),
        }
    }
}

fn each_of_bundle(
    reader: &mut Reader<File>,
    wanted: &dyn Fn(&str) -> bool,
    take: &mut dyn FnMut(Found<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let total = reader.frames();
    // Frames that the index does not speak of hold its own parts and those of the sums.
    let mut unwanted = vec![false; total];
    for entry in reader.index() {
        let slot = usize::try_from(entry.frame).ok();
        if let Some(slot) = slot.and_then(|frame| unwanted.get_mut(frame)) {
            *slot = true;
        }
    }
    for entry in reader.index() {
        if wanted(&entry.name) {
            let slot = usize::try_from(entry.frame).ok();
            if let Some(slot) = slot.and_then(|frame| unwanted.get_mut(frame)) {
                *slot = false;
            }
        }
    }
    let numbers = unwanted.iter().enumerate();
    let numbers = numbers.filter_map(|(number, unwanted)| (!unwanted).then_some(number));
    std::thread::scope(|scope| {
        // The next frame is decompressed while this one is looked at.
        let (to, frames) = std::sync::mpsc::sync_channel(1);
        scope.spawn(move || {
            for number in numbers {
                // The reader notes what is wrong with a frame.
                if let Ok(frame) = reader.frame(number)
                    && to.send((number, frame)).is_err()
                {
                    return;
                }
            }
        });
        for (number, frame) in frames {
            take(Found::Step {
                done: number,
                total,
            })?;
            take(Found::Frame)?;
            members_of(number, &frame, wanted, take)?;
        }
        Ok(())
    })
}

fn members_of(
    number: usize,
    frame: &Frame,
    wanted: &dyn Fn(&str) -> bool,
    take: &mut dyn FnMut(Found<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (members, problem) = frame.members();
    let place = u32::try_from(number).unwrap_or(u32::MAX);
    for member in members.iter().filter(|member| wanted(&member.name)) {
        take(Found::Member {
            name: &member.name,
            content: member.content,
            place: Some(Place {
                frame: place,
                offset: member.offset,
                length: u64::try_from(member.content.len()).unwrap_or(u64::MAX),
            }),
        })?;
    }
    if let Some(reason) = problem {
        let place = format!("frame {number}");
        take(Found::Problem(Problem::new(place, reason)))?;
    }
    Ok(())
}

/// What the index says wrongly of a member. It does not speak of its own parts, the sums and the manifest.
fn contradiction(index: &HashMap<String, Place>, name: &str, place: Place) -> Option<String> {
    match index.get(name) {
        Some(listed) if *listed == place => None,
        Some(_) => Some("the index has it at another place".to_owned()),
        None if member::is_index(name) || member::is_sums(name) || name == member::MANIFEST => None,
        None => Some("the index does not list it".to_owned()),
    }
}
