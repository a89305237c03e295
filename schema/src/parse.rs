//! The few formats that `capture` must understand to find the next thing to read, or to find the secrets in it.

pub mod environ;
pub mod ksh_history;
pub mod passwd;
pub mod stat;
pub mod status;
