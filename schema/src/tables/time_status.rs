//! Table `time_status`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Whether the host's clock is kept true, as the kernel was told by whoever does that (`adjtimex(2)`). Of a live host only; where the
    /// kernel refuses to say it, `collection_log` has the path `adjtimex`.
    pub struct TimeStatus<'a> in "time_status" {
        sources: [Source::Record],
        volatile: [
            time, time_us, status, offset_ns, frequency_ppb, max_error_us, estimated_error_us, time_constant, tick_us,
        ],
        /// When the kernel was asked, by the host's clock, epoch seconds.
        time: i64,
        /// The same in microseconds.
        time_us: i64,
        /// 1 when the clock is said to be synchronised: neither `STA_UNSYNC` nor an error.
        synchronized: bool,
        /// `ok`, `insert` (a leap second comes at the end of the day), `delete`, `leap` (it is now), `wait` (it was) or `error`.
        state: Text<'a>,
        /// Status bits (`STA_...` of `<sys/timex.h>`): 0x1 the kernel follows an offset (PLL), 0x40 not synchronised, 0x2000
        /// the kernel counts in nanoseconds.
        status: i32,
        /// What is left of the offset that is being corrected, nanoseconds.
        offset_ns: i64,
        /// Correction of the frequency, parts per billion.
        frequency_ppb: i64,
        /// Largest possible error, microseconds; it grows by 500 a second while nobody tells the kernel, and stops at 16,000,000.
        max_error_us: i64,
        /// Estimated error, microseconds.
        estimated_error_us: i64,
        /// Time constant of the PLL.
        time_constant: i64,
        /// Microseconds between two ticks.
        tick_us: i64,
        /// TAI minus UTC, seconds; 0 where nobody told the kernel.
        tai_offset: i32,
    }
}
