//! How bad it is, in the words and numbers that programs have for it.

use crate::parse::bytes::{cut, decimal};
use crate::parse::syslog::LEVELS;

/// Words for severities beside those of syslog.
const NAMES: [(&str, u8); 17] = [
    ("emergency", 0),
    ("critical", 2),
    ("fatal", 2),
    ("severe", 3),
    ("note", 5),
    ("system", 5),
    ("information", 6),
    ("informational", 6),
    ("log", 6),
    ("config", 6),
    ("trace", 7),
    ("fine", 7),
    ("finer", 7),
    ("finest", 7),
    ("verbose", 7),
    ("dbg", 7),
    ("wrn", 4),
];
/// Words of a line that are looked at.
const WORDS: usize = 6;

/// What the words of a line tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) severity: Option<u8>,
    pub(super) pid: Option<u32>,
}

/// The severity of a word, in letters of any size.
pub(crate) fn named(word: &[u8]) -> Option<u8> {
    let is_word = (3..=13).contains(&word.len());
    let mut names = LEVELS.iter().chain(&NAMES).filter(|_| is_word);
    let (_, severity) = names.find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word))?;
    Some(*severity)
}

/// The severity of a number: those of syslog, or from 10 for a trace to 60 for a fatal error.
pub(crate) fn numbered(number: u64) -> Option<u8> {
    match number {
        0..=7 => u8::try_from(number).ok(),
        10..30 => Some(7),
        30..40 => Some(6),
        40..50 => Some(4),
        50..60 => Some(3),
        60 => Some(2),
        _ => None,
    }
}

/// Looks for a level among the first words of what a program says: one in capitals, in brackets, or behind a tab; before it stand a
/// thread, a process id, a dash, and one name at most. Where a daemon wrote the line, only its very first word can be one.
pub(super) fn in_text(text: &[u8], is_syslog: bool) -> Found {
    let mut found = Found::default();
    let mut names = 0;
    let limit = if is_syslog { 1 } else { WORDS };
    let words = text
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty());
    for word in words.take(limit) {
        let inner = word.strip_suffix(b":").unwrap_or(word);
        let bracketed = inner
            .strip_prefix(b"[")
            .or_else(|| inner.strip_prefix(b"("))
            .or_else(|| inner.strip_prefix(b"<"))
            .map(|inner| {
                inner
                    .strip_suffix(b"]")
                    .or_else(|| inner.strip_suffix(b")"))
                    .or_else(|| inner.strip_suffix(b">"))
                    .unwrap_or(inner)
            });
        let inner = bracketed.unwrap_or(inner);
        // `ERROR:name:message`, `app.ERROR: message`.
        let inner = cut(inner, b':').map_or(inner, |(level, _)| level);
        let inner = match word.strip_suffix(b":") {
            Some(_) => inner.rsplit(|byte| *byte == b'.').next().unwrap_or(inner),
            None => inner,
        };
        let is_upper = inner.len() > 2 && inner.iter().all(u8::is_ascii_uppercase);
        let is_marked = bracketed.is_some() || is_after_tab(text, word);
        if (is_upper || is_marked)
            && let Some(severity) = named(inner)
        {
            found.severity = Some(severity);
            return found;
        }
        if bracketed.is_some() {
            found.pid = found.pid.or_else(|| decimal(inner));
            continue;
        }
        let is_structure =
            !word.iter().any(u8::is_ascii_alphabetic) || matches!(word, b"UTC" | b"GMT" | b"---");
        if !is_structure {
            names += 1;
            if names > 1 {
                break;
            }
        }
    }
    if found.severity.is_none() {
        found.pid = None;
    }
    found
}

/// Whether a tab stands around a word, as between columns.
fn is_after_tab(text: &[u8], word: &[u8]) -> bool {
    text.trim_ascii_start()
        .strip_prefix(word)
        .is_some_and(|rest| rest.starts_with(b"\t"))
}
