//! The table that `tests/faults/run` prints, and README shows.

use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Instant;

use crate::case::{Case, Result};

/// Runs a case, and says how many seconds that took.
fn timed(case: &Case) -> (Result, f64) {
    let started = Instant::now();
    let result = case.result();
    (result, started.elapsed().as_secs_f64())
}

/// Runs the cases with these ids, or all, and prints what came of each. Fails when one did not survive.
///
/// Those of `analyze` alone take processor time and no more, while those with a world mostly wait: they run beside each other.
pub(crate) fn print(cases: &[&'static Case], ids: &[String]) -> ExitCode {
    if let Some(unknown) = ids
        .iter()
        .find(|id| !cases.iter().any(|case| case.id == **id))
    {
        eprintln!("no case {unknown}");
        return ExitCode::from(2);
    }
    let chosen: Vec<&'static Case> = cases
        .iter()
        .copied()
        .filter(|case| ids.is_empty() || ids.iter().any(|id| id == case.id))
        .collect();
    let (sender, beside) = mpsc::channel();
    let here: Vec<_> = chosen
        .iter()
        .copied()
        .filter(|case| case.is_here())
        .collect();
    std::thread::spawn(move || {
        for case in here {
            // Nobody listens any more when the table has been given up.
            if sender.send(timed(case)).is_err() {
                return;
            }
        }
    });
    let (mut survived, mut pending, mut skipped, mut total) = (0, 0, 0, 0);
    let mut failures = Vec::new();
    println!("| id | fault | result | s |\n|---|---|---|---|");
    for case in chosen {
        let (result, seconds) = if case.is_here() {
            beside.recv().expect("one result of each")
        } else {
            timed(case)
        };
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
