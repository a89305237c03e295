//! `/dev/kmsg`: `priority,sequence,microseconds,flags;message`, then lines ` KEY=value` that belong to the record.

use std::borrow::Cow;

use super::bytes::{cut, decimal, hex, is_blank, lines, unescape};
use super::{Issue, Parsed};

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KernelRecord<'a> {
    /// Line on which it begins, counted from 1.
    pub(crate) line: u64,
    /// 0 for the kernel's own.
    pub(crate) facility: u64,
    /// 0 emergency to 7 debug.
    pub(crate) severity: u8,
    /// Microseconds since boot.
    pub(crate) time_us: u64,
    /// Unescaped.
    pub(crate) message: Cow<'a, [u8]>,
}

/// Reads the records; the devices that the ` KEY=value` lines name are left.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<KernelRecord<'_>>> {
    let mut parsed = Parsed::from(Vec::new());
    for (number, line) in lines(input) {
        if is_blank(line) || line.starts_with(b" ") {
            continue;
        }
        match record(number, line) {
            Some(record) => parsed.value.push(record),
            None => parsed.note(Issue::at(number, "a record of the kernel's log", line)),
        }
    }
    parsed
}

fn record(number: u64, line: &[u8]) -> Option<KernelRecord<'_>> {
    let (prefix, message) = cut(line, b';')?;
    let mut fields = prefix.split(|byte| *byte == b',');
    let priority: u64 = decimal(fields.next()?)?;
    let _sequence: u64 = decimal(fields.next()?)?;
    Some(KernelRecord {
        line: number,
        facility: priority >> 3,
        severity: u8::try_from(priority & 7).ok()?,
        time_us: decimal(fields.next()?)?,
        message: unescape(message, |after| {
            let digits = after.strip_prefix(b"x")?.get(..2)?;
            Some((hex(digits)?, 3))
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let check = |input: &[u8], issues: usize, expected: &[(u64, u64, u8, u64, &[u8])]| {
            let parsed = parse(input);
            let rows: Vec<_> = parsed
                .value
                .iter()
                .map(|row| {
                    (
                        row.line,
                        row.facility,
                        row.severity,
                        row.time_us,
                        &*row.message,
                    )
                })
                .collect();
            assert_eq!(rows, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"6,339,5140900,-,caller=T1;eth0: link; up\n SUBSYSTEM=net\n DEVICE=n2\n30,340,5690716,-;a[1]: \\x1b\\x5cx41\\n\n",
            0,
            &[
                (1, 0, 6, 5_140_900, b"eth0: link; up"),
                (4, 3, 6, 5_690_716, b"a[1]: \x1b\\x41\\n"),
            ],
        );
        check(b"", 0, &[]);
        check(
            b"cut\n6,339\n\0\xff;\n6,1,99999999999999999999999,-;x\n6,1,2,-;",
            4,
            &[(5, 0, 6, 2, b"")],
        );
    }
}
