//! Names of bundle members: how a host path becomes one, and which names a reader accepts.

use std::fmt;

/// First member: who was frozen, and how.
pub const HEADER: &str = "freezeframe/header.json";
/// What became of the capture: totals, completeness, end clocks.
pub const MANIFEST: &str = "freezeframe/manifest.json";
/// Last member: its presence is what makes a bundle complete.
pub const SUMS: &str = "freezeframe/SHA256SUMS";
/// Everything of a host path lies below this directory.
pub const ROOT: &str = "root";
/// What the kernel answered over netlink lies below this directory.
const NETLINK: &str = "netlink/";

/// Longest name a ustar header holds in one piece of each of its two fields; names that do not fit become blobs.
const USTAR_NAME: usize = 100;
const USTAR_PREFIX: usize = 155;

/// Why a name is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("member name \"{shown}\" {reason}")]
pub struct NameError {
    shown: String,
    reason: &'static str,
}

/// The member of a file of the host, by its absolute path; `None` where the path cannot be a member's name and the
/// bytes must go into a blob. That of a netlink dump is called like it.
pub fn of_path(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    if split_dump(path).is_some() {
        return Some(path.to_owned());
    }
    let name = format!("{ROOT}{path}");
    let ambiguous = split_part(&name).1 > 0;
    let fits = !ambiguous
        && path.starts_with('/')
        && validate(name.as_bytes()).is_ok()
        && fits_ustar(&name);
    fits.then_some(name)
}

/// The member of a netlink dump of a network namespace, by the namespace's inode. It is also the path under which
/// `collection_log` has it.
pub fn dump(net_namespace: u64, name: &str) -> String {
    format!("{NETLINK}{net_namespace}/{name}.bin")
}

/// The network namespace and the name of a dump's member.
pub fn split_dump(member: &str) -> Option<(u64, &str)> {
    let (inode, name) = member.strip_prefix(NETLINK)?.split_once('/')?;
    let number = inode.parse().ok()?;
    let name = name.strip_suffix(".bin")?;
    (dump(number, name) == member && !name.contains('/')).then_some((number, name))
}

/// The path under which `collection_log` has what a member holds: that of a file of the host, or that of a netlink dump.
pub fn host_path(name: &str) -> Option<&str> {
    if split_dump(name).is_some() {
        return Some(name);
    }
    let path = name.strip_prefix(ROOT)?;
    path.starts_with('/').then_some(path)
}

/// Member for the `number`th content whose path is no member's name.
pub fn blob(number: u64) -> String {
    format!("freezeframe/blobs/{number}")
}

/// Whether a member is content whose path is no member's name.
pub fn is_blob(name: &str) -> bool {
    name.starts_with("freezeframe/blobs/")
}

/// The `number`th record member of a table.
pub fn records(table: &str, number: u32) -> String {
    format!("freezeframe/records/{table}.{number:06}.bin")
}

/// The table of a record member.
pub fn record_table(name: &str) -> Option<&str> {
    let rest = name
        .strip_prefix("freezeframe/records/")?
        .strip_suffix(".bin")?;
    Some(rest.rsplit_once('.')?.0)
}

/// The `number`th part of the index, counted from 0.
pub fn index(number: u32) -> String {
    format!("freezeframe/index.{number:04}.bin")
}

/// Whether a member is a part of the index.
pub fn is_index(name: &str) -> bool {
    name.starts_with("freezeframe/index.")
}

/// The `number`th part of the sums, counted from 1.
pub fn sums_part(number: u32) -> String {
    format!("{SUMS}.{number:04}")
}

/// Whether a member holds sums.
pub fn is_sums(name: &str) -> bool {
    name.starts_with(SUMS)
}

/// The name of a later part of content that is longer than one member: part 0 is `name` itself.
pub fn part(name: &str, number: u32) -> String {
    if number == 0 {
        name.to_owned()
    } else {
        format!("{name}.part.{number:06}")
    }
}

/// The first member of the content that `name` is a part of, and which part it is.
pub fn split_part(name: &str) -> (&str, u32) {
    match name.rsplit_once(".part.") {
        Some((base, digits))
            if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            // Part 0 has the name itself: what is called so is another file.
            match digits.parse() {
                Ok(number @ 1..) => (base, number),
                _ => (name, 0),
            }
        }
        _ => (name, 0),
    }
}

