//! Table `shell_history`.

use crate::source::Source;
use crate::text::Text;

/// The histories of the shells: below every home, and where the environment of a process names another file.
pub(super) const HISTORIES: [Source; 11] = [
    Source::Home(".bash_history"),
    Source::Home(".zsh_history"),
    Source::Home(".zhistory"),
    Source::Home(".histfile"),
    Source::Home(".history"),
    Source::Home(".ash_history"),
    Source::Home(".sh_history"),
    Source::Home(".ksh_history"),
    Source::Home(".local/share/fish/fish_history"),
    // Where fish kept it before version 2.3.
    Source::Home(".config/fish/fish_history"),
    Source::NamedHistory,
];

crate::table! {
    /// Commands from the shells' history files, redacted: those in the homes, and those that a process names in
    /// `HISTFILE`.
    pub struct ShellHistory<'a> in "shell_history" {
        sources: HISTORIES,
        /// User whose home the file lies in, by `/etc/passwd`, else the one whose process named it, else the file's owner.
        uid: Option<u32>,
        /// Name of that user; NULL where passwd has none, or the file is that of a container.
        username: Option<Text<'a>>,
        /// Shell that writes such a file: `bash`, `zsh`, `fish`, `ash`, `ksh`, `mksh`, `tcsh`; NULL where neither the
        /// file's name nor its text tells.
        shell: Option<Text<'a>>,
        /// Path of the file; below `/proc/PID/root` for a file of another root directory.
        history_file: Text<'a>,
        /// Line of the command's beginning within the kept bytes, counted from 1; in the binary histories of ksh and
        /// mksh, which have no lines, the number of the command.
        line_no: u64,
        /// When it was entered, epoch seconds; NULL where the shell did not write times.
        time: Option<i64>,
        /// How long it ran, seconds, as zsh writes it where it writes times; NULL for other shells.
        duration_s: Option<u64>,
        /// The command, its lines separated by newlines.
        command: Text<'a>,
    }
}
