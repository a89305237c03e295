//! What `capture` and `analyze` share: the declarations of all tables, the bundle format, the record codec,
//! redaction, and the few parsers both sides need.
//!
//! Pure code: no file system, no network, no clock, no environment. Bytes and facts come in as parameters, so the
//! same code runs on the frozen host and, years later, on the analyst's laptop.

// What tests of all packages share names this one as they do.
#[cfg(test)]
extern crate self as schema;

pub mod bundle;
pub mod docs;
pub mod error;
pub mod frame;
pub mod header;
pub mod manifest;
pub mod member;
pub mod outcome;
pub mod parse;
pub mod records;
pub mod redact;
pub mod rotated;
pub mod source;
pub mod table;
pub mod tables;
pub mod text;

pub use error::Error;
pub use outcome::Outcome;
pub use source::Source;
pub use table::{Binder, Column, ColumnDef, Row, Table, TableDef};
pub use text::Text;
