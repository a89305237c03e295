//! The restricted connection: what it refuses, what it must not refuse, and what narrowing means.

use std::time::Duration;

use super::fixture::Fixture;
use super::*;

const LIMIT: Duration = Duration::from_secs(20);

fn restricted(fixture: &Fixture) -> Restricted {
    Unlocked::open(fixture.path(), Limits::of(LIMIT))
        .unwrap()
        .lock()
        .unwrap()
}

fn reason(error: &Error) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string);
    [Some(error.to_string()), source]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(": ")
}

fn integers(database: &Restricted, sql: &str) -> Vec<i64> {
    let rows = database.collect(sql, &[]).unwrap().rows;
    rows.iter().map(|row| row[0].integer().unwrap()).collect()
}

#[test]
fn nothing_but_reading_is_authorized() {
    let fixture = Fixture::new();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let before = std::fs::read(fixture.path()).unwrap();
    let forbidden = [
        format!("VACUUM INTO '{out}'"),
        "VACUUM".to_owned(),
        format!("ATTACH '{out}' AS x"),
        format!("ATTACH 'file:{out}?mode=rwc' AS x"),
        "ATTACH ':memory:' AS x".to_owned(),
        "DETACH main".to_owned(),
        "PRAGMA query_only = 0".to_owned(),
        "PRAGMA writable_schema = 1".to_owned(),
        "PRAGMA trusted_schema = 1".to_owned(),
        "PRAGMA journal_mode = wal".to_owned(),
        format!("PRAGMA temp_store_directory = '{out}'"),
        "PRAGMA user_version".to_owned(),
        "CREATE TEMP TABLE t(a)".to_owned(),
        "CREATE TEMP VIEW v AS SELECT 1".to_owned(),
        "CREATE TABLE t(a)".to_owned(),
        format!("CREATE VIRTUAL TABLE temp.t USING csv(filename='{out}')"),
        "CREATE TEMP TRIGGER t AFTER INSERT ON processes BEGIN SELECT 1; END".to_owned(),
        "DROP VIEW temp.coverage".to_owned(),
        "INSERT INTO main.users VALUES (1, 1, 1, 'a', '', '', '')".to_owned(),
        "DELETE FROM main.snapshots".to_owned(),
        "UPDATE main.snapshots SET label = 'x'".to_owned(),
        "REPLACE INTO main.users VALUES (1, 1, 1, 'a', '', '', '')".to_owned(),
        format!("SELECT load_extension('{out}')"),
        "SELECT * FROM users WHERE load_extension('x') = 1".to_owned(),
        "SELECT fts3_tokenizer('simple')".to_owned(),
        "BEGIN".to_owned(),
        "SAVEPOINT s".to_owned(),
        "ANALYZE".to_owned(),
        "EXPLAIN DELETE FROM main.snapshots".to_owned(),
    ];
    for sql in forbidden {
        // Each on a connection of its own: none may be prepared by one before it.
        let error = restricted(&fixture).collect(&sql, &[]).unwrap_err();
        let reason = reason(&error);
        assert!(reason.contains("not authorized"), "{sql}: {reason}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(std::fs::read(fixture.path()).unwrap(), before);
}

#[test]
fn reading_is_authorized_as_the_first_statement() {
    let fixture = Fixture::new();
    fixture.execute(
        "CREATE VIRTUAL TABLE words USING fts5(message);
         INSERT INTO words VALUES ('the disk is full'), ('all is well');",
    );
    let allowed = [
        "SELECT rowid FROM words WHERE words MATCH 'disk'",
        "SELECT rowid FROM words('full') ORDER BY bm25(words)",
        "SELECT value FROM json_each('[1]')",
        "SELECT value FROM json_tree('[1]') WHERE type = 'integer'",
        "SELECT json_extract('{\"a\": 1}', '$.a')",
        "PRAGMA data_version",
        "SELECT count(*) > 5 FROM pragma_table_info('processes')",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9) SELECT 1 FROM n LIMIT 1",
        "SELECT count(*) OVER () FROM snapshots LIMIT 1",
        "SELECT 1 WHERE 'x' REGEXP 'x' IS NULL OR 1",
    ];
    for sql in allowed {
        let answer = restricted(&fixture).collect(sql, &[]);
        match answer {
            Ok(answer) => assert_eq!(answer.rows.len(), 1, "{sql}"),
            Err(error) => assert!(
                sql.contains("REGEXP") && reason(&error).contains("no such function"),
                "{sql}: {}",
                reason(&error)
            ),
        }
    }
}

#[test]
fn one_statement_that_asks_something() {
    let fixture = Fixture::new();
    let database = restricted(&fixture);
    let check = |sql: &str, expected: &str| {
        let reason = reason(&database.collect(sql, &[]).unwrap_err());
        assert!(reason.contains(expected), "{sql}: {reason}");
        assert!(!reason.contains('\n'), "{sql}: {reason}");
    };
    check("SELECT 1; SELECT 2", "one statement at a time");
    check("SELECT 1; DELETE FROM main.users", "not authorized");
    check("", "SQL is empty or comment only");
    check("-- only a comment", "SQL is empty or comment only");
    check("REINDEX", "not authorized");
    check("SELECT\n nosuch FROM users", "no such column: nosuch");
    check("SELECT \"nginx\"", "no such column");
    check("SELECT '\u{1b}]0;x", "unrecognized token");
    check("SELECT zeroblob(1 << 30)", "too big");
    assert_eq!(database.collect("SELECT 1;", &[]).unwrap().rows.len(), 1);
}

#[test]
fn a_query_ends_in_time() {
    let fixture = Fixture::new();
    let database = Unlocked::open(fixture.path(), Limits::of(Duration::from_millis(100)))
        .unwrap()
        .lock()
        .unwrap();
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let reason = reason(&database.collect(endless, &[]).unwrap_err());
    assert!(reason.contains("took longer than 0.1 seconds"), "{reason}");
    // The connection lives on.
    assert_eq!(integers(&database, "SELECT 7"), [7]);
}

#[test]
fn a_snapshot_narrows_tables_and_views() {
    let fixture = Fixture::new();
    for id in ["1", "2"] {
        fixture.insert(
            "neighbors",
            &[
                ("snapshot_id", id),
                ("family", "'inet'"),
                ("address", "'192.0.2.7'"),
            ],
        );
    }
    let narrowed = |wanted| {
        let database = Unlocked::open(fixture.path(), Limits::of(LIMIT)).unwrap();
        let id = database.snapshot("main", Some(wanted)).unwrap().id;
        database.narrow(id).unwrap();
        (id, database.lock().unwrap())
    };
    for wanted in ["1", "before"] {
        let (id, database) = narrowed(wanted);
        assert_eq!(id, 1);
        for table in TABLES {
            let sql = format!(
                "SELECT count(*) FROM {} WHERE snapshot_id <> 1",
                quoted(table.name)
            );
            assert_eq!(integers(&database, &sql), [0], "{}", table.name);
        }
        for (view, _) in queries::views() {
            let sql = format!("SELECT count(*) FROM {view} WHERE snapshot_id <> 1");
            assert_eq!(integers(&database, &sql), [0], "{view}");
        }
        assert_eq!(
            integers(&database, "SELECT snapshot_id FROM arp_cache"),
            [1]
        );
        assert_eq!(
            integers(&database, "SELECT snapshot_id FROM neighbors"),
            [1]
        );
        assert_eq!(
            integers(&database, "SELECT snapshot_id FROM snapshots"),
            [1]
        );
    }
    let all = restricted(&fixture);
    assert_eq!(
        integers(&all, "SELECT snapshot_id FROM arp_cache ORDER BY 1"),
        [1, 2]
    );
}

/// Two snapshots with the same words: the narrowed full text must give what a database of one of them gives.
#[test]
fn a_snapshot_narrows_the_full_text() {
    let both = Fixture::new();
    let one = Fixture::new();
    let line = |fixture: &Fixture, snapshot_id: &str, line_no: &str, message: &str| {
        fixture.insert(
            "log_lines",
            &[
                ("snapshot_id", snapshot_id),
                ("path", "'/var/log/syslog'"),
                ("line_no", line_no),
                ("program", "'kernel'"),
                ("message", message),
            ],
        );
    };
    for fixture in [&both, &one] {
        line(
            fixture,
            "1",
            "1",
            "'Out of memory: Killed process 7 (disk)'",
        );
        line(fixture, "1", "2", "'disk \u{fc}berlauf is full, the disk'");
        // `full` between bytes that are no text.
        line(fixture, "1", "3", "X'ff66756c6c0078ff'");
    }
    line(&both, "2", "9", "'the disk is full'");
    for fixture in [&both, &one] {
        fixture.execute("INSERT INTO log_lines_fts (log_lines_fts) VALUES ('rebuild')");
    }
    let narrowed = |fixture: &Fixture| {
        let database = Unlocked::open(fixture.path(), Limits::of(LIMIT)).unwrap();
        database.narrow(1).unwrap();
        database.narrow_full_text(1).unwrap();
        database.lock().unwrap()
    };
    for sql in [
        "SELECT count(*) FROM log_lines_fts('disk')",
        "SELECT CAST(-1000000 * bm25(log_lines_fts) AS INTEGER) FROM log_lines_fts WHERE log_lines_fts MATCH 'disk' ORDER BY 1",
        "SELECT line_no FROM log_lines_fts WHERE log_lines_fts MATCH 'disk' ORDER BY rank, rowid",
        "SELECT line_no FROM log_lines_fts WHERE message MATCH '\"out of memory\"'",
        "SELECT line_no FROM log_lines_fts WHERE log_lines_fts MATCH 'program:kernel AND full' ORDER BY 1",
        "SELECT line_no FROM log_lines_fts WHERE log_lines_fts MATCH 'UBERLAUF'",
        "SELECT length(snippet(log_lines_fts, -1, '[', ']', '', 4)) FROM log_lines_fts WHERE log_lines_fts MATCH 'memory'",
        "SELECT line_no FROM log_lines_fts WHERE log_lines_fts MATCH 'full' ORDER BY bm25(log_lines_fts), rowid",
        "SELECT line_no FROM log_lines_fts WHERE log_lines_fts MATCH 'disk NOT memory' AND path LIKE '%syslog'",
        "SELECT count(*) FROM log_lines AS l WHERE EXISTS (SELECT 1 FROM log_lines_fts AS f
           WHERE f.log_lines_fts MATCH 'disk' AND f.path = l.path AND f.line_no = l.line_no)",
    ] {
        let expected = integers(&restricted(&one), sql);
        assert!(!expected.is_empty(), "{sql}");
        assert_eq!(integers(&narrowed(&both), sql), expected, "{sql}");
        assert_eq!(integers(&narrowed(&one), sql), expected, "{sql}");
    }
    let all = "SELECT line_no FROM log_lines_fts WHERE log_lines_fts MATCH 'full' ORDER BY line_no";
    assert_eq!(integers(&restricted(&both), all), [2, 3, 9]);
    assert_eq!(integers(&narrowed(&both), all), [2, 3]);
}

