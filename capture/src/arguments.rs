//! What a command line says: options with their values, and the paths among them.

use crate::history::{self, PATH_LIMIT};

/// The values on a command line, each with the option that it is given for, or the argument before it. The first argument is
/// the program. In a title that a process wrote over its command line, as nginx's master does, blanks part the arguments.
pub fn options(arguments: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut before: &[u8] = b"";
    let end = memchr::memchr(0, arguments).unwrap_or(arguments.len());
    let is_title = arguments
        .get(end..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == 0));
    let words = arguments.split(move |byte| *byte == 0 || (is_title && *byte == b' '));
    words.skip(1).map(move |argument| {
        let (option, value) = match memchr::memchr(b'=', argument) {
            Some(at) if !argument.starts_with(b"/") => argument.split_at(at),
            _ => (before, argument),
        };
        before = argument;
        let value = value.strip_prefix(b"=").unwrap_or(value);
        // `file:` and `file://` in the way of URLs.
        let value = value.strip_prefix(b"file://").unwrap_or(value);
        (option, value.strip_prefix(b"file:").unwrap_or(value))
    })
}

/// The absolute path that a value is, in its shortest form; `None` below the directories of `elsewhere`, and for what is known
/// to hold nothing but secrets.
pub fn path(value: &[u8], elsewhere: &[&[u8]]) -> Option<Vec<u8>> {
    if !value.starts_with(b"/") {
        return None;
    }
    let names: Vec<&[u8]> = value
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
        .collect();
    let path = [b"/", names.join(&b'/').as_slice()].concat();
    let is_file = !names.contains(&&b".."[..])
        && names
            .first()
            .is_some_and(|first| !elsewhere.contains(first));
    (is_file && path.len() <= PATH_LIMIT && !history::is_secret(&path)).then_some(path)
}
