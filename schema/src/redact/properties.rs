//! Whatever the secret, in whatever form people give it to programs: it goes, it becomes the same everywhere, and what is
//! left can be redacted again without a change.

use proptest::prelude::*;

use super::*;

/// Ways to write a secret, by content: `*` stands for it.
const FORMS: &[(Content, &str)] = &[
    (Content::Environ, "HOME=/root\0DB_PASSWORD=*\0LANG=C\0"),
    (Content::Environ, "URL=postgres://ada:*@db:5432/app\0"),
    (
        Content::Environ,
        "CMD=curl -H 'X-Vault-Token: *' http://h/\0",
    ),
    (Content::Arguments, "mysql\0-p*\0-h\0db\0"),
    (Content::Arguments, "app\0--password=*\0-v\0"),
    (Content::Arguments, "app\0--api-key\0*\0run\0"),
    (Content::Arguments, "sh\0-c\0sshpass -p * ssh web-2\0"),
    (
        Content::Json,
        r#"{"Config":{"Env":["A=b","DB_PASSWORD=*"],"Cmd":["x"]}}"#,
    ),
    (Content::Json, r#"{"args":["mysql","-p*"],"cwd":"/"}"#),
    (Content::History, "ls -l\nexport DB_PASSWORD=*\ncd /srv\n"),
    (Content::History, "mysql -u root -p* app\n"),
    (Content::History, "ssh web-2 \"mysql -p* -e 'SELECT 1'\"\n"),
    (Content::History, ": 1700000000:0;redis-cli -a * ping\n"),
    (Content::History, "#1700000000\ncurl -u ada:* https://h/x\n"),
    (
        Content::History,
        "- cmd: set -x TOKEN \"*\"\n  when: 1700000000\n",
    ),
    (
        Content::History,
        "git clone https://ada:*@git.example.com/a.git\n",
    ),
    (Content::History, "echo * | docker login --password-stdin\n"),
    (Content::History, "curl 'https://h/?a=b&token=*&c=d'\n"),
    (
        Content::History,
        "kubectl create secret generic a --from-literal=b=*\n",
    ),
];

fn redacted(content: Content, text: &str) -> String {
    let mut redactor = Redactor::new(&[7; KEY_LENGTH]).unwrap();
    let redacted = redactor.redact(content, text.as_bytes()).bytes;
    String::from_utf8(redacted.into_owned()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_secret_goes_and_becomes_the_same_everywhere(secret in "[a-zA-Z0-9_.+%-]{0,20}[A-Z][0-9]{8}[a-z]") {
        // No form may begin like an option, and none is found in the text around it.
        let secret = format!("x{secret}");
        let mut pseudonyms = Vec::new();
        for (content, form) in FORMS {
            let text = form.replacen('*', &secret, 1);
            let once = redacted(*content, &text);
            prop_assert!(!once.contains(&secret), "{} of {}", once, text);
            prop_assert_eq!(&redacted(*content, &once), &once);
            let found: Vec<_> = super::pseudonyms(once.as_bytes())
                .map(|place| once.get(place).unwrap().to_owned())
                .collect();
            prop_assert_eq!(found.len(), 1, "{} of {}", once, text);
            // Everything else is as it was.
            prop_assert_eq!(once.replacen(&found[0], &secret, 1), text);
            pseudonyms.extend(found);
        }
        pseudonyms.dedup();
        prop_assert_eq!(pseudonyms.len(), 1);
    }

    /// Any bytes: what was replaced is what the rules found, and pseudonyms stay.
    #[test]
    fn nothing_else_changes(text in "([a-z\\-/:=@ \n\0'\"\\\\|;]{0,6}|password|token|mysql |curl |-p|-u |://|secret:0123456789abcdef){0,30}") {
        for content in [Content::Environ, Content::Arguments, Content::Json, Content::History] {
            let mut redactor = Redactor::new(&[7; KEY_LENGTH]).unwrap();
            let once = redactor.redact(content, text.as_bytes());
            let secrets = without_pseudonyms(text.as_bytes(), words::find(content, text.as_bytes()));
            prop_assert!(usize::try_from(once.count).unwrap() <= secrets.len());
            let (mut rest, mut done) = (&*once.bytes, 0);
            for Secret { range, .. } in secrets.iter().take(usize::try_from(once.count).unwrap()) {
                let before = text.as_bytes().get(done..range.start).unwrap();
                let after = rest.strip_prefix(before).unwrap();
                prop_assert!(after.starts_with(TYPE.as_bytes()));
                rest = after.get(TYPE.len() + 2 * PSEUDONYM_LENGTH..).unwrap();
                done = range.end;
            }
            prop_assert_eq!(rest, text.as_bytes().get(done..).unwrap());
        }
    }
}
