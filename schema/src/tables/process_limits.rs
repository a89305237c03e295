//! Table `process_limits`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Resource limits of processes (`/proc/PID/limits`).
    pub struct ProcessLimit<'a> in "process_limits" {
        sources: [Source::Process("limits")],
        key: [pid, r#type],
        /// Process id.
        pid: u32,
        /// Name as the file has it, such as `Max open files`.
        r#type: Text<'a>,
        /// Soft limit; NULL when unlimited.
        soft_limit: Option<u64>,
        /// Hard limit; NULL when unlimited.
        hard_limit: Option<u64>,
        /// 1 when there is no soft limit (`RLIM_INFINITY`).
        soft_unlimited: bool,
        /// 1 when there is no hard limit (`RLIM_INFINITY`).
        hard_unlimited: bool,
        /// Unit as the file has it, such as `files`; NULL where it has none.
        units: Option<Text<'a>>,
    }
}
