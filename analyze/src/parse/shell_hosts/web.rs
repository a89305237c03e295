//! Programs that fetch what URLs name.

use super::options::{CURL, WGET};
use super::programs::{Told, is_one_of, web};
use super::{Argument, Arguments, Endpoint, Finder, endpoint, port};
use crate::parse::bytes::cut;

/// Long options that are known to have no value, as far as they are common.
const FLAGS: &str = "silent show-error fail location insecure head include verbose compressed get ipv4 ipv6 \
    quiet continue recursive mirror no-check-certificate no-verbose spider";

impl Finder {
    pub(super) fn curl(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let mut told = Told::default();
        let mut urls = Urls::default();
        for argument in Arguments::new(CURL, words) {
            match argument {
                Argument::Short(b'u', Some(user)) | Argument::Long(b"user", Some(user)) => {
                    told.user = Some(cut(user, b':').map_or(user, |(user, _)| user));
                }
                Argument::Short(b'x', Some(proxy))
                | Argument::Long(
                    b"proxy" | b"proxy1.0" | b"preproxy" | b"socks4" | b"socks4a" | b"socks5"
                    | b"socks5-hostname",
                    Some(proxy),
                ) => self.named(name, web(proxy)),
                Argument::Long(b"resolve", Some(rule)) => {
                    if let Some((_, rule)) = field(rule)
                        && let Some((at, addresses)) = field(rule)
                    {
                        for host in addresses.split(|byte| *byte == b',') {
                            let user = None;
                            let port = port(at);
                            self.named(name, Endpoint { host, port, user });
                        }
                    }
                }
                Argument::Long(b"connect-to", Some(rule)) => {
                    if let Some((_, rule)) = field(rule)
                        && let Some((_, place)) = field(rule)
                    {
                        self.named(name, endpoint(place));
                    }
                }
                Argument::Long(b"url", Some(word)) => urls.words.push((word, false)),
                _ => {}
            }
            urls.see(argument);
        }
        self.web(name, &told, &urls);
    }

    pub(super) fn wget(&mut self, name: &[u8], words: &[Vec<u8>]) {
        let mut told = Told::default();
        let mut urls = Urls::default();
        for argument in Arguments::new(WGET, words) {
            if let Argument::Long(b"user" | b"http-user" | b"ftp-user", user @ Some(_)) = argument {
                told.user = user;
            }
            urls.see(argument);
        }
        self.web(name, &told, &urls);
    }

    fn web<'a>(&mut self, name: &[u8], told: &Told<'a>, urls: &Urls<'a>) {
        let is_only = urls.words.len() == 1;
        for (text, is_doubtful) in &urls.words {
            let is_place = text.iter().any(|byte| matches!(byte, b'.' | b':' | b'/'));
            let is_local = text.to_ascii_lowercase().starts_with(b"file:");
            if !is_local && (!is_doubtful || is_only || is_place) {
                self.named(name, told.complete(web(text)));
            }
        }
    }
}

/// What may be the URLs of a command.
#[derive(Default)]
struct Urls<'a> {
    /// Each, and whether it may as well be the value of a long option that no list knows.
    words: Vec<(&'a [u8], bool)>,
    /// Whether a long option was the last argument that may have a value.
    follows_option: bool,
}

impl<'a> Urls<'a> {
    /// Takes an operand, and remembers what stands before the next one.
    fn see(&mut self, argument: Argument<'a>) {
        if let Argument::Operand(word) = argument {
            self.words.push((word, self.follows_option));
        }
        self.follows_option =
            matches!(argument, Argument::Long(name, None) if !is_one_of(name, FLAGS));
    }
}

/// What stands before the first colon that is not within brackets, and what stands behind it.
fn field(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let after = memchr::memchr(b']', text).filter(|_| text.starts_with(b"["));
    let (from, rest) = text.split_at_checked(after.unwrap_or(0))?;
    let colon = memchr::memchr(b':', rest)?.checked_add(from.len())?;
    Some((text.get(..colon)?, text.get(colon.checked_add(1)?..)?))
}
