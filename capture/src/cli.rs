//! The command line.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser, ValueEnum};

use crate::run::{self, Destination, Settings};
use crate::{Error, Exit, output, plan, summary, surroundings, worker};

/// Freezes a live Linux host into one bundle, in seconds, without harming it.
///
/// Reads processes, open files, the sockets of every network namespace, connection tracking, neighbours, logs, shell
/// histories and configuration. Secrets are replaced by pseudonyms. Nothing is written but the bundle.
///
/// Exit status: 0 when everything planned is in the bundle; 1 when the bundle is written and something is missing,
/// which is listed; 2 when there is no bundle.
#[derive(Debug, Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[command(name = "capture", version, max_term_width = 100)]
pub struct Arguments {
    /// The bundle, or `-` for standard output [default: `HOST_YYYYMMDDTHHMMSSZ.tar.zst`].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Root directory of the host: a live one when its `/proc` is a procfs, else a dead tree.
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    /// A word that names the snapshot, such as `before-deploy`.
    #[arg(long)]
    label: Option<String>,
    /// Most bytes of the bundle, with K, M or G for powers of 1024. What is read last is left out: histories, logs,
    /// then command lines, environments and maps, then namespaces, fds and threads.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<u64>,
    /// Seconds after which capture ends with what it has.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    deadline: u64,
    /// Milliseconds after which a read that waits is given up.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(10..=600_000))]
    item_timeout: u64,
    /// Worker processes [default: the number of processors, at most 4].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    workers: Option<u32>,
    /// Make pseudonyms under the key in this file, which is made where it is missing: captures with the same key can be
    /// compared.
    #[arg(long, value_name = "FILE")]
    case_key: Option<PathBuf>,
    /// Ask also for what would make the kernel load a module: sockets, where no program like `ss` has asked since the system was
    /// started, and connection tracking.
    #[arg(long)]
    allow_module_load: bool,
    /// Take only the logs that processes hold open or name, and none because of its path.
    #[arg(long)]
    no_known_logs: bool,
    /// Most entries that are kept of the end of each file of the journal; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    journal_entries: u32,
    /// Keep the entries of the journal of this time before the capture, such as 30m, 6h or 2d, however many they are.
    #[arg(long, value_name = "AGE", value_parser = age, conflicts_with = "journal_entries")]
    journal_since: Option<Duration>,
    /// Keep secrets as they are.
    #[arg(long, conflicts_with = "case_key")]
    no_redaction: bool,
    /// No progress and no summary.
    #[arg(short, long)]
    quiet: bool,
    /// Form of the summary.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print what would be read, and read nothing.
    #[arg(long)]
    list: bool,
    /// Print a completion script for a shell.
    #[arg(long, value_name = "SHELL")]
    completions: Option<clap_complete::Shell>,
    /// Print the manual page.
    #[arg(long)]
    man: bool,
    /// Be a worker; the number is that of an inherited file.
    #[arg(long, hide = true, value_name = "FD")]
    worker: Option<i32>,
}

/// Form of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For scripts.
    Json,
}

/// Runs the command.
pub fn main() -> ExitCode {
    surroundings::widen_stack();
    run_command()
}

/// What needs more stack than [`main`] may have had.
#[inline(never)]
fn run_command() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(usage) if usage.use_stderr() => {
            // It quotes the arguments, among which may be names that others chose.
            let text = schema::text::escaped_lines(usage.render().to_string().as_bytes());
            let _ = write!(io::stderr().lock(), "{text}");
            return Exit::Failed.into();
        }
        Err(help) => {
            let _ = help.print();
            return Exit::Complete.into();
        }
    };
    if let Some(memory) = arguments.worker {
        // The parent notices by itself when a worker ends.
        return match worker::main(memory) {
            Ok(()) => Exit::Complete.into(),
            Err(_) => Exit::Failed.into(),
        };
    }
    let exit = act(&arguments).unwrap_or_else(|error| {
        report(&error);
        Exit::Failed
    });
    exit.into()
}

