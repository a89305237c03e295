//! `/proc/PID/environ`: which file it names as a history.

/// The value of the variable of that name, the first one as `getenv` finds it.
pub fn value<'a>(environ: &'a [u8], name: &str) -> Option<&'a [u8]> {
    environ
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let environ = b"A=1\0HISTFILESIZE=9\0HISTFILE=/a=b\0HISTFILE=/c\0";
        assert_eq!(value(environ, "HISTFILE"), Some(&b"/a=b"[..]));
        assert_eq!(value(b"HISTFILE=\0", "HISTFILE"), Some(&b""[..]));
        assert_eq!(value(b"HISTFILE\0\0\xff", "HISTFILE"), None);
        assert_eq!(value(b"", "HISTFILE"), None);
    }
}
