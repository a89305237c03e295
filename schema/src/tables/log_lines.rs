//! Table `log_lines`.

use crate::source::Source;
use crate::text::Text;

/// The logs that are files, those of the paths that distributions give them by their paths, and more sources.
macro_rules! logs {
    ($($more:expr),+ $(,)?) => {
        [
            Source::Log("/var/log/syslog"),
            Source::Log("/var/log/messages"),
            Source::Log("/var/log/auth.log"),
            Source::Log("/var/log/secure"),
            Source::Log("/var/log/kern.log"),
            Source::Log("/var/log/daemon.log"),
            Source::Log("/var/log/dmesg"),
            Source::Log("/var/log/cron"),
            Source::Log("/var/log/cron.log"),
            Source::Log("/var/log/maillog"),
            Source::Log("/var/log/mail.log"),
            Source::Log("/var/log/mail.err"),
            Source::Log("/var/log/user.log"),
            Source::Log("/var/log/debug"),
            Source::Log("/var/log/boot.log"),
            Source::Log("/var/log/cloud-init.log"),
            Source::Log("/var/log/cloud-init-output.log"),
            Source::Log("/var/log/dpkg.log"),
            Source::Log("/var/log/apt/history.log"),
            Source::Log("/var/log/apt/term.log"),
            Source::Log("/var/log/yum.log"),
            Source::Log("/var/log/dnf.log"),
            Source::Log("/var/log/dnf.rpm.log"),
            Source::Log("/var/log/alternatives.log"),
            Source::Log("/var/log/ufw.log"),
            Source::Log("/var/log/fail2ban.log"),
            Source::Log("/var/log/firewalld"),
            Source::Log("/var/log/audit/audit.log"),
            Source::Log("/var/log/nginx/access.log"),
            Source::Log("/var/log/nginx/error.log"),
            Source::Log("/var/log/apache2/access.log"),
            Source::Log("/var/log/apache2/error.log"),
            Source::Log("/var/log/apache2/other_vhosts_access.log"),
            Source::Log("/var/log/httpd/access_log"),
            Source::Log("/var/log/httpd/error_log"),
            Source::Log("/var/log/mysql/error.log"),
            Source::Log("/var/log/mysqld.log"),
            Source::Log("/var/log/mariadb/mariadb.log"),
            Source::Log("/var/log/redis/redis-server.log"),
            Source::Log("/var/log/redis/redis.log"),
            Source::Log("/var/log/haproxy.log"),
            Source::Log("/var/log/squid/access.log"),
            Source::Log("/var/log/squid/cache.log"),
            Source::Log("/var/log/mongodb/mongod.log"),
            Source::Log("/var/log/unattended-upgrades/unattended-upgrades.log"),
            Source::FoundLog,
            $($more),+
        ]
    };
}
pub(super) use logs;

crate::table! {
    /// Lines of the log tails, of their rotated siblings, and of the kernel's log (`/dev/kmsg`). Which logs there are, and how each was
    /// found, `log_files` tells.
    ///
    /// Times without a zone are read in the host's own zone, and get their year from the modification time of the file.
    /// Virtual table `log_lines_fts` has the same columns for full-text search (FTS5) in `program` and `message`.
    pub struct LogLine<'a> in "log_lines" {
        sources: logs![Source::Journal, Source::Device("/dev/kmsg"), Source::Host("/etc/localtime"), Source::Host("/etc/timezone")],
        /// Path of the log; `/dev/kmsg` for the kernel's.
        path: Text<'a>,
        /// Line within the kept bytes, of a compressed log within its text, counted from 1; the first one of a tail may be cut at its front.
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
