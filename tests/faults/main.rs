//! The faults that Freezeframe must survive: each case makes a hostile or half-dead world, runs the real programs in it, and
//! looks whether they end in time, name what went wrong, give everything else, and leave no forbidden trace.
//!
//! `tests/faults/run [ID...]` runs all and prints the table; the normal test command runs the quick ones, each as a test of
//! its own.
#![cfg(test)]
#![allow(
    clippy::unnecessary_wraps,
    reason = "all cases have one type, also those that need nothing"
)]

#[path = "../common/mod.rs"]
mod common;

mod bundles;
mod case;
mod databases;
mod ended;
mod files;
mod footprint;
mod forge;
mod forged;
mod hanging;
mod held_logs;
mod large;
mod mutations;
mod named;
mod output;
mod processes;
mod racing;
mod secrets;
mod shown;
mod statements;
mod surroundings;
mod table;
mod trial;
mod views;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial as Test};

use case::{Case, Result};

/// All cases, in the order of the table.
fn cases() -> Vec<&'static Case> {
    let families = [
        processes::CASES,
        racing::CASES,
        named::CASES,
        views::CASES,
        large::CASES,
        hanging::CASES,
        held_logs::CASES,
        footprint::CASES,
        surroundings::CASES,
        output::CASES,
        ended::CASES,
        bundles::CASES,
        databases::CASES,
        forged::CASES,
        mutations::CASES,
        statements::CASES,
        shown::CASES,
        secrets::CASES,
    ];
    let files = files::CASES.into_iter().flatten();
    let mut cases: Vec<&Case> = families.into_iter().flatten().chain(files).collect();
    // Where a letter stands is the order of FAMILIES.
    cases.sort_by_key(|case| {
        let (letter, number) = case.id.split_at(1);
        (FAMILIES.find(letter), number.parse::<u32>().ok())
    });
    cases
}

/// Letters of the families: capture among processes, files, outputs; analyze with bundles, SQL, the web page, reports;
/// secrets.
const FAMILIES: &str = "CFOBSWRX";

fn main() -> ExitCode {
    let cases = cases();
    if let Some(id) = trial::inside() {
        let case = cases.iter().find(|case| case.id == id);
        trial::run(case.expect("the case that was asked for exists"));
        return ExitCode::SUCCESS;
    }
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("--table").is_some() {
        return table::print(&cases, &arguments.collect::<Vec<_>>());
    }
    let listed = cases.clone();
    let readme = Test::test("README", move || in_readme(&listed));
    let tests = cases
        .into_iter()
        .filter(|case| !case.is_pending())
        .map(|case| Test::test(case.id, move || test(case)).with_ignored_flag(!case.quick))
        .chain([readme])
        .collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

/// Looks whether README's table has a row for every case, and no other.
fn in_readme(cases: &[&Case]) -> std::result::Result<(), Failed> {
    let readme = std::fs::read_to_string(common::workspace().join("README.md"))?;
    let table = readme
        .split("<!-- faults: printed by tests/faults/run -->")
        .nth(1);
    let table = table.ok_or("README has no table of faults")?;
    let found: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"))
        .map(|(id, _)| id)
        .filter(|id| *id != "id")
        .collect();
    let expected: Vec<&str> = cases.iter().map(|case| case.id).collect();
    if found == expected {
        return Ok(());
    }
    Err(format!("README has {found:?}, the cases are {expected:?}").into())
}

/// One case as a test of the normal test command.
fn test(case: &'static Case) -> std::result::Result<(), Failed> {
    match case.result() {
        Result::Survived => Ok(()),
        Result::Skipped(reason) => {
            common::skip(&format!("fault {}", case.id), &reason);
            Ok(())
        }
        Result::Pending(part) => Err(format!("waits for {part}").into()),
        Result::Failed(reasons) => Err(reasons.join("\n").into()),
    }
}
