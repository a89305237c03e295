//! Table `load_average`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Average number of runnable and uninterruptible tasks (`/proc/loadavg`).
    pub struct LoadAverage<'a> in "load_average" {
        sources: [Source::Host("/proc/loadavg")],
        key: [period],
        volatile: [average],
        /// `1m`, `5m` or `15m`.
        period: Text<'a>,
        /// The average as the file writes it, two decimals.
        average: Text<'a>,
    }
}
