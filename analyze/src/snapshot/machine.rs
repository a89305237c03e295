//! The machine of the host: byte order, page size, boot time. Of a live host the header has them, by its kernel; of a
//! dead tree they are concluded from its own files, or assumed, and the snapshot says which.

use std::collections::BTreeMap;

use schema::header::{Header, Mode};
use schema::source::split_process;

use crate::parse::address::{ByteOrder, Words};
use crate::parse::bytes::{cut, cut_last, decimal, fields, lines};
use crate::parse::proc_pid_status;

/// Clock ticks in a second where no kernel could be asked: what all but Alpha and Itanium tell programs.
const USUAL_TICKS: u32 = 100;
/// Page size where nothing tells it.
const USUAL_PAGE: u32 = 4096;
/// Pages of a process below which rounding hides the size of one.
const ENOUGH_PAGES: u64 = 64;

/// The machine of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Byte order, and how it is known.
    pub(crate) byte_order: (ByteOrder, &'static str),
    /// Clock ticks in a second, and how they are known.
    pub(crate) clock_ticks: (u32, &'static str),
    /// Page size in bytes, and how it is known.
    pub(crate) page_size: (u32, &'static str),
    /// When the host booted, microseconds since 1970; `None` where a dead tree does not tell.
    pub(crate) boot_time_us: Option<i64>,
    /// Release of the kernel.
    pub(crate) kernel_release: Option<String>,
}

/// What the files of a dead tree tell of its machine.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// Addresses that can only be read in one order: little, big.
    addresses: (u64, u64),
    /// Processes by the size of their pages.
    pages: BTreeMap<u32, u64>,
    /// Resident pages of processes, by stat, and bytes, by status, until both are there.
    resident: BTreeMap<u32, (Option<u64>, Option<u64>)>,
    version: Option<Vec<u8>>,
    cpuinfo: Option<Known>,
    boot_time_us: Option<i64>,
}

/// What the name of an architecture tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    byte_order: ByteOrder,
    page_size: Option<u32>,
}

impl Machine {
    /// As the header alone has it.
    pub fn of(header: &Header) -> Self {
        Traces::default().conclude(header)
    }
}

impl Traces {
    /// Whether a member of a dead tree may tell something.
    pub(super) fn wants(name: &str) -> bool {
        let Some(path) = name.strip_prefix("root/proc/") else {
            return false;
        };
        let last = path.rsplit('/').next();
        matches!(path, "stat" | "version" | "cpuinfo")
            || is_addresses(path)
            || (matches!(last, Some("stat" | "status")) && path.split('/').count() == 2)
    }

    /// Takes such a member.
    pub(super) fn take(&mut self, name: &str, content: &[u8]) {
        let path = name.strip_prefix("root").unwrap_or(name);
        match path {
            "/proc/stat" => self.boot_time_us = boot_time_us(content).or(self.boot_time_us),
            "/proc/version" => self.version = Some(content.to_vec()),
            "/proc/cpuinfo" => self.cpuinfo = cpuinfo(content),
            _ if is_addresses(path) => {
                for (_, line) in lines(content) {
                    let (little, big) = votes(line);
                    self.addresses.0 = self.addresses.0.saturating_add(little);
                    self.addresses.1 = self.addresses.1.saturating_add(big);
                }
            }
            _ => match split_process(path) {
                Some((pid, "stat")) => {
                    let pages = resident_pages(content);
                    self.resident.entry(pid).or_default().0 = pages;
                    self.weigh(pid);
                }
                Some((pid, "status")) => {
                    let bytes = proc_pid_status::parse(content).value.vm_rss;
                    self.resident.entry(pid).or_default().1 = bytes;
                    self.weigh(pid);
                }
                _ => {}
            },
        }
    }

