//! Table `process_arguments`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Arguments of processes, one row each, empty ones included (`/proc/PID/cmdline`).
    pub struct ProcessArgument<'a> in "process_arguments" {
        sources: [Source::Process("cmdline")],
        key: [pid, position],
        /// Process id.
        pid: u32,
        /// Position, 0 for the name it was called by.
        position: u32,
        /// The argument, redacted.
        value: Text<'a>,
    }
}
