//! Bytes of the host that are meant as text, and how they are shown.
//!
//! Paths, arguments, command names and log lines are bytes on Linux, not UTF-8. They stay [`Text`] from the file to
//! the database, and are escaped only where somebody looks at them.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().copied().flat_map(hex_digits);
    digits.map(char::from).collect()
}

/// A byte as two lower-case hex digits.
pub const fn hex_digits(byte: u8) -> [u8; 2] {
    const fn digit(value: u8) -> u8 {
        match value {
            0..=9 => b'0'.wrapping_add(value),
            _ => b'a'.wrapping_add(value.wrapping_sub(10)),
        }
    }
    [digit(byte >> 4), digit(byte & 0xf)]
}

/// The bytes that hex digits of either case stand for. `None` where there are not two for each, or anything else.
pub fn from_hex<const LENGTH: usize>(digits: &[u8]) -> Option<[u8; LENGTH]> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != LENGTH || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; LENGTH];
    let mut is_hex = true;
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        // Without a branch for each digit: there are 64 for each member of a bundle.
        is_hex &= high.is_ascii_hexdigit() & low.is_ascii_hexdigit();
        *byte = value_of_digit(*high) << 4 | value_of_digit(*low);
    }
    is_hex.then_some(bytes)
}

/// The value of a hex digit; of anything else it is meaningless.
fn value_of_digit(digit: u8) -> u8 {
    // `A` and `a` end in 1, and of hex digits only letters have the bit of 0x40.
    let from_letter = (digit >> 6).wrapping_mul(9);
    (digit & 0xf).wrapping_add(from_letter) & 0xf
}

/// Text of the host, byte for byte, borrowed from the member it was read in or owned.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(Cow<'a, [u8]>);

impl<'a> Text<'a> {
    /// The bytes, unescaped.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same text without a borrow.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }

    /// The bytes, borrowed for as long as the member they came from where nothing had to be copied.
    pub fn into_cow(self) -> Cow<'a, [u8]> {
        self.0
    }

    /// The text for a terminal: see [`escaped`].
    pub fn display(&self) -> Escaped<'_> {
        escaped(&self.0)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.display())
    }
}

impl<'a> From<&'a [u8]> for Text<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Text(Cow::Borrowed(bytes))
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<Vec<u8>> for Text<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Text(Cow::Owned(bytes))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text(Cow::Owned(text.into_bytes()))
    }
}

impl<'a> From<Cow<'a, [u8]>> for Text<'a> {
    fn from(bytes: Cow<'a, [u8]>) -> Self {
        Text(bytes)
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("bytes")
            }

            fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<Text<'de>, E> {
                Ok(Text::from(bytes))
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Text<'de>, E> {
                Ok(Text::from(bytes.to_vec()))
            }

            fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Text<'de>, E> {
                Ok(Text::from(bytes))
            }
        }

        deserializer.deserialize_bytes(TextVisitor)
    }
}

/// Bytes for a terminal or a message, reversibly escaped: see [`escaped`].
#[derive(Clone, Copy)]
pub struct Escaped<'a>(&'a [u8]);

/// Shows bytes of the host where a person reads them, without letting them act.
///
/// Printable text passes as it is. Control characters (C0, DEL, C1), characters that reorder or hide text (bidi
/// controls, zero-width), a backslash, and bytes that are no UTF-8 appear as `\n`, `\t`, `\r`, `\\`, `\xHH` or
/// `\u{HHHH}`, so the exact bytes can be read back.
pub fn escaped(bytes: &[u8]) -> Escaped<'_> {
    Escaped(bytes)
}

/// As [`escaped`], with newlines and tabs as they are: for text of several lines.
pub fn escaped_lines(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\t')) {
        let (text, end) = match piece {
            [text @ .., b'\n'] => (text, "\n"),
            [text @ .., b'\t'] => (text, "\t"),
            text => (text, ""),
        };
        // It may be most of what fits into memory. A string takes everything.
        let _ = write!(shown, "{}{end}", escaped(text));
    }
    shown
}

