//! `/proc/sys/*`: one value a file, and `fs/file-nr` with three numbers.

use super::bytes::{decimal, fields};
use super::{Issue, Parsed};

/// Name as `sysctl` has it, of a file below `/proc/sys`.
pub(crate) fn name(path: &[u8]) -> Option<Vec<u8>> {
    let name = path.strip_prefix(b"/proc/sys/")?;
    Some(
        name.iter()
            .map(|byte| if *byte == b'/' { b'.' } else { *byte })
            .collect(),
    )
}

/// A setting without the newline at its end.
pub(crate) fn value(input: &[u8]) -> &[u8] {
    input.strip_suffix(b"\n").unwrap_or(input)
}

/// A count.
pub(crate) fn count(input: &[u8]) -> Parsed<Option<u64>> {
    let value = decimal(input.trim_ascii());
    Parsed::one(value, || Issue::whole("a number", input))
}

/// `fs/file-nr`: allocated, unused, maximum.
pub(crate) fn file_nr(input: &[u8]) -> Parsed<Option<[u64; 3]>> {
    let numbers: Option<Vec<u64>> = fields(input.trim_ascii()).map(decimal).collect();
    let value = numbers.and_then(|numbers| <[u64; 3]>::try_from(numbers).ok());
    Parsed::one(value, || Issue::whole("three numbers", input))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings() {
        let check =
            |path: &[u8], expected: Option<&[u8]>| assert_eq!(name(path).as_deref(), expected);
        check(b"/proc/sys/vm/swappiness", Some(b"vm.swappiness"));
        check(
            b"/proc/sys/net/ipv4/conf/all/rp_filter",
            Some(b"net.ipv4.conf.all.rp_filter"),
        );
        check(b"/proc/vmstat", None);
        assert_eq!(value(b"4096\t87380\t6291456\n"), b"4096\t87380\t6291456");
        assert_eq!(value(b"\n"), b"");
        assert_eq!(value(b"\xff\0"), b"\xff\0");
    }

    #[test]
    fn numbers() {
        assert_eq!(count(b"12\n").value, Some(12));
        assert_eq!(count(b"").issues.len(), 1);
        assert_eq!(count(b"-1\n").issues.len(), 1);
        assert_eq!(
            file_nr(b"1632\t0\t9223372036854775807\n").value,
            Some([1632, 0, 9_223_372_036_854_775_807])
        );
        for odd in [&b""[..], b"1 2", b"1 2 3 4", b"1 2 \xff"] {
            assert_eq!(file_nr(odd).issues.len(), 1);
        }
    }
}
