//! What the parent and its workers say to each other: the first line names who speaks. A worker reads hostile files all
//! day, so nothing it answers is trusted.
#![no_main]

mod common;

use capture::protocol::{Ready, Reply, Request, Setup};
use libfuzzer_sys::{Corpus, fuzz_target};
use schema::frame;

/// A message that can be read is written and read again as the same.
macro_rules! check {
    ($bytes:expr, $message:ty) => {
        if let Ok(message) = frame::decode::<$message>($bytes) {
            let mut written = Vec::new();
            frame::write(&mut written, &message).expect("what was read can be written");
            let again = frame::next(&mut written.as_slice()).expect("a frame was written");
            assert_eq!(
                frame::decode::<$message>(again.expect("it is whole")),
                Ok(message)
            );
        }
    };
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((name, bytes)) = common::named(input) else {
        return Corpus::Reject;
    };
    match name {
        b"reply" => check!(bytes, Reply<'_>),
        b"ready" => check!(bytes, Ready),
        b"request" => check!(bytes, Request),
        b"setup" => check!(bytes, Setup),
        _ => return Corpus::Reject,
    }
    Corpus::Keep
});
