//! Rows as hashes, to tell which of many differ without comparing each with each.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher, RandomState};

use rusqlite::types::ValueRef;

use super::Restricted;
use crate::Error;

/// Rows between two looks at the clock.
const ROWS_PER_LOOK: usize = 1000;

/// A row as hashes under a random key: nobody can make two rows with the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    /// The row's number.
    pub row: i64,
    /// Hash of its identity.
    pub identity: u64,
    /// Hash of all its columns.
    pub whole: u64,
}

impl Restricted {
    /// Runs a statement whose first column is the number of a row, and hashes the others: the `identity` next ones, and all;
    /// of a text what `seen` makes of it.
    pub fn digests(
        &self,
        sql: &str,
        identity: usize,
        key: &RandomState,
        seen: fn(&[u8]) -> Cow<'_, [u8]>,
    ) -> Result<Vec<Digest>, Error> {
        let failed = |source| self.failed(&source);
        let mut left = self.limits.time;
        let mut digests = Vec::new();
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        loop {
            let begin = self.clock.allow(left, self.limits.time);
            let mut is_end = false;
            let mut take = || -> rusqlite::Result<()> {
                for _ in 0..ROWS_PER_LOOK {
                    let Some(row) = rows.next()? else {
                        is_end = true;
                        return Ok(());
                    };
                    let mut hasher = key.build_hasher();
                    let mut of_identity = 0;
                    for index in 1..columns {
                        hash(row.get_ref(index)?, seen, &mut hasher);
                        if index == identity {
                            of_identity = hasher.finish();
                        }
                    }
                    digests.push(Digest {
                        row: row.get(0)?,
                        identity: of_identity,
                        whole: hasher.finish(),
                    });
                }
                Ok(())
            };
            let taken = take();
            self.clock.stop();
            taken.map_err(failed)?;
            left = left.saturating_sub(begin.elapsed());
            if is_end {
                return Ok(digests);
            }
        }
    }
}

/// Equal values of SQLite, and only those, are equal here: kind, length and content.
fn hash(value: ValueRef<'_>, seen: fn(&[u8]) -> Cow<'_, [u8]>, hasher: &mut impl Hasher) {
    let mut bytes = |kind: u8, bytes: &[u8]| {
        let bytes = seen(bytes);
        hasher.write_u8(kind);
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    };
    match value {
        ValueRef::Null => hasher.write_u8(0),
        ValueRef::Integer(value) => {
            hasher.write_u8(1);
            hasher.write_i64(value);
        }
        ValueRef::Real(value) => {
            hasher.write_u8(2);
            hasher.write_u64(value.to_bits());
        }
        ValueRef::Text(text) => bytes(3, text),
        ValueRef::Blob(blob) => bytes(4, blob),
    }
}
