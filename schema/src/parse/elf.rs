//! The first bytes of an ELF file: which machine a program was made for.

/// Bytes that are looked at.
pub const LENGTH: usize = 20;

/// What a program was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elf {
    /// Whether numbers lie in memory with the most significant byte first.
    pub is_big_endian: bool,
    /// The machine in the word of `uname -m`; `None` for one that is not listed here.
    pub machine: Option<&'static str>,
}

/// Reads the header (`e_ident` and `e_machine`); `None` for what is no ELF file.
pub fn parse(file: &[u8]) -> Option<Elf> {
    let header: &[u8; LENGTH] = file.first_chunk()?;
    let [0x7f, b'E', b'L', b'F', class, order, .., high, low] = *header else {
        return None;
    };
    let (is_big_endian, number) = match order {
        1 => (false, u16::from_le_bytes([high, low])),
        2 => (true, u16::from_be_bytes([high, low])),
        _ => return None,
    };
    let is_64 = class == 2;
    let machine = match (number, is_64, is_big_endian) {
        (2 | 18, ..) => "sparc",
        (3, ..) => "i686",
        (4, ..) => "m68k",
        (8, true, _) => "mips64",
        (8, false, _) => "mips",
        (15, ..) => "parisc",
        (20, ..) => "ppc",
        (21, _, true) => "ppc64",
        (21, _, false) => "ppc64le",
        (22, true, _) => "s390x",
        (22, false, _) => "s390",
        (40, ..) => "arm",
        (43, ..) => "sparc64",
        (62, ..) => "x86_64",
        (183, ..) => "aarch64",
        (243, true, _) => "riscv64",
        (243, false, _) => "riscv32",
        (258, ..) => "loongarch64",
        _ => "",
    };
    Some(Elf {
        is_big_endian,
        machine: Some(machine).filter(|machine| !machine.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(class: u8, order: u8, machine: [u8; 2]) -> Vec<u8> {
        let mut header = b"\x7fELF".to_vec();
        header.extend([class, order, 1]);
        header.resize(18, 0);
        header.extend(machine);
        header
    }

    #[test]
    fn programs_name_their_machine() {
        let check = |file: Vec<u8>, is_big_endian, machine| {
            let expected = Some(Elf {
                is_big_endian,
                machine,
            });
            assert_eq!(parse(&file), expected);
        };
        check(header(2, 1, [62, 0]), false, Some("x86_64"));
        check(header(2, 2, [0, 22]), true, Some("s390x"));
        check(header(2, 2, [0, 21]), true, Some("ppc64"));
        check(header(2, 1, [21, 0]), false, Some("ppc64le"));
        check(header(1, 2, [0, 8]), true, Some("mips"));
        check(header(2, 1, [2, 1]), false, Some("loongarch64"));
        check(header(2, 2, [0xff, 0xff]), true, None);
    }

    #[test]
    fn hostile() {
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"#!/bin/sh\nexit 0\n     "), None);
        assert_eq!(parse(&header(2, 3, [0, 22])), None);
        assert_eq!(parse(&header(2, 2, [0, 22])[..19]), None);
    }
}
