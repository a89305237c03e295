//! The table that `tests/faults/run` prints, and README shows.

use std::process::ExitCode;
use std::time::Instant;

use crate::case::{Case, Result};

/// Runs the cases with these ids, or all, and prints what came of each. Fails when one did not survive.
pub(crate) fn print(cases: &[&'static Case], ids: &[String]) -> ExitCode {
    if let Some(unknown) = ids
        .iter()
        .find(|id| !cases.iter().any(|case| case.id == **id))
    {
        eprintln!("no case {unknown}");
        return ExitCode::from(2);
    }
    let chosen = cases
        .iter()
        .filter(|case| ids.is_empty() || ids.iter().any(|id| id == case.id));
    let (mut survived, mut pending, mut skipped, mut total) = (0, 0, 0, 0);
    let mut failures = Vec::new();
    println!("| id | fault | result | s |\n|---|---|---|---|");
    for case in chosen {
        let started = Instant::now();
        let result = case.result();
        let seconds = started.elapsed().as_secs_f64();
        total += 1;
        let (word, time) = match result {
            Result::Survived => {
                survived += 1;
                ("survived".to_owned(), format!("{seconds:.1}"))
            }
            Result::Pending(part) => {
                pending += 1;
                (format!("pending: {part}"), String::new())
            }
            Result::Skipped(reason) => {
                skipped += 1;
                (format!("skipped: {reason}"), String::new())
            }
            Result::Failed(reasons) => {
                failures.push((case.id, reasons));
                ("**failed**".to_owned(), format!("{seconds:.1}"))
            }
        };
        let title = case.title.replace('|', "\\|");
        println!("| {} | {title} | {word} | {time} |", case.id);
    }
    println!("\nsurvived {survived} of {total}, pending {pending}, skipped {skipped}");
    for (id, reasons) in &failures {
        println!("\n{id} failed:");
        for reason in reasons {
            println!("  {}", reason.replace('\n', "\n    "));
        }
    }
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
