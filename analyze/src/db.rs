//! The database: the only modules that name rusqlite.

pub mod ddl;
pub mod foreign;
pub mod load;
pub mod named;
pub mod query;
