//! The one choke point through which evidence passes before it is written.
//!
//! A secret becomes `secret:` and 16 hex digits of an HMAC under the key of the capture: equal secrets stay equal, in
//! whatever file they stand, and nobody without the key can try guesses. Which bytes are secrets is decided on typed
//! fields ([`Content`]), by the rules of [`words`].

mod configuration;
mod forms;
mod history;
mod json;
#[cfg(test)]
mod properties;
pub mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::source::Content;
use crate::text::hex;

/// Bytes of a key.
pub const KEY_LENGTH: usize = 32;
/// What a pseudonym begins with.
const TYPE: &str = "secret:";
/// Bytes of the HMAC in a pseudonym: enough that two secrets of one host never meet by chance.
const PSEUDONYM_LENGTH: usize = 8;

/// Replaces secrets by pseudonyms.
#[derive(Debug)]
pub struct Redactor {
    /// `None` where redaction is off.
    key: Option<Hmac<Sha256>>,
    key_id: String,
    /// Text without any of these holds nothing that a rule looks at.
    keywords: AhoCorasick,
    hits: BTreeMap<&'static str, u64>,
}

/// What is left of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted<'a> {
    /// The text, with pseudonyms for its secrets.
    pub bytes: Cow<'a, [u8]>,
    /// How many were replaced.
    pub count: u32,
    /// HMAC of the whole text as it was, hex; `None` where nothing was replaced. A plain hash of it would let anybody
    /// try guesses.
    pub original_hmac: Option<String>,
}

/// A secret in a text, and the rule that found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Where it stands.
    pub range: Range<usize>,
    /// Name of the rule.
    pub rule: &'static str,
}

impl Redactor {
    /// A redactor whose pseudonyms are made under `key`.
    ///
    /// # Errors
    /// When the keyword automaton cannot be built, which only a change of its list could cause.
    pub fn new(key: &[u8; KEY_LENGTH]) -> Result<Self, crate::Error> {
        let failed = |reason: String| crate::Error::Encode {
            table: "redaction rules",
            reason,
        };
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            // All that is captured passes through it.
            .kind(Some(AhoCorasickKind::DFA))
            .build(forms::KEYWORDS.iter().copied().chain(words::programs()))
            .map_err(|error| failed(error.to_string()))?;
        let key = Hmac::<Sha256>::new_from_slice(key).map_err(|error| failed(error.to_string()))?;
        let id = digest(&key, b"freezeframe key id");
        Ok(Redactor {
            key_id: id.get(..16).unwrap_or(&id).to_owned(),
            key: Some(key),
            keywords,
            hits: BTreeMap::new(),
        })
    }

    /// Identifies the key without telling it: an HMAC of a constant.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// How many secrets each rule found so far.
    pub fn hits(&self) -> &BTreeMap<&'static str, u64> {
        &self.hits
    }

    /// Whether [`Redactor::redact`] may change text of this kind: it must be given whole then.
    pub fn looks_at(content: Content) -> bool {
        content != Content::Plain
    }

    /// How much of the beginning of a tail must go: what is left of a command that was cut, in which no rule would
    /// know a secret.
    pub fn cut_command(content: Content, tail: &[u8]) -> usize {
        match content {
            Content::History => history::cut_command(tail),
            Content::Plain
            | Content::Environ
            | Content::Arguments
            | Content::Json
            | Content::Configuration => 0,
        }
    }

    /// Replaces the secrets of a text.
    pub fn redact<'a>(&mut self, content: Content, text: &'a [u8]) -> Redacted<'a> {
        let untouched = Redacted {
            bytes: Cow::Borrowed(text),
            count: 0,
            original_hmac: None,
        };
        let Some(key) = &self.key else {
            return untouched;
        };
        if !Redactor::looks_at(content) || !self.keywords.is_match(text) {
            return untouched;
        }
        let secrets = without_pseudonyms(text, words::find(content, text));
        if secrets.is_empty() {
            return untouched;
        }
        let mut bytes = Vec::with_capacity(text.len());
        let (mut done, mut count) = (0, 0_u32);
        for Secret { range, rule } in secrets {
            // Two rules may find the same secret.
            let (Some(before), Some(secret)) =
                (text.get(done..range.start), text.get(range.clone()))
            else {
                continue;
            };
            bytes.extend_from_slice(before);
            bytes.extend_from_slice(TYPE.as_bytes());
            let pseudonym = digest(key, secret);
            let shown = pseudonym.get(..PSEUDONYM_LENGTH.saturating_mul(2));
            bytes.extend_from_slice(shown.unwrap_or(&pseudonym).as_bytes());
            done = range.end;
            count = count.saturating_add(1);
            let hits = self.hits.entry(rule).or_default();
            *hits = hits.saturating_add(1);
        }
        bytes.extend_from_slice(text.get(done..).unwrap_or_default());
        Redacted {
            bytes: Cow::Owned(bytes),
            count,
            original_hmac: Some(digest(key, text)),
        }
    }
}

/// The same secrets without what is a pseudonym in them: what was redacted before stays as it is, so that it can still be
/// joined with all that was redacted once.
fn without_pseudonyms(text: &[u8], secrets: Vec<Secret>) -> Vec<Secret> {
    let mut pseudonyms = pseudonyms(text).peekable();
    if pseudonyms.peek().is_none() {
        return secrets;
    }
    let mut apart = Vec::with_capacity(secrets.len());
    for Secret { mut range, rule } in secrets {
        while let Some(pseudonym) = pseudonyms.next_if(|next| next.start < range.end) {
            let before = range.start..pseudonym.start;
            if !before.is_empty() {
                apart.push(Secret {
                    range: before,
                    rule,
                });
            }
            range.start = range.start.max(pseudonym.end);
        }
        if !range.is_empty() {
            apart.push(Secret { range, rule });
        }
    }
    apart
}

