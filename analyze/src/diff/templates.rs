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

/// Lines of a kind that must have been expected for it to mean something that there is none.
const EXPECTED: i64 = 10;

/// Stands for a word that differs from line to line.
const VARIABLE: &[u8] = b"<*>";

/// A kind of line.
#[derive(Debug, Clone)]
pub(super) struct Template {
    words: Vec<Vec<u8>>,
    /// How many lines of it there were on each side.
    pub(super) counts: [u64; 2],
    /// The times of the first and the last line of the earlier side, epoch seconds.
    pub(super) between: Option<(i64, i64)>,
    /// One of them, of the later side where there is one.
    pub(super) example: Vec<u8>,
}

impl Template {
    /// Whether it came again and again up to a time, and then no more for so many seconds, in which it was to be expected many
    /// times.
    pub(super) fn has_ended(&self, at: i64, seconds: i64) -> bool {
        let count = i64::try_from(self.counts[0]).unwrap_or(i64::MAX);
        let Some((first, last)) = self.between.filter(|_| self.counts == [self.counts[0], 0])
        else {
            return false;
        };
        let gap = last
            .saturating_sub(first)
            .checked_div(count)
            .unwrap_or(0)
            .max(1);
        let went_on = at.saturating_sub(last) <= gap.saturating_mul(3);
        count >= EXPECTED && went_on && seconds >= gap.saturating_mul(EXPECTED)
    }

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
    /// Counts a line of one side, and its time.
    pub(super) fn add(&mut self, side: usize, line: &[u8], time: Option<i64>) {
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
                between: None,
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
        if let Some(time) = time.filter(|_| side == 0) {
            let (first, last) = template.between.unwrap_or((time, time));
            template.between = Some((first.min(time), last.max(time)));
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
            templates.add(*side, line.as_bytes(), None);
        }
        let all = templates.finish().into_iter();
        all.map(|template| (String::from_utf8(template.text()).unwrap(), template.counts))
            .collect()
    }

    #[test]
    fn what_came_again_and_again() {
        let ended = |times: &[i64], later: usize, at: i64, seconds: i64| {
            let mut templates = Templates::default();
            for time in times {
                templates.add(0, b"still waiting", Some(*time));
            }
            for _ in 0..later {
                templates.add(1, b"still waiting", Some(at));
            }
            templates.finish()[0].has_ended(at, seconds)
        };
        let each_minute: Vec<i64> = (0..20).map(|number| number * 60).collect();
        assert!(ended(&each_minute, 0, 1150, 3600));
        // It goes on, it had ended before, it is too early to tell, it was seen once.
        assert!(!ended(&each_minute, 1, 1150, 3600));
        assert!(!ended(&each_minute, 0, 5000, 3600));
        assert!(!ended(&each_minute, 0, 1150, 300));
        assert!(!ended(&[7], 0, 8, 3600));
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
