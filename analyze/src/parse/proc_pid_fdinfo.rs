//! `/proc/PID/fdinfo/FD`: four lines of every file, then those of its kind.

use super::bytes::{cut, decimal, integer, lines, octal};
use super::{Issue, Parsed};

/// What every open file has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FdInfo {
    pub(crate) pos: Option<u64>,
    pub(crate) flags: Option<u32>,
    pub(crate) mnt_id: Option<u32>,
    /// Since Linux 5.14.
    pub(crate) ino: Option<u64>,
}

/// Reads the lines of every file; those of its kind (locks, watches, timers) have other names and are left.
pub(crate) fn parse(input: &[u8]) -> Parsed<FdInfo> {
    let mut parsed = Parsed::from(FdInfo::default());
    for (number, line) in lines(input) {
        let Some((name, value)) = cut(line, b':') else {
            continue;
        };
        let value = value.trim_ascii();
        let found = &mut parsed.value;
        let understood = match name {
            // Files whose offset is unsigned, such as `mem`, show one above 2^63 as negative.
            b"pos" => keep(
                &mut found.pos,
                decimal(value).or_else(|| integer(value).map(i64::cast_unsigned)),
            ),
            b"flags" => keep(&mut found.flags, octal(value)),
            b"mnt_id" => keep(&mut found.mnt_id, decimal(value)),
            b"ino" => keep(&mut found.ino, decimal(value)),
            _ => true,
        };
        if !understood {
            parsed.note(Issue::at(number, "a number", line));
        }
    }
    parsed
}

/// The first line of a name counts: the lines of every file come first.
fn keep<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let understood = value.is_some();
    if place.is_none() {
        *place = value;
    }
    understood
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let check = |input: &[u8], issues: usize, expected: FdInfo| {
            let parsed = parse(input);
            assert_eq!(parsed.value, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"pos:\t0\nflags:\t0100002\nmnt_id:\t15\nino:\t9223372036854775809\ntfd:        5 events:       1d pos:7 ino:8\n",
            0,
            FdInfo {
                pos: Some(0),
                flags: Some(0o100_002),
                mnt_id: Some(15),
                ino: Some(9_223_372_036_854_775_809),
            },
        );
        // What the kinds of files add has names of its own, or the same ones after the lines of every file.
        let first = b"pos:\t0\nflags:\t02004002\nmnt_id:\t13\n".as_slice();
        for kind in [
            &b"eventfd-count:                0\neventfd-id: 4\neventfd-semaphore: 0\n"[..],
            b"inotify wd:2 ino:1300016 sdev:fd00002 mask:fce ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:16003001\n",
            b"sigmask:\t0000000000000006\n",
            b"clockid: 1\nticks: 0\nsettime flags: 01\nit_value: (0, 49406829)\nit_interval: (1, 0)\n",
            b"lock:\t1: POSIX  ADVISORY  WRITE 812 08:01:1300016 0 EOF\nlock:\t2: FLOCK  ADVISORY  READ 812 08:01:1300016 0 EOF\n",
            b"Pid:\t812\nNSpid:\t812\t7\n",
            b"fanotify flags:10 event-flags:0\nfanotify mnt_id:12 mflags:40 mask:38 ignored_mask:40000000\n",
            b"map_type:\t1\nkey_size:\t4\nmax_entries:\t100\nmemlock:\t4096\n",
            b"SqMask:\t7\nSqHead:\t0\nUserFiles:\t1\n    0: /a\nPollList:\n",
            b"scm_fds: 2\niff:\ttun0\n",
        ] {
            check(
                &[first, kind].concat(),
                0,
                FdInfo {
                    pos: Some(0),
                    flags: Some(0o2_004_002),
                    mnt_id: Some(13),
                    ino: None,
                },
            );
        }
        check(
            b"pos:\t-1\n",
            0,
            FdInfo {
                pos: Some(u64::MAX),
                ..FdInfo::default()
            },
        );
        check(b"", 0, FdInfo::default());
        check(
            b"pos:\t\nflags:\t9\n\0\xff\nino:\t99999999999999999999999",
            3,
            FdInfo::default(),
        );
    }
}
