//! Small databases for tests: a row names only the columns that matter.

use std::path::Path;

use rusqlite::Connection;
use schema::tables::find;
use tempfile::TempPath;

use crate::db::ddl;

/// A database of two snapshots of an invented host, 1 an hour before 2.
pub(crate) struct Fixture {
    connection: Connection,
    path: TempPath,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(&format!(
                "PRAGMA synchronous = OFF; {}{}",
                ddl::tables(),
                ddl::stored_full_text()
            ))
            .unwrap();
        let fixture = Fixture { connection, path };
        for (id, label, time) in [
            ("1", "'before'", "1795511472"),
            ("2", "'after'", "1795515072"),
        ] {
            fixture.insert(
                "snapshots",
                &[
                    ("snapshot_id", id),
                    ("label", label),
                    ("hostname", "'web-1'"),
                    ("boot_id", "'boot-a'"),
                    ("time", time),
                    ("time_us", &format!("{time}000000")),
                    ("complete", "1"),
                    ("intact", "1"),
                    ("redaction", "'off'"),
                    ("clock_ticks", "100"),
                ],
            );
        }
        fixture
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    /// Inserts a row of SQL literals; what is not named is NULL, or zero or empty where it cannot be.
    pub(crate) fn insert(&self, table: &str, values: &[(&str, &str)]) {
        let table = find(table).unwrap();
        let mut names = vec!["snapshot_id".to_owned()];
        let mut literals = vec!["1".to_owned()];
        for column in table.columns.iter().filter(|column| !column.nullable) {
            names.push(ddl::quoted(column.name));
            let is_text = matches!(column.layout, "bytes" | "outcome" | "address");
            literals.push(if is_text { "''" } else { "0" }.to_owned());
        }
        for (name, literal) in values {
            let name = if *name == "snapshot_id" {
                "snapshot_id".to_owned()
            } else {
                ddl::quoted(name)
            };
            if let Some(index) = names.iter().position(|known| *known == name) {
                (*literal).clone_into(&mut literals[index]);
            } else {
                names.push(name);
                literals.push((*literal).to_owned());
            }
        }
        self.execute(&format!(
            "INSERT INTO {} ({}) VALUES ({})",
            ddl::quoted(table.name),
            names.join(", "),
            literals.join(", ")
        ));
    }

    /// The same row in both snapshots.
    pub(crate) fn insert_both(&self, table: &str, values: &[(&str, &str)]) {
        for id in ["1", "2"] {
            self.insert(table, &[&[("snapshot_id", id)], values].concat());
        }
    }
}
