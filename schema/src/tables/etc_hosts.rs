//! Table `etc_hosts`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Names that are resolved from a file (`/etc/hosts`).
    pub struct EtcHost<'a> in "etc_hosts" {
        sources: [Source::Host("/etc/hosts")],
        key: [address, hostnames],
        logical_key: [hostnames],
        /// Address as the file has it.
        address: Text<'a>,
        /// Names, blank-separated.
        hostnames: Text<'a>,
    }
}
