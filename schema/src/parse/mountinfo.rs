//! `/proc/PID/mountinfo`: fields parted by single blanks, any number of optional ones before a `-`; and which mounts
//! the paths of a namespace lead to.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::escape::unescape_octal;

/// Mounts on the way to a mount: no honest path crosses as many, and a forged file could name a million.
const WAY_LIMIT: usize = 256;

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount<'a> {
    /// Identifies the mount.
    pub id: u32,
    /// The mount it is mounted on; itself for the first of all.
    pub parent: u32,
    /// `major:minor` of the file system.
    pub device_number: &'a [u8],
    /// Directory of the file system that is the mount's root.
    pub root: Cow<'a, [u8]>,
    /// Mount point.
    pub path: Cow<'a, [u8]>,
    /// Options of the mount.
    pub options: &'a [u8],
    /// Optional fields, blank-separated.
    pub propagation: Vec<u8>,
    /// Type of the file system.
    pub kind: &'a [u8],
    /// What is mounted. May be empty: a mount's source can be any text.
    pub device: Cow<'a, [u8]>,
    /// Options of the file system.
    pub super_options: Cow<'a, [u8]>,
}

/// Reads a line.
pub fn mount(line: &[u8]) -> Option<Mount<'_>> {
    let mut rest = line;
    let mut next = || {
        let end = memchr::memchr(b' ', rest);
        let (field, after) = match end {
            Some(end) => (rest.get(..end)?, rest.get(end.checked_add(1)?..)?),
            None => (rest, &b""[..]),
        };
        rest = after;
        Some(field)
    };
    let number = |field: &[u8]| -> Option<u32> {
        let digits = field.iter().all(u8::is_ascii_digit).then_some(field)?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    let (id, parent) = (number(next()?)?, number(next()?)?);
    let device_number = next()?;
    let root = unescape_octal(next()?);
    let path = unescape_octal(next()?);
    let options = next()?;
    let mut optional = Vec::new();
    loop {
        match next()? {
            b"-" => break,
            // No field is empty before the dash: the line ended.
            b"" => return None,
            field => optional.push(field),
        }
    }
    let kind = next().filter(|kind| !kind.is_empty())?;
    let device = unescape_octal(next()?);
    Some(Mount {
        id,
        parent,
        device_number,
        root,
        path,
        options,
        propagation: optional.join(&b' '),
        kind,
        device,
        // All the rest: some file systems do not escape a blank here.
        super_options: unescape_octal(rest),
    })
}

/// Which mounts the paths of a namespace lead to.
#[derive(Debug)]
pub struct Paths<'a> {
    by_id: HashMap<u32, &'a Mount<'a>>,
    /// Mount and path of everything that is mounted on another.
    mounted: HashSet<(u32, &'a [u8])>,
    /// Mounts of which a directory on the path, below the same parent, has another mount over it.
    passed: HashSet<u32>,
}

impl<'a> Paths<'a> {
    /// Of all mounts that one file names.
    pub fn new(mounts: &'a [Mount<'a>]) -> Self {
        let mut children: HashMap<u32, Vec<&Mount<'_>>> = HashMap::new();
        for mount in mounts.iter().filter(|mount| mount.id != mount.parent) {
            children.entry(mount.parent).or_default().push(mount);
        }
        let (mut passed, mut mounted) = (HashSet::new(), HashSet::new());
        for siblings in children.values_mut() {
            // With the slash before every other byte, what lies below a path follows it at once.
            let order = |byte: &u8| byte.wrapping_sub(b'/');
            siblings.sort_by(|a, b| a.path.iter().map(order).cmp(b.path.iter().map(order)));
            let mut above: Option<&Mount<'_>> = None;
            for mount in siblings {
                mounted.insert((mount.parent, &*mount.path));
                match above {
                    Some(above) if is_below(&mount.path, &above.path) => {
                        passed.insert(mount.id);
                    }
                    _ => above = Some(mount),
                }
            }
        }
        Paths {
            by_id: mounts.iter().map(|mount| (mount.id, mount)).collect(),
            mounted,
            passed,
        }
    }

    /// The mounts that a walk from the root to the path of `mount` crosses, `mount` first; `None` where the walk ends in
    /// another one. The last has the path `/`, unless the file does not name what the others are mounted on.
    pub fn way(&self, mount: &'a Mount<'a>) -> Option<Vec<&'a Mount<'a>>> {
        if self.mounted.contains(&(mount.id, &*mount.path)) {
            return None;
        }
        let mut way = vec![mount];
        let mut at = mount;
        while !self.passed.contains(&at.id) {
            match self.by_id.get(&at.parent) {
                Some(parent) if parent.id != at.id => at = parent,
                _ => return Some(way),
            }
            if way.len() >= WAY_LIMIT {
                break;
            }
            way.push(at);
        }
        None
    }
}

