//! Compressed logs. The first byte says whether the rest is taken as it is, or compressed first, so that the decoders are
//! met with whole streams too; the second which byte of that is changed.
#![no_main]

use std::io::Write;

use analyze::unpack::{Allowance, Packed};
use libfuzzer_sys::fuzz_target;
use schema::Source;

fn pack(kind: u8, text: &[u8]) -> Vec<u8> {
    const WORKS: &str = "memory can be written to";
    match kind % 5 {
        1 => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text).expect(WORKS);
            encoder.finish().expect(WORKS)
        }
        2 => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
            encoder.write_all(text).expect(WORKS);
            encoder.finish().expect(WORKS)
        }
        3 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(text).expect(WORKS);
            encoder.finish().expect(WORKS)
        }
        4 => zstd::bulk::compress(text, 1).expect(WORKS),
        _ => text.to_vec(),
    }
}

fuzz_target!(|input: &[u8]| {
    let [kind, change, text @ ..] = input else {
        return;
    };
    let mut bytes = pack(*kind, text);
    let is_whole = *change == 0 && kind % 5 != 0;
    if *change != 0 && !bytes.is_empty() {
        let place = usize::from(*change) * 7 % bytes.len();
        bytes[place] ^= change;
    }
    let mut packed = Packed::new(b"/var/log/x.1.gz", "root/var/log/x.1.gz", Source::Record);
    let (front, back) = bytes.split_at(bytes.len() / 2);
    packed.add(front);
    packed.add(back);
    let mut length = 0;
    let mut ends_in_line = true;
    let result = packed.text(&mut Allowance::default(), &mut |part| {
        assert!(!part.is_empty() && part.len() <= 1 << 20);
        ends_in_line = part.ends_with(b"\n");
        length += part.len();
    });
    assert!(
        length <= (32 << 20) + (1 << 20),
        "{length} bytes of a small file"
    );
    if is_whole {
        assert_eq!(result, Ok(()));
        assert_eq!(length, text.len());
    }
    if let Err(torn) = result {
        assert!(!torn.reason.is_empty());
        assert!(length == 0 || ends_in_line || length > 1 << 19);
    }
});
