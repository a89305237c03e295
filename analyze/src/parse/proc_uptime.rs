//! `/proc/uptime`: two numbers of seconds.

use super::bytes::{cut, decimal, fields};
use super::{Issue, Parsed};

/// Whole seconds since boot, and those that all processors together were idle.
pub(crate) fn parse(input: &[u8]) -> Parsed<Option<(u64, u64)>> {
    let mut seconds = fields(input.trim_ascii()).map(|field| {
        let (whole, _) = cut(field, b'.').unwrap_or((field, b""));
        decimal(whole)
    });
    match (seconds.next().flatten(), seconds.next().flatten()) {
        (Some(total), Some(idle)) => Parsed::from(Some((total, idle))),
        _ => Parsed::odd(None, Issue::at(1, "two numbers of seconds", input)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds() {
        let check = |input: &[u8], expected| assert_eq!(parse(input).value, expected);
        check(b"350735.47 234388.90\n", Some((350_735, 234_388)));
        check(b"", None);
        check(b"1.0", None);
        check(b"99999999999999999999.0 1.0", None);
        check(b"\0\xff \n", None);
    }
}
