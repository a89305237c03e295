//! Table `swaps`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Swap areas (`/proc/swaps`).
    pub struct Swap<'a> in "swaps" {
        sources: [Source::Host("/proc/swaps")],
        key: [path],
        volatile: [used],
        /// File or device, unescaped.
        path: Text<'a>,
        /// `partition` or `file`.
        r#type: Text<'a>,
        /// Size, bytes.
        size: u64,
        /// Used, bytes.
        used: u64,
        /// Priority.
        priority: i32,
    }
}
