//! A command line of a shell: its commands, each with its words, as far as the line itself tells them.
//!
//! Quotes, comments, here-documents, redirections, substitutions, subshells and the keywords of compound commands are
//! understood as POSIX shells, bash, zsh and fish share them. Variables have the values that the same line gives them: by
//! an assignment, or as the variable of a `for`.

mod braces;
mod keywords;

use std::collections::HashMap;

use braces::braces;
use keywords::{Keyword, keyword, timed};

/// Bytes of a line that are looked at: nobody types more.
pub(crate) const LENGTH_LIMIT: usize = 64 << 10;
/// Stands in a word for what the line does not tell: the value of a variable, the output of a command.
pub(crate) const UNKNOWN: u8 = 0;
/// Commands within commands that are entered; what lies deeper is not looked at.
const DEPTH_LIMIT: usize = 16;
/// Most words that braces make of one, and most commands that the values of variables make of one.
const EXPANSION_LIMIT: usize = 64;
/// Variables of several values in one command: with two values each they reach the limit of commands.
const MANY_LIMIT: usize = 6;
/// Bytes of a word to which values of variables are added, and in which braces are expanded: values can be doubled
/// without end, and braces are looked for from each to the next.
const WORD_LIMIT: usize = 4096;
/// Bytes of all commands of one line: the values of variables can be written out in each of thousands.
const OUTPUT_LIMIT: usize = 1 << 20;

/// A simple command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Command {
    /// `NAME=value` before the command.
    pub(crate) assignments: Vec<Vec<u8>>,
    /// Program and arguments, without quotes and redirections.
    pub(crate) words: Vec<Vec<u8>>,
}

/// The commands of a line, those within others before them.
pub(crate) fn commands(line: &[u8]) -> Vec<Command> {
    Parser::of(line).commands
}

/// Whether a shell would wait for another line: within quotes, parentheses, a here-document or a compound command, or
/// behind an operator.
pub(crate) fn is_open(text: &[u8]) -> bool {
    let parser = Parser::of(text);
    parser.is_cut || parser.blocks > 0 || !parser.here.is_empty()
}

/// The line that ends the here-document whose text begins behind this one.
pub(crate) fn awaited(line: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(line, b"<<")?;
    let (end, _) = Parser::of(line).here.pop()?;
    Some(end)
}

/// A byte of a word, or what stands for some.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Plain(u8),
    Quoted(u8),
    Variable(Vec<u8>),
    Unknown,
}

type Word = Vec<Piece>;

struct Parser<'a> {
    rest: &'a [u8],
    depth: usize,
    /// Ends of the here-documents whose text begins on the next line, and whether tabs stand before them.
    here: Vec<(Vec<u8>, bool)>,
    variables: HashMap<Vec<u8>, Vec<Vec<u8>>>,
    commands: Vec<Command>,
    /// Bytes of the commands.
    made: usize,
    /// Compound commands that have begun and not ended.
    blocks: usize,
    /// Whether the text ended where more was to come.
    is_cut: bool,
}

impl<'a> Parser<'a> {
    fn of(line: &'a [u8]) -> Self {
        let mut parser = Parser {
            rest: line.get(..LENGTH_LIMIT).unwrap_or(line),
            depth: 0,
            here: Vec::new(),
            variables: HashMap::new(),
            commands: Vec::new(),
            made: 0,
            blocks: 0,
            is_cut: false,
        };
        parser.list();
        parser
    }

