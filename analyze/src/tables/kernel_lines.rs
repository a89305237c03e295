//! What the kernel said, in whatever log it stands: what the tables of its kills and of its complaints share.

use schema::Source;

use super::journal::{self, Entries};
use super::log_lines::{Progress, since_boot};
use crate::extract::{Facts, File};
use crate::parse::{dev_kmsg, log_time};

/// Where and when a line was written.
pub(super) struct Place {
    pub(super) line_no: u64,
    pub(super) time_us: Option<i64>,
    /// The kernel's own stamp, microseconds since it was started.
    pub(super) stamp_us: Option<u64>,
    /// Whether the time is counted from the stamp.
    pub(super) is_by_boot: bool,
}

/// How far the logs were read.
#[derive(Default)]
pub(super) struct KernelLines {
    progress: Progress,
    journal: Entries,
}

impl KernelLines {
    /// Hands over the messages of the kernel in a log, or in a part of one, without their stamps.
    pub(super) fn each(
        &mut self,
        file: &File<'_>,
        facts: &Facts,
        take: &mut dyn FnMut(&[u8], &Place),
    ) {
        match file.source {
            Source::Log(_) | Source::FoundLog => {
                self.progress.lines(file, facts, &mut |line_no, line| {
                    let (stamp_us, message) = unstamped(&line.message);
                    let is_kernel = line.program.as_deref() == Some(b"kernel");
                    if !is_kernel && stamp_us.is_none() {
                        return;
                    }
                    let place = Place {
                        line_no,
                        time_us: line.time_us,
                        stamp_us,
                        is_by_boot: is_kernel && line.host.is_none() && stamp_us.is_some(),
                    };
                    take(message, &place);
                });
            }
            // `log_lines` reports what is no record.
            Source::Device(_) => {
                for record in dev_kmsg::parse(file.content).value {
                    if record.facility == 0 {
                        let place = Place {
                            line_no: record.line,
                            time_us: since_boot(record.time_us, facts),
                            stamp_us: Some(record.time_us),
                            is_by_boot: true,
                        };
                        take(&record.message, &place);
                    }
                }
            }
            // `journal` reports what is torn.
            Source::Journal => {
                let _ = self.journal.each(file, &mut |line_no, entry| {
                    if entry.get("_TRANSPORT") != Some(b"kernel") {
                        return;
                    }
                    let place = Place {
                        line_no,
                        time_us: journal::time_us(entry),
                        stamp_us: entry.number("_SOURCE_MONOTONIC_TIMESTAMP"),
                        is_by_boot: false,
                    };
                    if let Some(message) = entry.get("MESSAGE") {
                        take(message, &place);
                    }
                });
            }
            _ => {}
        }
    }
}

/// The kernel's stamp and caller (`[   12.345678][  T123]`) before a message, and the message.
fn unstamped(message: &[u8]) -> (Option<u64>, &[u8]) {
    let Some((stamp_us, rest)) = log_time::since_boot(message) else {
        return (None, message);
    };
    let caller = rest.strip_prefix(b"[").and_then(|inside| {
        let end = memchr::memchr(b']', inside)?;
        let (caller, rest) = inside.split_at_checked(end)?;
        matches!(caller.trim_ascii_start().first(), Some(b'T' | b'C')).then_some(())?;
        rest.strip_prefix(b"] ").or(rest.strip_prefix(b"]"))
    });
    (Some(stamp_us), caller.unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_cut_off() {
        let check = |text: &[u8], stamp_us, rest: &[u8]| {
            assert_eq!(unstamped(text), (stamp_us, rest));
        };
        check(b"[   12.000001] x", Some(12_000_001), b"x");
        check(b"[   12.000001][  T123] x", Some(12_000_001), b"x");
        check(b"[   12.000001] [ 123] x", Some(12_000_001), b"[ 123] x");
        check(b"x", None, b"x");
    }
}
