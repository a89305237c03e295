//! The history of a shell that the environment of a process names (`HISTFILE`): which paths can be one.

use schema::parse::environ;

/// Bytes of a path: a longer one is none that could be opened.
pub const PATH_LIMIT: usize = 4000;

/// The file that an environment names as a history.
pub fn path(environ: &[u8]) -> Option<Vec<u8>> {
    environ::value(environ, "HISTFILE").and_then(usable)
}

/// The path of a file that can be a history, without what makes one path of two; `None` for a relative one, which
/// no shell keeps, for one that leads upwards, and for the kernel's own files.
fn usable(path: &[u8]) -> Option<Vec<u8>> {
    let below_root = path
        .strip_prefix(b"/")
        .filter(|_| path.len() <= PATH_LIMIT)?;
    let names: Vec<&[u8]> = names(below_root).collect();
    if names.contains(&&b".."[..]) || matches!(names.first(), None | Some(&(b"proc" | b"sys"))) {
        return None;
    }
    Some([b"/", names.join(&b'/').as_slice()].concat())
}

/// Whether a file is known to hold secrets, or what decides who is trusted, so that it is never read as a history,
/// whoever names it:
///
/// * `shadow*`, `gshadow*`, `sudoers*` and `security/opasswd*` in a directory `etc`, and what lies below such a name;
/// * everything below `run/secrets`, `.ssh` or `.gnupg`;
/// * `*.key`, `*.pem`, `*.p12`, `*.pfx`, `*.keytab`, and `ssh_host_*`.
///
/// Directories are looked for anywhere in the path: a container's root may lie anywhere.
pub fn is_secret(path: &[u8]) -> bool {
    let names: Vec<&[u8]> = names(path).collect();
    let begins = |name: &[u8], words: &[&[u8]]| words.iter().any(|word| name.starts_with(word));
    let is_secret_pair = names.array_windows().any(|[directory, name]| {
        let is_account = *directory == b"etc" && begins(name, &[b"shadow", b"gshadow", b"sudoers"]);
        let is_password = *directory == b"security" && begins(name, &[b"opasswd"]);
        let is_given = *directory == b"run" && *name == b"secrets";
        is_account || is_password || is_given
    });
    let is_secret_name = names.last().is_some_and(|name| {
        let endings: [&[u8]; 5] = [b".key", b".pem", b".p12", b".pfx", b".keytab"];
        begins(name, &[b"ssh_host_"]) || endings.iter().any(|ending| name.ends_with(ending))
    });
    let keeps_secrets = |name: &&[u8]| matches!(*name, b".ssh" | b".gnupg");
    is_secret_pair || is_secret_name || names.iter().any(keeps_secrets)
}

fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
}

/// The inode of a namespace, from the target of its link.
pub fn namespace_inode(target: &[u8]) -> Option<u64> {
    let target = std::str::from_utf8(target).ok()?;
    target.split_once(":[")?.1.strip_suffix(']')?.parse().ok()
}

/// The same of a link that may lead to anything: of a namespace of that kind.
pub fn namespace_inode_of(kind: &[u8], target: &[u8]) -> Option<u64> {
    let is_kind = target.strip_prefix(kind)?.starts_with(b":[");
    namespace_inode(target).filter(|_| is_kind)
}

/// The root directory of a process, from the target of its link, where it is another one than that of its mount
/// namespace.
pub fn other_root(target: &[u8]) -> Option<Vec<u8>> {
    (target != b"/").then(|| target.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_may_be_histories() {
        let check = |path: &[u8], expected: Option<&[u8]>| {
            assert_eq!(usable(path).as_deref(), expected);
        };
        check(b"/srv//./h ", Some(b"/srv/h "));
        check(b"/srv/..h", Some(b"/srv/..h"));
        check(b"/dev/null", Some(b"/dev/null"));
        for odd in [
            &b""[..],
            b"/",
            b"//.",
            b"~/h",
            b"h",
            b"/proc/1/environ",
            b"//proc/kmsg",
            b"/sys/x",
            b"/home/bob/../bob/.bash_history",
            b"/..",
        ] {
            check(odd, None);
        }
        check(&[b"/".to_vec(), vec![b'x'; PATH_LIMIT]].concat(), None);
        let environ = b"A=1\0HISTFILE=//srv/h\0HISTFILE=/x\0";
        assert_eq!(super::path(environ).as_deref(), Some(&b"/srv/h"[..]));
    }

    #[test]
    fn secrets_are_no_histories() {
        for path in [
            "/etc/shadow",
            "/etc//./shadow-",
            "/etc/gshadow",
            "/etc/sudoers.d/10-ada",
            "/srv/jail/etc/shadow",
            "/etc/security/opasswd",
            "/run/secrets/token",
            "/var/run/secrets/kubernetes.io/token",
            "/home/ada/.ssh/id_ed25519",
            "/root/.gnupg/x",
            "/etc/ssh/ssh_host_ed25519_key",
            "/srv/tls/server.key",
            "/srv/server.pem",
            "/etc/krb5.keytab",
        ] {
            assert!(is_secret(path.as_bytes()), "{path}");
        }
        for path in [
            "/home/ada/.bash_history",
            "/srv/shadow",
            "/etc/x/shadow",
            "/home/ada/key",
            "/dev/shm/.h",
            "/run/user/1000/h",
            "/srv/secrets/h",
        ] {
            assert!(!is_secret(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn where_a_process_is() {
        assert_eq!(namespace_inode(b"mnt:[4026531841]"), Some(4_026_531_841));
        for odd in [&b""[..], b"mnt:[]", b"mnt:[1", b"mnt:1]", b"\xff:[1]"] {
            assert_eq!(namespace_inode(odd), None);
        }
        assert_eq!(other_root(b"/"), None);
        assert_eq!(other_root(b"/srv/jail"), Some(b"/srv/jail".to_vec()));
    }
}
