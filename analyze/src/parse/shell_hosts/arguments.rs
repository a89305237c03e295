//! Options and operands of a program, as `getopt_long` tells them apart.

/// Which options of a program have a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Letters with a value, in the same word or the next one.
    pub(super) short: &'static str,
    /// Letters with a value only in the same word.
    pub(super) joined: &'static str,
    /// Long names, separated by blanks, with a value in the next word where it is not behind a `=`.
    pub(super) long: &'static str,
}

/// An argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument<'a> {
    /// A letter, with its value where it has one.
    Short(u8, Option<&'a [u8]>),
    /// A long option, with its value where it has one.
    Long(&'a [u8], Option<&'a [u8]>),
    /// Anything else.
    Operand(&'a [u8]),
}

/// The arguments of a program, one after the other.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    options: Options,
    words: &'a [Vec<u8>],
    /// What is left of a word of several letters.
    letters: &'a [u8],
    only_operands: bool,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(options: Options, words: &'a [Vec<u8>]) -> Self {
        Arguments {
            options,
            words,
            letters: b"",
            only_operands: false,
        }
    }

    /// The words that have not been looked at.
    pub(super) fn rest(&self) -> &'a [Vec<u8>] {
        self.words
    }

    fn next_word(&mut self) -> Option<&'a [u8]> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }
}

impl<'a> Iterator for Arguments<'a> {
    type Item = Argument<'a>;

    fn next(&mut self) -> Option<Argument<'a>> {
        if let Some((letter, rest)) = self.letters.split_first() {
            let has = |letters: &str| letters.as_bytes().contains(letter);
            if !has(self.options.short) && !has(self.options.joined) {
                self.letters = rest;
                return Some(Argument::Short(*letter, None));
            }
            self.letters = b"";
            let value = if !rest.is_empty() {
                Some(rest.strip_prefix(b"=").unwrap_or(rest))
            } else if has(self.options.short) {
                self.next_word()
            } else {
                None
            };
            return Some(Argument::Short(*letter, value));
        }
        let word = self.next_word()?;
        if self.only_operands || word == b"-" {
            return Some(Argument::Operand(word));
        }
        if word == b"--" {
            self.only_operands = true;
            return self.next();
        }
        if let Some(option) = word.strip_prefix(b"--") {
            if let Some((name, value)) = super::super::bytes::cut(option, b'=') {
                return Some(Argument::Long(name, Some(value)));
            }
            let has_value = self
                .options
                .long
                .split(' ')
                .any(|name| name.as_bytes() == option);
            let value = if has_value { self.next_word() } else { None };
            return Some(Argument::Long(option, value));
        }
        match word.strip_prefix(b"-") {
            Some(letters) => {
                self.letters = letters;
                self.next()
            }
            None => Some(Argument::Operand(word)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_operands() {
        let options = Options {
            short: "po",
            joined: "w",
            long: "port",
        };
        let words: Vec<Vec<u8>> = "-vp 22 -oA=b x -wpass -w y --port 1 --port=2 --q - -- -p"
            .split(' ')
            .map(Into::into)
            .collect();
        let arguments: Vec<_> = Arguments::new(options, &words).collect();
        assert_eq!(
            arguments,
            [
                Argument::Short(b'v', None),
                Argument::Short(b'p', Some(b"22")),
                Argument::Short(b'o', Some(b"A=b")),
                Argument::Operand(b"x"),
                Argument::Short(b'w', Some(b"pass")),
                Argument::Short(b'w', None),
                Argument::Operand(b"y"),
                Argument::Long(b"port", Some(b"1")),
                Argument::Long(b"port", Some(b"2")),
                Argument::Long(b"q", None),
                Argument::Operand(b"-"),
                Argument::Operand(b"-p"),
            ]
        );
        let cut = [b"-p".to_vec()];
        let arguments: Vec<_> = Arguments::new(options, &cut).collect();
        assert_eq!(arguments, [Argument::Short(b'p', None)]);
    }
}
