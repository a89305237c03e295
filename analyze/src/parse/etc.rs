//! The small files of `/etc`: `hosts`, `resolv.conf`, `passwd`, `group`.

use schema::parse::passwd;

use super::Parsed;
use super::bytes::{cut, decimal, each_line, fields};

/// Reads `hosts`: an address, and its names joined by blanks.
pub(crate) fn hosts(input: &[u8]) -> Parsed<Vec<(&[u8], Vec<u8>)>> {
    each_line(
        input,
        |line| line.trim_ascii_start().starts_with(b"#"),
        "an address and its names",
        |line| {
            let (line, _comment) = cut(line, b'#').unwrap_or((line, b""));
            let mut fields = fields(line.trim_ascii_end());
            let address = fields.next()?;
            let names: Vec<_> = fields.collect();
            (!names.is_empty()).then(|| (address, names.join(&b' ')))
        },
    )
}

/// A setting of `resolv.conf`: its type and its values.
pub(crate) type Setting<'a> = (&'static str, Vec<&'a [u8]>);

/// Reads `resolv.conf`; `domain` is a search list of one.
pub(crate) fn resolv_conf(input: &[u8]) -> Parsed<Vec<Setting<'_>>> {
    each_line(
        input,
        |line| matches!(line.trim_ascii_start().first(), Some(b'#' | b';')),
        "a setting of the resolver",
        |line| {
            let mut fields = fields(line.trim_ascii_end());
            let kind = match fields.next()? {
                b"nameserver" => "nameserver",
                b"search" | b"domain" => "search",
                b"sortlist" => "sortlist",
                b"options" => "options",
                _ => return None,
            };
            // What follows on the line may be a comment.
            let values = fields
                .take_while(|field| !matches!(field.first(), Some(b'#' | b';')))
                .collect();
            Some((kind, values))
        },
    )
}

/// Reads `passwd`; the lines of network services (`+::::::`) name no user.
pub(crate) fn passwd(input: &[u8]) -> Parsed<Vec<passwd::Entry<'_>>> {
    each_line(input, is_comment, "a user", passwd::entry)
}

/// A group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) gid: u32,
    pub(crate) members: &'a [u8],
}

/// Reads `group`.
pub(crate) fn group(input: &[u8]) -> Parsed<Vec<Group<'_>>> {
    each_line(input, is_comment, "a group", |line| {
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        // Skipped: the password.
        let gid = decimal(fields.nth(1)?)?;
        Some(Group {
            name,
            gid,
            members: fields.next().unwrap_or_default(),
        })
    })
}

fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#") || passwd::is_compat(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names() {
        let check = |input: &[u8], issues: usize, expected: &[(&[u8], &[u8])]| {
            let parsed = hosts(input);
            let rows: Vec<_> = parsed
                .value
                .iter()
                .map(|(address, names)| (*address, &**names))
                .collect();
            assert_eq!(rows, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"# local\n192.0.2.1\tdb  db.example # main\n\n",
            0,
            &[(b"192.0.2.1", b"db db.example")],
        );
        check(b"", 0, &[]);
        check(b"192.0.2.1\n\0\xff\n", 2, &[]);
    }

    #[test]
    fn resolvers() {
        let check = |input: &[u8], issues: usize, expected: &[(&str, &[&[u8]])]| {
            let parsed = resolv_conf(input);
            let rows: Vec<_> = parsed
                .value
                .iter()
                .map(|(kind, values)| (*kind, &**values))
                .collect();
            assert_eq!(rows, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        check(
            b"; x\n# y\nnameserver 192.0.2.53 # main\ndomain a.example\nsearch b.example c.example\n",
            0,
            &[
                ("nameserver", &[b"192.0.2.53"]),
                ("search", &[b"a.example"]),
                ("search", &[b"b.example", b"c.example"]),
            ],
        );
        check(b"\0\xff\nnames 1\n", 2, &[]);
    }

    #[test]
    fn accounts() {
        let check = |input: &[u8], groups: usize, issues: usize| {
            let parsed = group(input);
            assert_eq!((parsed.value.len(), parsed.issues.len()), (groups, issues));
        };
        check(b"wheel:x:10:ada,bob\nempty:x:11:\n", 2, 0);
        check(b"# x\n+:::\nwheel:x:10\n", 1, 0);
        check(b"\0\xff\na:x:99999999999:\n", 0, 2);
        let users =
            passwd(b"# x\n+@staff::::::\n-eve::::::\n+::::::\nada:x:1:1::/home/ada:\nbob:x:2\n");
        assert_eq!((users.value.len(), users.issues.len()), (1, 1));
    }
}
