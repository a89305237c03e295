//! Table `users`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Local users (`/etc/passwd`); those of a directory service are not there.
    pub struct User<'a> in "users" {
        sources: [Source::Host("/etc/passwd")],
        key: [username],
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
        /// Name.
        username: Text<'a>,
        /// Full name and remarks (GECOS).
        description: Text<'a>,
        /// Home directory.
        directory: Text<'a>,
        /// Shell.
        shell: Text<'a>,
    }
}
