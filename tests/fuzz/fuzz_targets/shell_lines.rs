//! The parsers of shell histories and of command lines: the first line names one.
#![no_main]

mod common;

use analyze::parse::every::Family;

libfuzzer_sys::fuzz_target!(|input: &[u8]| -> libfuzzer_sys::Corpus {
    common::run_parser(Family::Shell, input)
});
