//! Compressed logs on their way to the tables: decoded as they are read, a part at a time, within limits.
//!
//! A file that is torn or corrupt gives its lines up to the damage, and one issue. So does one that would expand
//! beyond all measure.

use std::io::Read;

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use schema::Source;
use schema::bundle::zstd_text;
use schema::source::COMPRESSED_LOG_LIMIT;

/// Text of one part that is handed over; a longer line is cut there.
const PART: usize = 1 << 20;
/// Text that any file may become, however small it is: some repeat one line for days.
const SMALL: u64 = 32 << 20;
/// Text that a larger file may become, as a multiple of its bytes. Logs become ten to forty times as long; those of an
/// incident that repeat one line for days, a thousand times.
const RATIO: u64 = 2000;
/// Text that one file may become in any case.
const FILE_LIMIT: u64 = 256 << 20;
/// Text that all files of a capture may become.
const TOTAL_LIMIT: u64 = 1 << 30;
/// Memory that an xz stream may ask for: what the highest level of the command needs, and a bit.
const XZ_MEMORY_LIMIT: u64 = 96 << 20;

/// A compressed log, put together from its parts in the bundle.
#[derive(Debug)]
pub struct Packed {
    /// Its path on the host.
    pub path: Vec<u8>,
    /// The first member of it.
    pub member: String,
    /// The log it is a rotated sibling of.
    pub source: Source,
    bytes: Vec<u8>,
}

/// Why a text ends early.
#[derive(Debug, PartialEq, Eq)]
pub struct Torn {
    /// In words.
    pub reason: String,
    /// The beginning of a line that was cut.
    pub rest: Vec<u8>,
}

/// What may still be decoded of a capture.
#[derive(Debug)]
pub struct Allowance(u64);

impl Default for Allowance {
    fn default() -> Self {
        Allowance(TOTAL_LIMIT)
    }
}

impl Packed {
    /// Nothing yet of a log.
    pub fn new(path: &[u8], member: &str, source: Source) -> Self {
        Packed {
            path: path.to_vec(),
            member: member.to_owned(),
            source,
            bytes: Vec::new(),
        }
    }

    /// Takes the next part; what is beyond all that `capture` keeps is left, and then missing at the end.
    pub fn add(&mut self, part: &[u8]) {
        let limit = usize::try_from(COMPRESSED_LOG_LIMIT).unwrap_or(usize::MAX);
        let room = limit.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(part.get(..room).unwrap_or(part));
    }

    /// Hands over the text in parts of whole lines.
    pub fn text(&self, allowance: &mut Allowance, take: &mut dyn FnMut(&[u8])) -> Result<(), Torn> {
        let failed = |error: std::io::Error| Torn {
            reason: error.to_string(),
            rest: Vec::new(),
        };
        let bytes = self.bytes.as_slice();
        let mut decoder: Box<dyn Read + '_> = match bytes {
            [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(bytes)),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY_LIMIT, CONCATENATED)
                    .map_err(|error| failed(error.into()))?;
                Box::new(XzDecoder::new_stream(bytes, stream))
            }
            [b'B', b'Z', b'h', ..] => Box::new(MultiBzDecoder::new(bytes)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd_text(bytes).map_err(failed)?),
            // Whatever its name says.
            _ => Box::new(bytes),
        };
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let limit = SMALL.max(length.saturating_mul(RATIO)).min(FILE_LIMIT);
        let (total, result) = parts(&mut *decoder, limit.min(allowance.0), take);
        allowance.0 = allowance.0.saturating_sub(total);
        result
    }
}