fn act(arguments: &Arguments) -> Result<Exit, Error> {
    let mut out = io::stdout().lock();
    if let Some(shell) = arguments.completions {
        clap_complete::generate(shell, &mut Arguments::command(), "capture", &mut out);
        return Ok(Exit::Complete);
    }
    if arguments.man {
        let page = clap_mangen::Man::new(Arguments::command());
        page.render(&mut out).map_err(Error::Print)?;
        return Ok(Exit::Complete);
    }
    if arguments.list {
        plan::print(&mut out).map_err(Error::Print)?;
        return Ok(Exit::Complete);
    }
    let settings = settings(arguments)?;
    let streams = settings.output == Destination::Stream;
    drop(out);
    let captured = run::run(settings)?;
    if !arguments.quiet {
        // Standard output belongs to the bundle when that is streamed.
        let mut out: Box<dyn Write> = if streams {
            Box::new(io::stderr().lock())
        } else {
            Box::new(io::stdout().lock())
        };
        let printed = match arguments.format {
            Format::Text => summary::text(&captured, &mut out),
            Format::Json => summary::json(&captured, &mut out),
        };
        // The bundle is written; a reader that went away takes nothing from that.
        if let Err(error) = printed
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            report(&Error::Print(error));
        }
    }
    Ok(if captured.manifest.complete {
        Exit::Complete
    } else {
        Exit::Incomplete
    })
}

fn settings(arguments: &Arguments) -> Result<Settings, Error> {
    let output = match &arguments.output {
        None => Destination::Named,
        Some(path) if path.as_os_str() == "-" => {
            if io::stdout().is_terminal() {
                return Err(Error::Terminal);
            }
            if output::is_stdout_closed() {
                return Err(Error::Closed);
            }
            Destination::Stream
        }
        Some(path) => Destination::File(path.clone()),
    };
    // What the standard library offers opens files of the cgroup, which are none of ours to read.
    let processors = rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count());
    let workers = processors.clamp(1, 4);
    Ok(Settings {
        root: arguments.root.clone(),
        output,
        label: arguments.label.clone(),
        max_size: arguments.max_size,
        deadline: Duration::from_secs(arguments.deadline),
        item_timeout: Duration::from_millis(arguments.item_timeout),
        workers: arguments.workers.unwrap_or(workers),
        allow_module_load: arguments.allow_module_load,
        known_logs: !arguments.no_known_logs,
        journal_entries: arguments
            .journal_since
            .map_or(arguments.journal_entries, |_| u32::MAX),
        journal_since: arguments.journal_since,
        redact: !arguments.no_redaction,
        case_key: arguments.case_key.clone(),
        progress: !arguments.quiet,
    })
}

/// A number of seconds, minutes, hours or days.
fn age(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text}: no number with s, m, h or d behind it");
    let unit = match text.chars().next_back() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let number = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(unit)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

/// A number of bytes, with K, M or G for powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.as_bytes().last().map(u8::to_ascii_uppercase) {
        Some(b'K') => (text.get(..text.len().saturating_sub(1)), 1 << 10),
        Some(b'M') => (text.get(..text.len().saturating_sub(1)), 1 << 20),
        Some(b'G') => (text.get(..text.len().saturating_sub(1)), 1 << 30),
        _ => (Some(text), 1_u64),
    };
    digits
        .and_then(|digits| digits.parse::<u64>().ok())
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "expected a number of bytes such as 500M".to_owned())
}

/// One line with every cause.
fn report(error: &Error) {
    let mut line = format!("capture: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    let shown = schema::text::escaped(line.as_bytes());
    // Nothing is left to be told when standard error is gone.
    let _ = writeln!(io::stderr().lock(), "{shown}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
        assert!(Arguments::try_parse_from(["capture", crate::pool::WORKER_ARGUMENT, "3"]).is_ok());
    }

    #[test]
    fn sizes() {
        assert_eq!(size("500M"), Ok(500 << 20));
        assert_eq!(size("7"), Ok(7));
        for odd in ["", "M", "-1", "1.5G", "99999999999G", "é"] {
            assert!(size(odd).is_err(), "{odd}");
        }
    }
}
