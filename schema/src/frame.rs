//! Length-prefixed record frames: the only module that names bincode.
//!
//! A frame is a little-endian `u32` length and that many bytes of bincode's standard configuration. The length is
//! checked before anything is decoded, the decoder has a byte limit of its own (without one, bincode aborts on a
//! hostile length), and bytes left over in a frame are an error.

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::{Deserialize, Serialize};

/// Most bytes of one encoded row. The longest honest row is an fd whose `fdinfo` lists 64 KiB of epoll targets.
pub const ROW_LIMIT: usize = 1 << 20;

const CONFIGURATION: Configuration<LittleEndian, Varint, Limit<ROW_LIMIT>> =
    bincode::config::standard().with_limit::<ROW_LIMIT>();

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FrameError {
    /// The input ends within the frame.
    #[error("frame of {need} bytes, {left} are left")]
    Short {
        /// Bytes the frame says it has.
        need: usize,
        /// Bytes that are there.
        left: usize,
    },
    /// The frame says that it is longer than any row may be.
    #[error("frame of {0} bytes is over the limit of {ROW_LIMIT}")]
    Long(usize),
    /// The bytes are no row of the type.
    #[error("cannot decode: {0}")]
    Decode(String),
    /// The value cannot be written.
    #[error("cannot encode: {0}")]
    Encode(String),
}

/// Appends one value as a frame.
pub fn write<T: Serialize>(out: &mut Vec<u8>, value: &T) -> Result<(), FrameError> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let written = bincode::serde::encode_into_std_write(value, out, CONFIGURATION);
    let length = out.len().saturating_sub(start).saturating_sub(4);
    let result = match written {
        Ok(_) if length > ROW_LIMIT => Err(FrameError::Long(length)),
        Ok(_) => u32::try_from(length).map_err(|_| FrameError::Long(length)),
        Err(error) => Err(FrameError::Encode(error.to_string())),
    };
    match result {
        Ok(length) => {
            if let Some(prefix) = out.get_mut(start..start.saturating_add(4)) {
                prefix.copy_from_slice(&length.to_le_bytes());
            }
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// Takes the bytes of the next frame off the front of `input`; `None` at its end.
pub fn next<'a>(input: &mut &'a [u8]) -> Option<Result<&'a [u8], FrameError>> {
    if input.is_empty() {
        return None;
    }
    let Some((prefix, rest)) = input.split_first_chunk::<4>() else {
        let left = input.len();
        *input = &[];
        return Some(Err(FrameError::Short { need: 4, left }));
    };
    let length = usize::try_from(u32::from_le_bytes(*prefix)).unwrap_or(usize::MAX);
    let frame = if length > ROW_LIMIT {
        Err(FrameError::Long(length))
    } else {
        rest.split_at_checked(length).ok_or(FrameError::Short {
            need: length,
            left: rest.len(),
        })
    };
    match frame {
        Ok((frame, after)) => {
            *input = after;
            Some(Ok(frame))
        }
        Err(error) => {
            // Without a trusted length there is no next frame.
            *input = &[];
            Some(Err(error))
        }
    }
}

/// Decodes the bytes of one frame.
pub fn decode<'a, T: Deserialize<'a>>(frame: &'a [u8]) -> Result<T, FrameError> {
    let (value, used) = bincode::serde::borrow_decode_from_slice(frame, CONFIGURATION)
        .map_err(|error| FrameError::Decode(error.to_string()))?;
    if used == frame.len() {
        Ok(value)
    } else {
        Err(FrameError::Decode(format!(
            "{} bytes left over",
            frame.len().saturating_sub(used)
        )))
    }
}

/// The first frame of a record member: which table its rows are of, and their layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordHeader {
    /// Name of the table or record type.
    pub table: String,
    /// [`TableDef::fingerprint`](crate::TableDef::fingerprint) of the layout.
    pub fingerprint: u64,
    /// Name and layout type of each column, so that another reader can decode the rows.
    pub columns: Vec<(String, String)>,
}

impl RecordHeader {
    /// The header of a table's records as this version writes them.
    pub fn of(table: &crate::TableDef) -> Self {
        RecordHeader {
            table: table.name.to_owned(),
            fingerprint: table.fingerprint(),
            columns: table.columns.iter().map(layout).collect(),
        }
    }
}

fn layout(column: &crate::ColumnDef) -> (String, String) {
    let option = if column.nullable { "option " } else { "" };
    (column.name.to_owned(), format!("{option}{}", column.layout))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::FdLink;
    use crate::text::Text;

    fn link() -> FdLink<'static> {
        FdLink {
            pid: 7,
            fd: 300,
            target: Some(Text::from(&b"/tmp/\xff\n (deleted)"[..])),
            fdinfo: None,
            link_count: Some(u64::MAX),
        }
    }

    #[test]
    fn round_trip_keeps_bytes() {
        let mut bytes = Vec::new();
        write(&mut bytes, &link()).unwrap();
        let mut rest = bytes.as_slice();
        let frame = next(&mut rest).unwrap().unwrap();
        assert_eq!(decode::<FdLink<'_>>(frame).unwrap(), link());
        assert!(next(&mut rest).is_none());
    }

    /// The bytes of a frame are the format: another bincode release, or a successor crate, must write the same.
    #[test]
    fn golden_bytes() {
        let mut bytes = Vec::new();
        write(&mut bytes, &link()).unwrap();
        assert_eq!(
            bytes,
            b"\x22\0\0\0\x07\xfb\x2c\x01\x01\x11/tmp/\xff\n (deleted)\0\x01\xfd\xff\xff\xff\xff\xff\xff\xff\xff"
        );
    }

    #[test]
    fn hostile_lengths_are_refused() {
        let refused = |bytes: &[u8]| {
            next(&mut &*bytes)
                .unwrap()
                .and_then(decode::<FdLink<'_>>)
                .unwrap_err()
        };
        assert_eq!(refused(b"\x01"), FrameError::Short { need: 4, left: 1 });
        assert_eq!(
            refused(b"\x05\0\0\0ab"),
            FrameError::Short { need: 5, left: 2 }
        );
        assert_eq!(refused(b"\xff\xff\xff\x7f"), FrameError::Long(0x7fff_ffff));
        // A text of 2^62 bytes within a frame of 14.
        let inner = b"\x0e\0\0\0\x07\x01\x01\xfd\0\0\0\0\0\0\0\x40\0\0";
        assert!(matches!(refused(inner), FrameError::Decode(_)));
        // Bytes after the row.
        assert!(matches!(
            refused(b"\x06\0\0\0\x07\x01\0\0\0\0"),
            FrameError::Decode(_)
        ));
    }
}
