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
mod ended;
mod files;
mod footprint;
mod forge;
mod forged;
mod hanging;
mod large;
mod mutations;
mod output;
mod processes;
mod secrets;
mod shown;
mod statements;
mod surroundings;
mod table;
mod trial;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial as Test};

use case::{Case, Result};

/// All cases, in the order of the table.
fn cases() -> Vec<&'static Case> {
    let families = [
        processes::CASES,
        large::CASES,
        hanging::CASES,
        footprint::CASES,
        surroundings::CASES,
        output::CASES,
        ended::CASES,
        bundles::CASES,
        forged::CASES,
        mutations::CASES,
        statements::CASES,
        shown::CASES,
        secrets::CASES,
    ];
    let files = files::CASES.into_iter().flatten();
    families.into_iter().flatten().chain(files).collect()
}

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
    let tests = cases
        .into_iter()
        .filter(|case| !case.is_pending())
        .map(|case| Test::test(case.id, move || test(case)).with_ignored_flag(!case.quick))
        .collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
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
