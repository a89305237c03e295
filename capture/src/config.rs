//! Which files are configuration, without knowing the server: what a command line names, what in `/etc` is called like the program,
//! and what one includes.

use crate::arguments;

/// How names of configuration end.
const ENDINGS: [&[u8]; 13] = [
    b".conf",
    b".cnf",
    b".cfg",
    b".config",
    b".ini",
    b".yml",
    b".yaml",
    b".toml",
    b".json",
    b".xml",
    b".properties",
    b".env",
    b".rc",
];
/// Programs whose configuration is not called like them.
const OTHERWISE: [(&[u8], &[u8]); 6] = [
    (b"sshd", b"/etc/ssh/sshd_config"),
    (b"mysqld", b"/etc/mysql/my.cnf"),
    (b"mariadbd", b"/etc/mysql/my.cnf"),
    (b"httpd", b"/etc/httpd/conf/httpd.conf"),
    (b"named", b"/etc/bind/named.conf"),
    (b"master", b"/etc/postfix/main.cf"),
];
/// Where nothing is configuration: what the kernel shows, and programs.
const ELSEWHERE: [&[u8]; 5] = [b"proc", b"sys", b"dev", b"bin", b"lib"];
/// Longest name of a program that is looked for in `/etc`.
const NAME_LIMIT: usize = 32;

/// Paths on a command line that are configuration: what is called so, or given for an option that is. Of what is relative to the
/// directory in which the process works only what is called so.
pub fn named(arguments: &[u8], working: Option<&[u8]>) -> Vec<Vec<u8>> {
    let values = arguments::options(arguments).filter_map(|(option, value)| {
        let is_option = option.starts_with(b"-")
            && (option == b"-c"
                || memchr::memmem::find(&option.to_ascii_lowercase(), b"conf").is_some());
        let is_called_so = ENDINGS.iter().any(|ending| value.ends_with(ending));
        if value.starts_with(b"/") {
            return (is_option || is_called_so).then(|| value.to_vec());
        }
        let working = working.filter(|_| is_called_so && !value.starts_with(b"-"))?;
        Some([working, b"/", value].concat())
    });
    // PHP's processes name it in brackets of their titles.
    let title = arguments.split(|byte| matches!(byte, 0 | b' '));
    let bracketed = title
        .filter_map(|word| word.strip_prefix(b"(")?.strip_suffix(b")"))
        .filter(|value| ENDINGS.iter().any(|ending| value.ends_with(ending)));
    values
        .chain(bracketed.map(<[u8]>::to_vec))
        .filter_map(|value| arguments::path(&value, &ELSEWHERE))
        .collect()
}

/// What in `/etc` is called like the program that a command line, or the title that was written over it, begins with.
pub fn of_program(arguments: &[u8]) -> Vec<Vec<u8>> {
    let program = arguments
        .split(|byte| *byte == 0)
        .next()
        .unwrap_or_default();
    let program = program.split(|byte| matches!(byte, b' ' | b':')).next();
    let name = program.and_then(|path| path.rsplit(|byte| *byte == b'/').next());
    let name = name.unwrap_or_default();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || name.len() > NAME_LIMIT || !name.iter().all(is_name) {
        return Vec::new();
    }
    let short = name
        .strip_suffix(b"-server")
        .or_else(|| name.strip_suffix(b"d"));
    let otherwise = OTHERWISE.iter().filter(|(program, _)| *program == name);
    [Some(name), short.filter(|short| short.len() > 1)]
        .into_iter()
        .flatten()
        .flat_map(|name| {
            let one = [b"/etc/", name, b".conf"].concat();
            let other = [b"/etc/", name, b"/", name, b".conf"].concat();
            [one, other]
        })
        .chain(otherwise.map(|(_, path)| path.to_vec()))
        .collect()
}

/// Words that include one file, or those that a pattern fits: nginx, Apache, rsyslog, sshd, php-fpm,
/// `PostgreSQL`, redis, unbound.
const INCLUDES: [&[u8]; 7] = [
    b"include",
    b"includeoptional",
    b"include_if_exists",
    b"$includeconfig",
    b"!include",
    b"@include",
    b"include-file",
];
/// Words that include what is in a directory: `PostgreSQL`, `MySQL`, sudo, dnsmasq.
const INCLUDE_DIRECTORIES: [&[u8]; 5] = [
    b"include_dir",
    b"!includedir",
    b"@includedir",
    b"#includedir",
    b"conf-dir",
];
/// Most files that one line includes, and most lines that include something of one file.
pub const INCLUDED_LIMIT: usize = 500;

