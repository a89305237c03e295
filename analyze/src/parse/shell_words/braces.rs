//! Expansion of braces.

use super::{EXPANSION_LIMIT, Piece, WORD_LIMIT, Word};

/// Expands `{a,b}` and `{1..3}`.
pub(super) fn braces(word: Word) -> Vec<Word> {
    let mut done = Vec::new();
    let mut open = vec![word];
    while let Some(word) = open.pop() {
        let is_under = done.len().saturating_add(open.len()) < EXPANSION_LIMIT;
        let expanded = if is_under && word.len() <= WORD_LIMIT {
            first_brace(&word)
        } else {
            None
        };
        match expanded {
            Some(words) => open.extend(words.into_iter().rev()),
            None => done.push(word),
        }
    }
    done
}

/// The words that the first pair of braces makes of one.
fn first_brace(word: &[Piece]) -> Option<Vec<Word>> {
    let opens = word.iter().enumerate();
    let opens = opens.filter(|(_, piece)| **piece == Piece::Plain(b'{'));
    opens.map(|(at, _)| at).find_map(|at| {
        let before = word.get(..at)?;
        let inside = word.get(at.checked_add(1)?..)?;
        let (mut depth, mut from) = (0_usize, 0_usize);
        let mut parts: Vec<&[Piece]> = Vec::new();
        for (position, piece) in inside.iter().enumerate() {
            match piece {
                Piece::Plain(b'{') => depth = depth.saturating_add(1),
                Piece::Plain(b',') if depth == 0 => {
                    parts.push(inside.get(from..position)?);
                    from = position.checked_add(1)?;
                }
                Piece::Plain(b'}') if depth == 0 => {
                    parts.push(inside.get(from..position)?);
                    let after = inside.get(position.checked_add(1)?..)?;
                    let parts: Vec<Word> = match parts.as_slice() {
                        [only] => sequence(only)?,
                        parts => parts.iter().map(|part| part.to_vec()).collect(),
                    };
                    let whole = |part: &Word| [before, part, after].concat();
                    return Some(parts.iter().map(whole).collect());
                }
                Piece::Plain(b'}') => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        None
    })
}

/// The numbers of `1..3`, with the leading zeros of the first.
fn sequence(inside: &[Piece]) -> Option<Vec<Word>> {
    let text: Option<Vec<u8>> = inside
        .iter()
        .map(|piece| match piece {
            Piece::Plain(byte) => Some(*byte),
            _ => None,
        })
        .collect();
    let text = String::from_utf8(text?).ok()?;
    let (first, last) = text.split_once("..")?;
    let (from, to): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    let width = if first.starts_with('0') {
        first.len()
    } else {
        0
    };
    let numbers: Vec<u32> = if from <= to {
        (from..=to).take(EXPANSION_LIMIT).collect()
    } else {
        (to..=from).rev().take(EXPANSION_LIMIT).collect()
    };
    let word = |number: &u32| {
        format!("{number:0width$}")
            .bytes()
            .map(Piece::Plain)
            .collect()
    };
    Some(numbers.iter().map(word).collect())
}
