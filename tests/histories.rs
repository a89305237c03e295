//! Histories of shells through both programs: those of every shell in the homes of an invented host, and those that
//! processes name in `HISTFILE`, in a tree and live, where names, owners and kinds of file may be anything.
#![cfg(test)]

mod common;

use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use common::namespace::{inside, open_directory};
use common::{Guard, capture_tree, expect_rows, succeed};

fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Processes of an invented host, each with its mount namespace, its root directory and its `HISTFILE`.
fn processes(tree: &Path, list: &[(u32, u32, &str, &str)]) {
    for (pid, namespace, root, file) in list {
        let process = tree.join(format!("proc/{pid}"));
        let environ = format!("HOME=/home/ada\0HISTFILE={file}\0HISTFILESIZE=500\0");
        write(&process.join("environ"), environ.as_bytes());
        write(&process.join("status"), b"Uid:\t1000\t1000\t1000\t1000\n");
        std::fs::create_dir(process.join("ns")).unwrap();
        symlink(format!("mnt:[{namespace}]"), process.join("ns/mnt")).unwrap();
        symlink(root, process.join("root")).unwrap();
    }
}

#[test]
fn every_shell_of_a_tree() {
    let place = tempfile::tempdir().unwrap();
    let tree = place.path().join("tree");
    let passwd = b"root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/zsh\n";
    write(&tree.join("etc/passwd"), passwd);
    let home = |name: &str, content: &[u8]| write(&tree.join("home/ada").join(name), content);
    home(
        ".bash_history",
        b"#1700000000\nexport A_TOKEN='canary-1 x\ny'\nssh -p 2222 eve@web-1\n#1700000009\n# ssh no-1\n",
    );
    home(
        ".zsh_history",
        b": 1700000000:5;mysql -h db-1 -pcanary-2 -P 3307\n: 1700000001:0;for h in web-2 web-3; do\\\nssh $h\\\ndone\n\
          : 1700000002:0;echo \xe3\x83\xa3\x83\xa4 ssh no-2 \\ \n",
    );
    home(
        ".local/share/fish/fish_history",
        b"- cmd: curl https://ada:canary-3@api-1:8443/\\nscp x api-2:\n  when: 1700000000\n  paths:\n    - x\n",
    );
    home(
        ".sh_history",
        b"\x81\x01redis-cli -a canary-4 -h r-1\n\0\0id\n\0",
    );
    home(".ash_history", b"ping -c 1 192.0.2.1\n");
    home(".history", b"#+1700000000\npsql -h db-2 shop\n");
    write(
        &tree.join("srv/hist"),
        b": 1700000000:0;export B_SECRET=canary-5\n",
    );
    write(&tree.join("jail/srv/hist"), b"id\n");
    write(&tree.join("srv/hist-other"), b"no\n");
    symlink("/srv/hist", tree.join("home/ada/link")).unwrap();
    std::fs::create_dir(tree.join("srv/directory")).unwrap();
    processes(
        &tree,
        &[
            (1, 10, "/", ""),
            (20, 10, "/", "/srv//hist"),
            (21, 10, "/", "/srv/hist"),
            (22, 10, "/", "/home/ada/.bash_history"),
            (23, 11, "/", "/srv/hist-other"),
            (24, 10, "/jail", "/srv/hist"),
            (25, 10, "/", "hist"),
            (26, 10, "/", "/srv/directory"),
            (27, 10, "/", "/home/ada/link"),
            (28, 10, "/", "/proc/1/environ"),
            (29, 10, "/", "/srv/absent"),
        ],
    );
    let bundle = capture_tree(&tree, place.path());

    expect_rows(
        &bundle,
        "SELECT replace(history_file, '/home/ada/', '~/'), username, shell, line_no, time, duration_s,
           CASE WHEN instr(command, 'secret:') THEN replace(command, substr(command, instr(command, 'secret:'), 23), '*')
             ELSE command END
         FROM shell_history ORDER BY history_file, line_no",
        "
         ~/.ash_history | ada | ash | 1 | NULL | NULL | ping -c 1 192.0.2.1
         ~/.bash_history | ada | bash | 2 | 1700000000 | NULL | export A_TOKEN='*'
         ~/.bash_history | ada | bash | 3 | NULL | NULL | ssh -p 2222 eve@web-1
         ~/.bash_history | ada | bash | 5 | 1700000009 | NULL | # ssh no-1
         ~/.history | ada | tcsh | 2 | 1700000000 | NULL | psql -h db-2 shop
         ~/.local/share/fish/fish_history | ada | fish | 1 | 1700000000 | NULL | curl https://ada:*@api-1:8443/
         scp x api-2:
         ~/.sh_history | ada | ksh | 1 | NULL | NULL | redis-cli -a * -h r-1
         ~/.sh_history | ada | ksh | 2 | NULL | NULL | id
         ~/.zsh_history | ada | zsh | 1 | 1700000000 | 5 | mysql -h db-1 -p* -P 3307
         ~/.zsh_history | ada | zsh | 2 | 1700000001 | 0 | for h in web-2 web-3; do
         ssh $h
         done
         ~/.zsh_history | ada | zsh | 5 | 1700000002 | 0 | echo ツ ssh no-2 \\
         /jail/srv/hist | ada | NULL | 1 | NULL | NULL | id
         /srv/hist | ada | zsh | 1 | 1700000000 | 0 | export B_SECRET=*",
    );
    expect_rows(
        &bundle,
        "SELECT program, host, port, user, time, line_no FROM history_hosts ORDER BY host, program",
        "
         ping | 192.0.2.1 | NULL | NULL | NULL | 1
         curl | api-1 | 8443 | ada | 1700000000 | 1
         scp | api-2 | NULL | NULL | 1700000000 | 1
         mysql | db-1 | 3307 | NULL | 1700000000 | 1
         psql | db-2 | NULL | NULL | 1700000000 | 2
         redis-cli | r-1 | NULL | NULL | NULL | 1
         ssh | web-1 | 2222 | eve | NULL | 3
         ssh | web-2 | NULL | NULL | 1700000001 | 2
         ssh | web-3 | NULL | NULL | 1700000001 | 2",
    );
    expect_rows(
        &bundle,
        "SELECT path, outcome, reason FROM collection_log
         WHERE path GLOB '/srv/*' OR path GLOB '/jail/*' OR path GLOB '*/root/srv*' OR path GLOB '*/link' ORDER BY path",
        "
         /home/ada/link | skipped | symbolic link to /srv/hist
         /jail/srv/hist | collected | NULL
         /proc/23/root/srv/hist-other | skipped | in another mount namespace, whose files this tree does not have
         /srv/absent | absent | NULL
         /srv/directory | skipped | directory
         /srv/hist | collected | NULL",
    );
    expect_rows(
        &bundle,
        "SELECT count(*), sum(outcome = 'collected') FROM collection_log
         WHERE path = '/home/ada/.bash_history' OR path = '/proc/1/environ'",
        "2 | 2",
    );
    expect_rows(&bundle, "SELECT count(*) FROM parse_issues", "0");
    let unpacked = place.path().join("unpacked");
    succeed(
        common::analyze().arg("extract").arg(&bundle).arg(&unpacked),
        &[0, 1],
    );
    for name in [
        ".bash_history",
        ".zsh_history",
        ".local/share/fish/fish_history",
        ".sh_history",
    ] {
        let content = std::fs::read(unpacked.join("root/home/ada").join(name)).unwrap();
        assert!(
            !content.windows(7).any(|window| window == b"canary-"),
            "{name}"
        );
    }
}

