//! The parsers of files of a process: the first line names one.
#![no_main]

mod common;

use analyze::parse::every::Family;

libfuzzer_sys::fuzz_target!(|input: &[u8]| -> libfuzzer_sys::Corpus {
    common::run_parser(Family::Process, input)
});
