//! The few formats that `capture` must understand to find the next thing to read.

pub mod elf;
pub mod passwd;
pub mod stat;