/// Reads to the end, or to the limit; says how much that was.
fn parts(input: &mut dyn Read, limit: u64, take: &mut dyn FnMut(&[u8])) -> (u64, Result<(), Torn>) {
    let mut buffer = vec![0; PART];
    let (mut filled, mut total) = (0_usize, 0_u64);
    loop {
        let read = input.read(buffer.get_mut(filled..).unwrap_or_default());
        let end = match read {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => Some(Err(format!("it is torn: {error}"))),
            Ok(0) => Some(Ok(())),
            Ok(count) => {
                filled = filled.saturating_add(count);
                total = total.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                let reason = || format!("it becomes more than the {limit} bytes that are decoded");
                (total > limit).then(|| Err(reason()))
            }
        };
        if end.is_none() && filled < buffer.len() {
            continue;
        }
        let text = buffer.get(..filled).unwrap_or_default();
        let line_end = memchr::memrchr(b'\n', text).map(|at| at.saturating_add(1));
        let cut = match (&end, line_end) {
            (Some(Ok(())), _) | (None, None) => filled,
            (_, Some(line_end)) => line_end,
            (Some(Err(_)), None) => 0,
        };
        let (lines, rest) = text.split_at_checked(cut).unwrap_or((text, b""));
        if !lines.is_empty() {
            take(lines);
        }
        match end {
            Some(Ok(())) => return (total, Ok(())),
            Some(Err(reason)) => {
                let rest = rest.to_vec();
                return (total, Err(Torn { reason, rest }));
            }
            None => {
                buffer.copy_within(cut..filled, 0);
                filled = filled.saturating_sub(cut);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gz(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn xz(text: &[u8]) -> Vec<u8> {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn bz2(text: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn text(bytes: &[u8], allowance: &mut Allowance) -> (Vec<u8>, Result<(), Torn>) {
        let mut packed = Packed::new(b"/var/log/x.1.gz", "root/var/log/x.1.gz", Source::Record);
        packed.add(bytes);
        let mut all = Vec::new();
        let result = packed.text(allowance, &mut |part| {
            assert!(part.len() <= PART);
            all.extend_from_slice(part);
        });
        (all, result)
    }

    #[test]
    fn all_formats_of_several_streams() {
        // Lines of different lengths, more than one part.
        let long: Vec<u8> = (0..60_000_u32)
            .flat_map(|number| {
                format!("line {number} {:x}\n", number.wrapping_mul(0x9e37_79b9)).into_bytes()
            })
            .collect();
        assert!(long.len() > PART);
        for pack in [gz, xz, bz2, <[u8]>::to_vec] {
            let bytes = [pack(&long), pack(b"last\nwithout end")].concat();
            let (found, result) = text(&bytes, &mut Allowance::default());
            assert_eq!(result, Ok(()));
            assert!(found == [&long[..], b"last\nwithout end"].concat());
        }
        assert_eq!(text(b"", &mut Allowance::default()), (Vec::new(), Ok(())));
    }

    #[test]
    fn a_torn_file_gives_its_lines_up_to_the_damage() {
        let lines: Vec<u8> = (0..60_000_u32)
            .flat_map(|number| format!("{:08x}\n", number.wrapping_mul(0x9e37_79b9)).into_bytes())
            .collect();
        for pack in [gz, xz, bz2] {
            let bytes = pack(&lines);
            let (found, result) = text(&bytes[..bytes.len() / 2], &mut Allowance::default());
            assert!(result.unwrap_err().reason.starts_with("it is torn: "));
            assert!(found.ends_with(b"\n") && lines.starts_with(&found));
            assert!(found.len() > 50_000, "{}", found.len());
            let mut corrupt = bytes.clone();
            let middle = corrupt.len() / 2;
            for byte in &mut corrupt[middle..middle + 64] {
                *byte ^= 0x55;
            }
            assert!(text(&corrupt, &mut Allowance::default()).1.is_err());
        }
        for head in [
            &b"\x1f\x8b"[..],
            b"\xfd7zXZ\0\0\0",
            b"BZh9",
            b"\x28\xb5\x2f\xfd\xff",
        ] {
            assert!(text(head, &mut Allowance::default()).1.is_err(), "{head:?}");
        }
    }

    #[test]
    fn a_bomb_costs_itself() {
        let bomb = xz(&vec![b'\n'; 80 << 20]);
        assert!(bomb.len() < 16 << 10, "{}", bomb.len());
        let mut packed = Packed::new(b"x.1.gz", "x.1.gz", Source::Record);
        packed.add(&bomb);
        let mut allowance = Allowance(40 << 20);
        let mut length = 0;
        let result = packed.text(&mut allowance, &mut |part| length += part.len());
        assert!(
            result
                .unwrap_err()
                .reason
                .contains("more than the 33554432 bytes")
        );
        assert!((32 << 20..34 << 20).contains(&length), "{length}");
        // What it took is missing to the others.
        let result = packed.text(&mut allowance, &mut |_| {});
        assert!(
            result
                .unwrap_err()
                .reason
                .contains("bytes that are decoded")
        );
        assert!(text(&gz(b"x\n"), &mut allowance).1.is_err());
    }
}
