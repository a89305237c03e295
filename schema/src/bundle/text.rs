//! Decompressing text of the host that came as a zstd stream of its own, such as a rotated log.

use std::io::Read;

/// log2 of the largest window such a stream may ask for: what the zstd command decodes without being told.
const WINDOW_LOG_LIMIT: u32 = 27;

/// The text of one or more zstd frames, decoded as it is read. How much it becomes, the caller limits.
pub fn zstd_text(input: &[u8]) -> std::io::Result<impl Read + '_> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
    decoder.window_log_max(WINDOW_LOG_LIMIT)?;
    Ok(decoder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_follow_each_other() {
        let mut input = zstd::encode_all(&b"one\n"[..], 1).unwrap();
        input.extend(zstd::encode_all(&b"two\n"[..], 1).unwrap());
        let mut text = Vec::new();
        zstd_text(&input).unwrap().read_to_end(&mut text).unwrap();
        assert_eq!(text, b"one\ntwo\n");
        let torn = &input[..input.len() - 3];
        let mut text = Vec::new();
        assert!(zstd_text(torn).unwrap().read_to_end(&mut text).is_err());
    }
}