/// Accepts the names that a bundle may have: relative, below `freezeframe/`, `root/` or `netlink/`, without empty, `.` or `..`
/// components, control characters or backslashes, at most 4,096 bytes of UTF-8.
pub fn validate(name: &[u8]) -> Result<&str, NameError> {
    let refuse = |reason| {
        Err(NameError {
            shown: shorten(name),
            reason,
        })
    };
    let Ok(text) = std::str::from_utf8(name) else {
        return refuse("is not UTF-8");
    };
    if text.len() > 4096 {
        return refuse("is too long");
    }
    let places = ["root/", "freezeframe/", NETLINK];
    if !places.iter().any(|place| text.starts_with(place)) {
        return refuse("lies neither below freezeframe/ nor below root/ or netlink/");
    }
    if name
        .split(|byte| *byte == b'/')
        .any(|component| matches!(component, b"" | b"." | b".."))
    {
        return refuse("has an empty, . or .. component");
    }
    // Most names are plain, and every member of a bundle passes here.
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    if !name.iter().all(is_plain)
        && text
            .chars()
            .any(|character| character.is_control() || character == '\\')
    {
        return refuse("has a control character or a backslash");
    }
    Ok(text)
}

fn shorten(name: &[u8]) -> String {
    crate::text::escaped(name.get(..80).unwrap_or(name)).to_string()
}

fn fits_ustar(name: &str) -> bool {
    // Room is left for the suffix of a later part.
    let room = ".part.000001".len();
    if name.len() + room <= USTAR_NAME {
        return true;
    }
    name.char_indices()
        .filter(|(_, character)| *character == '/')
        .any(|(slash, _)| {
            slash <= USTAR_PREFIX && name.len().saturating_sub(slash + 1) + room <= USTAR_NAME
        })
}

impl fmt::Display for crate::bundle::Lane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_paths_become_members_or_blobs() {
        let check = |path: &[u8], name: Option<&str>| assert_eq!(of_path(path).as_deref(), name);
        check(b"/proc/3865/status", Some("root/proc/3865/status"));
        check(
            b"/home/x y/.bash_history",
            Some("root/home/x y/.bash_history"),
        );
        check(b"/home/../etc/shadow", None);
        check(b"relative", None);
        check(b"/home/a\nb/.bash_history", None);
        check(b"/home/a\\b/.bash_history", None);
        check(b"/home/\xff/.bash_history", None);
        check(b"/var/log/syslog.part.000001", None);
        check(format!("/{}", "d/".repeat(200)).as_bytes(), None);
        check(
            format!("/{}/x", "d".repeat(140)).as_bytes(),
            Some(&format!("root/{}/x", "d".repeat(140))),
        );
        assert_eq!(host_path("root/etc/hosts"), Some("/etc/hosts"));
        assert_eq!(host_path("rooted/etc"), None);
    }

    #[test]
    fn dumps() {
        let name = dump(4_026_531_840, "tcp");
        assert_eq!(name, "netlink/4026531840/tcp.bin");
        assert_eq!(split_dump(&name), Some((4_026_531_840, "tcp")));
        assert_eq!(of_path(name.as_bytes()), Some(name.clone()));
        assert_eq!(host_path(&name), Some(name.as_str()));
        for odd in [
            "netlink/x/tcp.bin",
            "netlink/+1/tcp.bin",
            "netlink/1/a/b.bin",
            "netlink/1/tcp",
            "/netlink/1/tcp.bin",
        ] {
            assert_eq!(split_dump(odd), None, "{odd}");
        }
    }

    #[test]
    fn hostile_names_are_refused() {
        let hostile: [&[u8]; 11] = [
            b"../../evil",
            b"/abs",
            b"root/a\0b",
            b"",
            b".",
            b"root/\xff",
            b"root//x",
            b"root/a/../b",
            b"etc/passwd",
            b"root/a\\b",
            b"root/",
        ];
        for name in hostile {
            assert!(validate(name).is_err(), "{}", crate::text::escaped(name));
        }
        assert!(validate(&[b"root/".to_vec(), vec![b'x'; 10_000]].concat()).is_err());
        assert_eq!(validate(b"root/etc/passwd"), Ok("root/etc/passwd"));
    }

    #[test]
    fn parts() {
        assert_eq!(part("root/x", 0), "root/x");
        assert_eq!(split_part(&part("root/x", 12)), ("root/x", 12));
        assert_eq!(split_part("root/x.part.12"), ("root/x.part.12", 0));
        // Found by a property test: a file that is called so was taken for `x`.
        let odd = "root/x.part.000000";
        assert_eq!(split_part(odd), (odd, 0));
    }
}
