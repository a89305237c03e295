//! `/proc/pressure/*`: `some` or `full`, then `name=value`.

use super::Parsed;
use super::bytes::{cut, decimal, each_line, fields, no_heading};

/// A line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pressure<'a> {
    pub(crate) kind: &'a [u8],
    /// Over 10, 60 and 300 seconds, as they are written.
    pub(crate) averages: [&'a [u8]; 3],
    /// Microseconds.
    pub(crate) total: u64,
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Pressure<'_>>> {
    each_line(input, no_heading, "averages and a total", |line| {
        let mut fields = fields(line);
        let kind = fields
            .next()
            .filter(|kind| matches!(*kind, b"some" | b"full"))?;
        let values: Vec<_> = fields.filter_map(|field| cut(field, b'=')).collect();
        let value = |name: &[u8]| {
            let found = values.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        };
        let average = |name: &[u8]| {
            let (whole, rest) = cut(value(name)?, b'.')?;
            let _: (u64, u64) = (decimal(whole)?, decimal(rest)?);
            value(name)
        };
        Some(Pressure {
            kind,
            averages: [average(b"avg10")?, average(b"avg60")?, average(b"avg300")?],
            total: decimal(value(b"total")?)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressures() {
        let parsed = parse(
            b"some avg10=0.12 avg60=1.34 avg300=100.00 total=987654\nfull avg10=0.00 avg60=0.00 avg300=0.05 total=0\n",
        );
        assert_eq!(parsed.issues, []);
        assert_eq!(
            parsed.value,
            [
                Pressure {
                    kind: b"some",
                    averages: [b"0.12", b"1.34", b"100.00"],
                    total: 987_654,
                },
                Pressure {
                    kind: b"full",
                    averages: [b"0.00", b"0.00", b"0.05"],
                    total: 0,
                },
            ]
        );
        let parsed = parse(
            b"some avg10=0.12 avg60=1.34 total=1\nmost avg10=0.12 avg60=1.34 avg300=0.00 total=1\n\0\xff\n\
              some avg10=x.y avg60=1.34 avg300=0.00 total=1\nfull avg10=0.0 avg60=1.34 avg300=0.00 total=-1\n",
        );
        assert_eq!((parsed.value.len(), parsed.issues.len()), (0, 5));
    }
}