/// A process that sleeps, of that user, with that `HISTFILE`; `words` stand before it.
fn sleeper(words: &[&str], uid: u32, file: &str) -> Guard {
    let uid = uid.to_string();
    let words =
        words
            .iter()
            .copied()
            .chain(["setpriv", "--reuid", &uid, "--clear-groups", "sleep", "600"]);
    let words: Vec<&str> = words.collect();
    let (program, arguments) = words.split_first().unwrap();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("HISTFILE", file)
        .stdin(Stdio::null());
    Guard(command.spawn().unwrap())
}

/// Waits until all of them sleep, and not only are about to.
fn wait_for_sleep(sleepers: &[Guard]) {
    let asleep = |guard: &Guard| {
        let comm = std::fs::read(format!("/proc/{}/comm", guard.pid())).ok()?;
        (comm == b"sleep\n").then_some(())
    };
    for guard in sleepers {
        common::wait_for("a sleeper's sleep", || asleep(guard));
    }
}

/// A program that was set-user-id when it was started has the environment of whoever did.
fn set_user_id_sleeper(program: &Path, file: &str) -> Guard {
    if !program.exists() {
        std::fs::copy("/bin/sleep", program).unwrap();
        let set_uid = std::os::unix::fs::PermissionsExt::from_mode(0o4755);
        std::fs::set_permissions(program, set_uid).unwrap();
    }
    let mut command = Command::new(program);
    command.arg("600").env("HISTFILE", file);
    Guard(command.spawn().unwrap())
}