/// Whether a path lies below another, and is not the same.
pub fn is_below(path: &[u8], above: &[u8]) -> bool {
    let rest = path.strip_prefix(above);
    rest.is_some_and(|rest| rest.starts_with(b"/") || (above == b"/" && !rest.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let check =
            |line: &[u8], path: &[u8], propagation: &[u8], device: &[u8], options: &[u8]| {
                let mount = mount(line).unwrap();
                assert_eq!((&*mount.path, &*mount.propagation), (path, propagation));
                assert_eq!((&*mount.device, &*mount.super_options), (device, options));
            };
        check(
            b"36 35 98:0 /mnt1 /mnt\\040\\134040 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue",
            b"/mnt \\040",
            b"master:1 shared:2",
            b"/dev/root",
            b"rw,errors=continue",
        );
        check(
            b"36 35 0:5 / /a\xff rw - tmpfs  rw",
            b"/a\xff",
            b"",
            b"",
            b"rw",
        );
        check(
            b"37 35 0:6 /x//deleted /run/netns\\012b rw unbindable - nsfs nsfs\\043 rw",
            b"/run/netns\nb",
            b"unbindable",
            b"nsfs#",
            b"rw",
        );
        check(
            b"38 35 0:7 / /host rw - 9p C:\\134 rw,aname=x;path=C:\\Some Files;uid=0,trans=fd",
            b"/host",
            b"",
            b"C:\\",
            b"rw,aname=x;path=C:\\Some Files;uid=0,trans=fd",
        );
        check(b"39 35 0:8 / /b rw - proc proc", b"/b", b"", b"proc", b"");
        let refused: [&[u8]; 6] = [
            b"",
            b"36 35 98:0 / / rw shared:1",
            b"\0\xff",
            b"99999999999 1 0:1 / / rw - a b c",
            b"36 35 0:1 / / rw -",
            b"36 35 0:1 / / rw  - a b c",
        ];
        for line in refused {
            assert_eq!(super::mount(line), None);
        }
    }

    /// The ids of the way to each mount, or nothing where it is covered.
    fn ways(lines: &[&str]) -> Vec<(u32, Vec<u32>)> {
        let mounts: Vec<_> = lines
            .iter()
            .map(|line| mount(line.as_bytes()).unwrap())
            .collect();
        let paths = Paths::new(&mounts);
        mounts
            .iter()
            .map(|mount| {
                let way = paths.way(mount).unwrap_or_default();
                (mount.id, way.iter().map(|mount| mount.id).collect())
            })
            .collect()
    }

    #[test]
    fn what_is_covered_is_known() {
        assert_eq!(
            ways(&[
                "1 1 0:2 / / rw - rootfs rootfs rw",
                "20 1 8:1 / / rw - ext4 /dev/sda1 rw",
                "21 20 0:30 / /srv/a rw - tmpfs a rw",
                // Over the directory that 21 is mounted in, so that nothing leads to it any more.
                "22 20 0:31 / /srv rw - nfs server:/srv rw",
                // Not below it.
                "23 20 0:32 / /srv-2 rw - tmpfs b rw",
                "24 20 0:33 / /run rw - tmpfs c rw",
                // At the same path as 24, which it covers.
                "25 24 0:34 / /run rw - tmpfs d rw",
                "26 25 0:35 / /run/user rw - tmpfs e rw",
                // Its parent was covered after it was mounted.
                "27 24 0:36 / /run/lock rw - tmpfs f rw",
                "28 22 0:37 / /srv/a/b rw - tmpfs g rw",
            ]),
            [
                (1, vec![]),
                (20, vec![20, 1]),
                (21, vec![]),
                (22, vec![22, 20, 1]),
                (23, vec![23, 20, 1]),
                (24, vec![]),
                (25, vec![25, 24, 20, 1]),
                (26, vec![26, 25, 24, 20, 1]),
                (27, vec![]),
                (28, vec![28, 22, 20, 1]),
            ]
        );
    }

    #[test]
    fn forged_parents_end() {
        assert_eq!(
            ways(&["5 6 0:1 / /a rw - x y z", "6 5 0:1 / /b rw - x y z"]),
            [(5, vec![]), (6, vec![])]
        );
        // The process sees a part of its namespace: what the first is mounted on is not named.
        assert_eq!(ways(&["9 8 0:1 / /a rw - x y z"]), [(9, vec![9])]);
    }
}
