//! Where a service logs to.

use super::*;

/// A service that was restarted, with what it had open to log to before and has after, and what lies where logs are known to.
fn told(before: &[&str], after: &[&str], there: &[&str]) -> Vec<String> {
    let fixture = Fixture::new();
    for (id, start, open) in [("1", "500", before), ("2", "600", after)] {
        insert(&fixture, id, &process("10", start, "'/bin/a'"), &["'a'"]);
        for target in open {
            let log = [
                ("pid", "10"),
                ("found_by", "'open file'"),
                ("target", target),
                ("path", target),
            ];
            fixture.insert("log_files", &in_snapshot(id, &log));
        }
        for path in there.iter().filter(|path| !open.contains(path)) {
            let log = [("found_by", "'known path'"), ("path", path)];
            fixture.insert("log_files", &in_snapshot(id, &log));
        }
    }
    let lines = lines(&fixture);
    lines
        .into_iter()
        .filter(|line| line.contains("log file"))
        .collect()
}

#[test]
fn one_that_is_not_opened_again_yet_is_not_gone() {
    let [auth, user] = ["'/var/log/auth.log'", "'/var/log/user.log'"];
    assert_eq!(told(&[auth, user], &[user], &[auth]), Vec::<String>::new());
    assert_eq!(told(&[user], &[auth, user], &[auth]), Vec::<String>::new());
    // Nor are several, of which one has something to say.
    let kern = "'/var/log/kern.log'";
    assert_eq!(
        told(&[auth, kern], &[user], &[auth, kern]),
        ["a + new log file /var/log/user.log"]
    );
    assert_eq!(
        told(&[auth, user], &[user], &[]),
        ["a - log file gone: /var/log/auth.log"]
    );
    assert_eq!(
        told(&[user], &[auth, user], &[]),
        ["a + new log file /var/log/auth.log"]
    );
}

#[test]
fn one_that_lies_there_may_have_been_left() {
    let [access, shop] = ["'/var/log/nginx/access.log'", "'/var/log/nginx/shop.log'"];
    let moved = "a > log file moved: /var/log/nginx/access.log -> /var/log/nginx/shop.log";
    assert_eq!(told(&[access], &[shop], &[access]), [moved]);
    assert_eq!(told(&[access], &[shop], &[]), [moved]);
}

#[test]
fn one_that_was_removed() {
    let [log, removed] = ["'/srv/a.log'", "'/srv/a.log (deleted)'"];
    assert_eq!(
        told(&[log], &[removed], &[]),
        ["a ~ log file /srv/a.log: deleted no -> yes"]
    );
    // Another process may have the new one already.
    assert_eq!(told(&[log], &[removed, log], &[]), Vec::<String>::new());
}
