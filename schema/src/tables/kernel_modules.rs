//! Table `kernel_modules`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Loaded modules (`/proc/modules`).
    pub struct KernelModule<'a> in "kernel_modules" {
        sources: [Source::Host("/proc/modules")],
        key: [name],
        volatile: [references, address],
        /// Name.
        name: Text<'a>,
        /// Size, bytes.
        size: u64,
        /// References; NULL where the kernel does not count them.
        references: Option<u32>,
        /// Modules that use it, comma-separated; empty for none.
        used_by: Text<'a>,
        /// `Live`, `Loading` or `Unloading`.
        status: Text<'a>,
        /// Address; zeros for an unprivileged reader.
        address: Option<crate::table::Hex64>,
        /// Taint flags such as `OE`; NULL for none.
        taint: Option<Text<'a>>,
    }
}
