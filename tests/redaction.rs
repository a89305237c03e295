//! Secrets through both programs: whatever shell wrote them down and however they were quoted, none reaches the bundle.
#![cfg(test)]

mod common;

use std::path::Path;

use common::{capture_tree, expect_rows, succeed};

/// Most bytes that are kept of a history.
const HISTORY_LIMIT: usize = 4 << 20;
/// What each secret of the tree holds.
const CANARY: &str = "LEAK";

fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Puts `before` in front of so many lines without secrets that the limit cuts it after `cut` bytes.
fn over_the_limit(before: &str, cut: usize, line: &str) -> Vec<u8> {
    /// Long lines, that nobody looks at: they cost least where they are few.
    const LINE: usize = 8000;
    let end = cut + HISTORY_LIMIT;
    let mut text = before.as_bytes().to_vec();
    while text.len() < end {
        let missing = end - text.len();
        let length = if missing < 2 * LINE { missing } else { LINE };
        text.extend_from_slice(line.as_bytes());
        text.resize(text.len() - line.len() + length - 1, b'x');
        text.push(b'\n');
    }
    text
}

#[test]
fn no_secret_of_a_tree_is_in_the_bundle() {
    let place = tempfile::tempdir().unwrap();
    let tree = place.path().join("tree");
    write(
        &tree.join("etc/passwd"),
        b"ada:x:1000:1000::/home/ada:/bin/zsh\nbob:x:1001:1001::/home/bob:/bin/zsh\n\
          eve:x:1002:1002::/home/eve:/bin/tcsh\n",
    );
    let home = |name: &str, content: &[u8]| write(&tree.join("home").join(name), content);
    home(
        "ada/.bash_history",
        b"#1700000000\nexport PASSWORD=my\\ LEAK1\n#1700000001\nPASSWORD=\"a\\\"b LEAK2\" id\n\
          #1700000002\nredis-cli -a \\\n  LEAK3\n#1700000003\nssh web-1 \"mysql -pLEAK4 shop\"\n",
    );
    home(
        "ada/.zsh_history",
        b": 1700000000:0;redis-cli -a \\\\\n LEAK26\n: 1700000001:0;curl --user \\\\\n ada:LEAK25 h\n",
    );
    home(
        "bob/.zsh_history",
        b"redis-cli -a \\\\\n LEAK33\nPASSWORD='LEAK34\\\nLEAK35'\n",
    );
    home(
        "ada/.local/share/fish/fish_history",
        b"- cmd: set -x PASSWORD LEAK41\n  when: 1700000000\n- cmd: set -gx DB_TOKEN \"LEAK42 more\"\n\
          - cmd: redis-cli -a \\\\\\n  LEAK43\n- cmd: export PASSWORD=my\\\\ LEAK44\n",
    );
    home(
        "ada/.sh_history",
        b"\x81\x01redis-cli -a \\\n LEAK52\n\0\0export PASSWORD=my\\ LEAK53\n\0",
    );
    home(
        "bob/.sh_history",
        b"\xab\xcd\xff\0\0\0\x01redis-cli -a \\\n LEAK54\0",
    );
    home("ada/.ash_history", b"curl -sSu ada:LEAK61 h\n");
    home(
        "eve/.history",
        b"#+1700000000\nsetenv DB_PASSWORD LEAK71\n#+1700000001\nset password = LEAK72\n",
    );
    home(
        "bob/.bash_history",
        &over_the_limit("export DB_PASSWORD=hunter2LEAK81\nid\n", 20, "ls "),
    );
    home(
        "bob/.local/share/fish/fish_history",
        &over_the_limit(
            "- cmd: export DB_PASSWORD=hunter2LEAK82\n  when: 1\n- cmd: id\n",
            30,
            "- cmd: ls ",
        ),
    );
    let process = tree.join("proc/20");
    write(&process.join("status"), b"Uid:\t1000\t1000\t1000\t1000\n");
    write(
        &process.join("environ"),
        b"SSHPASS=LEAK91\0CMD=curl -H 'X-Vault-Token: LEAK92' h\0URL=https://u:p@LEAK93@h\0",
    );
    write(
        &process.join("cmdline"),
        b"sh\0-c\0echo 'LEAK94 x' | sudo -S id; psql -c \"ALTER USER a PASSWORD 'LEAK95'\"\0",
    );
    let bundle = capture_tree(&tree, place.path());

    let unpacked = place.path().join("unpacked");
    succeed(
        common::analyze().arg("extract").arg(&bundle).arg(&unpacked),
        &[0, 1],
    );
    let mut files = 0;
    let mut directories = vec![unpacked];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            files += 1;
            let content = std::fs::read(&path).unwrap();
            let found = memchr::memmem::find(&content, CANARY.as_bytes());
            assert_eq!(found, None, "{}", path.display());
        }
    }
    assert!(files > 12, "{files} files");

    // Of the histories that were cut the first whole command is the first that is kept.
    expect_rows(
        &bundle,
        "SELECT history_file, command FROM shell_history
         WHERE username = 'bob' AND shell IN ('bash', 'fish') AND line_no = 1 ORDER BY 1",
        "
         /home/bob/.bash_history | id
         /home/bob/.local/share/fish/fish_history | id",
    );
    expect_rows(
        &bundle,
        "SELECT path, outcome, offset, bytes_seen - offset - bytes_kept, redactions FROM collection_log
         WHERE outcome = 'truncated' ORDER BY path",
        "
         /home/bob/.bash_history | truncated | 33 | 0 | 0
         /home/bob/.local/share/fish/fish_history | truncated | 50 | 0 | 0",
    );
    expect_rows(&bundle, "SELECT count(*) FROM parse_issues", "0");
}
