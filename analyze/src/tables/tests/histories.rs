//! Histories, and the hosts in them.

use super::{check, extract};

#[test]
fn histories_and_whose_they_are() {
    check(
        "shell_history",
        &[
            ("/home/ada/.bash_history", b"ls\n#1700000000\nfor a\ndone\n"),
            ("/home/ada/eve/.bash_history", b"id\n"),
            ("/srv/x/.bash_history", b"id\n"),
            ("/srv/y/.bash_history", b"id\n"),
            ("/.bash_history", b"id\n"),
        ],
        &[
            "uid=1000 username='ada' shell='bash' history_file='/home/ada/.bash_history' line_no=1 command='ls'",
            "uid=1000 username='ada' shell='bash' history_file='/home/ada/.bash_history' line_no=3 time=1700000000 \
             command='for a\\ndone'",
            "uid=1001 username='eve' shell='bash' history_file='/home/ada/eve/.bash_history' line_no=1 command='id'",
            "uid=1001 username='eve' shell='bash' history_file='/srv/x/.bash_history' line_no=1 command='id'",
            "shell='bash' history_file='/srv/y/.bash_history' line_no=1 command='id'",
            "uid=2 username='bin' shell='bash' history_file='/.bash_history' line_no=1 command='id'",
        ],
    );
    check(
        "shell_history",
        &[
            (
                "/home/ada/.local/share/fish/fish_history",
                b"- cmd: a\\nb\n  when: 1700000000\n",
            ),
            ("/root/.zsh_history", b": 1700000000:9;a\\\nb\n"),
            ("/srv/named", b"id\n"),
            ("/proc/7/root/srv/named", b"\x81\x01id\n\0"),
        ],
        &[
            "uid=1000 username='ada' shell='fish' history_file='/home/ada/.local/share/fish/fish_history' line_no=1 \
             time=1700000000 command='a\\nb'",
            "uid=0 username='root' shell='zsh' history_file='/root/.zsh_history' line_no=1 time=1700000000 duration_s=9 \
             command='a\\nb'",
            "uid=1000 username='ada' history_file='/srv/named' line_no=1 command='id'",
            "uid=1000 shell='ksh' history_file='/proc/7/root/srv/named' line_no=1 command='id'",
        ],
    );
}

#[test]
fn hosts_in_histories() {
    check(
        "history_hosts",
        &[(
            "/root/.bash_history",
            b"ls\n#1700000000\nssh -p 22 ada@web-1\n# ssh no\ncurl http://b\n",
        )],
        &[
            "uid=0 username='root' time=1700000000 history_file='/root/.bash_history' line_no=3 program='ssh' host='web-1' \
             port=22 user='ada' command='ssh -p 22 ada@web-1'",
            "uid=0 username='root' history_file='/root/.bash_history' line_no=5 program='curl' host='b' \
             command='curl http://b'",
        ],
    );
}

#[test]
fn here_documents_name_no_hosts() {
    check(
        "history_hosts",
        &[(
            "/root/.ash_history",
            b"ssh a <<E\nssh b\nE\nssh c\ncat <<E\nssh d\n",
        )],
        &[
            "uid=0 username='root' history_file='/root/.ash_history' line_no=1 program='ssh' host='a' command='ssh a <<E'",
            "uid=0 username='root' history_file='/root/.ash_history' line_no=4 program='ssh' host='c' command='ssh c'",
            "uid=0 username='root' history_file='/root/.ash_history' line_no=6 program='ssh' host='d' command='ssh d'",
        ],
    );
}

#[test]
fn a_file_of_loops_is_cut() {
    let line = "for h in w{1..64}; do ssh $h; done\n";
    let text = line.repeat(20);
    let (hosts, all) = extract(
        "history_hosts",
        &[("/root/.ash_history", text.as_bytes())],
        &[],
    );
    let lines: Vec<_> = all.issues.iter().map(|(_, issue)| issue.line).collect();
    assert_eq!((hosts.len(), lines), (1024, vec![Some(17)]));
}
