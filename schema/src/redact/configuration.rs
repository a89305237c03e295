//! Secrets in configuration, whatever its format: what a line gives a name, an element or an attribute that says so, keys in
//! armour, and the forms that need no name.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::Secret;
use super::forms::{is_secret_name, own_form};
use super::words::{line, pieces, slice, unquoted};

/// Words of a line among which a name is looked for: a directive may stand before it.
const NAMES: usize = 4;
/// Directives of web servers that pass a request on.
const PASSED_ON: [&[u8]; 7] = [
    b"proxy_pass",
    b"fastcgi_pass",
    b"uwsgi_pass",
    b"scgi_pass",
    b"grpc_pass",
    b"memcached_pass",
    b"proxypass",
];
/// Values that are no secret, whatever they are called.
const SWITCHES: [&[u8]; 10] = [
    b"on",
    b"off",
    b"true",
    b"false",
    b"yes",
    b"no",
    b"null",
    b"none",
    b"~",
    b"required",
];

/// A name at the beginning of a line, and what it is given: group 1 is the name, group 2 the value.
static GIVEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r#"(?-u)^[\s;#*/-]*(?:export\s+|set\s+|SET\s+)?["']?([A-Za-z_][\w.:/\[\]@-]*?)["']?\s*(?:=>|:=|\+=|[=:])\s*(.*?)[\s,;]*$"#,
    )
});
/// Names with values in quotes, and elements with their text: group 1 is the name, group 2 the value.
static ENCLOSED: LazyLock<Vec<Option<Regex>>> = LazyLock::new(|| {
    vec![
        regex(r#"(?-u)([\w.:-]+)\s*=>?\s*"([^"]*)""#),
        regex(r"(?-u)([\w.:-]+)\s*=>?\s*'([^']*)'"),
        regex(r"(?-u)<([\w.:-]+)[^<>]*>([^<]+)</"),
        regex(r#"(?-u)["']([\w.:-]+)["']\s*(?:=>|:)\s*["']([^"']*)["']"#),
        regex(r#"(?-u)["']([\w.:-]+)["']\]\s*=\s*["']([^"']*)["']"#),
        regex(r#"(?-u)define\(\s*["']([\w.:-]+)["']\s*,\s*["']([^"']*)["']"#),
        // An element or setting that has the name as an attribute, as `<add key="password" value="x"/>`.
        regex(r#"(?-u)(?:key|name)="([\w.:-]+)"\s+value="([^"]*)""#),
    ]
});
/// A name whose value stands in the next line, as in manifests of Kubernetes and in files of Hadoop: group 1 is the name.
static ANNOUNCED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r#"(?-u)^\s*-?\s*(?:["']?(?:name|key)["']?\s*:\s*["']?|<(?:name|key)>)([\w.-]+)["']?(?:</(?:name|key)>)?,?\s*$"#,
    )
});
/// The value of such a name: group 1.
static ANNOUNCED_VALUE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(r#"(?-u)^\s*-?\s*(?:["']?value["']?\s*:\s*(.*?),?|<value>(.*)</value>)\s*$"#)
});
/// A value that only says where the secret is: a variable.
static VARIABLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(r"(?-u)^(?:\$\{[\w.:-]+\}|\$[A-Z_]+|%\w+%|\{\{[\w\s.:-]+\}\})$"));

fn regex(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// Finds the secrets of a configuration.
pub(super) fn find(text: &[u8], secrets: &mut Vec<Secret>) {
    armour(text, secrets);
    // Of a value that goes on in lines that stand further right: where the line with its name began.
    let mut block: Option<usize> = None;
    // Whether the line before said that the next one has a secret.
    let mut is_announced = false;
    for range in pieces(text, 0..text.len(), |byte| byte == b'\n') {
        let bytes = slice(text, &range);
        let begin = bytes
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        if block.is_some_and(|indent| begin > indent || begin == bytes.len()) {
            push(secrets, trimmed(text, range), text);
            continue;
        }
        block = None;
        own_form(text, &range, secrets);
        line(text, range.clone(), secrets);
        let within = |found: regex::bytes::Match<'_>| {
            range.start.saturating_add(found.start())..range.start.saturating_add(found.end())
        };
        if let Some(captures) = GIVEN.as_ref().and_then(|given| given.captures(bytes))
            && let (Some(name), Some(value)) = (captures.get(1), captures.get(2))
            && is_secret(name.as_bytes())
        {
            if matches!(value.as_bytes().first(), Some(b'|' | b'>')) || value.is_empty() {
                block = Some(begin);
            }
            named(name.as_bytes(), within(value), text, secrets);
        }
        for form in ENCLOSED.iter().flatten() {
            for captures in form.captures_iter(bytes) {
                if let (Some(name), Some(value)) = (captures.get(1), captures.get(2))
                    && is_secret(name.as_bytes())
                {
                    named(name.as_bytes(), within(value), text, secrets);
                }
            }
        }
        if is_announced
            && let Some(captures) = ANNOUNCED_VALUE
                .as_ref()
                .and_then(|form| form.captures(bytes))
            && let Some(value) = captures.get(1).or_else(|| captures.get(2))
        {
            named(b"value", within(value), text, secrets);
        }
        let name = ANNOUNCED
            .as_ref()
            .and_then(|form| form.captures(bytes)?.get(1));
        is_announced = name.is_some_and(|name| is_secret(name.as_bytes()));
        words(text, range, secrets);
    }
}

