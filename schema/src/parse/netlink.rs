//! Netlink messages and their attributes (RFC 3549): headers, lengths and padding, whatever a message means.

/// The byte order of the captured host. Netlink has numbers as they lie in its memory; some files of `/proc` write words of
/// an address so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// That of this machine.
    pub const NATIVE: Self = if cfg!(target_endian = "big") {
        ByteOrder::Big
    } else {
        ByteOrder::Little
    };

    /// From the word in a bundle's header; all but `big` counts as little, which nearly every host is.
    pub fn of(endianness: &str) -> Self {
        if endianness == "big" {
            ByteOrder::Big
        } else {
            ByteOrder::Little
        }
    }

    /// The word of the header.
    pub fn as_str(self) -> &'static str {
        match self {
            ByteOrder::Little => "little",
            ByteOrder::Big => "big",
        }
    }

    /// The number that two bytes are.
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            ByteOrder::Little => u16::from_le_bytes(bytes),
            ByteOrder::Big => u16::from_be_bytes(bytes),
        }
    }

    /// The number that four bytes are.
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The number that eight bytes are.
    pub fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            ByteOrder::Little => u64::from_le_bytes(bytes),
            ByteOrder::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// Bytes of the header of a message (`struct nlmsghdr`).
pub const HEADER_LENGTH: usize = 16;
/// The message carries an error number, negative, or 0 for an acknowledgement (`NLMSG_ERROR`).
pub const ERROR: u16 = 2;
/// The message ends a dump (`NLMSG_DONE`).
pub const DONE: u16 = 3;
/// The table changed while it was dumped, so that the dump may miss rows or have some twice (`NLM_F_DUMP_INTR`).
pub const INTERRUPTED: u16 = 0x10;

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it means within its protocol (`nlmsg_type`).
    pub kind: u16,
    /// `nlmsg_flags`.
    pub flags: u16,
    /// What follows the header.
    pub payload: &'a [u8],
}

/// The messages of a dump, one behind the other. Bytes that are no message end it: they come as the last item.
pub fn messages(bytes: &[u8], order: ByteOrder) -> Messages<'_> {
    Messages { rest: bytes, order }
}

/// See [`messages`].
#[derive(Debug, Clone)]
pub struct Messages<'a> {
    rest: &'a [u8],
    order: ByteOrder,
}

impl<'a> Messages<'a> {
    /// What has not been looked at.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, &'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let bytes = std::mem::take(&mut self.rest);
        let message = || {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            let (kind, rest) = rest.split_first_chunk()?;
            let (flags, _) = rest.split_first_chunk()?;
            let length = usize::try_from(self.order.u32(*length)).ok()?;
            let payload = bytes.get(HEADER_LENGTH..length)?;
            let rest = bytes.get(aligned(length)..).unwrap_or_default();
            let message = Message {
                kind: self.order.u16(*kind),
                flags: self.order.u16(*flags),
                payload,
            };
            Some((message, rest))
        };
        match message() {
            Some((message, rest)) => {
                self.rest = rest;
                Some(Ok(message))
            }
            None => Some(Err(bytes)),
        }
    }
}

/// How many of the bytes are whole messages and fit `limit`; all of them where the first one does not.
pub fn boundary(bytes: &[u8], limit: usize, order: ByteOrder) -> usize {
    let mut messages = messages(bytes, order);
    let mut end = 0;
    while let Some(Ok(_)) = messages.next() {
        let next = bytes.len().saturating_sub(messages.rest().len());
        if next > limit {
            break;
        }
        end = next;
    }
    if end == 0 { bytes.len() } else { end }
}

/// The attributes of a message behind its fixed part, or those of a nested attribute. What has no length that makes sense ends
/// them.
pub fn attributes(bytes: &[u8], order: ByteOrder) -> Attributes<'_> {
    Attributes { rest: bytes, order }
}

/// See [`attributes`].
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    rest: &'a [u8],
    order: ByteOrder,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        /// Bits that say how the value is meant, which whoever reads it knows (`NLA_F_NESTED`, `NLA_F_NET_BYTEORDER`).
        const FLAGS: u16 = 0xc000;
        const LENGTH: usize = 4;
        let bytes = std::mem::take(&mut self.rest);
        let (length, rest) = bytes.split_first_chunk()?;
        let (kind, _) = rest.split_first_chunk()?;
        let length = usize::from(self.order.u16(*length));
        let value = bytes.get(LENGTH..length)?;
        self.rest = bytes.get(aligned(length)..).unwrap_or_default();
        Some((self.order.u16(*kind) & !FLAGS, value))
    }
}

/// Where what follows begins.
fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER_LENGTH + payload.len()).unwrap();
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(kind.to_le_bytes());
        bytes.extend([0; 10]);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn messages_come_one_by_one() {
        let bytes = [message(7, b"abcde"), message(DONE, b"")].concat();
        let all: Vec<_> = messages(&bytes, ByteOrder::Little).collect();
        let expected = |kind, payload| {
            Ok(Message {
                kind,
                flags: 0,
                payload,
            })
        };
        assert_eq!(all, [expected(7, &b"abcde"[..]), expected(DONE, b"")]);
        // In the other order the length makes no sense.
        assert_eq!(
            messages(&bytes, ByteOrder::Big).collect::<Vec<_>>(),
            [Err(bytes.as_slice())]
        );
    }

    #[test]
    fn cut_between_messages() {
        let (one, two) = (message(7, b"abcde"), message(8, b"f"));
        let bytes = [one.clone(), two.clone()].concat();
        let check = |limit, expected| {
            assert_eq!(boundary(&bytes, limit, ByteOrder::Little), expected);
        };
        check(bytes.len(), bytes.len());
        check(bytes.len() - 1, one.len());
        check(one.len(), one.len());
        // It has to go somewhere.
        check(one.len() - 1, bytes.len());
    }

    #[test]
    fn hostile() {
        let odd = |bytes: &[u8]| {
            assert_eq!(
                messages(bytes, ByteOrder::Little).collect::<Vec<_>>(),
                [Err(bytes)]
            );
        };
        odd(&[0; 16]);
        odd(&[15, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        odd(&[255; 40]);
        odd(b"\x10\0\0");
        assert_eq!(messages(b"", ByteOrder::Little).count(), 0);
        let none: [&[u8]; 4] = [b"", &[3, 0, 1, 0], &[255; 8], &[4]];
        for bytes in none {
            assert_eq!(attributes(bytes, ByteOrder::Little).count(), 0);
        }
    }

    #[test]
    fn attributes_lose_their_flags() {
        let bytes = [6, 0, 1, 0x80, b'a', b'b', 0, 0, 4, 0, 2, 0, 9, 0, 3];
        let all: Vec<_> = attributes(&bytes, ByteOrder::Little).collect();
        assert_eq!(all, [(1, &b"ab"[..]), (2, b"")]);
        let bytes = [0, 5, 0x40, 3, b'c'];
        let all: Vec<_> = attributes(&bytes, ByteOrder::Big).collect();
        assert_eq!(all, [(3, &b"c"[..])]);
    }
}
