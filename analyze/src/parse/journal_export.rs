//! The export format of the systemd journal, <https://systemd.io/JOURNAL_EXPORT_FORMATS/>: `FIELD=VALUE` lines, and for values that are no
//! text `FIELD`, a little-endian length of 64 bits and so many bytes; a blank line ends an entry.
//!
//! A field of our own, `__FREEZEFRAME_ZSTD` and the like, holds another one packed, as the journal itself had it.

use std::borrow::Cow;
use std::io::Read;

use schema::bundle::zstd_text;

use super::bytes::{cut, decimal};

/// Most bytes of a value once it is unpacked: the journal itself cuts a message at 48 KiB, and a dump of a program may have more.
const VALUE_LIMIT: u64 = 1 << 20;
/// Fields of an entry.
const FIELDS_LIMIT: usize = 1024;

/// Name and value.
type Field<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// One entry.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// Names and values in the order in which they stand.
    pub(crate) fields: Vec<Field<'a>>,
    /// Fields that could not be unpacked.
    pub(crate) torn: u32,
}

impl Entry<'_> {
    /// The first value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        let mut fields = self.fields.iter();
        let (_, value) = fields.find(|(known, _)| **known == *name.as_bytes())?;
        Some(value)
    }

    /// A number that a field is.
    pub(crate) fn number<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        decimal(self.get(name)?)
    }
}

/// What stands at the beginning of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// An entry, and how many bytes it takes.
    Entry(Entry<'a>, usize),
    /// The beginning of one.
    Partial,
    /// Nothing that could be one; what follows can only be guessed at.
    Odd,
}

/// Reads the next entry.
pub(crate) fn next(input: &[u8]) -> Next<'_> {
    let mut entry = Entry::default();
    let mut rest = input;
    loop {
        let Some((line, after)) = cut(rest, b'\n') else {
            return Next::Partial;
        };
        let used = || input.len().saturating_sub(after.len());
        if line.is_empty() {
            if entry.fields.is_empty() && entry.torn == 0 {
                // Between entries any number of blank lines may stand.
                rest = after;
                continue;
            }
            return Next::Entry(entry, used());
        }
        if entry.fields.len() >= FIELDS_LIMIT {
            return Next::Odd;
        }
        rest = after;
        if let Some((name, value)) = cut(line, b'=') {
            entry
                .fields
                .push((Cow::Borrowed(name), Cow::Borrowed(value)));
            continue;
        }
        let Some((length, bytes)) = after.split_first_chunk::<8>() else {
            return Next::Partial;
        };
        let Ok(length) = usize::try_from(u64::from_le_bytes(*length)) else {
            return Next::Odd;
        };
        if length > usize::try_from(VALUE_LIMIT).unwrap_or(usize::MAX) {
            return Next::Odd;
        }
        let Some((value, after)) = bytes.split_at_checked(length) else {
            return Next::Partial;
        };
        match after {
            [b'\n', after @ ..] => rest = after,
            [] => return Next::Partial,
            _ => return Next::Odd,
        }
        if let Some(packing) = line.strip_prefix(b"__FREEZEFRAME_") {
            match unpacked(packing, value) {
                Some(field) => entry.fields.push(field),
                None => entry.torn = entry.torn.saturating_add(1),
            }
        } else {
            entry
                .fields
                .push((Cow::Borrowed(line), Cow::Borrowed(value)));
        }
    }
}

/// A field as the journal has it packed.
fn unpacked<'a>(packing: &[u8], value: &[u8]) -> Option<Field<'a>> {
    let mut field = Vec::new();
    let mut read = |decoder: &mut dyn Read| {
        let mut limited = decoder.take(VALUE_LIMIT);
        limited.read_to_end(&mut field).ok()
    };
    match packing {
        b"ZSTD" => {
            read(&mut zstd_text(value).ok()?)?;
        }
        b"XZ" => {
            let stream = liblzma::stream::Stream::new_stream_decoder(64 << 20, 0).ok()?;
            read(&mut liblzma::read::XzDecoder::new_stream(value, stream))?;
        }
        b"LZ4" => {
            let (length, block) = value.split_first_chunk::<8>()?;
            let length = u64::from_le_bytes(*length);
            (length <= VALUE_LIMIT).then_some(())?;
            field = lz4_flex::block::decompress(block, usize::try_from(length).ok()?).ok()?;
        }
        _ => return None,
    }
    let (name, value) = cut(&field, b'=')?;
    Some((Cow::Owned(name.to_vec()), Cow::Owned(value.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(name: &str, value: &[u8]) -> Vec<u8> {
        let length = u64::try_from(value.len()).unwrap().to_le_bytes();
        [name.as_bytes(), b"\n", &length, value, b"\n"].concat()
    }

    #[test]
    fn entries_of_all_kinds_of_fields() {
        let zstd = zstd::bulk::compress(b"MESSAGE=packed a=b", 1).unwrap();
        let lz4 = [
            &9_u64.to_le_bytes()[..],
            &lz4_flex::block::compress(b"FIELD=lz4"),
        ]
        .concat();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        std::io::Write::write_all(&mut xz, b"OTHER=xz").unwrap();
        let text = [
            &b"\n\n__REALTIME_TIMESTAMP=7\nPRIORITY=3\n"[..],
            &binary("TEXT", b"two\n\nlines"),
            &binary("__FREEZEFRAME_ZSTD", &zstd),
            &binary("__FREEZEFRAME_LZ4", &lz4),
            &binary("__FREEZEFRAME_XZ", &xz.finish().unwrap()),
            &binary("__FREEZEFRAME_ZSTD", b"torn"),
            b"\nMESSAGE=next\n\n",
        ]
        .concat();
        let Next::Entry(entry, used) = next(&text) else {
            panic!();
        };
        let check = |name: &str, value: &str| assert_eq!(entry.get(name), Some(value.as_bytes()));
        check("TEXT", "two\n\nlines");
        check("MESSAGE", "packed a=b");
        check("FIELD", "lz4");
        check("OTHER", "xz");
        assert_eq!((entry.number::<u8>("PRIORITY"), entry.torn), (Some(3), 1));
        let Next::Entry(second, rest) = next(&text[used..]) else {
            panic!();
        };
        assert_eq!(
            (second.get("MESSAGE"), used + rest),
            (Some(&b"next"[..]), text.len())
        );
        assert_eq!(next(&text[used + rest..]), Next::Partial);
        for cut in 3..used {
            assert_eq!(next(&text[..cut]), Next::Partial, "{cut}");
        }
    }

    #[test]
    fn hostile() {
        for odd in [
            &b"NAME\n\xff\xff\xff\xff\xff\xff\xff\xffx\n\n"[..],
            b"NAME\n\x01\0\0\0\0\0\0\0xx\n\n",
        ] {
            assert_eq!(next(odd), Next::Odd);
        }
        let bomb = zstd::bulk::compress(&vec![b'='; 50 << 20], 1).unwrap();
        let text = [&binary("__FREEZEFRAME_ZSTD", &bomb)[..], b"\n"].concat();
        let Next::Entry(entry, _) = next(&text) else {
            panic!();
        };
        assert!(entry.fields.iter().all(|(_, value)| value.len() <= 1 << 20));
    }
}
