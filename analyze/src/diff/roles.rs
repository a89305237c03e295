//! Which processes of a service play the same role before and after.
//!
//! The same object, else the same executable, arguments and user, else what is left of the same program, the most similar
//! arguments first. The workers of a pool are one role with a count.

use std::collections::BTreeMap;

use super::processes::Process;

/// Processes that play the same role, before and after; either may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Role {
    /// Their pids, lowest first.
    pub(super) members: [Vec<i64>; 2],
}

/// Executable, user, and arguments without what changes from process to process.
type Key = (Option<Vec<u8>>, Option<i64>, Vec<u8>);

fn key(process: &Process) -> Key {
    let arguments = match &process.arguments {
        Some(arguments) if process.has_title() => masked(&arguments.join(&b' ')),
        Some(arguments) => without_ids(&arguments.join(&0)),
        None => process.name.clone(),
    };
    (process.path.clone(), process.uid, arguments)
}

/// A text in which each number is the same.
pub(super) fn masked(text: &[u8]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(text.len());
    for byte in text {
        match (byte.is_ascii_digit(), masked.last()) {
            (true, Some(b'#')) => {}
            (true, _) => masked.push(b'#'),
            (false, _) => masked.push(*byte),
        }
    }
    masked
}

/// A text in which the ids of containers are all the same: a new container has a new one.
pub(super) fn without_ids(text: &[u8]) -> Vec<u8> {
    const LENGTH: usize = 64;
    let mut plain = Vec::with_capacity(text.len());
    for part in text.chunk_by(|one, other| one.is_ascii_hexdigit() == other.is_ascii_hexdigit()) {
        if part.len() == LENGTH && part.iter().all(u8::is_ascii_hexdigit) {
            plain.push(b'*');
        } else {
            plain.extend_from_slice(part);
        }
    }
    plain
}

/// Finds the roles among the processes of one service. `is_same` tells that a pid is the same process in both snapshots.
pub(super) fn find(sides: [&[&Process]; 2], is_same: impl Fn(i64) -> bool) -> Vec<Role> {
    let [before, after] = sides;
    let mut keyed: BTreeMap<Key, Role> = BTreeMap::new();
    let mut roles = Vec::new();
    for process in before {
        // One and the same process that calls itself otherwise now.
        let later = after.iter().find(|later| later.pid == process.pid);
        if is_same(process.pid)
            && let Some(later) = later
            && key(later) != key(process)
        {
            roles.push(Role {
                members: [vec![process.pid], vec![later.pid]],
            });
        }
    }
    let taken: Vec<i64> = roles
        .iter()
        .flat_map(|role| role.members[0].clone())
        .collect();
    for (side, processes) in [before, after].into_iter().enumerate() {
        for process in processes {
            let is_taken = is_same(process.pid) && taken.contains(&process.pid);
            if !is_taken
                && let Some(members) = keyed.entry(key(process)).or_default().members.get_mut(side)
            {
                members.push(process.pid);
            }
        }
    }
    let (whole, mut left): (Vec<Role>, Vec<Role>) = keyed
        .into_values()
        .partition(|role| role.members.iter().all(|members| !members.is_empty()));
    roles.extend(whole);
    let process = |side: usize, role: &Role| {
        let pid = role.members.get(side)?.first()?;
        sides
            .get(side)?
            .iter()
            .find(|process| process.pid == *pid)
            .copied()
    };
    // What is left of one side is paired with what is left of the other.
    let fits: [fn(&Process, &Process) -> bool; 3] = [
        |one, other| one.path == other.path && one.uid == other.uid,
        |one, other| masked(one.program()) == masked(other.program()),
        |one, other| one.name == other.name,
    ];
    for fits in fits {
        let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
        for (earlier, one) in left.iter().enumerate() {
            for (later, other) in left.iter().enumerate() {
                if let (Some(one), Some(other)) = (process(0, one), process(1, other))
                    && fits(one, other)
                {
                    pairs.push((similarity(one, other), earlier, later));
                }
            }
        }
        pairs.sort_by(|one, other| {
            other
                .0
                .cmp(&one.0)
                .then((one.1, one.2).cmp(&(other.1, other.2)))
        });
        for (_, earlier, later) in pairs {
            let (Some(one), Some(other)) = (left.get(earlier), left.get(later)) else {
                continue;
            };
            // Either may have been paired already.
            if process(0, one).is_none() || process(1, other).is_none() {
                continue;
            }
            roles.push(Role {
                members: [one.members[0].clone(), other.members[1].clone()],
            });
            for index in [earlier, later] {
                if let Some(role) = left.get_mut(index) {
                    *role = Role::default();
                }
            }
        }
    }
    roles.extend(left.into_iter().filter(|role| *role != Role::default()));
    roles.sort_by_key(|role| role.members.iter().flatten().min().copied());
    roles
}

/// How many arguments two processes have in common, of a thousand.
pub(super) fn similarity(one: &Process, other: &Process) -> usize {
    let (Some(one), Some(other)) = (&one.arguments, &other.arguments) else {
        return 0;
    };
    let mut rest = other.clone();
    let mut common = 0_usize;
    for argument in one {
        if let Some(at) = rest.iter().position(|known| known == argument) {
            rest.swap_remove(at);
            common = common.saturating_add(1);
        }
    }
    let all = one.len().max(other.len());
    common.saturating_mul(1000).checked_div(all).unwrap_or(1000)
}