    /// Reads commands to the end, or to the parenthesis that closes what was entered.
    fn list(&mut self) {
        let mut words: Vec<Word> = Vec::new();
        // Whether an operator was the last that was seen.
        let mut awaits = false;
        loop {
            match *self.rest {
                [] => {
                    self.is_cut |= awaits && words.is_empty() || self.depth > 0;
                    break;
                }
                [b' ' | b'\t' | b'\r', ..] => self.skip(1),
                [b'\\', b'\n', ref rest @ ..] => {
                    self.is_cut |= rest.is_empty();
                    self.skip(2);
                }
                [b'\n', ..] => {
                    self.skip(1);
                    self.finish(&mut words);
                    self.skip_here();
                }
                [b'#', ..] => self.skip_to(b'\n'),
                [b'&', b'>', ..] => {
                    self.skip(1);
                    self.redirection(&mut words);
                }
                [byte @ (b';' | b'&' | b'|'), ..] => {
                    let is_pair = self.rest.get(1) == Some(&byte);
                    awaits = byte == b'|' || byte == b'&' && is_pair;
                    self.skip(if is_pair { 2 } else { 1 });
                    self.finish(&mut words);
                }
                [b'(', ..] => {
                    self.skip(1);
                    if let Some(name) = words.last().and_then(|word| array_name(word)) {
                        words.pop();
                        self.array(name);
                    } else {
                        self.finish(&mut words);
                        self.nested();
                    }
                }
                [b')', ..] => {
                    self.skip(1);
                    if self.depth > 0 {
                        break;
                    }
                    self.finish(&mut words);
                }
                [b'<' | b'>', ..] => self.redirection(&mut words),
                _ => {
                    let word = self.word();
                    let is_number = word
                        .iter()
                        .all(|piece| matches!(piece, Piece::Plain(byte) if byte.is_ascii_digit()));
                    // The descriptor of a redirection.
                    if !(is_number && matches!(self.rest, [b'<' | b'>', ..])) {
                        words.push(word);
                    }
                }
            }
        }
        self.finish(&mut words);
    }

