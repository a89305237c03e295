//! What a live capture leaves behind: nothing but its bundle.
#![cfg(test)]

mod common;

use std::process::Command;
use std::time::Duration;

use common::namespace::{inside, open_directory};
use common::run_within;

#[test]
fn no_collector_is_left() {
    if !inside("no_collector_is_left") {
        return;
    }
    let place = open_directory().join("tmp");
    let mut capture = Command::new("/mnt/capture");
    capture
        .arg("-q")
        .arg("-o")
        .arg(place.join("bundle.tar.zst"));
    run_within(&mut capture, Duration::from_secs(70));
    let left: Vec<_> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.unwrap().path().join("comm")).ok())
        .filter(|comm| comm.starts_with(b"capture"))
        .collect();
    assert_eq!(left, Vec::<Vec<u8>>::new());
    // Only the bundle was written, under its own name and for its owner alone.
    let names: Vec<_> = std::fs::read_dir(&place)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["bundle.tar.zst"]);
    let mode = std::fs::metadata(place.join("bundle.tar.zst")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&mode) & 0o7777, 0o600);
}
