//! Table `log_lines`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Lines of the log tails, and of the kernel's log (`/dev/kmsg`).
    pub struct LogLine<'a> in "log_lines" {
        sources: [
            Source::Log("/var/log/syslog"), Source::Log("/var/log/messages"), Source::Log("/var/log/auth.log"),
            Source::Log("/var/log/secure"), Source::Log("/var/log/kern.log"), Source::Log("/var/log/daemon.log"),
            Source::Log("/var/log/dmesg"),
            Source::Device("/dev/kmsg"), Source::Host("/etc/localtime"), Source::Host("/etc/timezone"),
        ],
        /// Path of the log; `/dev/kmsg` for the kernel's.
        path: Text<'a>,
        /// Line within the kept bytes, counted from 1; the first one of a tail may be cut at its front.
        line_no: u64,
        /// Time, epoch seconds; NULL where the line has none.
        time: Option<i64>,
        /// Time, epoch microseconds; whole seconds where the line has no fraction.
        time_us: Option<i64>,
        /// Host the line names; NULL where it names none.
        host: Option<Text<'a>>,
        /// Program the line names; `kernel` for the kernel's.
        program: Option<Text<'a>>,
        /// Process id the line names.
        pid: Option<u32>,
        /// Severity, 0 emergency to 7 debug; NULL where the line has none.
        severity: Option<u8>,
        /// The message; the whole line where its form is not known.
        message: Text<'a>,
    }
}