#[test]
fn what_processes_name() {
    if !inside("what_processes_name") {
        return;
    }
    let programs = open_directory();
    let place = programs.join("h");
    let mine = |name: &str, content: &[u8]| {
        write(&place.join(name), content);
        chown(place.join(name), Some(1000), Some(1000)).unwrap();
    };
    mine("mine", b"ssh web-1\n");
    mine("in-a-link", b"no\n");
    mine("another", b"id\n");
    write(&place.join("closed"), b"ssh no\n");
    write(&place.join("of-root"), b"#1700000000\nssh web-2\n");
    write(&place.join("jail/h/of-jail"), b"ssh web-3\n");
    symlink(place.join("mine"), place.join("link")).unwrap();
    std::os::unix::fs::lchown(place.join("link"), Some(1000), None).unwrap();
    symlink("/etc/shadow", place.join("link-of-root")).unwrap();
    symlink("/mnt/h/in-a-link", place.join("jail/h/link")).unwrap();
    std::fs::create_dir(place.join("directory")).unwrap();
    chown(place.join("directory"), Some(1000), None).unwrap();
    succeed(Command::new("mkfifo").arg(place.join("fifo")), &[0]);
    chown(place.join("fifo"), Some(1000), None).unwrap();
    for name in ["usr", "bin", "lib", "lib64"] {
        let inside_jail = place.join("jail").join(name);
        if Path::new("/").join(name).exists() {
            std::fs::create_dir_all(&inside_jail).unwrap();
            let bind = [Path::new("/").join(name), inside_jail];
            succeed(Command::new("mount").arg("--bind").args(bind), &[0]);
        }
    }
    let jail = ["chroot", "/mnt/h/jail"];
    let apart = ["unshare", "--mount"];
    let sleepers = [
        sleeper(&[], 1000, "/mnt/h//mine"),
        sleeper(&[], 1000, "/mnt/h/mine"),
        sleeper(&[], 999, "/mnt/h/mine"),
        sleeper(&[], 1000, "/mnt/h/of-root"),
        sleeper(&[], 1000, "/mnt/h/closed"),
        sleeper(&[], 1000, "/mnt/h/link"),
        sleeper(&[], 1000, "/mnt/h/directory"),
        sleeper(&[], 1000, "/mnt/h/fifo"),
        sleeper(&[], 0, "/mnt/h/of-root"),
        sleeper(&[], 0, "/mnt/h/another"),
        sleeper(&[], 0, "/dev/null"),
        sleeper(&[], 0, "/proc/kmsg"),
        sleeper(&[], 0, "mine"),
        sleeper(&[], 0, ""),
        sleeper(&jail, 0, "/h/of-jail"),
        sleeper(&jail, 0, "/h/link"),
        sleeper(&apart, 0, "/mnt/h/of-root"),
        sleeper(
            &[
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount -t tmpfs t /mnt; echo ssh web-4 > /mnt/apart; exec \"$@\"",
                "sh",
            ],
            0,
            "/mnt/apart",
        ),
        set_user_id_sleeper(&place.join("sleep"), "/mnt/h/of-another"),
        sleeper(&[], 0, "/etc/shadow"),
        sleeper(&[], 0, "/mnt/h/link-of-root"),
        // More than one user may name.
        sleeper(&[], 1002, "/mnt/h/n0"),
        sleeper(&[], 1002, "/mnt/h/n1"),
        sleeper(&[], 1002, "/mnt/h/n2"),
        sleeper(&[], 1002, "/mnt/h/n3"),
        sleeper(&[], 1002, "/mnt/h/n4"),
        sleeper(&[], 1002, "/mnt/h/n5"),
        sleeper(&[], 1002, "/mnt/h/n6"),
        sleeper(&[], 1002, "/mnt/h/n7"),
        sleeper(&[], 1002, "/mnt/h/n8"),
        sleeper(&[], 1002, "/mnt/h/n9"),
    ];
    wait_for_sleep(&sleepers);
    let bundle = programs.join("tmp/bundle.tar.zst");
    let mut capture = Command::new(programs.join("capture"));
    // What one user named beyond the limit is missing.
    succeed(capture.arg("-q").arg("-o").arg(&bundle), &[1]);
    expect_rows(
        &bundle,
        "SELECT replace(path, '/proc/' || coalesce(pid, '') || '/', '/proc/PID/'), outcome, reason FROM collection_log
         WHERE path GLOB '/mnt/h/[a-m o-z]*' OR path GLOB '*/root/h/*' OR path GLOB '*/root/mnt/*'
           OR path IN ('/dev/null', '/proc/kmsg', '/etc/shadow')
         ORDER BY 1, reason DESC",
        "
         /dev/null | skipped | character device
         /etc/shadow | skipped | known to hold secrets
         /mnt/h/another | collected | NULL
         /mnt/h/closed | skipped | owned by uid 0, and named by a process of uid 1000
         /mnt/h/directory | skipped | directory
         /mnt/h/fifo | skipped | fifo
         /mnt/h/link | skipped | symbolic link that not only root could make to /mnt/h/mine
         /mnt/h/link-of-root | skipped | known to hold secrets
         /mnt/h/mine | skipped | owned by uid 1000, and named by a process of uid 999
         /mnt/h/mine | collected | NULL
         /mnt/h/of-another | skipped | named by a set-user-id program
         /mnt/h/of-root | skipped | owned by uid 0, and named by a process of uid 1000
         /mnt/h/of-root | collected | NULL
         /proc/PID/root/h/link | absent | symbolic link to /mnt/h/in-a-link
         /proc/PID/root/h/of-jail | collected | NULL
         /proc/PID/root/mnt/apart | collected | NULL
         /proc/PID/root/mnt/h/of-root | skipped | the same file as /mnt/h/of-root",
    );
    expect_rows(
        &bundle,
        "SELECT outcome, reason, count(*) FROM collection_log WHERE path GLOB '/mnt/h/n*' GROUP BY 1, 2",
        "
         absent | NULL | 8
         skipped | over 8 histories named by processes of uid 1002 | 1",
    );
    expect_rows(
        &bundle,
        "SELECT uid, CASE uid WHEN 0 THEN username END, host, history_file GLOB '/proc/*' FROM history_hosts WHERE program = 'ssh' ORDER BY host",
        "
         1000 | NULL | web-1 | 0
         0 | root | web-2 | 0
         0 | NULL | web-3 | 1
         0 | NULL | web-4 | 1",
    );
}

