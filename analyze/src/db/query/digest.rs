//! Rows as hashes, to tell which of many differ without comparing each with each.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::ValueRef;

use super::Restricted;
use crate::Error;

/// The function that takes the rows, while they are asked for.
const FUNCTION: &str = "digest";
/// Any number of arguments.
const ANY: i32 = -1;

/// What is seen of a text, and how much was changed in it.
pub(super) type Seen = fn(&[u8]) -> (Cow<'_, [u8]>, u64);

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
    /// The rows of a table or view, with what else stands behind FROM: of each its number, which is the first of the columns,
    /// and hashes of the others, of the `identity` next ones and of all; of a text that of what `seen` makes of it. And how
    /// much that changed in all of them.
    ///
    /// An aggregate takes them where SQLite has them: of a million rows of ten columns, asking for each value takes more time
    /// than finding them.
    pub fn digests(
        &self,
        columns: &[String],
        from: &str,
        identity: usize,
        key: &RandomState,
        seen: Seen,
    ) -> Result<(Vec<Digest>, u64), Error> {
        let failed = |source| self.failed(&source);
        let taken = Arc::default();
        let digester = Digester {
            identity,
            key: key.clone(),
            seen,
            taken: Arc::clone(&taken),
        };
        self.connection
            .create_aggregate_function(FUNCTION, ANY, FunctionFlags::SQLITE_DIRECTONLY, digester)
            .map_err(failed)?;
        let sql = format!("SELECT {FUNCTION}({}) FROM {from}", columns.join(", "));
        self.clock.allow(self.limits.time, self.limits.time);
        let counted = self.connection.query_row(&sql, [], |_| Ok(()));
        self.clock.stop();
        // Nobody else finds it.
        let removed = self.connection.remove_function(FUNCTION, ANY);
        counted.and(removed).map_err(failed)?;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(mem::take(&mut *taken))
    }
}

/// Hashes rows.
struct Digester {
    identity: usize,
    key: RandomState,
    seen: Seen,
    /// All of them, at the end.
    taken: Arc<Mutex<Taken>>,
}

/// Rows, and how much was changed in them.
type Taken = (Vec<Digest>, u64);

impl Aggregate<Taken, Option<i64>> for Digester {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Taken> {
        Ok(Taken::default())
    }

    fn step(&self, row: &mut Context<'_>, (digests, changed): &mut Taken) -> rusqlite::Result<()> {
        let mut hasher = self.key.build_hasher();
        let mut identity = 0;
        for index in 1..row.len() {
            let count = hash(row.get_raw(index), self.seen, &mut hasher);
            *changed = changed.saturating_add(count);
            if index == self.identity {
                identity = hasher.finish();
            }
        }
        digests.push(Digest {
            row: row.get(0)?,
            identity,
            whole: hasher.finish(),
        });
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, all: Option<Taken>) -> rusqlite::Result<Option<i64>> {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = all.unwrap_or_default();
        Ok(None)
    }
}

/// Equal values of SQLite, and only those, are equal here: kind, length and content. Returns how much was changed.
fn hash(value: ValueRef<'_>, seen: Seen, hasher: &mut impl Hasher) -> u64 {
    let mut bytes = |kind: u8, bytes: &[u8]| {
        let (bytes, changed) = seen(bytes);
        hasher.write_u8(kind);
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
        changed
    };
    match value {
        ValueRef::Text(text) => return bytes(3, text),
        ValueRef::Blob(blob) => return bytes(4, blob),
        ValueRef::Null => hasher.write_u8(0),
        ValueRef::Integer(value) => {
            hasher.write_u8(1);
            hasher.write_i64(value);
        }
        ValueRef::Real(value) => {
            hasher.write_u8(2);
            hasher.write_u64(value.to_bits());
        }
    }
    0
}
