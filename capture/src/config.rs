//! Which files are configuration, without knowing the server: what a command line names, and what in `/etc` is called like the
//! program.

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
/// Where nothing is configuration: what the kernel shows, and programs.
const ELSEWHERE: [&[u8]; 5] = [b"proc", b"sys", b"dev", b"bin", b"lib"];
/// Longest name of a program that is looked for in `/etc`.
const NAME_LIMIT: usize = 32;

/// Paths on a command line that are configuration: what is called so, or given for an option that is.
pub fn named(arguments: &[u8]) -> Vec<Vec<u8>> {
    let values = arguments::options(arguments).filter(|(option, value)| {
        let is_option = option.starts_with(b"-")
            && (*option == b"-c"
                || memchr::memmem::find(&option.to_ascii_lowercase(), b"conf").is_some());
        is_option || ENDINGS.iter().any(|ending| value.ends_with(ending))
    });
    values
        .filter_map(|(_, value)| arguments::path(value, &ELSEWHERE))
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
    [Some(name), short.filter(|short| short.len() > 1)]
        .into_iter()
        .flatten()
        .flat_map(|name| {
            let one = [b"/etc/", name, b".conf"].concat();
            let other = [b"/etc/", name, b"/", name, b".conf"].concat();
            [one, other]
        })
        .collect()
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
                shown(&named(arguments)),
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
        check(b"app\0-f\0relative.conf\0-x\0/srv/data\0", &[]);
        check(
            b"app\0--config=/proc/kcore.conf\0-c\0/srv/../etc/x\0--config\0/etc/shadow\0",
            &[],
        );
        check(b"/etc/x.conf\0", &[]);
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
        check(b"/srv/a b\0", &["/etc/a.conf", "/etc/a/a.conf"]);
        check(b"../../x/..\0", &[]);
        check(b"", &[]);
    }
}
