//! `/proc/vmstat`: a name and a number a line.

use super::Parsed;
use super::bytes::{decimal, each_line, fields, no_heading};

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<(&[u8], u64)>> {
    each_line(input, no_heading, "a name and a number", |line| {
        let mut fields = fields(line);
        let row = (fields.next()?, decimal(fields.next()?)?);
        fields.next().is_none().then_some(row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters() {
        let parsed = parse(b"nr_free_pages 128000\npgfault 18446744073709551615\n");
        assert_eq!(
            parsed.value,
            [(&b"nr_free_pages"[..], 128_000), (b"pgfault", u64::MAX)]
        );
        assert_eq!(parsed.issues, []);
        let parsed = parse(b"pgfault\npgfault x\n\0\xff\na 1 2\na -1\n");
        assert_eq!((parsed.value.len(), parsed.issues.len()), (0, 5));
    }
}
