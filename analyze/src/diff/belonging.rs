//! What a process is called by, and which ones are no more than a pause in a loop.

use std::collections::{HashMap, HashSet};

use super::processes::{Process, UnitKind};
use super::roles::masked;

/// Programs of which what they run says what they are.
const INTERPRETERS: [&str; 10] = [
    "python",
    "python#",
    "python#.#",
    "node",
    "ruby",
    "perl",
    "java",
    "php",
    "bash",
    "sh",
];
/// A loop that waits so many seconds starts its `sleep` again and again.
const WAIT_LIMIT: i64 = 60;

/// What a process belongs to: of a tree the program at its root, and what it runs where it is an interpreter.
pub(super) fn label(processes: &HashMap<i64, Process>, process: &Process) -> Vec<u8> {
    if process.kind != UnitKind::Tree {
        return process.unit.clone();
    }
    let mut root = process;
    // Forged parents may go in a circle.
    for _ in 0..100 {
        let parent = root
            .parent
            .filter(|parent| *parent != 1 && *parent != root.pid);
        match parent.and_then(|parent| processes.get(&parent)) {
            Some(parent) if parent.kind == UnitKind::Tree => root = parent,
            _ => break,
        }
    }
    let name = root.program();
    let runs = INTERPRETERS
        .iter()
        .any(|known| known.as_bytes() == masked(name));
    let arguments = root.arguments.as_deref().unwrap_or_default();
    let script = arguments
        .iter()
        .skip(1)
        .find(|argument| !argument.starts_with(b"-"));
    match script.filter(|script| runs && !script.contains(&b' ')) {
        Some(script) => {
            let file = script.rsplit(|byte| *byte == b'/').next().unwrap_or(script);
            [name, b" ", file].concat()
        }
        None => name.to_vec(),
    }
}

/// The `sleep` of loops: it ends by itself, and another takes its place.
pub(super) fn waits(
    processes: &[HashMap<i64, Process>; 2],
    times: [i64; 2],
    same: &HashSet<i64>,
) -> [HashSet<i64>; 2] {
    let [before, after] = times;
    let waits = |side: usize| {
        let processes = processes.get(side);
        let all = processes.into_iter().flat_map(HashMap::values);
        all.filter(|process| {
            let seconds = process
                .arguments
                .as_deref()
                .and_then(|arguments| match arguments {
                    [name, seconds] if name.ends_with(b"sleep") => {
                        // Parts of a second do not matter.
                        let whole = seconds.split(|byte| *byte == b'.').next()?;
                        std::str::from_utf8(whole).ok()?.parse::<i64>().ok()
                    }
                    _ => None,
                });
            let Some(seconds) = seconds else {
                return false;
            };
            let started = process.start_time.unwrap_or(i64::MAX);
            let has_parent = process.parent.is_some_and(|parent| same.contains(&parent));
            has_parent
                && !same.contains(&process.pid)
                && if side == 0 {
                    started.saturating_add(seconds) <= after.saturating_add(1)
                } else {
                    started >= before.saturating_sub(1)
                        && seconds <= after.saturating_sub(before).max(WAIT_LIMIT)
                }
        })
        .map(|process| process.pid)
        .collect()
    };
    [waits(0), waits(1)]
}
