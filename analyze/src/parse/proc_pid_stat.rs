//! `/proc/PID/stat` and `/proc/PID/task/TID/stat`: one line, the name in parentheses.

use super::bytes::{cut, cut_last, decimal, fields, integer};
use super::{Issue, Parsed};

/// The fields that tables hold, each by its name in `proc(5)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat<'a> {
    pub(crate) comm: &'a [u8],
    pub(crate) state: &'a [u8],
    pub(crate) ppid: u32,
    pub(crate) pgrp: i32,
    pub(crate) session: i32,
    pub(crate) tty_nr: i32,
    pub(crate) flags: u64,
    pub(crate) utime: u64,
    pub(crate) stime: u64,
    pub(crate) nice: i32,
    pub(crate) num_threads: u32,
    pub(crate) starttime: u64,
    /// Bytes.
    pub(crate) vsize: Option<u64>,
    /// Pages.
    pub(crate) rss: Option<u64>,
    pub(crate) processor: Option<u32>,
    /// Bytes of the arguments; 0 for who may not know, and for what has no memory any more.
    pub(crate) argument_bytes: Option<u64>,
}

/// `PF_KTHREAD` of the flags.
const KERNEL_THREAD: u64 = 0x0020_0000;

impl Stat<'_> {
    /// Whether it is a kernel thread.
    pub(crate) fn is_kernel_thread(&self) -> bool {
        self.flags & KERNEL_THREAD != 0
    }
}

/// Reads the line. The name may hold blanks, parentheses and newlines, so it ends at the last `)`.
pub(crate) fn parse(input: &[u8]) -> Parsed<Option<Stat<'_>>> {
    Parsed::one(stat(input), || Issue::at(1, "a stat line", input))
}

fn stat(input: &[u8]) -> Option<Stat<'_>> {
    let (before, after) = cut_last(input.trim_ascii_end(), b')')?;
    let (_pid, comm) = cut(before, b'(')?;
    let mut fields = fields(after);
    Some(Stat {
        comm,
        state: fields.next()?,
        ppid: decimal(fields.next()?)?,
        pgrp: integer(fields.next()?)?,
        session: integer(fields.next()?)?,
        tty_nr: integer(fields.next()?)?,
        // Skipped: tpgid; minflt to cmajflt; cutime to priority; itrealvalue; rsslim to exit_signal.
        flags: decimal(fields.nth(1)?)?,
        utime: decimal(fields.nth(4)?)?,
        stime: decimal(fields.next()?)?,
        nice: integer(fields.nth(3)?)?,
        num_threads: decimal(fields.next()?)?,
        starttime: decimal(fields.nth(1)?)?,
        vsize: fields.next().and_then(decimal),
        rss: fields.next().and_then(decimal),
        processor: fields.nth(14).and_then(decimal),
        argument_bytes: {
            // Skipped: rt_priority to start_brk.
            let start: Option<u64> = fields.nth(8).and_then(decimal);
            let end: Option<u64> = fields.next().and_then(decimal);
            start
                .zip(end)
                .and_then(|(start, end)| end.checked_sub(start))
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = " S 1 812 812 34816 -1 4194624 2316 6047 3 4 5 7 10 11 20 -5 1 0 1421 15921152 1789 \
                        18446744073709551615 1 1 0 0 0 0 0 4096 81925 0 0 0 17 3 0 0 0 0 0 0 0 0 4096 4112 4112 4200 0\n";

    fn check(comm: &[u8]) {
        let line = [b"812 (", comm, b")", TAIL.as_bytes()].concat();
        let parsed = parse(&line);
        assert_eq!(parsed.issues, []);
        assert_eq!(
            parsed.value,
            Some(Stat {
                comm,
                state: b"S",
                ppid: 1,
                pgrp: 812,
                session: 812,
                tty_nr: 34816,
                flags: 4_194_624,
                utime: 5,
                stime: 7,
                nice: -5,
                num_threads: 1,
                starttime: 1421,
                vsize: Some(15_921_152),
                rss: Some(1789),
                processor: Some(3),
                argument_bytes: Some(16),
            })
        );
    }

    #[test]
    fn names() {
        check(b"sshd");
        check(b") R 1 1 (sshd");
        check(b"\xff\n");
        check(b"");
    }

    #[test]
    fn fewer_and_more_fields() {
        // As far as a kernel must tell to be understood, and with fields that none has yet.
        let least = parse(b"7 (a) R 1 7 7 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 42\n");
        assert_eq!(least.issues, []);
        let least = least.value.unwrap();
        assert_eq!(
            (least.starttime, least.vsize, least.rss, least.processor),
            (42, None, None, None)
        );
        let line = [b"812 (a)", TAIL.trim_end().as_bytes(), b" 1 2 3\n"].concat();
        assert_eq!(parse(&line).value.unwrap().processor, Some(3));
        // The ends of the ranges, and values that the kernel hides from readers without rights.
        let wide = parse(
            b"4194304 (a) I 4194303 -1 -1 -32768 -1 69238880 0 0 0 0 18446744073709551615 0 0 0 -100 -20 2147483647 0 \
              18446744073709551615 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 0 0 0 17 8191 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
        );
        let wide = wide.value.unwrap();
        assert_eq!(
            (wide.ppid, wide.pgrp, wide.tty_nr, wide.nice),
            (4_194_303, -1, -32768, -20)
        );
        assert_eq!((wide.utime, wide.starttime), (u64::MAX, u64::MAX));
        assert_eq!(
            (wide.num_threads, wide.processor),
            (2_147_483_647, Some(8191))
        );
        assert!(wide.is_kernel_thread());
    }

    #[test]
    fn hostile() {
        for odd in [
            &b""[..],
            b"812 (sshd",
            b"812 (sshd) S 1",
            b")(",
            b"\0\xff",
            b"1 (a) S 99999999999999999999999 1 1",
        ] {
            let parsed = parse(odd);
            assert_eq!((parsed.value, parsed.issues.len()), (None, 1));
        }
    }
}
