//! Table `logged_in_users`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Who is logged in, by `/run/utmp`: every entry, those of the system's own too. Systems without the file have their users in
    /// `processes` (`login_uid`, and control groups below `user.slice`).
    pub struct LoggedInUser<'a> in "logged_in_users" {
        sources: [Source::Host("/run/utmp")],
        key: [tty, pid, time],
        logical_key: [type, user, tty, host],
        volatile: [time_us, session, record_no],
        /// `user` for a login; else `boot_time`, `runlevel`, `new_time`, `old_time`, `init`, `login` (a terminal that waits for one),
        /// `dead`, `empty`, `accounting`, or the number.
        r#type: Text<'a>,
        /// Name.
        user: Text<'a>,
        /// Terminal, or what stands for one.
        tty: Text<'a>,
        /// Where the user came from, as the program that wrote the entry says; empty for the console.
        host: Text<'a>,
        /// The same as an address; NULL where there is none.
        address: Option<Text<'a>>,
        /// When, epoch seconds.
        time: i64,
        /// When, epoch microseconds.
        time_us: i64,
        /// Process id of the login process.
        pid: i32,
        /// Session.
        session: i64,
        /// Number of the record in the file, counted from 1.
        record_no: u64,
    }
}
