//! The few formats that `capture` must understand to find the next thing to read, or to find the secrets in it.

pub mod cgroup;
pub mod elf;
pub mod environ;
pub mod escape;
pub mod ksh_history;
pub mod mountinfo;
pub mod netlink;
pub mod passwd;
pub mod stat;
pub mod status;
