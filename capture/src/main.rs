//! The `capture` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    capture::main()
}
