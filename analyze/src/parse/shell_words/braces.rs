//! Expansion of braces.

use super::{EXPANSION_LIMIT, Piece, WORD_LIMIT, Word};

/// Length of the words that one pair of braces may make.
const WORDS_LIMIT: usize = 4 * WORD_LIMIT;

/// Expands `{a,b}` and `{1..3}`, until the words are many or long: what a word becomes is looked at in full, whatever it
/// cost to type.
pub(super) fn braces(word: Word) -> Vec<Word> {
    let mut done = Vec::new();
    let mut length = word.len();
    let mut open = vec![word];
    while let Some(word) = open.pop() {
        let is_under = done.len().saturating_add(open.len()) < EXPANSION_LIMIT;
        let expanded = if is_under && length <= WORD_LIMIT {
            first_brace(&word)
        } else {
            None
        };
        let made = |words: &Vec<Word>| words.iter().map(Vec::len).fold(0, usize::saturating_add);
        let expanded = expanded.filter(|words| made(words) <= WORDS_LIMIT);
        match expanded {
            Some(words) => {
                length = length.saturating_sub(word.len());
                length = length.saturating_add(made(&words));
                open.extend(words.into_iter().rev());
            }
            None => done.push(word),
        }
    }
    done
}

/// The words that the first pair of braces makes of one.
fn first_brace(word: &[Piece]) -> Option<Vec<Word>> {
    pairs(word).into_iter().find_map(|pair| {
        let before = word.get(..pair.open)?;
        let inside = word.get(pair.open.checked_add(1)?..pair.close)?;
        let after = word.get(pair.close.checked_add(1)?..)?;
        let parts: Vec<Word> = if pair.has_parts {
            parts(inside).map(<[Piece]>::to_vec).collect()
        } else {
            sequence(inside)?
        };
        let whole = |part: &Word| [before, part, after].concat();
        Some(parts.iter().map(whole).collect())
    })
}

/// An opening brace and the closing one that belongs to it.
#[derive(Debug, Clone, Copy)]
struct Pair {
    open: usize,
    close: usize,
    /// Whether a comma stands in it, and not in another pair within.
    has_parts: bool,
}

/// All pairs of a word in the order in which they open, in one walk: a word of nothing but opening braces must not take a
/// time that grows with its square.
fn pairs(word: &[Piece]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut open: Vec<(usize, bool)> = Vec::new();
    for (at, piece) in word.iter().enumerate() {
        match piece {
            Piece::Plain(b'{') => open.push((at, false)),
            Piece::Plain(b',') => {
                if let Some((_, has_parts)) = open.last_mut() {
                    *has_parts = true;
                }
            }
            Piece::Plain(b'}') => pairs.extend(open.pop().map(|(open, has_parts)| Pair {
                open,
                close: at,
                has_parts,
            })),
            _ => {}
        }
    }
    pairs.sort_by_key(|pair| pair.open);
    pairs
}

/// What stands between the commas of a pair, those of pairs within left aside.
fn parts(inside: &[Piece]) -> impl Iterator<Item = &[Piece]> {
    let mut depth = 0_usize;
    inside.split(move |piece| {
        match piece {
            Piece::Plain(b'{') => depth = depth.saturating_add(1),
            Piece::Plain(b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *piece == Piece::Plain(b',')
    })
}

/// The numbers of `1..3`, with the leading zeros of the first.
fn sequence(inside: &[Piece]) -> Option<Vec<Word>> {
    /// Longer ones are no two numbers.
    const LENGTH_LIMIT: usize = 32;
    if inside.len() > LENGTH_LIMIT {
        return None;
    }
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
