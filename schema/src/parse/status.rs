//! `/proc/PID/status`, as far as it says whose process it is and what memory it had.

/// The user of a process: its real user id, where the effective, saved and file system ids are the same. The
/// environment of a set-user-id program is that of whoever started it, so such a process speaks for nobody.
pub fn only_uid(status: &[u8]) -> Option<u32> {
    let mut ids = value(status, b"Uid:")?.split_ascii_whitespace();
    let real = ids.next()?;
    ids.all(|id| id == real).then(|| real.parse().ok())?
}

/// Most resident memory (`VmHWM`) since the process began its program, bytes; `None` for a kernel thread and a zombie.
pub fn peak_rss_bytes(status: &[u8]) -> Option<u64> {
    let kilobytes = value(status, b"VmHWM:")?.trim().strip_suffix(" kB")?;
    kilobytes.parse::<u64>().ok()?.checked_mul(1024)
}

fn value<'a>(status: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let mut lines = status.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| line.strip_prefix(name))?;
    std::str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users() {
        let check = |status: &[u8], uid| assert_eq!(only_uid(status), uid);
        check(
            b"Name:\tUid: 3\nUid:\t1000\t1000\t1000\t1000\nGid:\t0\n",
            Some(1000),
        );
        check(b"Uid:\t1000\t0\t0\t0\n", None);
        check(b"Uid:\t0\t0\t0\t0", Some(0));
        check(b"Uid:\t4294967296\n", None);
        check(b"Uid:\n", None);
        check(b"\xff", None);
    }

    #[test]
    fn memory() {
        let check = |status: &[u8], bytes| assert_eq!(peak_rss_bytes(status), bytes);
        check(
            b"Name:\tVmHWM: 3\nVmPeak:\t  9 kB\nVmHWM:\t    5048 kB\n",
            Some(5_169_152),
        );
        check(b"Name:\tkthreadd\n", None);
        check(b"VmHWM:\t18446744073709551615 kB\n", None);
        check(b"VmHWM:\t5048", None);
        check(b"VmHWM:\xff kB", None);
    }
}