    fn nested(&mut self) {
        if self.depth >= DEPTH_LIMIT {
            self.rest = b"";
            return;
        }
        self.depth = self.depth.saturating_add(1);
        self.list();
        self.depth = self.depth.saturating_sub(1);
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn skip_to(&mut self, byte: u8) {
        let end = memchr::memchr(byte, self.rest).unwrap_or(self.rest.len());
        self.skip(end);
    }

    fn blanks(&mut self) {
        let end = self
            .rest
            .iter()
            .position(|byte| !matches!(byte, b' ' | b'\t'));
        self.skip(end.unwrap_or(self.rest.len()));
    }

    /// Skips a redirection with what it names; commands within that are found.
    fn redirection(&mut self, words: &mut Vec<Word>) {
        match *self.rest {
            [b'<' | b'>', b'(', ..] => {
                self.skip(2);
                self.nested();
                words.push(vec![Piece::Unknown]);
                return;
            }
            [b'<', b'<', b'<', ..] => self.skip(3),
            [b'<', b'<', ..] => {
                self.skip(2);
                let tabs = self.rest.starts_with(b"-");
                self.skip(usize::from(tabs));
                self.blanks();
                let end = self.word();
                self.here.push((self.resolved(&end, &[]), tabs));
                return;
            }
            [_, b'>' | b'&' | b'|', ..] => self.skip(2),
            _ => self.skip(1),
        }
        self.blanks();
        self.word();
    }

    /// Skips the here-documents whose text begins here.
    fn skip_here(&mut self) {
        for (end, tabs) in std::mem::take(&mut self.here) {
            loop {
                let length = memchr::memchr(b'\n', self.rest);
                let line = self.rest.get(..length.unwrap_or(self.rest.len()));
                let mut line = line.unwrap_or_default();
                if tabs {
                    let text = line.iter().position(|byte| *byte != b'\t');
                    line = line.get(text.unwrap_or(line.len())..).unwrap_or_default();
                }
                let is_end = line == end;
                self.skip(length.map_or(self.rest.len(), |length| length.saturating_add(1)));
                self.is_cut |= !is_end && self.rest.is_empty();
                if is_end || self.rest.is_empty() {
                    break;
                }
            }
        }
    }

    /// Reads a word; empty where none begins here.
    fn word(&mut self) -> Word {
        let mut word = Vec::new();
        loop {
            match *self.rest {
                []
                | [
                    b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>',
                    ..,
                ] => {
                    return word;
                }
                [b'\\', b'\n', ref rest @ ..] => {
                    self.is_cut |= rest.is_empty();
                    self.skip(2);
                }
                [b'\\', byte, ..] => {
                    word.push(Piece::Quoted(byte));
                    self.skip(2);
                }
                [b'\'', ..] => {
                    self.skip(1);
                    let end = memchr::memchr(b'\'', self.rest);
                    self.is_cut |= end.is_none();
                    let end = end.unwrap_or(self.rest.len());
                    let quoted = self.rest.get(..end).unwrap_or_default();
                    word.extend(quoted.iter().copied().map(Piece::Quoted));
                    self.skip(end.saturating_add(1));
                }
                [b'"', ..] => {
                    self.skip(1);
                    self.quoted(&mut word);
                }
                [b'$', b'\'', ..] => {
                    self.skip(2);
                    self.ansi_quoted(&mut word);
                }
                [b'$', b'"', ..] => {
                    self.skip(2);
                    self.quoted(&mut word);
                }
                [b'$', ..] => word.push(self.dollar()),
                [b'`', ..] => word.push(self.backquoted()),
                [byte, ..] => {
                    word.push(Piece::Plain(byte));
                    self.skip(1);
                }
            }
        }
    }

    /// Reads on to the closing double quote.
    fn quoted(&mut self, word: &mut Word) {
        loop {
            match *self.rest {
                [] => return self.is_cut = true,
                [b'"', ..] => return self.skip(1),
                [b'\\', b'\n', ..] => self.skip(2),
                [b'\\', byte @ (b'"' | b'\\' | b'$' | b'`'), ..] => {
                    word.push(Piece::Quoted(byte));
                    self.skip(2);
                }
                [b'$', ..] => word.push(self.dollar()),
                [b'`', ..] => word.push(self.backquoted()),
                [byte, ..] => {
                    word.push(Piece::Quoted(byte));
                    self.skip(1);
                }
            }
        }
    }

    fn ansi_quoted(&mut self, word: &mut Word) {
        loop {
            match *self.rest {
                [] => return self.is_cut = true,
                [b'\'', ..] => return self.skip(1),
                [b'\\', byte, ..] => {
                    word.push(Piece::Quoted(match byte {
                        b'n' => b'\n',
                        b't' => b'\t',
                        _ => byte,
                    }));
                    self.skip(2);
                }
                [byte, ..] => {
                    word.push(Piece::Quoted(byte));
                    self.skip(1);
                }
            }
        }
    }

    /// Reads what a dollar introduces.
    fn dollar(&mut self) -> Piece {
        self.skip(1);
        match *self.rest {
            [b'(', b'(', ..] => {
                self.arithmetic();
                Piece::Unknown
            }
            [b'(', ..] => {
                self.skip(1);
                self.nested();
                Piece::Unknown
            }
            [b'{', ..] => {
                self.skip(1);
                let end = memchr::memchr(b'}', self.rest).unwrap_or(self.rest.len());
                let inside = self.rest.get(..end).unwrap_or_default();
                let name = inside
                    .strip_suffix(b"[@]")
                    .or_else(|| inside.strip_suffix(b"[*]"))
                    .unwrap_or(inside);
                let piece = if name.iter().all(|byte| is_name_byte(*byte)) {
                    Piece::Variable(name.to_vec())
                } else {
                    Piece::Unknown
                };
                self.skip(end.saturating_add(1));
                piece
            }
            [byte, ..] if is_name_byte(byte) && !byte.is_ascii_digit() => {
                let end = self.rest.iter().position(|byte| !is_name_byte(*byte));
                let (name, rest) = self
                    .rest
                    .split_at_checked(end.unwrap_or(self.rest.len()))
                    .unwrap_or((self.rest, b""));
                self.rest = rest;
                Piece::Variable(name.to_vec())
            }
            [
                b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' | b'0'..=b'9',
                ..,
            ] => {
                self.skip(1);
                Piece::Unknown
            }
            _ => Piece::Quoted(b'$'),
        }
    }

    /// Skips `((...))`.
    fn arithmetic(&mut self) {
        let mut depth = 0_usize;
        while let [byte, rest @ ..] = self.rest {
            self.rest = rest;
            match byte {
                b'(' => depth = depth.saturating_add(1),
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Reads a command between backquotes.
    fn backquoted(&mut self) -> Piece {
        self.skip(1);
        let mut inside = Vec::new();
        loop {
            match *self.rest {
                [] => {
                    self.is_cut = true;
                    break;
                }
                [b'`', ..] => {
                    self.skip(1);
                    break;
                }
                [b'\\', byte @ (b'`' | b'\\' | b'$'), ..] => {
                    inside.push(byte);
                    self.skip(2);
                }
                [byte, ..] => {
                    inside.push(byte);
                    self.skip(1);
                }
            }
        }
        if self.depth < DEPTH_LIMIT {
            let mut parser = Parser {
                rest: &inside,
                depth: self.depth.saturating_add(1),
                here: Vec::new(),
                variables: std::mem::take(&mut self.variables),
                commands: std::mem::take(&mut self.commands),
                made: self.made,
                blocks: 0,
                is_cut: false,
            };
            parser.list();
            self.variables = parser.variables;
            self.commands = parser.commands;
            self.made = parser.made;
        }
        Piece::Unknown
    }

    /// Reads the values of `NAME=(...)`.
    fn array(&mut self, name: Vec<u8>) {
        let mut values = Vec::new();
        loop {
            match *self.rest {
                [] => {
                    self.is_cut = true;
                    break;
                }
                [b')', ..] => {
                    self.skip(1);
                    break;
                }
                [
                    b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'(' | b'<' | b'>',
                    ..,
                ] => self.skip(1),
                _ => {
                    let word = self.word();
                    if values.len() < EXPANSION_LIMIT {
                        values.extend(self.values(&word));
                    }
                }
            }
        }
        values.truncate(EXPANSION_LIMIT);
        self.variables.insert(name, values);
    }

    /// Takes the words of a command that is complete.
    fn finish(&mut self, words: &mut Vec<Word>) {
        let mut words = std::mem::take(words).into_iter();
        loop {
            let count = timed(words.as_slice());
            words.by_ref().take(count).for_each(drop);
            let Some(found) = words.as_slice().first().and_then(|word| keyword(word)) else {
                break;
            };
            words.next();
            match found {
                Keyword::Leads => {}
                Keyword::Opens => self.blocks = self.blocks.saturating_add(1),
                Keyword::Closes => self.blocks = self.blocks.saturating_sub(1),
                Keyword::Loop => {
                    self.blocks = self.blocks.saturating_add(1);
                    return self.bind_loop(words.collect());
                }
                Keyword::Case => {
                    self.blocks = self.blocks.saturating_add(1);
                    return;
                }
                Keyword::Function => {
                    words.next();
                    // The commands of fish follow on lines of their own.
                    if words
                        .as_slice()
                        .first()
                        .is_none_or(|word| keyword(word).is_none())
                    {
                        return;
                    }
                }
            }
        }
        let mut assignments = Vec::new();
        while let Some((name, value)) = words.as_slice().first().and_then(|word| assignment(word)) {
            assignments.push((name, value));
            words.next();
        }
        let words: Vec<Word> = words.flat_map(braces).collect();
        let program = words.first().map(|word| self.resolved(word, &[]));
        let program = program.unwrap_or_default();
        let declares = matches!(&*program, b"export" | b"declare" | b"local" | b"readonly");
        if program == b"export" {
            self.emit(&assignments, &words);
        }
        if program == b"set" {
            self.set(&words);
        }
        if declares {
            assignments.extend(words.iter().skip(1).filter_map(|word| assignment(word)));
        }
        if words.is_empty() || declares {
            for (name, value) in assignments {
                let values = self.values(&value);
                self.variables.insert(name, values);
            }
            return;
        }
        self.emit(&assignments, &words);
    }

    /// `set -OPTIONS NAME VALUES` of fish. In other shells only values, or one word, follow the options.
    fn set(&mut self, words: &[Word]) {
        let is_option = |word: &&Word| {
            word.first() == Some(&Piece::Plain(b'-')) && word.get(1) != Some(&Piece::Plain(b'-'))
        };
        let mut words = words.iter().skip(1).skip_while(is_option);
        if let Some(name) = words.next().map(|name| self.resolved(name, &[]))
            && name.iter().all(|byte| is_name_byte(*byte))
        {
            let values = words.flat_map(|word| self.values(word));
            let values: Vec<_> = values.take(EXPANSION_LIMIT).collect();
            if !values.is_empty() {
                self.variables.insert(name, values);
            }
        }
    }

    /// Takes a command once for each value of the variables in it.
    fn emit(&mut self, assignments: &[(Vec<u8>, Word)], words: &[Word]) {
        let mut many: Vec<(&[u8], usize)> = Vec::new();
        for piece in words.iter().flatten() {
            if let Piece::Variable(name) = piece
                && let Some(values) = self.variables.get(name).filter(|values| values.len() > 1)
                && many.len() < MANY_LIMIT
                && !many.iter().any(|(known, _)| known == name)
            {
                many.push((name, values.len()));
            }
        }
        let count = many
            .iter()
            .fold(1_usize, |count, (_, values)| count.saturating_mul(*values));
        for number in 0..count.min(EXPANSION_LIMIT) {
            let mut left = number;
            let choices: Vec<(&[u8], usize)> = many
                .iter()
                .map(|(name, values)| {
                    let choice = left.checked_rem(*values).unwrap_or(0);
                    left = left.checked_div(*values).unwrap_or(0);
                    (*name, choice)
                })
                .collect();
            let mut made = self.made;
            let mut is_under = |text: &Vec<u8>| {
                made = made.saturating_add(text.len()).saturating_add(1);
                made <= OUTPUT_LIMIT
            };
            let command = Command {
                assignments: assignments
                    .iter()
                    .map(|(name, value)| {
                        [name.as_slice(), b"=", &self.resolved(value, &choices)].concat()
                    })
                    .take_while(&mut is_under)
                    .collect(),
                words: words
                    .iter()
                    .map(|word| self.resolved(word, &choices))
                    .take_while(&mut is_under)
                    .collect(),
            };
            self.made = made;
            if made > OUTPUT_LIMIT {
                return;
            }
            self.commands.push(command);
        }
    }

    /// `NAME in WORDS` of a `for`.
    fn bind_loop(&mut self, words: Vec<Word>) {
        let mut words = words.into_iter();
        let Some(name) = words.next().map(|name| self.resolved(&name, &[])) else {
            return;
        };
        words.next();
        let values = words
            .flat_map(braces)
            .flat_map(|word| self.values(&word))
            .take(EXPANSION_LIMIT)
            .collect();
        self.variables.insert(name, values);
    }

    /// The values of a word: those of a variable it consists of, split at blanks, else the word itself.
    fn values(&self, word: &[Piece]) -> Vec<Vec<u8>> {
        if let [Piece::Variable(name)] = word
            && let Some(values) = self.variables.get(name)
        {
            return values
                .iter()
                .flat_map(|value| value.split(u8::is_ascii_whitespace))
                .filter(|value| !value.is_empty())
                .map(<[u8]>::to_vec)
                .collect();
        }
        vec![self.resolved(word, &[])]
    }

    /// The text of a word, with the chosen values of variables that have several.
    fn resolved(&self, word: &[Piece], choices: &[(&[u8], usize)]) -> Vec<u8> {
        let mut text = Vec::with_capacity(word.len());
        for piece in word {
            match piece {
                Piece::Plain(byte) | Piece::Quoted(byte) => text.push(*byte),
                Piece::Unknown => text.push(UNKNOWN),
                Piece::Variable(name) => {
                    if text.len() > WORD_LIMIT {
                        text.push(UNKNOWN);
                        continue;
                    }
                    let choice = choices.iter().find(|(chosen, _)| chosen == name);
                    let values = self.variables.get(name);
                    let value = values.and_then(|values| match choice {
                        Some((_, choice)) => values.get(*choice),
                        None => values.first().filter(|_| values.len() == 1),
                    });
                    text.extend_from_slice(value.map_or(&[UNKNOWN], Vec::as_slice));
                }
            }
        }
        text
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Name and value of `NAME=value`.
fn assignment(word: &[Piece]) -> Option<(Vec<u8>, Word)> {
    let equals = word.iter().position(|piece| *piece == Piece::Plain(b'='))?;
    let (name, value) = word.split_at_checked(equals)?;
    let name: Option<Vec<u8>> = name
        .iter()
        .map(|piece| match piece {
            Piece::Plain(byte) if is_name_byte(*byte) => Some(*byte),
            _ => None,
        })
        .collect();
    let name = name.filter(|name| name.first().is_some_and(|byte| !byte.is_ascii_digit()))?;
    Some((name, value.get(1..)?.to_vec()))
}

/// The name of an array whose values follow: a word that ends in its `=`.
fn array_name(word: &[Piece]) -> Option<Vec<u8>> {
    let (name, value) = assignment(word)?;
    value.is_empty().then_some(name)
}

#[cfg(test)]
mod tests;