/// `requirepass x`, `stats auth user:x`: a word that is a name, and the rest of the line.
fn words(text: &[u8], range: Range<usize>, secrets: &mut Vec<Secret>) {
    let end = range.end;
    let words = pieces(text, range, |byte| byte.is_ascii_whitespace());
    for word in words.take(NAMES) {
        let name = slice(text, &word);
        let name = name.strip_suffix(b":").unwrap_or(name);
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
        if name.iter().all(is_word) && is_secret(name) {
            named(name, trimmed(text, word.end..end), text, secrets);
            return;
        }
    }
}

/// Whether a name says that its value is a secret.
fn is_secret(name: &[u8]) -> bool {
    let is_passed_on = PASSED_ON
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known));
    (is_secret_name(name) && !is_passed_on) || name.eq_ignore_ascii_case(b"authorization")
}

/// The value of a name that says that it is a secret.
fn named(name: &[u8], value: Range<usize>, text: &[u8], secrets: &mut Vec<Secret>) {
    let value = unquoted(text, trimmed(text, value));
    let bytes = slice(text, &value);
    // The name of a file in which the key lies.
    let is_file = bytes.starts_with(b"/") && name.to_ascii_lowercase().ends_with(b"key");
    let is_switch = SWITCHES
        .iter()
        .any(|known| bytes.eq_ignore_ascii_case(known));
    let is_variable = VARIABLE.as_ref().is_some_and(|form| form.is_match(bytes));
    if !is_file
        && !is_switch
        && !is_variable
        && !matches!(
            bytes,
            b"|" | b">" | b"|-" | b">-" | b"{" | b"[" | b"=" | b":"
        )
    {
        push(secrets, value, text);
    }
}

fn push(secrets: &mut Vec<Secret>, range: Range<usize>, text: &[u8]) {
    if !slice(text, &range).is_empty() {
        secrets.push(Secret {
            range,
            rule: "named value",
        });
    }
}

/// A piece of a line without the blanks, separators and ends of statements around it.
fn trimmed(text: &[u8], range: Range<usize>) -> Range<usize> {
    let bytes = slice(text, &range);
    let is_around =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'=' | b':');
    let begin = bytes.iter().take_while(|byte| is_around(byte)).count();
    let is_behind = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b';');
    let rest = bytes.get(begin..).unwrap_or_default();
    let end = rest.iter().rev().take_while(|byte| is_behind(byte)).count();
    let start = range.start.saturating_add(begin);
    start..range.end.saturating_sub(end).max(start)
}

