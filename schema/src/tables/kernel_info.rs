//! Table `kernel_info`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// The running kernel (`/proc/version`, `/proc/cmdline`).
    pub struct KernelInfo<'a> in "kernel_info" {
        sources: [Source::Host("/proc/version"), Source::Host("/proc/cmdline")],
        key: [item],
        /// `version` or `arguments`.
        item: Text<'a>,
        /// The line.
        value: Text<'a>,
    }
}
