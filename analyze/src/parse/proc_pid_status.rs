//! `/proc/PID/status`: `Name:` and its value, a line each.

use std::borrow::Cow;

use super::bytes::{cut, decimal, fields, is_blank, lines, unescape};
use super::{Issue, Parsed};

/// The lines that tables hold; `None` for a line that the kernel does not write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Status<'a> {
    /// Unescaped.
    pub(crate) name: Option<Cow<'a, [u8]>>,
    /// The letter.
    pub(crate) state: Option<&'a [u8]>,
    pub(crate) ppid: Option<u32>,
    /// Real, effective, saved.
    pub(crate) uid: Option<[u32; 3]>,
    /// Real, effective, saved.
    pub(crate) gid: Option<[u32; 3]>,
    /// Outermost first.
    pub(crate) nspid: Option<&'a [u8]>,
    /// Since Linux 6.8.
    pub(crate) kthread: Option<bool>,
    /// Bytes.
    pub(crate) vm_size: Option<u64>,
    /// Bytes.
    pub(crate) vm_rss: Option<u64>,
    pub(crate) threads: Option<u32>,
    pub(crate) voluntary_switches: Option<u64>,
    pub(crate) nonvoluntary_switches: Option<u64>,
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Status<'_>> {
    let mut parsed = Parsed::from(Status::default());
    for (number, line) in lines(input) {
        if is_blank(line) {
            continue;
        }
        let understood = cut(line, b':').is_some_and(|(key, value)| {
            // Only one byte separates a name from its value: a name may begin with blanks.
            let value = value.strip_prefix(b"\t").unwrap_or(value);
            take(&mut parsed.value, key, value)
        });
        if !understood {
            parsed.note(Issue::at(number, "a name and its value", line));
        }
    }
    parsed
}

fn take<'a>(status: &mut Status<'a>, key: &[u8], value: &'a [u8]) -> bool {
    let word = value.trim_ascii();
    match key {
        b"Name" => {
            status.name = Some(unescape(value, |after| match after.first()? {
                b'n' => Some((b'\n', 1)),
                b'\\' => Some((b'\\', 1)),
                _ => None,
            }));
            true
        }
        b"State" => keep(&mut status.state, fields(value).next()),
        b"PPid" => keep(&mut status.ppid, decimal(word)),
        b"Uid" => keep(&mut status.uid, three(value)),
        b"Gid" => keep(&mut status.gid, three(value)),
        b"NSpid" => keep(&mut status.nspid, Some(word)),
        b"Kthread" => keep(
            &mut status.kthread,
            decimal::<u8>(word).map(|flag| flag != 0),
        ),
        b"VmSize" => keep(&mut status.vm_size, kibibytes(value)),
        b"VmRSS" => keep(&mut status.vm_rss, kibibytes(value)),
        b"Threads" => keep(&mut status.threads, decimal(word)),
        b"voluntary_ctxt_switches" => keep(&mut status.voluntary_switches, decimal(word)),
        b"nonvoluntary_ctxt_switches" => keep(&mut status.nonvoluntary_switches, decimal(word)),
        _ => true,
    }
}

fn keep<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let understood = value.is_some();
    *place = value;
    understood
}

fn three(value: &[u8]) -> Option<[u32; 3]> {
    let mut ids = fields(value).map(decimal);
    Some([ids.next()??, ids.next()??, ids.next()??])
}

fn kibibytes(value: &[u8]) -> Option<u64> {
    decimal::<u64>(fields(value).next()?)?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], issues: usize, expected: &Status<'_>) {
        let parsed = parse(input);
        assert_eq!(&parsed.value, expected);
        assert_eq!(parsed.issues.len(), issues);
    }

    #[test]
    fn a_process() {
        check(
            b"Name:\tsshd\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t812\nNgid:\t0\nPid:\t812\nPPid:\t1\nUid:\t0\t1\t2\t3\n\
              Gid:\t4\t5\t6\t7\nNSpid:\t812\t7\nKthread:\t0\nVmSize:\t   15548 kB\nVmRSS:\t    7156 kB\nThreads:\t1\n\
              voluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t545\n",
            0,
            &Status {
                name: Some(Cow::Borrowed(b"sshd")),
                state: Some(b"S"),
                ppid: Some(1),
                uid: Some([0, 1, 2]),
                gid: Some([4, 5, 6]),
                nspid: Some(b"812\t7"),
                kthread: Some(false),
                vm_size: Some(15548 * 1024),
                vm_rss: Some(7156 * 1024),
                threads: Some(1),
                voluntary_switches: Some(150),
                nonvoluntary_switches: Some(545),
            },
        );
    }

    #[test]
    fn older_and_newer_kernels() {
        // 2.6.32: a kernel thread, with neither memory nor namespaces, and ids with a `-1`.
        check(
            b"Name:\tkthreadd\nState:\tS (sleeping)\nTgid:\t2\nPid:\t2\nPPid:\t0\nTracerPid:\t0\nUid:\t0\t4294967295\t0\t0\n\
              Gid:\t0\t0\t0\t0\nUtrace:\t0\nFDSize:\t64\nGroups:\t\nThreads:\t1\nSigQ:\t0/7826\nCapBnd:\tffffffffffffffff\n\
              Cpus_allowed:\tff\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t9\nnonvoluntary_ctxt_switches:\t0\n",
            0,
            &Status {
                name: Some(Cow::Borrowed(b"kthreadd")),
                state: Some(b"S"),
                ppid: Some(0),
                uid: Some([0, u32::MAX, 0]),
                gid: Some([0, 0, 0]),
                threads: Some(1),
                voluntary_switches: Some(9),
                nonvoluntary_switches: Some(0),
                ..Status::default()
            },
        );
        // 6.9 and what comes later: words without number or value, several nested namespaces.
        check(
            b"Name:\ta\nUmask:\t0022\nNSpid:\t4194303\t17\t1\nKthread:\t1\nHugetlbPages:\t       0 kB\nuntag_mask:\t0xffffffffffffffff\n\
              CapAmb:\t0000000000000000\nSpeculation_Store_Bypass:\tthread vulnerable\nx86_Thread_features:\t\nNewer: words of: another\n",
            0,
            &Status {
                name: Some(Cow::Borrowed(b"a")),
                nspid: Some(b"4194303\t17\t1"),
                kthread: Some(true),
                ..Status::default()
            },
        );
    }

    #[test]
    fn names() {
        let check_name = |input: &[u8], name: &[u8]| {
            assert_eq!(parse(input).value.name.as_deref(), Some(name));
        };
        check_name(b"Name:\t\xff\\n\n", b"\xff\n");
        check_name(b"Name:\ta\\\\nb\n", b"a\\nb");
        check_name(b"Name:\t: x\n", b": x");
        check_name(b"Name:\t\n", b"");
        check_name(b"Name:\t a \n", b" a ");
    }

    #[test]
    fn hostile() {
        check(b"", 0, &Status::default());
        check(b"PPid:\t-1\n\0\xff\nVmRSS:\n", 3, &Status::default());
        check(b"VmSize:\t18446744073709551615 kB", 1, &Status::default());
        check(b"Uid:\t0\t0", 1, &Status::default());
    }
}