#[test]
fn snapshots_are_found_by_number_label_or_age() {
    let fixture = Fixture::new();
    let find = |wanted| {
        let database = Unlocked::open(fixture.path(), Limits::of(LIMIT)).unwrap();
        database
            .snapshot("main", wanted)
            .map(|snapshot| snapshot.id)
            .map_err(|error| error.to_string())
    };
    assert_eq!(find(None), Ok(2));
    assert_eq!(find(Some("1")), Ok(1));
    assert_eq!(find(Some("after")), Ok(2));
    assert!(
        find(Some("no\u{1b}such"))
            .unwrap_err()
            .contains("no\\x1bsuch; there are 1, 2")
    );
    fixture.execute("UPDATE snapshots SET label = 'same'");
    assert!(
        find(Some("same"))
            .unwrap_err()
            .contains("several snapshots have the label same: 1, 2")
    );
}

#[test]
fn foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    assert!(Unlocked::open(&path, Limits::of(LIMIT)).is_err());
    assert!(!path.exists());
    std::fs::write(
        &path,
        b"not a database at all, only some text that is long enough",
    )
    .unwrap();
    assert!(Unlocked::open(&path, Limits::of(LIMIT)).is_err());
    std::fs::remove_file(&path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t(a)")
        .unwrap();
    let error = Unlocked::open(&path, Limits::of(LIMIT))
        .unwrap_err()
        .to_string();
    assert!(error.contains("no table snapshots"), "{error}");
}

