//! Freezes a live Linux host, or a dead tree, into one bundle.
//!
//! The parent plans, redacts, compresses and writes; it never reads a host file. Worker processes read, because a read
//! may hang for ever and only a process can be left behind. [`pool`] is the parent's side of a worker, [`worker`] the
//! child's; [`host`] is the only opener of host files, and [`sink`] the one place through which all evidence passes on
//! its way into the bundle.

pub mod arguments;
pub mod cli;
pub mod collect;
pub mod config;
pub mod error;
pub mod exit;
pub mod history;
pub mod host;
pub mod jobs;
pub mod journal;
pub mod key;
pub mod log;
pub mod netlink;
pub mod output;
pub mod plan;
pub mod pool;
pub mod progress;
pub mod protocol;
pub mod run;
pub mod sink;
pub mod summary;
pub mod surroundings;
pub mod sys;
pub mod watch;
pub mod worker;

pub use cli::main;
pub use error::Error;
pub use exit::Exit;
