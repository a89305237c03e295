//! Table `journal`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// The last entries of the systemd journal. The same entries, with what all logs have in common, are in `log_lines` under the same
    /// path and line number.
    ///
    /// `_CMDLINE` is left out at capture: it may hold secrets.
    pub struct JournalEntry<'a> in "journal" {
        sources: [Source::Journal],
        key: [boot_id, seqnum, time_us],
        logical_key: [time_us, seqnum],
        volatile: [path, line_no],
        /// File of the journal.
        path: Text<'a>,
        /// Number of the entry within what was kept of the file, counted from 1.
        line_no: u64,
        /// When the journal took it, epoch seconds (`__REALTIME_TIMESTAMP`).
        time: i64,
        /// The same in microseconds.
        time_us: i64,
        /// Microseconds since the system was started (`__MONOTONIC_TIMESTAMP`).
        monotonic_us: Option<u64>,
        /// Which start that was (`_BOOT_ID`), 32 hexadecimal digits.
        boot_id: Option<Text<'a>>,
        /// Number that the journal gave it (`__SEQNUM`).
        seqnum: Option<u64>,
        /// Host (`_HOSTNAME`).
        host: Option<Text<'a>>,
        /// Name that the program gave itself (`SYSLOG_IDENTIFIER`).
        identifier: Option<Text<'a>>,
        /// Process (`_PID`).
        pid: Option<u32>,
        /// Its user (`_UID`).
        uid: Option<u32>,
        /// Its name (`_COMM`).
        process_name: Option<Text<'a>>,
        /// Its program (`_EXE`).
        process_path: Option<Text<'a>>,
        /// Its unit (`_SYSTEMD_UNIT`), or the unit that the entry is about (`UNIT`).
        systemd_unit: Option<Text<'a>>,
        /// Its control group (`_SYSTEMD_CGROUP`).
        cgroup: Option<Text<'a>>,
        /// Container that it was said in (`CONTAINER_ID_FULL`, which Docker and Podman write), or that the control group names.
        container_id: Option<Text<'a>>,
        /// How the entry came: `journal`, `stdout`, `syslog`, `kernel`, `audit`, `driver` (`_TRANSPORT`).
        transport: Option<Text<'a>>,
        /// 0 emergency to 7 debug (`PRIORITY`).
        severity: Option<u8>,
        /// Kind of message, of a catalog (`MESSAGE_ID`).
        message_id: Option<Text<'a>>,
        /// The message (`MESSAGE`); NULL for an entry without one.
        message: Option<Text<'a>>,
        /// All other fields, a JSON object; bytes that are no UTF-8 are replaced.
        fields: Text<'a>,
    }
}
