//! The key of the pseudonyms: made for one capture and forgotten, or kept in a file that the captures of a case share.

use std::io;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use schema::redact::KEY_LENGTH;
use schema::text::{from_hex, hex};

use crate::Error;

/// Random bytes of the kernel, to make what `attempt` says.
pub fn random<const LENGTH: usize>(attempt: &'static str) -> Result<[u8; LENGTH], Error> {
    let mut bytes = [0; LENGTH];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let count = rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty());
        filled = filled.saturating_add(count.map_err(|errno| Error::Worker {
            attempt,
            source: errno.into(),
        })?);
    }
    Ok(bytes)
}

/// The key of a file: 64 hex digits. The file is made, for its owner alone, where it is missing.
pub fn of_file(path: &Path) -> Result<[u8; KEY_LENGTH], Error> {
    let failed = |attempt, source| Error::Output {
        attempt,
        path: path.to_owned(),
        source,
    };
    match read(path) {
        Ok(text) => from_hex(text.trim_ascii()).ok_or_else(|| {
            let reason = format!(
                "it does not hold {} hex digits",
                KEY_LENGTH.saturating_mul(2)
            );
            failed("take the case key from", io::Error::other(reason))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = random("make a redaction key")?;
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let file = rustix::fs::openat(CWD, path, flags, Mode::RUSR | Mode::WUSR)
                .map_err(|errno| failed("create the case key", errno.into()))?;
            let text = format!("{}\n", hex(&key));
            let written = io::Write::write_all(&mut std::fs::File::from(file), text.as_bytes());
            if let Err(error) = written {
                // Half a key would be refused ever after.
                let _ = std::fs::remove_file(path);
                return Err(failed("write the case key", error));
            }
            Ok(key)
        }
        Err(error) => Err(failed("read the case key", error)),
    }
}

/// The beginning of a file, which is longer than any key. A FIFO without a writer is not waited for.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    const LIMIT: u64 = 1024;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
    let mut text = Vec::new();
    io::Read::read_to_end(
        &mut io::Read::take(std::fs::File::from(file), LIMIT),
        &mut text,
    )?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_case_shares_its_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("case.key");
        let made = of_file(&path).unwrap();
        assert_eq!(of_file(&path).unwrap(), made);
        assert_ne!(random::<KEY_LENGTH>("make a key").unwrap(), made);
        let permissions = std::fs::metadata(&path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        for odd in ["", "00", &"zz".repeat(32), &"+1".repeat(32)] {
            std::fs::write(&path, odd).unwrap();
            assert!(of_file(&path).is_err(), "{odd}");
        }
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        for endless in [&fifo, Path::new("/dev/zero")] {
            assert!(of_file(endless).is_err(), "{}", endless.display());
        }
    }
}
