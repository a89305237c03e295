//! Keywords of compound commands.

use super::{Piece, Word};

/// What a word is to the grammar.
pub(super) enum Keyword {
    /// Stands before a command.
    Leads,
    /// Begins a compound command, and stands before a command.
    Opens,
    /// Ends a compound command.
    Closes,
    /// Begins one of which no command follows at once.
    Case,
    /// Before a variable and its values.
    Loop,
    /// Before a name, which the compound command that is its body may follow.
    Function,
}

/// How many words `time` has here before a compound command, which no program of that name could run.
pub(super) fn timed(words: &[Word]) -> usize {
    let is = |word: &Word, text: &[u8]| plain(word).is_some_and(|word| word == text);
    match words {
        [time, next, ..] if is(time, b"time") && keyword(next).is_some() => 1,
        [time, option, next, ..]
            if is(time, b"time") && is(option, b"-p") && keyword(next).is_some() =>
        {
            2
        }
        _ => 0,
    }
}

/// The text of a word without quotes and variables.
fn plain(word: &[Piece]) -> Option<Vec<u8>> {
    word.iter()
        .map(|piece| match piece {
            Piece::Plain(byte) => Some(*byte),
            _ => None,
        })
        .collect()
}

/// The keyword that a word is, where it is one without quotes.
pub(super) fn keyword(word: &[Piece]) -> Option<Keyword> {
    match &*plain(word)? {
        b"then" | b"elif" | b"else" | b"do" | b"!" | b"begin" | b"and" | b"or" | b"not"
        | b"coproc" | b"end" => Some(Keyword::Leads),
        b"if" | b"while" | b"until" | b"{" => Some(Keyword::Opens),
        b"fi" | b"done" | b"esac" | b"}" => Some(Keyword::Closes),
        b"case" => Some(Keyword::Case),
        b"for" | b"select" => Some(Keyword::Loop),
        b"function" => Some(Keyword::Function),
        _ => None,
    }
}
