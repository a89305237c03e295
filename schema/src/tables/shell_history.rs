//! Table `shell_history`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Lines of the shells' history files, redacted.
    pub struct ShellHistory<'a> in "shell_history" {
        sources: [Source::Home(".bash_history")],
        /// User whose home the file lies in, by `/etc/passwd`, else the file's owner.
        uid: Option<u32>,
        /// Name of that user; NULL where passwd has none.
        username: Option<Text<'a>>,
        /// Shell that writes such a file: `bash`.
        shell: Text<'a>,
        /// Path of the file.
        history_file: Text<'a>,
        /// Line of the command's beginning within the kept bytes, counted from 1.
        line_no: u64,
        /// When it was entered, epoch seconds; NULL where the shell did not write times.
        time: Option<i64>,
        /// The command.
        command: Text<'a>,
    }
}