#[test]
fn no_process_keeps_the_history_of_another() {
    if !inside("no_process_keeps_the_history_of_another") {
        return;
    }
    let programs = open_directory();
    let place = programs.join("h");
    for (name, uid) in [("ada", 1000), ("root", 0), ("bob", 1001), ("shared", 0)] {
        write(&place.join(name), format!("ssh of-{name}\n").as_bytes());
        chown(place.join(name), Some(uid), Some(uid)).unwrap();
    }
    write(&place.join("host"), b"ssh of-host\n");
    let program = place.join("sleep");
    let apart = ["unshare", "--mount"];
    let mut sleepers = vec![
        // As `sudo` does, with lower pids than the processes that count.
        set_user_id_sleeper(&program, "/mnt/h/ada"),
        set_user_id_sleeper(&program, "/mnt/h/root"),
        sleeper(&[], 1000, "/mnt/h/ada"),
        sleeper(&[], 0, "/mnt/h/root"),
        // The same file by other names, and as others see it.
        sleeper(&[], 1001, "/mnt/h/bob"),
        sleeper(&[], 1001, "/mnt/h/../h/bob"),
        sleeper(&apart, 0, "/mnt/h/shared"),
        sleeper(&apart, 0, "/mnt/h/shared"),
    ];
    std::fs::hard_link(place.join("bob"), place.join("bob-too")).unwrap();
    sleepers.push(sleeper(&[], 1001, "/mnt/h/bob-too"));
    // More than are read of one user, in other mount namespaces and by programs that do not count.
    for number in 0..10 {
        sleepers.push(sleeper(&apart, 0, &format!("/mnt/h/a{number}")));
        sleepers.push(set_user_id_sleeper(&program, &format!("/mnt/h/b{number}")));
    }
    wait_for_sleep(&sleepers);
    sleepers.push(sleeper(&[], 0, "/mnt/h/host"));
    wait_for_sleep(&sleepers);
    let bundle = programs.join("tmp/bundle.tar.zst");
    let mut capture = Command::new(programs.join("capture"));
    succeed(capture.arg("-q").arg("-o").arg(&bundle), &[0]);
    expect_rows(
        &bundle,
        // Of two names of one file either may be read first: workers read side by side.
        "SELECT replace(replace(path, '/proc/' || coalesce(pid, '') || '/', '/proc/PID/'), 'bob-too', 'bob'), outcome,
           CASE WHEN reason GLOB 'the same file as /*' THEN 'the same file' ELSE reason END, count(*)
         FROM collection_log
         WHERE path GLOB '/mnt/h/[ac-z]*' OR path GLOB '/mnt/h/bob*' OR path GLOB '*/root/mnt/h/shared'
         GROUP BY 1, 2, 3 ORDER BY 1, 2",
        "
         /mnt/h/ada | collected | NULL | 1
         /mnt/h/bob | collected | NULL | 1
         /mnt/h/bob | skipped | the same file | 1
         /mnt/h/host | collected | NULL | 1
         /mnt/h/root | collected | NULL | 1
         /mnt/h/root | skipped | named by a set-user-id program | 1
         /proc/PID/root/mnt/h/shared | collected | NULL | 1
         /proc/PID/root/mnt/h/shared | skipped | the same file | 1",
    );
    expect_rows(
        &bundle,
        "SELECT host, uid, count(*) FROM history_hosts GROUP BY 1, 2 ORDER BY 1",
        "
         of-ada | 1000 | 1
         of-bob | 1001 | 1
         of-host | 0 | 1
         of-root | 0 | 1
         of-shared | 0 | 1",
    );
}

