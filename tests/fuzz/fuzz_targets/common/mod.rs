//! What the targets share: how an input says what it is, and a capture to put it in.
#![allow(dead_code, reason = "no target needs all of it")]

#[path = "../../../common/bundles.rs"]
pub(crate) mod bundles;

use schema::header::{Header, Mode};

/// The first line of an input and what follows: names in words keep seeds readable and valid when lists change.
pub(crate) fn named(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b'\n', input)?;
    Some((&input[..end], &input[end + 1..]))
}

/// The sections of an input, parted by a line that is a `%`.
pub(crate) fn sections(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(input);
    std::iter::from_fn(move || {
        let text = rest?;
        let (section, after) = match memchr::memmem::find(text, b"\n%\n") {
            Some(end) => (&text[..end], Some(&text[end + 3..])),
            None => (text, None),
        };
        rest = after;
        Some(section)
    })
}

/// Runs a parser of the family that the input names.
pub(crate) fn run_parser(
    family: analyze::parse::every::Family,
    input: &[u8],
) -> libfuzzer_sys::Corpus {
    let found = named(input).and_then(|(name, text)| {
        let parser = analyze::parse::every::find(name)?;
        (parser.family == family).then_some((parser, text))
    });
    match found {
        Some((parser, text)) => {
            (parser.run)(text);
            libfuzzer_sys::Corpus::Keep
        }
        None => libfuzzer_sys::Corpus::Reject,
    }
}

/// The header of an invented host.
pub(crate) fn header(mode: Mode) -> Header {
    Header {
        mode,
        ..bundles::header()
    }
}

/// Takes rows and issues, and holds them to what their table says.
#[derive(Default)]
pub(crate) struct Checked {
    /// Rows so far.
    pub(crate) rows: usize,
    /// Issues so far.
    pub(crate) issues: usize,
    /// Bytes of text so far.
    pub(crate) bytes: usize,
}

impl analyze::extract::Sink for Checked {
    fn row<R: schema::Row>(&mut self, row: &R) {
        let mut columns = Columns::default();
        row.bind(&mut columns);
        let table = R::TABLE;
        assert_eq!(columns.nulls.len(), table.columns.len());
        for (column, is_null) in table.columns.iter().zip(columns.nulls) {
            assert!(
                column.nullable || !is_null,
                "{}.{}",
                table.name,
                column.name
            );
        }
        self.rows += 1;
        self.bytes += columns.bytes;
    }

    fn issue(&mut self, member: &str, issue: analyze::parse::Issue) {
        assert!(issue.excerpt.len() <= analyze::parse::EXCERPT_LIMIT);
        assert!(!member.is_empty() && !issue.reason.is_empty());
        self.issues += 1;
    }

    fn unlisted(&mut self, _member: &str, count: u64) {
        assert!(count > 0);
    }
}

#[derive(Default)]
struct Columns {
    nulls: Vec<bool>,
    bytes: usize,
}

impl schema::Binder for Columns {
    fn int(&mut self, _value: i64) {
        self.nulls.push(false);
    }
    fn text(&mut self, value: &[u8]) {
        self.bytes += value.len();
        self.nulls.push(false);
    }
    fn null(&mut self) {
        self.nulls.push(true);
    }
}