/// What a configuration includes, as it says it: paths, of which the last name may be a pattern.
pub fn included(text: &[u8]) -> Vec<Vec<u8>> {
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = line.trim_ascii();
        // Most lines end here.
        let begin = line.get(..8)?.to_ascii_lowercase();
        [
            &b"incl"[..],
            b"$incl",
            b"!incl",
            b"@incl",
            b"#incl",
            b"conf-dir",
        ]
        .iter()
        .any(|word| begin.starts_with(word))
        .then_some(())?;
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'=' | b':');
        let (word, value) = line.split_at(line.iter().position(is_end)?);
        let word = word.to_ascii_lowercase();
        let value = value.trim_ascii_start();
        let value = match value.split_first() {
            Some((b'=' | b':', value)) => value,
            _ => value,
        };
        let value = value.strip_suffix(b";").unwrap_or(value).trim_ascii();
        let value = value
            .strip_prefix(b"\"")
            .and_then(|value| value.strip_suffix(b"\""))
            .or_else(|| value.strip_prefix(b"'")?.strip_suffix(b"'"))
            .unwrap_or(value);
        if INCLUDE_DIRECTORIES.contains(&word.as_slice()) {
            // What follows a comma, dnsmasq says of the names.
            let directory = value.split(|byte| *byte == b',').next()?;
            return Some([directory, b"/*"].concat());
        }
        (INCLUDES.contains(&word.as_slice()) && !value.is_empty()).then(|| value.to_vec())
    });
    lines.take(INCLUDED_LIMIT).collect()
}

/// The directory and the pattern, or the name, of something that is included; a relative path begins at `base`. `None` for what
/// is nothing to read, and for patterns of directories.
pub fn place(included: &[u8], base: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let path = if included.starts_with(b"/") {
        included.to_vec()
    } else {
        [base, b"/", included].concat()
    };
    let path = arguments::path(&path, &ELSEWHERE)?;
    let at = memchr::memrchr(b'/', &path)?;
    let (directory, name) = path.split_at(at);
    let name = name.get(1..)?;
    (!name.is_empty() && !is_pattern(directory)).then(|| (directory.to_vec(), name.to_vec()))
}