/// Whether a character may act on a terminal instead of being shown, or is not seen there: controls, bidi controls, and
/// all that Unicode calls ignorable by default (zero-width and joining marks, tags, variation selectors, fillers).
pub fn is_unsafe_to_show(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn needs_escape(character: char) -> bool {
    match character {
        ' '..='[' | ']'..='~' => false,
        other => other == '\\' || is_unsafe_to_show(other),
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            let mut rest = chunk.valid();
            while !rest.is_empty() {
                // Most text is harmless, and is written as it is.
                let harmless = rest.find(needs_escape).unwrap_or(rest.len());
                let (text, behind) = rest.split_at(harmless);
                formatter.write_str(text)?;
                let mut characters = behind.chars();
                match characters.next() {
                    None => {}
                    Some('\n') => formatter.write_str("\\n")?,
                    Some('\t') => formatter.write_str("\\t")?,
                    Some('\r') => formatter.write_str("\\r")?,
                    Some('\\') => formatter.write_str("\\\\")?,
                    Some(other) if other.is_ascii() => {
                        write!(formatter, "\\x{:02x}", u32::from(other))?;
                    }
                    Some(other) => write!(formatter, "\\u{{{:x}}}", u32::from(other))?,
                }
                rest = characters.as_str();
            }
            for byte in chunk.invalid() {
                write!(formatter, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_digits_of_bytes() {
        assert_eq!(hex(&[0x00, 0x9a, 0xff]), "009aff");
        assert_eq!(from_hex(b"009aFf"), Some([0x00, 0x9a, 0xff]));
        for odd in [
            &b"009af"[..],
            b"009aff0",
            b"009aff00",
            b"009afg",
            b"+09aff",
            b"",
        ] {
            assert_eq!(from_hex::<3>(odd), None, "{odd:?}");
        }
    }

    fn check(input: &[u8], shown: &str) {
        assert_eq!(escaped(input).to_string(), shown);
    }

    #[test]
    fn shows_without_acting() {
        check(b"plain text", "plain text");
        check("größe".as_bytes(), "größe");
        check(b"a\nb\tc\\d", "a\\nb\\tc\\\\d");
        check(b"\x1b]52;c;AAAA\x07", "\\x1b]52;c;AAAA\\x07");
        check(b"\xff\n", "\\xff\\n");
        check(b"\x9b31m", "\\x9b31m");
        check("\u{9b}31m\u{202e}abc".as_bytes(), "\\u{9b}31m\\u{202e}abc");
        assert_eq!(
            escaped_lines(b"a\tb\\\r\n\n\x1bc\n"),
            "a\tb\\\\\\r\n\n\\x1bc\n"
        );
        // What is not seen may hide that two names differ.
        check(
            "a\u{fe0f}b\u{e0100}c\u{34f}d\u{2069}e\u{2028}".as_bytes(),
            "a\\u{fe0f}b\\u{e0100}c\\u{34f}d\\u{2069}e\\u{2028}",
        );
    }

    /// What [`escaped`] was given.
    fn unescaped(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some((before, escape)) = rest.split_once('\\') {
            bytes.extend_from_slice(before.as_bytes());
            let code = |digits: &str| u32::from_str_radix(digits, 16).unwrap();
            let used = match escape.as_bytes()[0] {
                b'x' => {
                    bytes.push(u8::try_from(code(escape.get(1..3).unwrap())).unwrap());
                    3
                }
                b'u' => {
                    let end = escape.find('}').unwrap();
                    let character = char::from_u32(code(escape.get(2..end).unwrap())).unwrap();
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    end + 1
                }
                letter => {
                    let at = b"ntr\\".iter().position(|known| *known == letter);
                    bytes.push(b"\n\t\r\\"[at.unwrap()]);
                    1
                }
            };
            rest = escape.get(used..).unwrap();
        }
        bytes.extend_from_slice(rest.as_bytes());
        bytes
    }

    proptest::proptest! {
        #[test]
        fn the_exact_bytes_can_be_read_back(
            bytes: Vec<u8>,
            text in "[\\\\nxu{}0-9a-f\u{1b}\u{9b}\u{202e}\u{feff}\u{e0041}ä\n\t]{0,40}",
        ) {
            for input in [bytes.as_slice(), text.as_bytes()] {
                let shown = escaped(input).to_string();
                assert!(!shown.chars().any(is_unsafe_to_show), "{shown:?}");
                assert_eq!(unescaped(&shown), input);
            }
        }
    }
}
