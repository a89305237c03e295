//! Table `os_version`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// The distribution (`/etc/os-release`, or `/usr/lib/os-release` where that is missing).
    pub struct OsVersion<'a> in "os_version" {
        sources: [Source::Host("/etc/os-release"), Source::Host("/usr/lib/os-release")],
        key: [id],
        /// `NAME`.
        name: Option<Text<'a>>,
        /// `VERSION`, or `VERSION_ID` where that is missing.
        version: Option<Text<'a>>,
        /// `VERSION_ID`.
        version_id: Option<Text<'a>>,
        /// `ID`: the distribution's short name.
        id: Option<Text<'a>>,
        /// `ID_LIKE`, blank-separated.
        id_like: Option<Text<'a>>,
        /// `VERSION_CODENAME`.
        codename: Option<Text<'a>>,
        /// `PRETTY_NAME`.
        pretty_name: Option<Text<'a>>,
    }
}
