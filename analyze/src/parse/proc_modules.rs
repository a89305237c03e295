//! `/proc/modules`: six columns, and a seventh for what taints.

use super::Parsed;
use super::bytes::{decimal, each_line, fields, hex, no_heading};

/// A module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Module<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) size: u64,
    /// `None` where the kernel does not count, and while the module is unloaded.
    pub(crate) references: Option<u32>,
    pub(crate) used_by: &'a [u8],
    pub(crate) status: &'a [u8],
    pub(crate) address: Option<u64>,
    pub(crate) taint: Option<&'a [u8]>,
}

/// Reads the lines.
pub(crate) fn parse(input: &[u8]) -> Parsed<Vec<Module<'_>>> {
    each_line(input, no_heading, "a module", |line| {
        let mut fields = fields(line);
        let name = fields.next()?;
        let size = decimal(fields.next()?)?;
        let references = match fields.next()? {
            b"-" | b"-1" => None,
            count => Some(decimal(count)?),
        };
        let used_by = match fields.next()? {
            b"-" => &b""[..],
            names => names.strip_suffix(b",").unwrap_or(names),
        };
        let status = fields.next()?;
        let address = match fields.next() {
            // Early after boot the kernel cannot hide addresses yet and shows none.
            None
            | Some(b"0x(____ptrval____)" | b"(____ptrval____)" | b"0x(ptrval)" | b"(null)") => None,
            Some(address) => Some(hex(address.strip_prefix(b"0x")?)?),
        };
        let taint = fields
            .next()
            .and_then(|taint| taint.strip_prefix(b"(")?.strip_suffix(b")"));
        Some(Module {
            name,
            size,
            references,
            used_by,
            status,
            address,
            taint,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules() {
        let check = |input: &[u8], issues: usize, expected: &[Module<'_>]| {
            let parsed = parse(input);
            assert_eq!(parsed.value, expected);
            assert_eq!(parsed.issues.len(), issues);
        };
        let module = Module {
            name: b"nf_nat",
            size: 61440,
            references: Some(2),
            used_by: b"xt_MASQUERADE,nft_chain_nat",
            status: b"Live",
            address: Some(0xffff_ffff_c0a8_9000),
            taint: Some(b"OE"),
        };
        check(
            b"nf_nat 61440 2 xt_MASQUERADE,nft_chain_nat, Live 0xffffffffc0a89000 (OE)\nlp 20480 - - Live 0x0000000000000000\n",
            0,
            &[
                module,
                Module {
                    name: b"lp",
                    size: 20480,
                    references: None,
                    used_by: b"",
                    address: Some(0),
                    taint: None,
                    ..module
                },
            ],
        );
        check(
            b"nf_nat 61440 -1 [permanent], Unloading 0x(____ptrval____) (E-)\n",
            0,
            &[Module {
                references: None,
                used_by: b"[permanent]",
                status: b"Unloading",
                address: None,
                taint: Some(b"E-"),
                ..module
            }],
        );
        check(b"", 0, &[]);
        check(b"a 1\n\0\xff\na 1 1 - Live 0x99999999999999999\n", 3, &[]);
    }
}
