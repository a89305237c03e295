//! The file that a bundle is written to, and the name that it gets where the user gives none.

use std::path::PathBuf;
use std::sync::Arc;

use schema::header::Header;

use super::{Destination, Settings};
use crate::Error;
use crate::output::Output;
use crate::watch::Activity;

/// Captures of one second that get names of their own.
const SAME_SECOND: u32 = 100;

/// Opens what the bundle is written to; a file comes with its name.
pub(super) fn open(
    settings: &Settings,
    header: &Header,
    activity: &Arc<Activity>,
) -> Result<(Output, Option<PathBuf>), Error> {
    let create = |path: PathBuf| {
        let output = Output::create(&path, settings.max_size, Arc::clone(activity))?;
        Ok((output, Some(path)))
    };
    match &settings.output {
        Destination::Stream => Ok((Output::stream(Arc::clone(activity)), None)),
        Destination::File(path) => create(path.clone()),
        Destination::Named => {
            let mut number = 1;
            loop {
                match create(PathBuf::from(file_name(header, number))) {
                    // Another capture of the same second.
                    Err(Error::Output { source, .. })
                        if source.kind() == std::io::ErrorKind::AlreadyExists
                            && number < SAME_SECOND =>
                    {
                        number = number.saturating_add(1);
                    }
                    result => return result,
                }
            }
        }
    }
}

/// `HOST_YYYYMMDDTHHMMSSZ.tar.zst`, and with a number for a further capture of the same second; a host name is made a
/// plain file name.
fn file_name(header: &Header, number: u32) -> String {
    let host = header.host.hostname.as_deref().unwrap_or("host");
    let host: String = host
        .chars()
        .map(|character| {
            let plain = character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
            if plain || character == '.' {
                character
            } else {
                '_'
            }
        })
        .take(64)
        .collect();
    let time = jiff::Timestamp::from_microsecond(header.clocks.realtime_us).unwrap_or_default();
    let further = if number > 1 {
        format!("_{number}")
    } else {
        String::new()
    };
    format!(
        "{}_{}{further}.tar.zst",
        host.trim_start_matches('.'),
        time.strftime("%Y%m%dT%H%M%SZ")
    )
}