/// Where pseudonyms stand, in order.
pub fn pseudonyms(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    memchr::memmem::find_iter(text, TYPE).filter_map(move |start| {
        let digits = start.checked_add(TYPE.len())?;
        let end = digits.checked_add(PSEUDONYM_LENGTH.checked_mul(2)?)?;
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let digits = text.get(digits..end)?;
        let rest = text.get(end..)?;
        // One may follow the other where what stood between them went too.
        let is_whole = !rest.first().is_some_and(u8::is_ascii_alphanumeric)
            || rest.starts_with(TYPE.as_bytes());
        (is_whole && digits.iter().all(is_digit)).then_some(start..end)
    })
}

fn digest(key: &Hmac<Sha256>, text: &[u8]) -> String {
    hex(&key.clone().chain_update(text).finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(content: Content, text: &str) -> String {
        let mut redactor = Redactor::new(&[7; KEY_LENGTH]).unwrap();
        let redacted = redactor.redact(content, text.as_bytes());
        String::from_utf8(redacted.bytes.into_owned()).unwrap()
    }

    #[test]
    fn equal_secrets_stay_equal_everywhere() {
        let env = redact(Content::Environ, "DB_PASSWORD=pl0ver\0HOME=/root\0");
        let argument = redact(Content::Arguments, "app\0--password=pl0ver\0-v\0");
        let pseudonym = env.split(['=', '\0']).nth(1).unwrap();
        assert_eq!(pseudonym.len(), "secret:".len() + 16);
        assert_eq!(argument, format!("app\0--password={pseudonym}\0-v\0"));
        assert!(env.ends_with("\0HOME=/root\0"));
        for (before, after) in [
            ("mysql -p", " a"),
            ("mysql -p'", "' a"),
            ("- cmd: set -x PASSWORD \"", "\""),
            ("redis-cli -a \\\n ", " -h a"),
            ("ssh a 'mysql -p", " b'"),
            ("curl -u ada:", " a"),
        ] {
            let history = redact(Content::History, &format!("{before}pl0ver{after}\n"));
            assert_eq!(history, format!("{before}{pseudonym}{after}\n"));
        }
        let mut other = Redactor::new(&[8; KEY_LENGTH]).unwrap();
        let under_other_key = other.redact(Content::Environ, b"DB_PASSWORD=pl0ver\0");
        assert_ne!(
            *under_other_key.bytes,
            *env.split_inclusive('\0').next().unwrap().as_bytes()
        );
    }

    /// Found by fuzzing: the pseudonym of a pseudonym would be equal to nothing any more.
    #[test]
    fn what_was_redacted_stays() {
        for (content, text) in [
            (Content::Arguments, "mysql\0-ppl0ver\0-h\0db\0"),
            (
                Content::Environ,
                "DB_PASSWORD=pl0ver\0URL=redis://:pl0ver@h\0",
            ),
            (Content::History, "curl -u ada:pl0ver h\nmysql -ppl0ver a\n"),
        ] {
            let once = redact(content, text);
            assert!(!once.contains("pl0ver"), "{once}");
            assert_eq!(redact(content, &once), once);
        }
        let known = "secret:0123456789abcdef";
        let partly = redact(Content::Environ, &format!("PASSWORD=a {known} b\0"));
        assert_eq!(partly.matches("secret:").count(), 3);
        assert!(partly.contains(known));
        // Longer, shorter and other digits are no pseudonym.
        for odd in [
            "secret:0123456789abcdef0",
            "secret:0123456789abcde",
            "secret:0123456789ABCDEF",
        ] {
            let redacted = redact(Content::Environ, &format!("PASSWORD={odd}\0"));
            assert!(!redacted.contains(odd), "{redacted}");
        }
    }

    #[test]
    fn what_holds_no_secret_is_not_copied() {
        let mut redactor = Redactor::new(&[7; KEY_LENGTH]).unwrap();
        for (content, text) in [
            (Content::Plain, "password=pl0ver"),
            (
                Content::Environ,
                "PATH=/bin\0PWD=/srv\0SSH_AUTH_SOCK=/run/agent\0",
            ),
            (Content::History, "ls -l\ncd /etc\n"),
        ] {
            let redacted = redactor.redact(content, text.as_bytes());
            assert!(matches!(redacted.bytes, Cow::Borrowed(_)), "{text}");
            assert_eq!((redacted.count, redacted.original_hmac), (0, None));
        }
        assert!(redactor.hits().is_empty());
    }

    #[test]
    fn hits_are_counted_by_rule() {
        let mut redactor = Redactor::new(&[7; KEY_LENGTH]).unwrap();
        let redacted = redactor.redact(
            Content::Environ,
            b"A_TOKEN=x1\0B_SECRET=x2\0URL=postgres://ada:x3@db/app\0",
        );
        assert_eq!(
            (redacted.count, redacted.original_hmac.unwrap().len()),
            (3, 64)
        );
        assert_eq!(redactor.hits().get("named value"), Some(&2));
        assert_eq!(redactor.hits().get("url password"), Some(&1));
    }
}
