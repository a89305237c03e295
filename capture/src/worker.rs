//! A worker process: this binary, executed again. It reads what it is told to and answers; what hangs here hangs
//! nobody else, and the parent can leave it behind.

use std::io::{Read, Write};
use std::os::fd::AsFd;

use rustix::process::DumpableBehavior;
use schema::frame;
use schema::parse::elf::{self, Elf};

use crate::collect::{Collector, first_line};
use crate::host::Host;
use crate::protocol::{Access, Ready, Request, Setup};
use crate::sys::{self, Cell};
use crate::watch::ENDING;

/// Answers requests on standard input until it is closed. `memory` is the number of the inherited memory file that
/// holds the shared cell.
pub fn main(memory: i32) -> std::io::Result<()> {
    harden();
    let cell = Cell::attach(sys::inherited(memory))?;
    // What was open in whoever started the capture. A worker that hangs in the kernel cannot be ended; were it to hold the
    // other end of a pipe, such as that of an ssh session, its reader would wait for ever.
    sys::close_inherited();
    // Those that the parent leaves to one of its threads.
    sys::take_signals(&ENDING, true);
    let mut input = std::io::stdin().lock();
    let output = std::io::stdout();
    let Some(bytes) = next_frame(&mut input)? else {
        return Ok(());
    };
    let setup: Setup = frame::decode(&bytes).map_err(std::io::Error::other)?;
    let host = match Host::open(&setup.root) {
        Ok(host) => host,
        Err(errno) => {
            return answer(&Ready {
                refused: Some(std::io::Error::from(errno).to_string()),
                ..Ready::default()
            });
        }
    };
    let ready = ready(&host);
    let own_pids = ready.pid == Some(std::process::id());
    answer(&ready)?;
    let mut collector = Collector::new(
        &host,
        own_pids,
        setup.allow_module_load,
        &cell,
        output.as_fd(),
    );
    let mut number = 0_u8;
    while let Some(bytes) = next_frame(&mut input)? {
        let request: Request = frame::decode(&bytes).map_err(std::io::Error::other)?;
        collector.work(number, &request)?;
        number = number.wrapping_add(1);
    }
    Ok(())
}

/// The first to go when memory is short, and nobody's core file.
fn harden() {
    // Each is a courtesy: where it is refused, the work is the same.
    // Not `fs::write`, which makes the file where it is missing.
    let own = std::fs::OpenOptions::new()
        .write(true)
        .open("/proc/self/oom_score_adj");
    let _ = own.and_then(|mut file| file.write_all(b"1000"));
    // A parent that is killed closes our input, which a worker that waits for something else does not see.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    without_core();
}

/// Leaves no core file. Where we are root, nobody else may look into our memory either; for other users that would
/// close our own `/proc/self/fd` to us, through which files are opened.
pub fn without_core() {
    let none = rustix::process::Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    if rustix::process::geteuid().is_root() {
        let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

fn ready(host: &Host) -> Ready {
    let parent = || {
        let stat = host.proc_file(b"/proc/self/stat").ok()?;
        let parent = schema::parse::stat::parent(&crate::collect::small(&stat))?;
        u32::try_from(parent).ok().filter(|parent| *parent > 0)
    };
    let live = host.is_live();
    if live {
        // The rest `uname` tells, without opening a file.
        return Ready {
            live,
            pid: host.own_pid(),
            parent: parent(),
            boot_id: first_line(host, b"/proc/sys/kernel/random/boot_id"),
            ..Ready::default()
        };
    }
    let program = program(host);
    let machine = || first_line(host, b"/proc/sys/kernel/arch");
    let order = |elf: Elf| if elf.is_big_endian { "big" } else { "little" };
    Ready {
        boot_id: first_line(host, b"/proc/sys/kernel/random/boot_id"),
        hostname: first_line(host, b"/etc/hostname")
            .or_else(|| first_line(host, b"/proc/sys/kernel/hostname")),
        kernel_release: first_line(host, b"/proc/sys/kernel/osrelease"),
        machine: machine().or_else(|| Some(program?.machine?.to_owned())),
        endianness: program.map(|elf| order(elf).to_owned()),
        ..Ready::default()
    }
}

/// What a dead tree's programs were made for: its own processor may be none of ours.
fn program(host: &Host) -> Option<Elf> {
    const PROGRAMS: [&[u8]; 6] = [
        b"/bin/sh",
        b"/usr/bin/sh",
        b"/usr/bin/env",
        b"/sbin/init",
        b"/usr/lib/systemd/systemd",
        b"/bin/busybox",
    ];
    PROGRAMS.iter().find_map(|path| {
        let opened = host.file(path, &Access::System).ok()?;
        elf::parse(&crate::collect::small(&opened))
    })
}

fn answer(ready: &Ready) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    frame::write(&mut bytes, ready).map_err(std::io::Error::other)?;
    let mut output = std::io::stdout().lock();
    output.write_all(&bytes)?;
    output.flush()
}

/// The next frame of the parent; `None` once it has closed its end.
fn next_frame(input: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut prefix = [0; 4];
    match input.read_exact(&mut prefix) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let length = usize::try_from(u32::from_le_bytes(prefix)).unwrap_or(usize::MAX);
    if length > frame::ROW_LIMIT {
        return Err(std::io::Error::other("a request over the limit of a frame"));
    }
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}
