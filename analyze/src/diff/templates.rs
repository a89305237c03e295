//! Lines of logs as kinds of lines.
//!
//! The algorithm is Drain (He, Zhu, Zheng, Lyu: "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017):
//! words with numbers are variables from the start; a line goes to the leaf of a tree that has its number of words and its
//! first words, and there joins the most similar kind, in which the words that differ become variables too.

use std::collections::HashMap;

/// Words below which the tree branches.
const DEPTH: usize = 1;
/// Part of the words, in thousandths, that must be equal to join a kind.
const SIMILAR: usize = 500;
/// Words of a line that are looked at.
const MOST_WORDS: usize = 64;
/// Kinds in one leaf: more mean that the lines have no kinds.
const MOST_IN_LEAF: usize = 200;

/// Stands for a word that differs from line to line.
const VARIABLE: &[u8] = b"<*>";

/// A kind of line.
#[derive(Debug, Clone)]
pub(super) struct Template {
    words: Vec<Vec<u8>>,
    /// How many lines of it there were on each side.
    pub(super) counts: [u64; 2],
    /// One of them, of the later side where there is one.
    pub(super) example: Vec<u8>,
}

impl Template {
    /// The words, for people.
    pub(super) fn text(&self) -> Vec<u8> {
        self.words.join(&b' ')
    }
}

/// The kinds of lines of both sides: what joins one kind on one side does so on the other.
#[derive(Debug, Default)]
pub(super) struct Templates {
    leaves: HashMap<(usize, Vec<Vec<u8>>), Vec<Template>>,
}

impl Templates {
    /// Counts a line of one side.
    pub(super) fn add(&mut self, side: usize, line: &[u8]) {
        let words = words(line);
        let branch = words.iter().take(DEPTH).cloned().collect();
        let leaf = self.leaves.entry((words.len(), branch)).or_default();
        let best = leaf
            .iter()
            .enumerate()
            .map(|(index, template)| (similarity(&template.words, &words), index))
            .max_by_key(|(similarity, index)| (*similarity, usize::MAX.saturating_sub(*index)));
        let found = match best {
            Some((similarity, index)) if similarity >= SIMILAR || leaf.len() >= MOST_IN_LEAF => {
                Some(index)
            }
            _ => None,
        };
        let index = found.unwrap_or_else(|| {
            leaf.push(Template {
                words: words.clone(),
                counts: [0; 2],
                example: line.to_vec(),
            });
            leaf.len().saturating_sub(1)
        });
        let Some(template) = leaf.get_mut(index) else {
            return;
        };
        for (known, word) in template.words.iter_mut().zip(&words) {
            if known != word {
                *known = VARIABLE.to_vec();
            }
        }
        if side == 1 && template.counts[1] == 0 {
            template.example = line.to_vec();
        }
        if let Some(count) = template.counts.get_mut(side) {
            *count = count.saturating_add(1);
        }
    }

    /// All kinds, in the order of their words.
    pub(super) fn finish(self) -> Vec<Template> {
        let mut all: Vec<Template> = self.leaves.into_values().flatten().collect();
        all.sort_by(|one, other| one.words.cmp(&other.words));
        all
    }
}

/// The words of a line, those with numbers and long ones of hex digits as variables.
fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let words = line.split(|byte| {
        byte.is_ascii_whitespace()
            || matches!(byte, b'=' | b',' | b'(' | b')' | b'[' | b']' | b'"' | b'\'')
    });
    let words = words.filter(|word| !word.is_empty()).take(MOST_WORDS);
    words
        .map(|word| {
            let is_hex = word.len() >= 8
                && word
                    .iter()
                    .all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
            if is_hex || word.iter().any(u8::is_ascii_digit) {
                VARIABLE.to_vec()
            } else {
                word.to_vec()
            }
        })
        .collect()
}

/// Part of the words that are equal, in thousandths. A variable is equal to nothing but itself.
fn similarity(template: &[Vec<u8>], words: &[Vec<u8>]) -> usize {
    let equal = template
        .iter()
        .zip(words)
        .filter(|(one, other)| one == other)
        .count();
    equal
        .saturating_mul(1000)
        .checked_div(words.len())
        .unwrap_or(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(lines: &[(usize, &str)]) -> Vec<(String, [u64; 2])> {
        let mut templates = Templates::default();
        for (side, line) in lines {
            templates.add(*side, line.as_bytes());
        }
        let all = templates.finish().into_iter();
        all.map(|template| (String::from_utf8(template.text()).unwrap(), template.counts))
            .collect()
    }

    #[test]
    fn lines_of_one_kind() {
        let found = kinds(&[
            (0, "accepted connection from 192.0.2.7:51234 in 12 ms"),
            (1, "accepted connection from 192.0.2.99:7 in 3 ms"),
            (1, "cannot connect to db.example: connection refused"),
            (1, "cannot connect to cache.example: connection refused"),
            (0, "started"),
            (1, ""),
            (0, "user anna logged in"),
            (0, "user grace logged in"),
        ]);
        assert_eq!(
            found,
            [
                (String::new(), [0, 1]),
                ("accepted connection from <*> in <*> ms".to_owned(), [1, 1]),
                (
                    "cannot connect to <*> connection refused".to_owned(),
                    [0, 2]
                ),
                ("started".to_owned(), [1, 0]),
                ("user <*> logged in".to_owned(), [2, 0]),
            ]
        );
    }
}
