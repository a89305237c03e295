//! Table `dns_resolvers`.

use crate::source::Source;
use crate::text::Text;

crate::table! {
    /// Settings of the resolver (`/etc/resolv.conf`).
    pub struct DnsResolver<'a> in "dns_resolvers" {
        sources: [Source::Host("/etc/resolv.conf")],
        key: [id, r#type],
        /// Order in the file, counted from 0 for each type.
        id: u32,
        /// `nameserver`, `search`, `sortlist` or `options`.
        r#type: Text<'a>,
        /// The value.
        address: Text<'a>,
    }
}
