//! Table `last`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Logins and logouts, starts and ends of the system (`wtmp`), logins that failed (`btmp`), and the last login of each user
    /// (`lastlog`): record by record of the classic files, row by row of the databases that follow them (wtmpdb, lastlog2).
    ///
    /// The name of a failed login is what somebody typed, which may be a password.
    pub struct Last<'a> in "last" {
        sources: [
            Source::Tail("/var/log/wtmp"), Source::Tail("/var/log/btmp"), Source::Host("/var/log/lastlog"),
            Source::Host("/var/lib/wtmpdb/wtmp.db"), Source::Host("/var/lib/lastlog/lastlog2.db"),
        ],
        key: [path, record_no],
        logical_key: [type_name, username, tty, host, time_us, failed],
        volatile: [record_no],
        /// Name; NULL in `lastlog`, which has ids.
        username: Option<Text<'a>>,
        /// User id, where the record has it: in `lastlog`.
        uid: Option<u32>,
        /// Terminal, or what stands for one.
        tty: Text<'a>,
        /// Process id; NULL where the record has none.
        pid: Option<i32>,
        /// Number of the kind of record, as in utmp(5); NULL where the record has none.
        r#type: Option<i32>,
        /// `user` for a login, `dead` for its end, `boot_time`, `runlevel` (also for the end of the system), `new_time`, `old_time`, `init`,
        /// `login`, `empty`, `accounting`, or the number; `last_login` of `lastlog`.
        type_name: Text<'a>,
        /// Whether it is a login that failed.
        failed: bool,
        /// When, epoch seconds.
        time: i64,
        /// When, epoch microseconds.
        time_us: i64,
        /// When the login ended, epoch seconds, where the record itself says it: in wtmpdb.
        logout_time: Option<i64>,
        /// Where the user came from, as the program that wrote the record says; the kernel's release for `boot_time`.
        host: Text<'a>,
        /// The same as an address; NULL where there is none.
        address: Option<Text<'a>>,
        /// Session; NULL where the record has none.
        session: Option<i64>,
        /// Signal that ended the process, of `dead`; NULL where the record has none.
        termination: Option<i32>,
        /// Exit status of the process, of `dead`; NULL where the record has none.
        exit_status: Option<i32>,
        /// Service by which the login was made, in the databases; NULL in the classic files.
        service: Option<Text<'a>>,
        /// File.
        path: Text<'a>,
        /// Number of the record in the kept part of the file, counted from 1.
        record_no: u64,
    }
}