#[test]
fn hostile_views_of_a_database_do_not_reach_out() {
    let fixture = Fixture::new();
    fixture.execute("CREATE VIEW evil AS SELECT load_extension('/nonexistent')");
    let error = restricted(&fixture)
        .collect("SELECT * FROM evil", &[])
        .unwrap_err();
    assert!(
        reason(&error).contains("load_extension"),
        "{}",
        reason(&error)
    );
}

#[test]
fn a_hostile_view_does_not_hold_up_what_is_asked_before_the_lock() {
    let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    let fixture = Fixture::new();
    std::fs::copy(fixture.path(), &path).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "DROP TABLE collection_log;
             CREATE VIEW collection_log AS
               WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
               SELECT 2 AS snapshot_id, 'denied' AS outcome FROM n;",
        )
        .unwrap();
    drop(connection);
    let database = Unlocked::open(&path, Limits::of(LIMIT)).unwrap();
    let end = database.clock.allow(Duration::from_millis(200), LIMIT);
    let found = database.snapshot("main", None);
    assert!(found.is_err(), "{found:?} after {:?}", end.elapsed());
    assert!(end.elapsed() < Duration::from_secs(5));
}

#[test]
fn memory_has_a_limit() {
    let fixture = Fixture::new();
    let database = restricted(&fixture);
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";
    let sql = format!("{endless} SELECT zeroblob(1000000) || i AS x FROM n ORDER BY x");
    let reason = reason(&database.collect(&sql, &[]).unwrap_err());
    assert!(
        reason.contains("needs more than 320 MiB of memory (--memory allows more)"),
        "{reason}"
    );
    assert_eq!(integers(&database, "SELECT 1"), [1]);
}

#[test]
fn a_reason_does_not_repeat_a_long_statement() {
    let fixture = Fixture::new();
    let database = restricted(&fixture);
    let sql = format!("SELECT '{}", "\u{1b}".repeat(100_000));
    let reason = reason(&database.collect(&sql, &[]).unwrap_err());
    assert!(reason.contains("unrecognized token"), "{reason}");
    assert!(
        reason.len() < 5000 && reason.ends_with(" bytes)"),
        "{reason}"
    );
    let nul = database
        .collect("SELECT 1\0; DROP TABLE users", &[])
        .unwrap_err();
    assert!(nul.to_string().contains("NUL"), "{nul}");
}