/// Whether a name stands for several.
pub fn is_pattern(name: &[u8]) -> bool {
    name.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// Whether a name fits a pattern, in which `*` stands for any text and `?` for one byte. As in a shell, what begins with a dot is
/// only met by a dot; a set in brackets stands for any byte.
pub fn fits(name: &[u8], pattern: &[u8]) -> bool {
    if name.starts_with(b".") && !pattern.starts_with(b".") {
        return false;
    }
    let (mut name, mut pattern) = (name, pattern);
    let mut again: Option<(&[u8], &[u8])> = None;
    loop {
        let rest = match pattern.split_first() {
            Some((b'*', rest)) => {
                again = Some((name, rest));
                pattern = rest;
                continue;
            }
            Some((b'[', rest)) => match memchr::memchr(b']', rest) {
                Some(end) => name.split_first().zip(rest.get(end.saturating_add(1)..)),
                None => None,
            },
            Some((byte, rest)) => name
                .split_first()
                .filter(|(first, _)| *byte == b'?' || first == &byte)
                .map(|found| (found, rest)),
            None if name.is_empty() => return true,
            None => None,
        };
        match (rest, again) {
            (Some(((_, name_rest), pattern_rest)), _) => {
                (name, pattern) = (name_rest, pattern_rest);
            }
            // The last star takes one byte more.
            (None, Some((from, after))) => match from.split_first() {
                Some((_, from)) => {
                    again = Some((from, after));
                    (name, pattern) = (from, after);
                }
                None => return false,
            },
            (None, None) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(paths: &[Vec<u8>]) -> Vec<String> {
        let paths = paths
            .iter()
            .map(|path| String::from_utf8_lossy(path).into_owned());
        paths.collect()
    }

    #[test]
    fn what_a_command_line_names() {
        let check = |arguments: &[u8], expected: &[&str]| {
            assert_eq!(
                shown(&named(arguments, Some(b"/srv/work"))),
                expected,
                "{}",
                String::from_utf8_lossy(arguments)
            );
        };
        check(b"nginx\0-c\0/srv//web/main\0", &["/srv/web/main"]);
        check(
            b"app\0--config=/srv/app.yml\0--conf-dir\0/etc/app\0",
            &["/srv/app.yml", "/etc/app"],
        );
        check(
            b"java\0-Dlogback.configurationFile=file:/srv/logback.xml\0-jar\0/srv/a.jar\0",
            &["/srv/logback.xml"],
        );
        check(
            b"redis-server\0/etc/redis/redis.conf\0",
            &["/etc/redis/redis.conf"],
        );
        check(
            b"app\0-f\0./relative.conf\0-x\0/srv/data\0-x.conf\0../x.conf\0-c\0sleep 1\0",
            &["/srv/work/relative.conf"],
        );
        assert!(named(b"app\0-f\0relative.conf\0", None).is_empty());
        check(
            b"app\0--config=/proc/kcore.conf\0-c\0/srv/../etc/x\0--config\0/etc/shadow\0",
            &[],
        );
        check(b"/etc/x.conf\0", &[]);
        check(
            b"nginx: master process nginx -g daemon off; -c /srv/n.conf\0\0\0",
            &["/srv/n.conf"],
        );
        check(
            b"php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)\0\0",
            &["/etc/php/8.2/fpm/php-fpm.conf"],
        );
        check(b"", &[]);
    }

    #[test]
    fn what_is_called_like_the_program() {
        let check = |arguments: &[u8], expected: &[&str]| {
            assert_eq!(shown(&of_program(arguments)), expected);
        };
        check(
            b"nginx: master process /usr/sbin/nginx\0",
            &["/etc/nginx.conf", "/etc/nginx/nginx.conf"],
        );
        check(
            b"/usr/bin/redis-server\0*:6379\0",
            &[
                "/etc/redis-server.conf",
                "/etc/redis-server/redis-server.conf",
                "/etc/redis.conf",
                "/etc/redis/redis.conf",
            ],
        );
        check(
            b"sshd: /usr/sbin/sshd -D [listener]\0",
            &[
                "/etc/sshd.conf",
                "/etc/sshd/sshd.conf",
                "/etc/ssh.conf",
                "/etc/ssh/ssh.conf",
                "/etc/ssh/sshd_config",
            ],
        );
        check(b"/srv/a b\0", &["/etc/a.conf", "/etc/a/a.conf"]);
        check(b"../../x/..\0", &[]);
        check(b"", &[]);
    }

    #[test]
    fn what_one_includes() {
        let text = b"http {\n  include /etc/nginx/conf.d/*.conf;\n\tinclude mime.types ;\n# include no.conf\n}\n\
            IncludeOptional sites-enabled/*.conf\n!includedir /etc/mysql/conf.d/\n$IncludeConfig /etc/rsyslog.d/*.conf\n\
            include = \"/etc/app/*.yml\"\nconf-dir=/etc/dnsmasq.d/,*.conf\ninclude: 'x.yaml'\nincluded 1\nincludes x\ninclude\n";
        assert_eq!(
            shown(&included(text)),
            [
                "/etc/nginx/conf.d/*.conf",
                "mime.types",
                "sites-enabled/*.conf",
                "/etc/mysql/conf.d//*",
                "/etc/rsyslog.d/*.conf",
                "/etc/app/*.yml",
                "/etc/dnsmasq.d//*",
                "x.yaml",
            ]
        );
    }

    #[test]
    fn where_it_lies() {
        let check = |included: &[u8], expected: Option<[&str; 2]>| {
            let found =
                place(included, b"/etc/nginx").map(|(directory, name)| shown(&[directory, name]));
            assert_eq!(found, expected.map(|pair| pair.map(str::to_owned).to_vec()));
        };
        check(b"conf.d/*.conf", Some(["/etc/nginx/conf.d", "*.conf"]));
        check(b"/etc/mysql/conf.d//*", Some(["/etc/mysql/conf.d", "*"]));
        check(b"x", Some(["/etc/nginx", "x"]));
        check(b"../x", None);
        check(b"/etc/*/x.conf", None);
        check(b"/proc/kcore", None);
        check(b"/etc/shadow", None);
    }

    #[test]
    fn names_that_fit() {
        for (name, pattern, expected) in [
            ("a.conf", "*.conf", true),
            ("a.conf.bak", "*.conf", false),
            (".a.conf", "*.conf", false),
            ("a", "*", true),
            ("", "*", true),
            ("ab", "a?", true),
            ("a", "a?", false),
            ("10-a.conf", "[0-9]*.conf", true),
            ("aXbXc", "a*b*c", true),
            ("aXbX", "a*b*c", false),
            ("a[", "a[", false),
            ("x", "y", false),
        ] {
            assert_eq!(
                fits(name.as_bytes(), pattern.as_bytes()),
                expected,
                "{name} {pattern}"
            );
        }
    }
}
