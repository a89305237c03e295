//! `/proc/PID/mountinfo`: fields parted by single blanks, any number of optional ones before a `-`; and which mounts
//! the paths of a namespace lead to.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::iter::successors;

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
    /// The same as the kernel wrote them: a comma in a value is escaped here, and only here.
    pub escaped_super_options: &'a [u8],
}

impl<'a> Mount<'a> {
    /// The options of the file system with their values, empty where they have none.
    pub fn each_super_option(&self) -> impl Iterator<Item = (&'a [u8], Cow<'a, [u8]>)> + use<'a> {
        let options = self.escaped_super_options.split(|byte| *byte == b',');
        options.map(|option| {
            let end = memchr::memchr(b'=', option).unwrap_or(option.len());
            let (name, value) = option.split_at_checked(end).unwrap_or((option, b""));
            (name, unescape_octal(value.get(1..).unwrap_or_default()))
        })
    }
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
        escaped_super_options: rest,
    })
}

/// Which mounts the paths of a namespace lead to. Mounts are named by their position in the file.
#[derive(Debug)]
pub struct Paths<'a> {
    mounts: &'a [Mount<'a>],
    /// What each is mounted on, where the file names it.
    parents: Vec<Option<usize>>,
    /// Whether a directory on the path, below the same parent, has another mount over it.
    passed: Vec<bool>,
    /// Whether a walk to the path ends in the mount.
    reached: Vec<bool>,
}

impl<'a> Paths<'a> {
    /// Of all mounts that one file names.
    pub fn new(mounts: &'a [Mount<'a>]) -> Self {
        let mut children: HashMap<u32, Vec<(usize, &Mount<'_>)>> = HashMap::new();
        for (index, mount) in mounts.iter().enumerate() {
            if mount.id != mount.parent {
                children
                    .entry(mount.parent)
                    .or_default()
                    .push((index, mount));
            }
        }
        let mut passed = vec![false; mounts.len()];
        let mut mounted = HashSet::new();
        for siblings in children.values_mut() {
            // With the slash before every other byte, what lies below a path follows it at once.
            let order = |byte: &u8| byte.wrapping_sub(b'/');
            siblings
                .sort_by(|(_, a), (_, b)| a.path.iter().map(order).cmp(b.path.iter().map(order)));
            let mut above: Option<&Mount<'_>> = None;
            for (index, mount) in siblings {
                mounted.insert((mount.parent, &*mount.path));
                match (above, passed.get_mut(*index)) {
                    (Some(above), Some(passed)) if is_below(&mount.path, &above.path) => {
                        *passed = true;
                    }
                    _ => above = Some(mount),
                }
            }
        }
        let by_id: HashMap<u32, usize> = mounts
            .iter()
            .enumerate()
            .map(|(index, mount)| (mount.id, index))
            .collect();
        let parent = |mount: &Mount<'_>| {
            let parent = (mount.parent != mount.id).then_some(mount.parent)?;
            by_id.get(&parent).copied()
        };
        let mut paths = Paths {
            mounts,
            parents: mounts.iter().map(parent).collect(),
            passed,
            reached: Vec::new(),
        };
        let mut reached = paths.through(|_, _| true);
        for (mount, reached) in mounts.iter().zip(&mut reached) {
            *reached &= !mounted.contains(&(mount.id, &*mount.path));
        }
        paths.reached = reached;
        paths
    }

    /// Whether a walk from the root to the path of a mount ends in this mount, and not in another one.
    pub fn is_reached(&self, index: usize) -> bool {
        self.reached.get(index).copied().unwrap_or(false)
    }

    /// What a mount is mounted on, where the file names it.
    pub fn parent(&self, index: usize) -> Option<usize> {
        self.parents.get(index).copied().flatten()
    }

    /// For each mount whether a walk to where it is mounted crosses, up to and with the mount itself, only such as
    /// `is_open` lets pass.
    pub fn through(&self, is_open: impl Fn(usize, &Mount<'a>) -> bool) -> Vec<bool> {
        let next = |index: usize| {
            let mount = self.mounts.get(index);
            if self.passed.get(index) != Some(&false) || !mount.is_some_and(|m| is_open(index, m)) {
                return Next::Nothing;
            }
            self.parent(index).map_or(Next::Root, Next::Mount)
        };
        let lengths = lengths(self.mounts.len(), next);
        lengths.iter().map(|length| *length > 0).collect()
    }

    /// The mounts that a walk from the root to the path of a mount crosses, that one first; `None` where the walk ends in
    /// another one. The last has the path `/`, unless the file does not name what the others are mounted on.
    pub fn way(&self, index: usize) -> Option<Vec<usize>> {
        let way = successors(Some(index), |index| self.parent(*index));
        self.is_reached(index).then(|| way.collect())
    }
}

