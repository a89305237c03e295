//! Loads Freezeframe bundles into SQLite and answers questions about them, offline.

pub mod db;
pub mod error;
pub mod exit;
pub mod extract;
pub mod parse;
pub mod tables;

pub use error::Error;
pub use exit::Exit;
