//! The frame reader and the record decoder: the first line names a record type, or `member` for a whole record member.
#![no_main]

mod common;

use analyze::extract::Sink as _;
use libfuzzer_sys::{Corpus, fuzz_target};
use schema::bundle::IndexEntry;
use schema::frame::{self, FrameError, RecordHeader};
use schema::records::{
    FdLink, FileSystemStat, HistoryFile, NamespaceStandIn, ProcessLink, RECORDS, ThreadStat,
    UncertainProcess,
};
use schema::tables::{RecordTables, each_record_table};
use schema::{Row, Table};

/// Decodes frames as rows of the table of that name.
struct Decode<'a> {
    table: &'a [u8],
    frames: &'a [&'a [u8]],
    known: bool,
}

impl RecordTables for Decode<'_> {
    fn table<T: Table>(&mut self) {
        if <T::Row<'_> as Row>::TABLE.name.as_bytes() != self.table {
            return;
        }
        self.known = true;
        for bytes in self.frames {
            let Ok(row) = frame::decode::<T::Row<'_>>(bytes) else {
                continue;
            };
            common::Checked::default().row(&row);
            // What was read is written, and reads as the same again.
            let mut written = Vec::new();
            frame::write(&mut written, &row).expect("what was read can be written");
            let again = next(&mut written.as_slice()).expect("a whole frame was written");
            assert!(
                again.len() <= bytes.len(),
                "no number is longer than it was"
            );
            let row = frame::decode::<T::Row<'_>>(again).expect("what was written can be read");
            let mut rewritten = Vec::new();
            frame::write(&mut rewritten, &row).expect("what was read can be written");
            assert_eq!(written, rewritten);
        }
    }
}

fn next<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], FrameError> {
    frame::next(rest).expect("there is a frame")
}

fn decode(table: &[u8], frames: &[&[u8]]) -> bool {
    let mut types = Decode {
        table,
        frames,
        known: false,
    };
    macro_rules! records {
        ($($record:ty),+) => {{
            $(types.table::<$record>();)+
            [$(<$record as Row>::TABLE.name),+]
        }};
    }
    let names = records!(
        ProcessLink<'static>,
        FdLink<'static>,
        ThreadStat<'static>,
        NamespaceStandIn<'static>,
        UncertainProcess<'static>,
        FileSystemStat<'static>,
        HistoryFile<'static>
    );
    assert!(names.iter().eq(RECORDS.iter().map(|record| &record.name)));
    each_record_table(&mut types);
    types.known
}

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((name, content)) = common::named(input) else {
        return Corpus::Reject;
    };
    match name {
        b"member" => {
            let mut rest = content;
            let mut frames = Vec::new();
            while let Some(found) = frame::next(&mut rest) {
                frames.extend(found);
            }
            let bytes: usize = frames.iter().map(|frame| frame.len() + 4).sum();
            assert!(bytes <= content.len());
            let Some((first, frames)) = frames.split_first() else {
                return Corpus::Reject;
            };
            let Ok(header) = frame::decode::<RecordHeader>(first) else {
                return Corpus::Reject;
            };
            decode(header.table.as_bytes(), frames);
        }
        b"index" => {
            let _ = frame::decode::<IndexEntry>(content);
        }
        table if decode(table, &[content]) => {}
        _ => return Corpus::Reject,
    }
    Corpus::Keep
});
