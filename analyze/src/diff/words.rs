//! Which words of a command line are others.

use super::values::differing_part;

/// The words that are in one list and not in the other, by their longest common part.
pub(super) fn changed(before: &[Vec<u8>], after: &[Vec<u8>]) -> [Vec<Vec<u8>>; 2] {
    const MOST: usize = 2000;
    if before.len() > MOST || after.len() > MOST {
        return [before.to_vec(), after.to_vec()];
    }
    // lengths[i][j]: of the longest common part of what follows i and j.
    let width = after.len().saturating_add(1);
    let mut lengths = vec![0_u32; width.saturating_mul(before.len().saturating_add(1))];
    let at = |row: usize, column: usize| row.saturating_mul(width).saturating_add(column);
    for (row, one) in before.iter().enumerate().rev() {
        for (column, other) in after.iter().enumerate().rev() {
            let get = |place: usize| lengths.get(place).copied().unwrap_or(0);
            let length = if one == other {
                get(at(row.saturating_add(1), column.saturating_add(1))).saturating_add(1)
            } else {
                get(at(row.saturating_add(1), column)).max(get(at(row, column.saturating_add(1))))
            };
            if let Some(place) = lengths.get_mut(at(row, column)) {
                *place = length;
            }
        }
    }
    let get = |row: usize, column: usize| lengths.get(at(row, column)).copied().unwrap_or(0);
    let (mut row, mut column) = (0_usize, 0_usize);
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    loop {
        match (before.get(row), after.get(column)) {
            (Some(one), Some(other)) if one == other => {
                row = row.saturating_add(1);
                column = column.saturating_add(1);
            }
            (Some(one), other)
                if other.is_none()
                    || get(row.saturating_add(1), column) >= get(row, column.saturating_add(1)) =>
            {
                gone.push(one.clone());
                row = row.saturating_add(1);
            }
            (_, Some(other)) => {
                new.push(other.clone());
                column = column.saturating_add(1);
            }
            _ => break,
        }
    }
    let sorted = |words: &[Vec<u8>]| {
        let mut words = words.to_vec();
        words.sort();
        words
    };
    if sorted(&gone) == sorted(&new) {
        // The same ones in another order: it is what stands around them that tells.
        return differing_part(before, after, PartialEq::eq).map(<[_]>::to_vec);
    }
    [gone, new]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_others() {
        let words = |line: &str| -> Vec<Vec<u8>> {
            let words = line.split_whitespace();
            words.map(|word| word.as_bytes().to_vec()).collect()
        };
        let check = |before: &str, after: &str, gone: &str, new: &str| {
            assert_eq!(
                changed(&words(before), &words(after)),
                [words(gone), words(new)],
                "{before} -> {after}"
            );
        };
        check("a b c", "a b c", "", "");
        check("a b c", "a x c", "b", "x");
        check("a c", "a b c", "", "b");
        check("a b c d", "a c e", "b d", "e");
        // In another order.
        check("a b c d e", "a d c b e", "b c d", "d c b");
        check("a --port 1", "--port 1 a", "a --port 1", "--port 1 a");
    }
}
