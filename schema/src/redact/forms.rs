//! What is a secret by its name, and what by its own form.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::Regex;

use super::Secret;
use super::words::slice;

/// Every rule needs one of these, or a program that has options of its own, to stand somewhere in the text, in any case.
pub(super) const KEYWORDS: &[&str] = &[
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "credential",
    "auth",
    "cookie",
    "://",
    "bearer",
    "jwt",
    "sudo",
    "from-literal",
    "cryptsetup",
    "identified",
    "gho_",
    "ghp_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "npm_",
    "sk_live_",
    "sk-",
    "hvs.",
    "akia",
    "asia",
    "aiza",
    "eyj",
];

/// Parts of a name that say that its value is a secret.
const SECRET_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "accesskey",
    "access_key",
    "privatekey",
    "private_key",
    "credential",
    "bearer",
];
/// Ends of a name that say so.
const SECRET_ENDS: &[&str] = &["pass", "pwd", "_key", "_auth", "_cookie", "_jwt"];
/// Whole names that say so.
const SECRET_NAMES: &[&str] = &["auth", "key", "cookie", "jwt", "masterauth"];
/// Ends of a name that say that its value only tells where the secret lies.
const INDIRECT_ENDS: &[&str] = &[
    "_file", "_path", "_dir", "_id", "_url", "_name", "_type", "_length", "_sock", "_helper",
    "_stdin",
];
/// Names that end like those of secrets.
const HARMLESS_NAMES: &[&str] = &["pwd", "oldpwd", "bypass", "compass"];

/// A regular expression of this module.
fn regex(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// Secrets that need no name, each with its rule: group 1 is the secret.
static FORMS: LazyLock<Vec<(Option<Regex>, &'static str)>> = LazyLock::new(|| {
    vec![
        // A password goes as far as the last `@`: it may hold one itself.
        (
            regex(r#"(?-u)[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@'"]*:([^\s/'"]+)@"#),
            "url password",
        ),
        // A token stands where the user does: long ones, and those before nothing.
        (
            regex(r#"(?i-u)https?://([^\s/:@'"]{16,}|[^\s/:@'"]+:(?:x-oauth-basic)?)@"#),
            "url token",
        ),
        (
            regex(
                r#"(?i-u)(?:authorization:\s*(?:bearer|basic|token|digest|negotiate)?\s*|cookie:\s*|[a-z]-(?:token|api-?key|secret|auth|auth-key|access-key):\s*)([^\s'"][^'"\r\n]*)"#,
            ),
            "http header",
        ),
        (
            regex(
                r"(?-u)\b(gh[pousr]_\w{6,}|github_pat_\w{6,}|glpat-[\w-]{6,}|xox[a-z]-[\w-]{6,}|npm_\w{30,}|sk_live_\w{6,}|sk-[\w-]{20,}|hvs\.[\w-]{16,}|A[KS]IA[A-Z0-9]{16}\b|AIza[\w-]{35})",
            ),
            "token",
        ),
        // Apart from the others: where it has begun and does not end, it is looked for to the end of the text, which must
        // not happen again behind each of the others.
        (regex(r"(?-u)\b(eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"), "token"),
        (
            regex(r#"(?i-u)\bpassword\(\s*['"]?([^'")]+)"#),
            "sql password",
        ),
    ]
});
/// Names with values: in the query of a URL or the body of a form, and in JSON. Group 1 is the name, group 2 the value.
static NAMED_FORMS: LazyLock<Vec<Option<Regex>>> = LazyLock::new(|| {
    vec![
        regex(r#"(?-u)[?&]([\w.\[\]-]+)=([^&\s'"\#]+)"#),
        regex(r#"(?-u)"([\w.-]+)\\*"\s*:\s*\\*"([^"\\]+)"#),
    ]
});

/// Finds the keywords, in any case.
static ANY_KEYWORD: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let mut builder = AhoCorasick::builder();
    let builder = builder
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA));
    builder.build(KEYWORDS).ok()
});

/// Secrets that need no name before them: URLs, HTTP headers, tokens, forms and JSON.
pub(super) fn own_form(text: &[u8], word: &Range<usize>, secrets: &mut Vec<Secret>) {
    let bytes = slice(text, word);
    // Each of the forms has one of them, and most words have none.
    if ANY_KEYWORD.as_ref().is_some_and(|any| !any.is_match(bytes)) {
        return;
    }
    let mut push = |found: regex::bytes::Match<'_>, rule| {
        let start = word.start.saturating_add(found.start());
        let end = word.start.saturating_add(found.end());
        secrets.push(Secret {
            range: start..end,
            rule,
        });
    };
    for (form, rule) in &*FORMS {
        let Some(form) = form else { continue };
        for captures in form.captures_iter(bytes) {
            if let Some(found) = captures.get(1) {
                push(found, rule);
            }
        }
    }
    for form in NAMED_FORMS.iter().flatten() {
        for captures in form.captures_iter(bytes) {
            if let (Some(name), Some(value)) = (captures.get(1), captures.get(2))
                && is_secret_name(name.as_bytes())
            {
                push(value, "named value");
            }
        }
    }
}

/// Whether a variable or option of that name holds a secret.
pub(super) fn is_secret_name(name: &[u8]) -> bool {
    /// Longer ones are no names.
    const NAME_LIMIT: usize = 128;
    if name.is_empty() || name.len() > NAME_LIMIT {
        return false;
    }
    // A pseudonym says `secret` too: behind `-psecret:...` stands no value.
    if super::pseudonyms(name).next().is_some() {
        return false;
    }
    let plain: Vec<u8> = name
        .iter()
        .skip_while(|byte| **byte == b'-')
        .map(|byte| {
            if matches!(byte, b'-' | b'.') {
                b'_'
            } else {
                byte.to_ascii_lowercase()
            }
        })
        .collect();
    let ends = |list: &[&str]| list.iter().any(|end| plain.ends_with(end.as_bytes()));
    let contains = |part: &&str| memchr::memmem::find(&plain, part.as_bytes()).is_some();
    let secret = SECRET_PARTS.iter().any(contains)
        || ends(SECRET_ENDS)
        || SECRET_NAMES.iter().any(|whole| whole.as_bytes() == plain);
    let is = |list: &[&str]| list.iter().any(|whole| whole.as_bytes() == plain);
    secret && !ends(INDIRECT_ENDS) && !is(HARMLESS_NAMES)
}