/// Where a walk towards the root goes on.
enum Next {
    /// In another mount.
    Mount(usize),
    /// It is there.
    Root,
    /// No further.
    Nothing,
}

/// How many mounts the way from each of `count` mounts to the root has; 0 where it does not come there, or has too many. Asks
/// once for each.
fn lengths(count: usize, mut next: impl FnMut(usize) -> Next) -> Vec<usize> {
    let mut lengths: Vec<Option<usize>> = vec![None; count];
    let mut open = Vec::new();
    for first in 0..count {
        let mut at = first;
        let mut rest = loop {
            match lengths.get_mut(at) {
                Some(length @ None) => *length = Some(0),
                // Known, or a mount of the same way: that one ends nowhere.
                Some(Some(length)) => break (*length > 0).then_some(*length),
                None => break None,
            }
            open.push(at);
            match next(at) {
                Next::Mount(parent) => at = parent,
                Next::Root => break Some(0),
                Next::Nothing => break None,
            }
        };
        while let Some(index) = open.pop() {
            rest = rest
                .filter(|length| *length < WAY_LIMIT)
                .map(|length| length.saturating_add(1));
            if let Some(length) = lengths.get_mut(index) {
                *length = Some(rest.unwrap_or(0));
            }
        }
    }
    lengths.into_iter().map(Option::unwrap_or_default).collect()
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
            .enumerate()
            .map(|(index, mount)| {
                let way = paths.way(index).unwrap_or_default();
                (
                    mount.id,
                    way.iter().map(|index| mounts[*index].id).collect(),
                )
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

    #[test]
    fn each_mount_is_looked_at_once() {
        // A stack of 250, and 99,750 on its top.
        let mut asked = 0_usize;
        let lengths = lengths(100_000, |index| {
            asked += 1;
            match index {
                0 => Next::Root,
                1..250 => Next::Mount(index - 1),
                _ => Next::Mount(249),
            }
        });
        assert_eq!(asked, 100_000);
        assert_eq!((lengths[249], lengths[99_999]), (250, 251));
    }

    #[test]
    fn ways_are_not_too_long() {
        let mut asked = 0_usize;
        // The root is the last of the file.
        let lengths = lengths(100_000, |index| {
            asked += 1;
            match index {
                99_999 => Next::Root,
                _ => Next::Mount(index + 1),
            }
        });
        assert_eq!(asked, 100_000);
        let first = lengths.iter().position(|length| *length > 0);
        assert_eq!(first, Some(100_000 - WAY_LIMIT));
        assert_eq!(lengths[100_000 - WAY_LIMIT], WAY_LIMIT);
    }

    #[test]
    fn only_what_is_open_is_passed() {
        let lines = [
            "20 1 8:1 / / rw - ext4 /dev/sda1 rw",
            "21 20 0:30 / /a rw - nfs a rw",
            "22 21 0:31 / /a/b rw - tmpfs b rw",
            "23 20 0:32 / /c rw - tmpfs c rw",
        ];
        let mounts = lines.map(|line| mount(line.as_bytes()).unwrap());
        let paths = Paths::new(&mounts);
        let through = paths.through(|_, mount| mount.kind != b"nfs");
        assert_eq!(through, [true, false, false, true]);
    }

    #[test]
    fn options_are_parted_before_they_are_unescaped() {
        let line = b"30 20 0:27 / /m rw - overlay overlay rw,lowerdir+=/a\\054b\\075,lowerdir+=/c,upperdir=/u\\040,x=1=2";
        let options: Vec<_> = mount(line)
            .unwrap()
            .each_super_option()
            .map(|(name, value)| (name, value.into_owned()))
            .collect();
        let expected: [(&[u8], &[u8]); 5] = [
            (b"rw", b""),
            (b"lowerdir+", b"/a,b="),
            (b"lowerdir+", b"/c"),
            (b"upperdir", b"/u "),
            (b"x", b"1=2"),
        ];
        assert_eq!(
            options,
            expected.map(|(name, value)| (name, value.to_vec()))
        );
    }
}
