//! Configuration that nobody knows of beforehand: found by what processes name, bounded, and without its secrets.
#![cfg(test)]

mod common;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};

use common::namespace::{captured, inside, open_directory};
use common::{Guard, count, expect_rows, succeed, wait_for};

/// Starts a program that does nothing, with arguments that mean something to us.
fn start(before: &[&str], arguments: &[&str]) -> Guard {
    let mut words = before.to_vec();
    words.extend(["sh", "-c", "sleep 600; true"]);
    words.extend(arguments);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    let guard = Guard(command.spawn().unwrap());
    let pid = guard.pid();
    wait_for("the program", || {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        (!children.is_empty()).then_some(())
    });
    guard
}

fn write(path: &str, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_processes_name_and_may_read() {
    if !inside("what_processes_name_and_may_read") {
        return;
    }
    let place = open_directory().join("tmp");
    write("/mnt/tmp/app.yml", "port: 80\ndb_password: pl0ver\n", 0o600);
    write("/mnt/tmp/open.conf", "a = 1\n", 0o644);
    write("/mnt/tmp/closed.conf", "password = pl0ver\n", 0o600);
    let root = start(&["env"], &["app", "--config=/mnt/tmp/app.yml"]);
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let user = start(
        &nobody,
        &[
            "app",
            "-c",
            "/mnt/tmp/open.conf",
            "--conf",
            "/mnt/tmp/closed.conf",
        ],
    );
    // The same path in another mount namespace.
    let apart = "mount -t tmpfs tmpfs /mnt/tmp; echo 'apart = 1' >/mnt/tmp/app.yml; exec \"$@\"";
    let contained = start(
        &["unshare", "--mount", "sh", "-c", apart, "sh"],
        &["app", "--config=/mnt/tmp/app.yml"],
    );
    let accessed = || {
        ["app.yml", "open.conf", "closed.conf"]
            .map(|name| std::fs::metadata(place.join(name)).unwrap().atime_nsec())
    };
    let before = accessed();
    let bundle = captured(&place, &[]);
    assert_eq!(accessed(), before, "access times are left alone");
    let (root, user, contained) = (root.pid(), user.pid(), contained.pid());
    let mut expected = [
        ("/mnt/tmp/app.yml".to_owned(), root, 29, "port: 80"),
        ("/mnt/tmp/open.conf".to_owned(), user, 6, "a = 1\\n"),
        (
            format!("/proc/{contained}/root/mnt/tmp/app.yml"),
            contained,
            10,
            "apart = ",
        ),
    ];
    expected.sort();
    let expected: Vec<String> = expected
        .into_iter()
        .map(|(path, pid, size, begin)| format!("{path} | argument | {pid} | {size} | {begin}"))
        .collect();
    expect_rows(
        &bundle,
        "SELECT path, found_by, pid, size, replace(substr(content, 1, 8), char(10), '\\n') FROM config_files ORDER BY path",
        &expected.join("\n"),
    );
    // No secret is in it, whichever way one looks.
    let plain = succeed(Command::new("zstd").args(["-dc"]).arg(&bundle), &[0]);
    assert!(!memchr_find(&plain, b"pl0ver"), "a secret is in the bundle");
    assert_eq!(
        count(
            &bundle,
            "FROM config_files WHERE content LIKE '%db_password: secret:%'"
        ),
        1
    );
    let refused = "FROM collection_log WHERE path = '/mnt/tmp/closed.conf' AND outcome = 'skipped' AND reason LIKE '%not for everybody%'";
    assert_eq!(count(&bundle, refused), 1);
}

#[test]
fn what_a_file_includes() {
    if !inside("what_a_file_includes") {
        return;
    }
    let place = open_directory().join("tmp");
    for directory in ["site", "site/conf.d", "site/more"] {
        std::fs::create_dir(place.join(directory)).unwrap();
    }
    let main = "http {\n  include conf.d/*.conf;\n  include conf.d/*.inc;\n  include snippet;\n  include /mnt/tmp/none/*.conf;\n}\n";
    for (name, text) in [
        ("main.conf", main),
        (
            "conf.d/a.conf",
            "include more/deep.conf;\npassword = pl0ver;\n",
        ),
        ("conf.d/b.inc", "b = 1\n"),
        ("conf.d/c.conf.bak", "c = 1\n"),
        ("conf.d/.hidden.conf", "hidden = 1\n"),
        ("more/deep.conf", "include main.conf;\n"),
        (
            "snippet",
            "include /etc/shadow;\ninclude ../*;\nsnippet = 1\n",
        ),
    ] {
        write(&format!("/mnt/tmp/site/{name}"), text, 0o644);
    }
    // The directory of another one, which a user's process may not list.
    std::fs::create_dir(place.join("closed")).unwrap();
    write("/mnt/tmp/closed/x.conf", "closed = 1\n", 0o644);
    let closed = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(place.join("closed"), closed).unwrap();
    write("/mnt/tmp/user.conf", "include closed/*.conf\n", 0o644);
    let _main = start(
        &["env", "--chdir=/mnt/tmp"],
        &["app", "-c", "site/main.conf"],
    );
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let _user = start(&nobody, &["app", "-c", "/mnt/tmp/user.conf"]);
    let bundle = captured(&place, &[]);
    expect_rows(
        &bundle,
        "SELECT path, found_by, count(*) FROM config_files GROUP BY path, found_by ORDER BY path",
        "/mnt/tmp/site/conf.d/a.conf | include | 1\n/mnt/tmp/site/conf.d/b.inc | include | 1\n/mnt/tmp/site/main.conf | argument | 1
/mnt/tmp/site/more/deep.conf | include | 1\n/mnt/tmp/site/snippet | include | 1\n/mnt/tmp/user.conf | argument | 1",
    );
    expect_rows(
        &bundle,
        "SELECT path, outcome FROM collection_log WHERE path IN ('/mnt/tmp/site/conf.d', '/mnt/tmp/none', '/mnt/tmp/closed') ORDER BY path",
        "/mnt/tmp/closed | skipped\n/mnt/tmp/none | absent\n/mnt/tmp/site/conf.d | collected",
    );
    assert_eq!(
        count(&bundle, "FROM collection_log WHERE path = '/etc/shadow'"),
        0
    );
}

fn memchr_find(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[test]
fn what_is_no_file_or_too_much_of_one() {
    if !inside("what_is_no_file_or_too_much_of_one") {
        return;
    }
    let place = open_directory().join("tmp");
    succeed(Command::new("mkfifo").arg("/mnt/tmp/pipe.conf"), &[0]);
    std::os::unix::fs::symlink("/etc/shadow", "/mnt/tmp/link.conf").unwrap();
    std::fs::create_dir("/mnt/tmp/dir.conf").unwrap();
    let sparse = std::fs::File::create("/mnt/tmp/sparse.conf").unwrap();
    sparse.set_len(1 << 40).unwrap();
    write("/mnt/tmp/long.conf", &"x = 1\n".repeat(100_000), 0o644);
    let names = ["pipe", "link", "dir", "sparse", "long", "none"]
        .map(|name| format!("/mnt/tmp/{name}.conf"));
    let mut arguments = vec!["app"];
    arguments.extend(names.iter().map(String::as_str));
    arguments.extend([
        "--config",
        "/etc/shadow",
        "--config",
        "/proc/kcore.conf",
        "--config",
        "../x.conf",
    ]);
    let _named = start(&["env"], &arguments);
    let bundle = captured(&place, &[]);
    expect_rows(
        &bundle,
        "SELECT path, length(content), size FROM config_files ORDER BY path",
        "/mnt/tmp/long.conf | 262144 | 600000",
    );
    expect_rows(
        &bundle,
        "SELECT path, outcome FROM collection_log WHERE path LIKE '/mnt/tmp/%.conf' OR path IN ('/etc/shadow', '/proc/kcore.conf') ORDER BY path",
        "/mnt/tmp/dir.conf | skipped\n/mnt/tmp/link.conf | skipped\n/mnt/tmp/long.conf | truncated\n/mnt/tmp/none.conf | absent
/mnt/tmp/pipe.conf | skipped\n/mnt/tmp/sparse.conf | skipped",
    );
}
