//! `/proc/PID/status`, as far as it says whose process it is.

/// The user of a process: its real user id, where the effective, saved and file system ids are the same. The
/// environment of a set-user-id program is that of whoever started it, so such a process speaks for nobody.
pub fn only_uid(status: &[u8]) -> Option<u32> {
    let line = status
        .split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(b"Uid:"))?;
    let mut ids = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let real = ids.next()?;
    ids.all(|id| id == real).then(|| real.parse().ok())?
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
}