#[test]
fn histories_that_hang_cost_their_user_only() {
    if !inside("histories_that_hang_cost_their_user_only") {
        return;
    }
    let programs = open_directory();
    let place = programs.join("h");
    for (name, uid) in [("ada", 1000), ("root", 0)] {
        write(&place.join(name), b"id\n");
        chown(place.join(name), Some(uid), Some(uid)).unwrap();
    }
    // A file system whose server never answers.
    let script = "mkdir /mnt/mute; exec 8<>/dev/fuse
         mount -i -t fuse -o fd=8,rootmode=40000,user_id=0,group_id=0 mute /mnt/mute && touch /mnt/is-mute
         exec sleep 600";
    let mut server = Command::new("sh");
    server.args(["-c", script]).stdin(Stdio::null());
    let server = Guard(server.spawn().unwrap());
    wait_for_sleep(std::slice::from_ref(&server));
    if !programs.join("is-mute").exists() {
        common::skip(
            "histories_that_hang_cost_their_user_only",
            "this system does not let root mount a FUSE file system",
        );
        return;
    }
    let sleepers = [
        sleeper(&[], 999, "/mnt/mute/h0"),
        sleeper(&[], 999, "/mnt/mute/h1"),
        sleeper(&[], 999, "/mnt/mute/h2"),
        sleeper(&[], 999, "/mnt/mute/h3"),
        sleeper(&[], 999, "/mnt/mute/h4"),
        sleeper(&[], 1000, "/mnt/h/ada"),
        sleeper(&[], 0, "/mnt/h/root"),
    ];
    wait_for_sleep(&sleepers);
    let bundle = programs.join("tmp/bundle.tar.zst");
    let mut capture = Command::new(programs.join("capture"));
    succeed(capture.arg("-q").arg("-o").arg(&bundle), &[1]);
    expect_rows(
        &bundle,
        "SELECT path, outcome, reason FROM collection_log WHERE path GLOB '/mnt/h/*' OR path GLOB '/mnt/mute/*' ORDER BY path",
        "
         /mnt/h/ada | collected | NULL
         /mnt/h/root | collected | NULL
         /mnt/mute/h0 | timed out | it hung
         /mnt/mute/h1 | timed out | it hung
         /mnt/mute/h2 | skipped | not tried: 2 histories hung that processes of uid 999 name
         /mnt/mute/h3 | skipped | not tried: 2 histories hung that processes of uid 999 name
         /mnt/mute/h4 | skipped | not tried: 2 histories hung that processes of uid 999 name",
    );
}