    fn weigh(&mut self, pid: u32) {
        let Some((Some(pages), Some(bytes))) = self.resident.get(&pid).copied() else {
            return;
        };
        self.resident.remove(&pid);
        if let Some(size) = page_size(pages, bytes) {
            let count = self.pages.entry(size).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// What follows from all of it.
    pub(super) fn conclude(&self, header: &Header) -> Machine {
        let host = &header.host;
        let is_live = header.mode == Mode::Live;
        let version = self.version.as_deref();
        let named = host
            .machine
            .as_deref()
            .and_then(|machine| known(machine.as_bytes()))
            .or_else(|| version.and_then(by_version))
            .or(self.cpuinfo);
        let told = host.endianness.as_deref().map(ByteOrder::of);
        let byte_order = match (told, self.addresses) {
            (Some(order), _) if is_live => (order, "kernel"),
            (_, (little, big)) if little > big => (ByteOrder::Little, "addresses"),
            (_, (little, big)) if big > little => (ByteOrder::Big, "addresses"),
            (Some(order), _) => (order, "program"),
            (None, _) => named.map_or((ByteOrder::Little, "assumed"), |known| {
                (known.byte_order, "architecture")
            }),
        };
        let measured = self.pages.iter().max_by_key(|(_, count)| **count);
        let page_size = if let Some(size) = host.page_size {
            (size, "kernel")
        } else if let Some((size, _)) = measured {
            (*size, "processes")
        } else if let Some(size) = named.and_then(|known| known.page_size) {
            (size, "architecture")
        } else {
            (USUAL_PAGE, "assumed")
        };
        let since_boot = host_boot(header);
        Machine {
            byte_order,
            clock_ticks: host
                .clock_ticks
                .map_or((USUAL_TICKS, "assumed"), |ticks| (ticks, "kernel")),
            page_size,
            boot_time_us: since_boot.or(self.boot_time_us),
            kernel_release: host
                .kernel_release
                .clone()
                .or_else(|| release(version?).map(|name| String::from_utf8_lossy(name).into())),
        }
    }
}

/// By the clocks that were read together.
fn host_boot(header: &Header) -> Option<i64> {
    let clocks = header.clocks;
    clocks.realtime_us.checked_sub(clocks.boottime_us?)
}

/// Whether a file below `/proc` writes words of addresses in the host's byte order.
fn is_addresses(path: &str) -> bool {
    let Some((directory, name)) = path.rsplit_once('/') else {
        return false;
    };
    (directory == "net" || directory.ends_with("/net"))
        && matches!(name, "tcp" | "tcp6" | "udp" | "udp6" | "route")
}

/// The line `btime` of `/proc/stat`, in microseconds.
fn boot_time_us(content: &[u8]) -> Option<i64> {
    let (_, line) = lines(content).find(|(_, line)| line.starts_with(b"btime "))?;
    let seconds: i64 = decimal(fields(line).nth(1)?)?;
    seconds.checked_mul(1_000_000)
}

/// How many addresses of a line can only be little-endian, and how many only big-endian.
fn votes(line: &[u8]) -> (u64, u64) {
    let mut votes = (0_u64, 0_u64);
    for field in fields(line) {
        let word = cut(field, b':').map_or(field, |(address, _)| address);
        match order_of(word) {
            Some(ByteOrder::Little) => votes.0 = votes.0.saturating_add(1),
            Some(ByteOrder::Big) => votes.1 = votes.1.saturating_add(1),
            None => {}
        }
    }
    votes
}

/// The byte order in which a word is an address that hosts have: one of 127.0.0.0/24, a network mask, `::1`, or an
/// IPv4 address in an IPv6 one. `None` for a word that says nothing, or that may be either.
fn order_of(word: &[u8]) -> Option<ByteOrder> {
    if !word.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let (little, big) = match word.len() {
        8 => (
            word.ends_with(b"00007F") || is_mask(word, ByteOrder::Little),
            word.starts_with(b"7F0000") || is_mask(word, ByteOrder::Big),
        ),
        32 => {
            let (before, last) = word.split_at_checked(24)?;
            let (zeros, third) = before.split_at_checked(16)?;
            let is_small = zeros.iter().all(|digit| *digit == b'0');
            let is_loopback = |one: &[u8]| third == b"00000000" && last == one;
            (
                is_small && (third == b"FFFF0000" || is_loopback(b"01000000")),
                is_small && (third == b"0000FFFF" || is_loopback(b"00000001")),
            )
        }
        _ => return None,
    };
    match (little, big) {
        (true, false) => Some(ByteOrder::Little),
        (false, true) => Some(ByteOrder::Big),
        _ => None,
    }
}

/// Whether a word is a mask of 8 to 31 bits in an order.
fn is_mask(word: &[u8], order: ByteOrder) -> bool {
    let Some(mask) = order.v4(word).map(std::net::Ipv4Addr::to_bits) else {
        return false;
    };
    (8..32).contains(&mask.leading_ones()) && mask.leading_ones() == mask.count_ones()
}

/// Resident memory in pages, field 24 of `/proc/PID/stat`.
fn resident_pages(stat: &[u8]) -> Option<u64> {
    let (_, after) = cut_last(stat.trim_ascii_end(), b')')?;
    decimal(fields(after).nth(21)?)
}

/// The page size of a process by its resident pages and its resident bytes, which were counted one after the other.
fn page_size(pages: u64, bytes: u64) -> Option<u32> {
    if pages < ENOUGH_PAGES {
        return None;
    }
    [4096_u32, 8192, 16384, 32768, 65536]
        .into_iter()
        .find(|size| {
            let expected = pages.saturating_mul(u64::from(*size));
            expected.abs_diff(bytes) <= expected.checked_div(4).unwrap_or(0)
        })
}

/// The third word of `/proc/version`.
fn release(version: &[u8]) -> Option<&[u8]> {
    let mut words = fields(version.trim_ascii_end());
    let is_linux = words.next()? == b"Linux" && words.next()? == b"version";
    words.next().filter(|_| is_linux)
}

/// By the kernel's release, where distributions name the architecture, or the compiler it was built with.
fn by_version(version: &[u8]) -> Option<Known> {
    let of_parts = |word: &[u8]| {
        word.split(|byte| matches!(byte, b'-' | b'.' | b'+' | b'('))
            .find_map(known)
    };
    of_parts(release(version)?).or_else(|| {
        fields(version)
            .filter(|word| memchr::memmem::find(word, b"-linux").is_some())
            .find_map(of_parts)
    })
}

/// By the lines that only kernels of one architecture write.
fn cpuinfo(content: &[u8]) -> Option<Known> {
    lines(content).find_map(|(_, line)| {
        let (key, value) = cut(line, b':')?;
        let value = value.trim_ascii();
        match key.trim_ascii() {
            b"vendor_id" if value.starts_with(b"IBM/S390") => known(b"s390x"),
            b"vendor_id" => known(b"x86_64"),
            b"isa" if value.starts_with(b"rv") => known(b"riscv64"),
            b"type" if value.starts_with(b"sun4") => known(b"sparc64"),
            b"CPU implementer" => known(b"aarch64"),
            _ => None,
        }
    })
}

/// What a name of an architecture tells, in the words of kernels, compilers and distributions. Names that stand for
/// both byte orders, such as `mips` of `uname`, tell nothing.
fn known(name: &[u8]) -> Option<Known> {
    use ByteOrder::{Big, Little};
    let (byte_order, page_size) = match name {
        b"x86_64" | b"amd64" | b"i386" | b"i486" | b"i586" | b"i686" | b"686" => {
            (Little, Some(4096))
        }
        b"s390x" | b"s390" | b"hppa" | b"parisc" | b"parisc64" => (Big, Some(4096)),
        b"sparc64" => (Big, Some(8192)),
        b"alpha" => (Little, Some(8192)),
        b"ppc64le" | b"ppc64el" | b"powerpc64le" | b"aarch64" | b"arm64" | b"riscv64"
        | b"mipsel" | b"mips64el" | b"loongarch64" | b"armhf" | b"armmp" | b"armv6l"
        | b"armv7l" | b"armv8l" => (Little, None),
        b"ppc" | b"ppc64" | b"powerpc" | b"powerpc64" | b"aarch64_be" | b"armv7b" | b"armeb"
        | b"m68k" | b"sparc" => (Big, None),
        _ => return None,
    };
    Some(Known {
        byte_order,
        page_size,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_their_order() {
        let check =
            |word: &str, expected| assert_eq!(order_of(word.as_bytes()), expected, "{word}");
        let (little, big) = (Some(ByteOrder::Little), Some(ByteOrder::Big));
        check("0100007F", little);
        check("3500007F", little);
        check("7F000001", big);
        // 127.0.0.127 and 127.0.0.127 the other way round.
        check("7F00007F", None);
        check("00FFFFFF", little);
        check("FFFFFF00", big);
        check("000000FF", little);
        check("FFFFF000", big);
        check("FFFFFFFF", None);
        check("00000000", None);
        check("010200C0", None);
        check("00000000000000000000000001000000", little);
        check("00000000000000000000000000000001", big);
        check("0000000000000000FFFF0000010200C0", little);
        check("00000000000000000000FFFFC0000201", big);
        check("B80D0120000000000000000001000000", None);
        check("0100007G", None);
        check("", None);
        assert_eq!(
            votes(b"   0: 0100007F:1F90 3500007F:0000 0A 00000000:00000003 00:00000000 00000000 33 0 7"),
            (2, 0)
        );
    }

    #[test]
    fn pages_are_measured() {
        assert_eq!(page_size(1000, 4_096_000), Some(4096));
        assert_eq!(page_size(1000, 65_536_000 + 900_000), Some(65536));
        assert_eq!(page_size(1000, 20_000_000), Some(16384));
        assert_eq!(page_size(63, 63 * 4096), None);
        assert_eq!(page_size(1000, 0), None);
        assert_eq!(page_size(u64::MAX, u64::MAX), Some(4096));
    }

    #[test]
    fn versions_name_architectures() {
        let check = |version: &str, expected: Option<ByteOrder>| {
            let found = by_version(version.as_bytes()).map(|known| known.byte_order);
            assert_eq!(found, expected, "{version}");
        };
        check(
            "Linux version 5.14.0-1.el9.s390x (builder@build.example) (gcc (GCC) 11.4.1) #1 SMP\n",
            Some(ByteOrder::Big),
        );
        check(
            "Linux version 6.1.0-9-powerpc64le (builder@build-ppc64.example) (gcc 12) #1 SMP\n",
            Some(ByteOrder::Little),
        );
        // The builder's host says nothing, the compiler's target does.
        check(
            "Linux version 6.8.0-9-generic (b@amd64-1) (powerpc64-linux-gnu-gcc-13 (GCC) 13.2.0) #9\n",
            Some(ByteOrder::Big),
        );
        check(
            "Linux version 6.8.0-9-generic (b@s390x-1) (gcc 13) #9\n",
            None,
        );
        check("", None);
        check("Linux version", None);
        assert_eq!(
            cpuinfo(b"\xff\nvendor_id       : IBM/S390\n").map(|known| known.byte_order),
            Some(ByteOrder::Big)
        );
        assert_eq!(cpuinfo(b"cpu\t\t: POWER9\n"), None);
    }

    #[test]
    fn boot_times() {
        assert_eq!(
            boot_time_us(b"cpu  1 2\nbtime 1700000000\nprocesses 7\n"),
            Some(1_700_000_000_000_000)
        );
        assert_eq!(boot_time_us(b"btime \n"), None);
        assert_eq!(boot_time_us(b"btime 99999999999999999999\n"), None);
        assert_eq!(boot_time_us(b""), None);
    }
}
