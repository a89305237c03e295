//! Which processes of a service play the same role before and after.
//!
//! The same object, else the same executable, arguments and user, else what is left of the same program, the most similar
//! arguments first. The workers of a pool are one role with a count.

use std::collections::{BTreeMap, HashMap, HashSet};

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
    let by_pid = sides.map(|processes| -> ByPid<'_> {
        let named = processes.iter().map(|process| (process.pid, *process));
        named.collect()
    });
    for process in before {
        // One and the same process that calls itself otherwise now.
        if is_same(process.pid)
            && let Some(later) = by_pid[1].get(&process.pid)
            && key(later) != key(process)
        {
            roles.push(Role {
                members: [vec![process.pid], vec![later.pid]],
            });
        }
    }
    let taken: HashSet<i64> = roles
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
    // What is left of one side is paired with what is left of the other.
    let program: Likeness = |process| (masked(process.program()), None);
    let likenesses: [Likeness; 3] = [
        |process| (process.path.clone().unwrap_or_default(), process.uid),
        program,
        |process| (process.name.clone(), None),
    ];
    for likeness in likenesses {
        pair(&mut left, &by_pid, likeness, &mut roles);
    }
    roles.extend(left.into_iter().filter(|role| *role != Role::default()));
    roles.sort_by_key(|role| role.members.iter().flatten().min().copied());
    roles
}

/// The processes of one side, by pid.
type ByPid<'a> = HashMap<i64, &'a Process>;

/// Processes of both sides that are alike, each with the position of its role.
type Alike<'a> = [Vec<(usize, &'a Process)>; 2];

/// What two processes of the same role have in common.
type Likeness = fn(&Process) -> (Vec<u8>, Option<i64>);

/// Pairs roles that only one side has with those that only the other has, where their processes are alike, the most similar
/// arguments first.
fn pair(left: &mut [Role], by_pid: &[ByPid<'_>; 2], likeness: Likeness, roles: &mut Vec<Role>) {
    /// Pairs of which the most similar are looked for; of more the first are taken.
    const MOST_PAIRS: usize = 100_000;
    let mut alike: BTreeMap<(Vec<u8>, Option<i64>), Alike<'_>> = BTreeMap::new();
    for (index, role) in left.iter().enumerate() {
        for (side, (members, by_pid)) in role.members.iter().zip(by_pid).enumerate() {
            if let Some(process) = members.first().and_then(|pid| by_pid.get(pid))
                && let Some(alike) = alike.entry(likeness(process)).or_default().get_mut(side)
            {
                alike.push((index, process));
            }
        }
    }
    for [before, after] in alike.into_values() {
        let is_many = before.len().saturating_mul(after.len()) > MOST_PAIRS;
        let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
        if is_many {
            let both = before.iter().zip(&after);
            pairs.extend(both.map(|((earlier, _), (later, _))| (0, *earlier, *later)));
        } else {
            for (earlier, one) in &before {
                let others = after.iter();
                pairs.extend(
                    others.map(|(later, other)| (similarity(one, other), *earlier, *later)),
                );
            }
        }
        pairs.sort_by(|one, other| {
            let order = |pair: &(usize, usize, usize)| (pair.1, pair.2);
            other
                .0
                .cmp(&one.0)
                .then_with(|| order(one).cmp(&order(other)))
        });
        for (_, earlier, later) in pairs {
            let is_left =
                |index: usize| left.get(index).is_some_and(|role| *role != Role::default());
            // Either may have been paired already.
            if !is_left(earlier) || !is_left(later) {
                continue;
            }
            let mut take =
                |index: usize| left.get_mut(index).map(std::mem::take).unwrap_or_default();
            let [members, _] = take(earlier).members;
            let [_, later] = take(later).members;
            roles.push(Role {
                members: [members, later],
            });
        }
    }
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
