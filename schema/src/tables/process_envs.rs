//! Table `process_envs`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Environment variables of processes as they were at exec (`/proc/PID/environ`), redacted.
    pub struct ProcessEnv<'a> in "process_envs" {
        sources: [Source::Process("environ")],
        key: [pid, key],
        /// Process id.
        pid: u32,
        /// Name: what stands before the first `=`.
        key: Text<'a>,
        /// Value; NULL where the entry has no `=`.
        value: Option<Text<'a>>,
    }
}
