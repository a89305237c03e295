//! The redactor: the first line names a kind of content, the rest is redacted as that.
#![no_main]

mod common;

use libfuzzer_sys::{Corpus, fuzz_target};
use schema::redact::{KEY_LENGTH, Redactor};
use schema::source::Content;

/// `secret:` and 16 hex digits.
const PSEUDONYM: usize = 23;

fn is_pseudonym(bytes: &[u8]) -> bool {
    bytes.len() == PSEUDONYM
        && bytes.starts_with(b"secret:")
        && bytes[7..]
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The pseudonyms of a text that end where a word may end.
fn pseudonyms(text: &[u8]) -> Vec<&[u8]> {
    let places = memchr::memmem::find_iter(text, b"secret:");
    places
        .filter(|at| {
            let rest = text.get(at + PSEUDONYM..).unwrap_or_default();
            !rest.first().is_some_and(u8::is_ascii_alphanumeric) || rest.starts_with(b"secret:")
        })
        .filter_map(|at| text.get(at..at + PSEUDONYM))
        .filter(|bytes| is_pseudonym(bytes))
        .collect()
}

/// Whether `redacted` is `text` with some of it replaced by pseudonyms: what lies between them stands in the text, in
/// that order, and begins and ends it where nothing was replaced there.
fn only_replaces(text: &[u8], redacted: &[u8]) -> bool {
    let mut kept = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < redacted.len() {
        if redacted.get(at..at + PSEUDONYM).is_some_and(is_pseudonym) {
            kept.push(&redacted[from..at]);
            at += PSEUDONYM;
            from = at;
        } else {
            at += 1;
        }
    }
    kept.push(&redacted[from..]);
    let mut rest = text;
    for (number, piece) in kept.iter().enumerate() {
        match memchr::memmem::find(rest, piece) {
            Some(place) if number > 0 || place == 0 => rest = &rest[place + piece.len()..],
            _ => return false,
        }
    }
    kept.last().is_some_and(|last| text.ends_with(last))
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((name, text)) = common::named(input) else {
        return Corpus::Reject;
    };
    let content = match name {
        b"plain" => Content::Plain,
        b"environ" => Content::Environ,
        b"arguments" => Content::Arguments,
        b"history" => Content::History,
        b"configuration" => Content::Configuration,
        _ => return Corpus::Reject,
    };
    let mut redactor = Redactor::new(&[7; KEY_LENGTH]).expect("the rules are well-formed");
    let redacted = redactor.redact(content, text);
    let count = usize::try_from(redacted.count).expect("it fits");
    assert!(redacted.bytes.len() <= text.len() + count * PSEUDONYM);
    assert!(count <= text.len());
    assert_eq!(count == 0, redacted.original_hmac.is_none());
    assert!(count > 0 || *redacted.bytes == *text);
    assert!(only_replaces(text, &redacted.bytes));
    // What was redacted stays, however often it is redacted again: only more may go where quotes have gone.
    let again = redactor.redact(content, &redacted.bytes);
    let before = pseudonyms(&redacted.bytes);
    let mut after = pseudonyms(&again.bytes).into_iter();
    let stays = before
        .iter()
        .all(|known| after.any(|found| found == *known));
    assert!(
        stays,
        "{} became {}",
        redacted.bytes.escape_ascii(),
        again.bytes.escape_ascii()
    );
    assert!(Redactor::cut_command(content, text) <= text.len());
    Corpus::Keep
});
