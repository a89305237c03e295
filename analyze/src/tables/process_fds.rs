//! Table `process_fds`.

use schema::tables::ProcessFd;
use schema::{Row, TableDef, Text};

use crate::extract::{Extract, Facts, Record, Sink};
use crate::parse::{bytes, proc_pid_fdinfo};

/// Fills `process_fds`.
#[derive(Default)]
pub(super) struct Fds;

impl Extract for Fds {
    const TABLE: TableDef = ProcessFd::TABLE;

    fn record<S: Sink>(&mut self, record: Record<'_>, _facts: &Facts, sink: &mut S) {
        let Record::FdLink(link) = record else {
            return;
        };
        let (pid, fd) = (link.pid, link.fd);
        let member = || format!("root/proc/{pid}/fdinfo/{fd}");
        let fdinfo = link
            .fdinfo
            .as_ref()
            .map(|text| proc_pid_fdinfo::parse(text.as_bytes()).reported_as(member, sink))
            .unwrap_or_default();
        let target = link
            .target
            .as_ref()
            .map(|target| Target::new(target.as_bytes(), link.link_count));
        sink.row(&ProcessFd {
            pid,
            fd,
            r#type: Text::from(target.as_ref().map_or("unknown", |target| target.kind)),
            target: target.as_ref().map(|target| Text::from(target.text)),
            inode: target
                .as_ref()
                .and_then(|target| target.inode)
                .or(fdinfo.ino),
            flags: fdinfo.flags,
            pos: fdinfo.pos,
            mnt_id: fdinfo.mnt_id,
            deleted: target.is_some_and(|target| target.deleted),
        });
    }
}

/// What the target of an fd link tells.
struct Target<'a> {
    kind: &'static str,
    text: &'a [u8],
    inode: Option<u64>,
    deleted: bool,
}

/// Directories below `/dev` that hold files.
const FILES_BELOW_DEV: [&[u8]; 3] = [b"/dev/shm/", b"/dev/mqueue/", b"/dev/hugepages/"];

const NAMESPACES: [&[u8]; 8] = [
    b"cgroup", b"ipc", b"mnt", b"net", b"pid", b"time", b"user", b"uts",
];

impl<'a> Target<'a> {
    /// Only what has a path begins with `/`, so a file called `socket:[1]` is no socket.
    fn new(target: &'a [u8], link_count: Option<u64>) -> Self {
        let (text, deleted) = bytes::link_target(target, link_count);
        let (kind, inode) = if text.starts_with(b"/") {
            (path_kind(text, deleted), None)
        } else {
            match bytes::bracketed(text) {
                Some((b"socket", inode)) => ("socket", Some(inode)),
                Some((b"pipe", inode)) => ("pipe", Some(inode)),
                Some((name, inode)) if NAMESPACES.contains(&name) => ("namespace", Some(inode)),
                Some(_) => ("anon_inode", None),
                None if text.starts_with(b"anon_inode:") => ("anon_inode", None),
                // A path that the reader's root does not reach, or a link of a dead tree.
                None => ("file", None),
            }
        };
        Target {
            kind,
            text,
            inode,
            deleted,
        }
    }
}

fn path_kind(path: &[u8], deleted: bool) -> &'static str {
    // A memfd never has a name; a file of the root directory that is called so has one.
    if deleted && path.starts_with(b"/memfd:") {
        "memfd"
    } else if path.starts_with(b"/dev/")
        && !FILES_BELOW_DEV.iter().any(|files| path.starts_with(files))
    {
        "device"
    } else {
        "file"
    }
}
