//! `/proc/PID/stat`, as far as capture must know it: what tells two processes apart, and the CPU time of a worker.

/// Start time in clock ticks since boot (field 22). The name in parentheses may hold anything, parentheses and
/// newlines too: fields are counted from the last closing one.
pub fn start_ticks(line: &[u8]) -> Option<u64> {
    after_name(line)?.nth(19)
}

/// Process id of the parent (field 4).
pub fn parent(line: &[u8]) -> Option<u64> {
    after_name(line)?.nth(1)
}

/// CPU time in user mode and in the kernel, clock ticks (fields 14 and 15).
pub fn cpu_ticks(line: &[u8]) -> Option<(u64, u64)> {
    let mut fields = after_name(line)?.skip(11);
    Some((fields.next()?, fields.next()?))
}

/// The fields behind the name; what is no unsigned number is 0.
fn after_name(line: &[u8]) -> Option<impl Iterator<Item = u64>> {
    let name_end = memchr::memrchr(b')', line)?;
    let fields = line.get(name_end.checked_add(2)?..)?;
    let number = |field: &[u8]| std::str::from_utf8(field).ok()?.trim_ascii().parse().ok();
    Some(
        fields
            .split(|byte| *byte == b' ')
            .map(move |field| number(field).unwrap_or(0)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_shift_the_fields() {
        let line =
            b"7 () R 1 1 (sshd\n) S 3 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 111 22\n";
        assert_eq!((start_ticks(line), parent(line)), (Some(98_765), Some(3)));
        assert_eq!(cpu_ticks(line), Some((5, 6)));
        assert_eq!(cpu_ticks(b"7 (x) S 1"), None);
        assert_eq!(start_ticks(b"7 (x) S 1"), None);
        assert_eq!(start_ticks(b""), None);
        assert_eq!(start_ticks(b"7 (x)"), None);
    }
}