/// Private keys between their lines of begin and end, or to the end of the text.
fn armour(text: &[u8], secrets: &mut Vec<Secret>) {
    let mut from = 0_usize;
    while let Some(at) = memchr::memmem::find(text.get(from..).unwrap_or_default(), b"PRIVATE KEY")
    {
        let name = from.saturating_add(at);
        let line_end = |place: usize| {
            let rest = text.get(place..).unwrap_or_default();
            place.saturating_add(memchr::memchr(b'\n', rest).unwrap_or(rest.len()))
        };
        let begin = line_end(name);
        let rest = text.get(begin..).unwrap_or_default();
        let end = memchr::memmem::find(rest, b"-----END");
        let end = begin.saturating_add(end.unwrap_or(rest.len()));
        let line_begin = memchr::memrchr(b'\n', text.get(..name).unwrap_or_default());
        let head = line_begin.map_or(0, |at| at.saturating_add(1))..name;
        if memchr::memmem::find(slice(text, &head), b"-----BEGIN").is_some() {
            for range in pieces(text, begin..end, |byte| byte == b'\n') {
                push(secrets, trimmed(text, range), text);
            }
            // In one line, with its newlines escaped.
            push(
                secrets,
                name.saturating_add(b"PRIVATE KEY-----".len()).min(begin)..begin,
                text,
            );
        }
        from = end.max(name.saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use crate::redact::{KEY_LENGTH, Redactor};
    use crate::source::Content;

    fn redacted(text: &str) -> String {
        let mut redactor = Redactor::new(&[7; KEY_LENGTH]).unwrap();
        let redacted = redactor.redact(Content::Configuration, text.as_bytes());
        String::from_utf8(redacted.bytes.into_owned()).unwrap()
    }

    #[test]
    fn secrets_of_every_format() {
        for line in [
            "password = pl0ver",
            "password: pl0ver",
            "db.password=pl0ver",
            "  dbPassword: \"pl0ver\"",
            "'password' => 'pl0ver',",
            "\"api_key\": \"pl0ver\",",
            "requirepass pl0ver",
            "masterauth pl0ver",
            "stats auth admin:pl0ver",
            "<password>pl0ver</password>",
            "<Resource name=\"x\" password=\"pl0ver\"/>",
            "<add key=\"DbPassword\" value=\"pl0ver\" />",
            "url = postgres://ada:pl0ver@db/app",
            "proxy_set_header Authorization \"Basic pl0ver\";",
            "Environment=\"DB_PASSWORD=pl0ver\"",
            "ExecStart=/usr/bin/app --password=pl0ver",
            "# password = pl0ver",
            "; old_secret = pl0ver",
            "export AWS_SECRET_ACCESS_KEY=pl0ver",
            "$config['db_pass'] = 'pl0ver';",
            "SECRET_KEY = 'pl0ver'",
            "set password pl0ver",
            "user ada password pl0ver level admin",
        ] {
            let shown = redacted(&format!("a = 1\n{line}\nb = 2\n"));
            assert!(!shown.contains("pl0ver"), "{line}: {shown}");
            assert!(shown.contains("secret:"), "{line}: {shown}");
            assert!(
                shown.starts_with("a = 1\n") && shown.ends_with("\nb = 2\n"),
                "{shown}"
            );
        }
    }

    #[test]
    fn values_of_several_lines() {
        let yaml = "a: 1\npassword: |\n  pl0ver\n  pl1ver\nb: 2\n";
        let shown = redacted(yaml);
        assert!(
            !shown.contains("pl0ver") && !shown.contains("pl1ver"),
            "{shown}"
        );
        assert!(
            shown.starts_with("a: 1\npassword: |\n  secret:") && shown.ends_with("\nb: 2\n"),
            "{shown}"
        );
        let key = "x = 1\n-----BEGIN RSA PRIVATE KEY-----\npl0ver\npl1ver\n-----END RSA PRIVATE KEY-----\ny = 2\n";
        let shown = redacted(key);
        assert!(
            !shown.contains("pl0ver") && !shown.contains("pl1ver"),
            "{shown}"
        );
        assert!(
            shown.contains("\n-----END RSA PRIVATE KEY-----\ny = 2\n"),
            "{shown}"
        );
        for (begin, end) in [
            ("- name: DB_PASSWORD\n  value: ", "\n"),
            ("  - name: \"API_TOKEN\"\n    value: \"", "\"\n"),
            ("<name>fs.s3a.secret.key</name>\n  <value>", "</value>\n"),
        ] {
            let shown = redacted(&format!("{begin}pl0ver{end}- name: MODE\n  value: live\n"));
            assert!(
                !shown.contains("pl0ver") && shown.contains("secret:"),
                "{shown}"
            );
            assert!(shown.ends_with("- name: MODE\n  value: live\n"), "{shown}");
        }
        let cut = redacted("-----BEGIN PRIVATE KEY-----\npl0ver");
        assert!(!cut.contains("pl0ver"), "{cut}");
        let escaped = redacted(
            "key: \"-----BEGIN PRIVATE KEY-----\\npl0ver\\n-----END PRIVATE KEY-----\\n\"\n",
        );
        assert!(!escaped.contains("pl0ver"), "{escaped}");
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "server_tokens off;\n",
            "proxy_pass http://192.0.2.7:8000;\nfastcgi_pass unix:/run/php.sock;\nProxyPass / http://192.0.2.7/\n",
            "ssl_certificate_key /etc/ssl/x.key;\n",
            "password = ${DB_PASSWORD}\n",
            "password_file = /etc/app/password\n",
            "auth_basic_user_file /etc/nginx/htpasswd;\n",
            "listen 8080;\nlocation /password { return 404; }\n",
            "worker_processes 2;\n",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn what_was_redacted_stays() {
        let once = redacted("password = pl0ver\nurl = redis://:pl0ver@h\nrequirepass pl0ver\n");
        assert_eq!(redacted(&once), once);
        assert_eq!(once.matches("secret:").count(), 3, "{once}");
    }
}
