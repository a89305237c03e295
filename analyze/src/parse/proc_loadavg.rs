//! `/proc/loadavg`: three averages, running and existing tasks, the last pid.

use super::{Issue, Parsed};

/// The averages over 1, 5 and 15 minutes as they are written.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<&[u8]>> {
    let is_average = |field: &&[u8]| {
        field.contains(&b'.')
            && field
                .iter()
                .all(|byte| byte.is_ascii_digit() || *byte == b'.')
    };
    let value: Vec<&[u8]> = input
        .trim_ascii()
        .split(|byte| *byte == b' ')
        .take(3)
        .filter(is_average)
        .collect();
    if value.len() == 3 {
        Parsed::from(value)
    } else {
        Parsed::odd(Vec::new(), Issue::at(1, "three averages", input))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages() {
        let check = |input: &[u8], expected: &[&[u8]]| assert_eq!(parse(input).value, expected);
        check(
            b"0.52 0.58 12.59 3/602 29345\n",
            &[b"0.52", b"0.58", b"12.59"],
        );
        check(b"", &[]);
        check(b"0.52 \xff 0.59", &[]);
        assert_eq!(parse(b"0.52").issues.len(), 1);
    }
}
