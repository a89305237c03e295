//! Table `groups`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Local groups (`/etc/group`).
    pub struct Group<'a> in "groups" {
        sources: [Source::Host("/etc/group")],
        key: [groupname],
        /// Group id.
        gid: u32,
        /// Name.
        groupname: Text<'a>,
        /// Members beside those whose own group it is, comma-separated.
        members: Text<'a>,
    }
}
