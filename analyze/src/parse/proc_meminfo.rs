//! `/proc/meminfo`: `Name: number`, most in kB.

use super::Parsed;
use super::bytes::{cut, decimal, each_line, fields};

/// A line: its name, and bytes or, without a unit, a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: u64,
    pub(crate) is_bytes: bool,
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Amount<'_>>> {
    each_line(input, is_old_table, "a name and a number", |line| {
        let (name, rest) = cut(line, b':')?;
        let mut fields = fields(rest);
        let number: u64 = decimal(fields.next()?)?;
        let (value, is_bytes) = match fields.next() {
            None => (number, false),
            Some(b"kB") => (number.checked_mul(1024)?, true),
            Some(_) => return None,
        };
        Some(Amount {
            name,
            value,
            is_bytes,
        })
    })
}

/// The table that kernels 2.4 had, and some routers still have, in front of the lines that say the same.
fn is_old_table(line: &[u8]) -> bool {
    let mut fields = fields(line);
    match fields.next() {
        Some(b"total:") => true,
        Some(b"Mem:" | b"Swap:") => fields.nth(1).is_some_and(|used| used != b"kB"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        let check = |input: &[u8], issues: usize, expected: &[(&[u8], u64, bool)]| {
            let parsed = parse(input);
            let rows: Vec<_> = parsed
                .value
                .iter()
                .map(|row| (row.name, row.value, row.is_bytes))
                .collect();
            assert_eq!(rows, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"MemTotal:       16308412 kB\nActive(anon):     12 kB\nHugePages_Total:       4\n",
            0,
            &[
                (b"MemTotal", 16_308_412 * 1024, true),
                (b"Active(anon)", 12 * 1024, true),
                (b"HugePages_Total", 4, false),
            ],
        );
        // A router's table, and numbers as wide as their column.
        check(
            b"        total:    used:    free:  shared: buffers:  cached:\nMem:  260579328 136073216 124506112        0  4915200 94064640\n\
              Swap:        0        0        0\nMemShared:             0 kB\nShadowCallStack:10373888 kB\nSwapFree:18014398503714728 kB\n",
            0,
            &[
                (b"MemShared", 0, true),
                (b"ShadowCallStack", 10_373_888 * 1024, true),
                (b"SwapFree", 18_446_744_067_803_881_472, true),
            ],
        );
        check(b"", 0, &[]);
        check(
            b"MemTotal:\n\0\xff\nA: 18446744073709551615 kB\nA: 1 MB\n",
            4,
            &[],
        );
    }
}
