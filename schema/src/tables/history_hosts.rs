//! Table `history_hosts`.

use super::shell_history::HISTORIES;
use crate::text::Text;

crate::table! {
    /// Hosts that commands of `shell_history` name: one row for each, by the arguments of ssh, scp, sftp, rsync, curl,
    /// wget, mysql, psql, kubectl and their like, also behind `sudo` and in commands within commands. What stands in
    /// comments, in here-documents or in the arguments of other programs (`echo`) is no host, nor is a variable whose
    /// value the same command line does not tell.
    pub struct HistoryHost<'a> in "history_hosts" {
        sources: HISTORIES,
        /// As in `shell_history`.
        uid: Option<u32>,
        /// As in `shell_history`.
        username: Option<Text<'a>>,
        /// When the command was entered, epoch seconds; NULL where the shell did not write times.
        time: Option<i64>,
        /// Path of the history file.
        history_file: Text<'a>,
        /// As in `shell_history`: both name the same command.
        line_no: u64,
        /// The program that is told the host, without its directory.
        program: Text<'a>,
        /// Name or address, as it was typed, without the brackets of an IPv6 address.
        host: Text<'a>,
        /// Port; NULL where the command names none.
        port: Option<u16>,
        /// User at that host; NULL where the command names none.
        user: Option<Text<'a>>,
        /// The whole command.
        command: Text<'a>,
    }
}
