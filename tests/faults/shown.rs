//! Evidence that is shown: on a terminal, in CSV, Markdown, HTML and the web page.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use crate::case::Case;
use crate::common::{self, has, succeed};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::pending("W01", "web page: another host's name in Host", WEB),
    Case::pending("W02", "web page: no token, a wrong one, an old one", WEB),
    Case::pending("W04", "web page: other addresses, other users", WEB),
    Case::pending(
        "W05",
        "web page: path traversal, slow and endless requests",
        WEB,
    ),
    Case::pending("W06", "web page: scripts in the evidence", WEB),
    Case::pending(
        "R01",
        "HTML report: scripts in every text column",
        "the HTML report",
    ),
    Case::here("R03", "CSV: cells that are formulas", formulas).in_quick_part(),
    Case::here(
        "R04",
        "Markdown: images, links, table ends in the evidence",
        markdown,
    )
    .in_quick_part(),
    Case::slow(
        "R05",
        "terminal codes in names, arguments, paths, sockets, logs, histories",
        terminal,
    ),
    Case::here("R07", "a value of ten megabytes, and of a hundred", large),
    Case::here(
        "R08",
        "wide, combining and endless text in a table",
        alignment,
    )
    .in_quick_part(),
    Case::here(
        "R09",
        "terminal codes in arguments, paths and files that are no bundles",
        messages,
    ),
];

const WEB: &str = "the web page";

/// Each may act on a terminal, or hides what stands beside it; one is a byte that is no UTF-8.
const CODES: &[&[u8]] = &[
    b"\x1b]52;c;QUFB\x07",
    b"\x1b]8;;http:\\192.0.2.1\x1b\\x",
    b"\x1b[31mX\x1b[2J",
    b"a\rb",
    b"a\x08\x08b",
    b"\x9b31m",
    "\u{9b}31m".as_bytes(),
    b"\x7f\x0e\x0f",
    "\u{202e}gpj.exe".as_bytes(),
    "\u{2066}a\u{2069}".as_bytes(),
    "z\u{200b}\u{200d}w".as_bytes(),
    "p\u{2028}q\u{2029}".as_bytes(),
    "t\u{e0041}\u{e007f}".as_bytes(),
    "v\u{fe0f}\u{e0100}".as_bytes(),
    b"n\nm\tt",
    b"\\x1b[0m",
];

fn all_codes() -> Vec<u8> {
    CODES.concat()
}

/// The first character that acts on a terminal or is not seen there, or the first byte that is no text.
fn acting(text: &[u8]) -> Option<String> {
    let around = |at: usize| {
        let part = &text[at.saturating_sub(20)..(at + 20).min(text.len())];
        Some(format!("at {at}: {}", part.escape_ascii()))
    };
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => return around(error.valid_up_to()),
    };
    let acts = |character: char| {
        matches!(character,
            '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    let (at, _) = text
        .char_indices()
        .find(|(_, character)| acts(*character))?;
    around(at)
}

fn harmless(trial: &mut Trial, command: &str, output: &Output) {
    for (name, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let found = acting(text);
        trial.harmless(found.is_none(), format!("{command}: {name} {found:?}"));
    }
}

fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// A copy of the invented host `web-1` with that history and log of a user whose name is as given.
fn tree(trial: &Trial, user: &[u8], history: &[u8], log: &[u8], hostname: &[u8]) -> PathBuf {
    let tree = trial.place().join("tree");
    let mut copy = Command::new("cp");
    copy.arg("-a").arg(common::host("web-1")).arg(&tree);
    succeed(&mut copy, &[0]);
    let mut passwd = std::fs::read(tree.join("etc/passwd")).unwrap_or_default();
    passwd.extend_from_slice(user);
    passwd.extend_from_slice(b":x:4321:4321:");
    passwd.extend_from_slice(user);
    passwd.extend_from_slice(b":/home/planted:/bin/bash\n");
    write(&tree.join("etc/passwd"), &passwd);
    write(&tree.join("home/planted/.bash_history"), history);
    write(&tree.join("var/log/syslog"), log);
    write(&tree.join("etc/hostname"), &[hostname, b"\n"].concat());
    tree
}

fn loaded(trial: &Trial, bundle: &Path) -> PathBuf {
    let database = trial.place().join("loaded.db");
    let mut load = trial.analyze();
    load.arg("load").arg("--db").arg(&database).arg(bundle);
    succeed(&mut load, &[0, 1]);
    database
}

/// Every command in every format.
fn every_answer(trial: &mut Trial, bundle: &Path, pid: u32) {
    let database = loaded(trial, bundle);
    let mut commands: Vec<Vec<OsString>> = Vec::new();
    let mut add = |words: &[&dyn AsRef<OsStr>]| {
        commands.push(words.iter().map(|word| word.as_ref().to_owned()).collect());
    };
    for name in [
        "arp",
        "conntrack",
        "df",
        "fds",
        "free",
        "history",
        "lsof",
        "netstat",
        "oom",
        "ps",
        "pstree",
        "ss",
        "threads",
        "top",
        "vmstat",
    ] {
        for format in ["table", "csv", "json", "jsonl", "markdown"] {
            add(&[&"show", &name, &database, &"--format", &format]);
        }
    }
    for format in ["table", "markdown", "json"] {
        add(&[&"brief", &database, &"--format", &format]);
        add(&[&"pid", &pid.to_string(), &database, &"--format", &format]);
    }
    for format in ["table", "csv", "json", "jsonl", "markdown"] {
        for table in schema::tables::TABLES {
            let sql = format!("SELECT * FROM {}", table.name);
            add(&[&"sql", &database, &sql, &"--format", &format]);
        }
        add(&[&"grep", &database, &".", &"--format", &format]);
        add(&[&"grep", &database, &".", &"--count", &"--format", &format]);
    }
    let fresh = trial.place().join("fresh.db");
    for format in ["text", "json"] {
        add(&[&"verify", &bundle, &"--format", &format]);
        add(&[&"ls", &bundle, &"--format", &format]);
        add(&[&"load", &"--db", &fresh, &bundle, &"--format", &format]);
        add(&[&"diff", &common::web_1(), &database, &"--format", &format]);
        add(&[&"diff", &database, &common::web_1(), &"--format", &format]);
    }
    for arguments in commands {
        let output = trial.run(trial.analyze().args(&arguments), Duration::from_secs(30));
        let shown = format!("{arguments:?}");
        harmless(trial, &shown, &output);
        trial.rest(
            matches!(output.status.code(), Some(0 | 1)),
            format!(
                "{shown}: {:?}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ),
        );
        if arguments.iter().any(|word| word == "json") {
            let parsed = serde_json::Deserializer::from_slice(&output.stdout)
                .into_iter::<serde_json::Value>()
                .all(|value| value.is_ok());
            trial.rest(parsed, format!("{shown}: is no JSON"));
        }
    }
}

fn terminal(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let place = trial.place().to_owned();
    // A process for each of them: as its name, its arguments, its environment, its directory and a file that it holds.
    let mut pids = Vec::new();
    let mut sockets = Vec::new();
    for code in CODES {
        let name = OsString::from_vec(code.to_vec());
        let folder = place.join(OsString::from_vec([b"in-", *code].concat()));
        std::fs::create_dir(&folder).unwrap();
        let program = folder.join(&name);
        std::fs::copy("/bin/sleep", &program).unwrap();
        let file = folder.join(OsString::from_vec([b"held-", *code].concat()));
        let held = std::fs::File::create(&file).unwrap();
        sockets.push(UnixListener::bind(folder.join("s")).unwrap());
        let mut command = Command::new(&program);
        command
            .arg0(&name)
            .arg("1000")
            .env("PLANTED", &name)
            .current_dir(&folder)
            .stdout(held);
        pids.push(trial.start(&mut command));
    }
    let codes = all_codes();
    let live = place.join(OsString::from_vec([&codes[..], b".tar.zst"].concat()));
    // With its summary, which names paths.
    let mut capture = Command::new(trial.capture().get_program());
    capture.arg("-o").arg(&live);
    let output = trial.run(&mut capture, Duration::from_mins(1));
    harmless(trial, "capture", &output);
    trial.named(
        String::from_utf8_lossy(&output.stdout).contains("\\x1b]52;c;QUFB\\x07"),
        format!("the summary: {}", output.stdout.escape_ascii()),
    );
    healthy.check(trial, &live);
    let escaped = trial.run(
        trial
            .analyze()
            .args([OsStr::new("show"), OsStr::new("ps"), live.as_os_str()]),
        Duration::from_secs(30),
    );
    let escaped = String::from_utf8_lossy(&escaped.stdout).into_owned();
    for shown in [
        "\\x1b]52;c;QUFB\\x07",
        "\\x9b31m",
        "\\u{9b}31m",
        "\\u{202e}gpj.exe",
        "\\\\x1b[0m",
    ] {
        trial.named(
            escaped.contains(shown),
            format!("ps does not show {shown}: {escaped}"),
        );
    }
    every_answer(trial, &live, pids[0]);

    let text = |code: &&[u8]| String::from_utf8_lossy(code).replace(['\n', ':'], "");
    let user: String = CODES.iter().map(text).collect();
    let mut history = Vec::new();
    let mut log = Vec::new();
    for code in CODES {
        history.extend_from_slice(&[b"ssh ada@192.0.2.7 '", *code, b"'\n"].concat());
        log.extend_from_slice(&[b"Nov  3 04:05:06 web-1 ", *code, b"[7]: ", *code, b"\n"].concat());
    }
    log.extend_from_slice(b"Nov  3 04:05:07 web-1 planted[8]: the healthy line\n");
    let tree = tree(trial, user.as_bytes(), &history, &log, &codes);
    let dead = trial
        .place()
        .join(OsString::from_vec([b"dead", &codes[..]].concat()));
    let mut capture = Command::new(trial.capture().get_program());
    capture.arg("--root").arg(&tree).arg("-o").arg(&dead);
    capture
        .arg("--label")
        .arg(OsStr::from_bytes(user.as_bytes()));
    let output = trial.run(&mut capture, Duration::from_mins(1));
    harmless(trial, "capture --root", &output);
    std::fs::remove_file(trial.place().join("loaded.db")).unwrap();
    std::fs::remove_file(trial.place().join("fresh.db")).unwrap();
    every_answer(trial, &dead, 1);
    let planted = Trial::rows(
        &dead,
        "SELECT message FROM log_lines WHERE program = 'planted'",
    );
    trial.rest(planted == ["the healthy line"], format!("{planted:?}"));
    Ok(())
}

fn formulas(trial: &mut Trial) -> Result<(), Skipped> {
    let cells: &[&[u8]] = &[
        b"=cmd|'/C calc'!A1",
        b"=HYPERLINK(\"http://192.0.2.1/?\"&A1,\"x\")",
        b"+1+1",
        b"-2+3",
        b"@SUM(1,2)",
        b"\t=1",
        b"'=1",
        b"a,\"b\"\\c",
        b"=\x1b[31m\xff",
    ];
    let history = [cells.join(&b'\n'), b"\r=1\nthe healthy command\n".to_vec()].join(&b'\n');
    let tree = tree(trial, b"=1+1", &history, b"", b"web-1");
    let bundle = common::capture_tree(&tree, trial.place());
    let sql = "SELECT command, username, -1 AS \"=column\" FROM shell_history WHERE history_file LIKE '/home/planted/%'";
    let output = trial.run(
        trial.analyze().args([
            OsStr::new("sql"),
            bundle.as_os_str(),
            OsStr::new(sql),
            OsStr::new("--format"),
            OsStr::new("csv"),
        ]),
        Duration::from_secs(30),
    );
    harmless(trial, "csv", &output);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(output.stdout.as_slice());
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect();
    for cell in rows.iter().flatten() {
        trial.harmless(
            cell == "-1" || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
            format!("a formula: {cell}"),
        );
    }
    let commands: Vec<&str> = rows.iter().skip(1).map(|row| row[0].as_str()).collect();
    let expected = [
        "'=cmd|'/C calc'!A1",
        "'=HYPERLINK(\"http://192.0.2.1/?\"&A1,\"x\")",
        "'+1+1",
        "'-2+3",
        "'@SUM(1,2)",
        "'\t=1",
        "''=1",
        "a,\"b\"\\\\c",
        "'=\\x1b[31m\\xff",
        "\\r=1",
        "the healthy command",
    ];
    trial.named(commands == expected, format!("{commands:?}"));
    // Numbers stay numbers, and of all cells the exact bytes can be had back.
    let numbers = rows.iter().skip(1).all(|row| row[2] == "-1");
    trial.rest(numbers && rows[0][2] == "'=column", format!("{rows:?}"));
    Ok(())
}

fn markdown(trial: &mut Trial) -> Result<(), Skipped> {
    let texts = [
        "a | b || c",
        "![x](http://192.0.2.1/pixel.png)",
        "[x](javascript:alert(1))",
        "<img src=http://192.0.2.1/x onerror=alert(1)><script>alert(1)</script>",
        "`id` ```sh",
        "<!-- -->",
        "# head *bold* _it_ ~no~ $x$",
        "https://192.0.2.1/clickable www.example.com ada@example.com",
        "\\",
    ];
    let history = texts.join("\n") + "\nthe healthy command\n";
    let log = texts.map(|text| format!("Nov  3 04:05:06 web-1 app[7]: error: {text}\n"));
    let log = log.concat();
    let tree = tree(
        trial,
        b"a|b",
        history.as_bytes(),
        log.as_bytes(),
        b"we|b<x>",
    );
    let bundle = common::capture_tree(&tree, trial.place());
    for arguments in [
        &[
            "sql",
            "@",
            "SELECT command, username AS 'a|b<i>' FROM shell_history WHERE history_file LIKE '/home/planted/%'",
        ][..],
        &["show", "history", "@"],
        &["grep", "@", "error"],
        &["brief", "@"],
    ] {
        let arguments = arguments.iter().map(|word| match *word {
            "@" => bundle.as_os_str(),
            word => OsStr::new(word),
        });
        let mut command = trial.analyze();
        command.args(arguments).args(["--format", "markdown"]);
        let shown = format!("{command:?}");
        let output = trial.run(&mut command, Duration::from_secs(30));
        harmless(trial, &shown, &output);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = ["](", "![", "<img", "<script", "<!--", "<x>", "<i>", "```"]
            .into_iter()
            .find(|markup| text.contains(markup));
        trial.harmless(found.is_none(), format!("{shown}: {found:?} in {text}"));
        // Every row of a table has as many cells as its head.
        let mut cells = None;
        for line in text.lines() {
            if !line.starts_with('|') {
                cells = None;
                continue;
            }
            let count = line
                .replace("\\\\", "")
                .replace("\\|", "")
                .matches('|')
                .count();
            trial.rest(
                *cells.get_or_insert(count) == count,
                format!("{shown}: {line}"),
            );
        }
        if !arguments_of(&command, "brief") && !arguments_of(&command, "grep") {
            trial.rest(text.contains("the healthy command"), text.clone());
            trial.named(
                text.contains("\\!\\[x\\]\\(http"),
                format!("{shown}: {text}"),
            );
        }
    }
    Ok(())
}

fn arguments_of(command: &Command, word: &str) -> bool {
    command.get_args().any(|argument| argument == word)
}

/// Asks for a value of so many bytes within 512 MiB; gives the exit code and all that was written.
fn ask_for(trial: &mut Trial, bytes: usize, format: &str) -> (Option<i32>, String) {
    let half = bytes / 2;
    let sql = format!("SELECT hex(zeroblob({half})) AS big, hostname FROM snapshots");
    let mut command = std::process::Command::new("prlimit");
    command.arg("--as=536870912");
    command.arg(trial.analyze().get_program()).arg("sql");
    command
        .arg(common::web_1())
        .args([&sql, "--format", format]);
    let output = trial.run(&mut command, Duration::from_mins(1));
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn large(trial: &mut Trial) -> Result<(), Skipped> {
    for bytes in [10_000_000, 100_000_000] {
        for format in ["table", "markdown"] {
            let (code, text) = ask_for(trial, bytes, format);
            trial.named(
                code == Some(0) && text.contains(&format!("{bytes} bytes")),
                format!("{format}, {bytes}: {code:?}: elided without its size"),
            );
            trial.rest(text.contains("web-1"), "what is beside it");
            trial.harmless(text.len() < 1000, format!("{} bytes", text.len()));
        }
    }
    for format in ["csv", "json", "jsonl"] {
        let (code, text) = ask_for(trial, 100_000_000, format);
        trial.rest(
            code == Some(0) && text.len() > 100_000_000,
            format!("{format}: {code:?}: a program gets all of it"),
        );
    }
    let (code, text) = ask_for(trial, 200_000_000, "table");
    trial.named(
        code == Some(2) && text.contains("too big"),
        format!("{code:?}: {text}"),
    );
    // In evidence no field is longer than a member may be: the member is named, with everything else there.
    let directory = trial.place().join("extracted");
    let extracted = trial
        .analyze()
        .arg("extract")
        .arg(common::web_1())
        .arg(&directory)
        .output();
    assert!(extracted.unwrap().status.success());
    let sql = "SELECT count(*) FROM processes";
    let processes = Trial::rows(&directory, sql);
    let member = "root/proc/1/cmdline";
    std::fs::write(directory.join(member), vec![b'x'; 100_000_000]).unwrap();
    let output = trial.run(
        trial.analyze().arg("verify").arg(&directory),
        Duration::from_secs(20),
    );
    let said = String::from_utf8_lossy(&output.stdout);
    trial.named(
        output.status.code() == Some(1) && said.contains(member),
        format!("{said}"),
    );
    let issues = "SELECT count(*) > 0 FROM parse_issues WHERE member = 'root/proc/1/cmdline' \
         AND reason LIKE 'is longer than a member may be%'";
    trial.named(
        Trial::rows(&directory, issues) == ["1"],
        "no issue of the member",
    );
    trial.rest(
        Trial::rows(&directory, sql) == processes,
        "not all processes are there",
    );
    Ok(())
}

fn alignment(trial: &mut Trial) -> Result<(), Skipped> {
    let long = "x".repeat(900_000);
    let texts = [
        "日本語テキスト",
        "e\u{301}\u{302}\u{303}",
        "\u{1f600}\u{1f1e9}\u{1f1ea}",
        "ascii",
        &long,
        "\u{202e}\u{200b}",
        "the healthy command",
    ];
    let history = texts.join("\n") + "\n";
    let tree = tree(trial, b"planted", history.as_bytes(), b"", b"web-1");
    let bundle = common::capture_tree(&tree, trial.place());
    let sql = "SELECT command, line_no, 'after' AS after FROM shell_history WHERE history_file LIKE '/home/planted/%'";
    let output = trial.run(
        trial
            .analyze()
            .args([OsStr::new("sql"), bundle.as_os_str(), OsStr::new(sql)]),
        Duration::from_secs(30),
    );
    harmless(trial, "sql", &output);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let column = |line: &str| {
        let before = line.strip_suffix("after").unwrap_or(line);
        unicode_width::UnicodeWidthStr::width(before)
    };
    let lines: Vec<&str> = text.lines().collect();
    trial.rest(
        lines.len() == texts.len() + 1 && lines.last().unwrap().starts_with("the healthy command"),
        format!("{} lines", lines.len()),
    );
    let columns: Vec<usize> = lines
        .iter()
        .filter(|line| line.len() < 1000)
        .map(|line| column(line))
        .collect();
    trial.harmless(
        columns.windows(2).all(|pair| pair[0] == pair[1]),
        format!("columns: {columns:?}"),
    );
    trial.named(
        text.contains("\\u{202e}\\u{200b}"),
        "what is not seen is not named",
    );
    Ok(())
}

fn messages(trial: &mut Trial) -> Result<(), Skipped> {
    let place = trial.place().to_owned();
    let name = |end: &[u8]| {
        let codes = all_codes();
        place.join(OsString::from_vec([&codes, end].concat()))
    };
    let (foreign, cut, missing) = (name(b".txt"), name(b".cut"), name(b".none"));
    let whole = std::fs::read(common::web_1()).unwrap();
    std::fs::write(&foreign, b"\x1b]0;x\x07 no bundle\n").unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let codes = String::from_utf8_lossy(&all_codes()).into_owned();
    let sql = format!("SELECT * FROM nosuch WHERE '{codes}' = \"{codes}\"");
    for path in [
        &foreign,
        &cut,
        &missing,
        &place.join("."),
        &common::web_1().to_owned(),
    ] {
        for arguments in [
            &["verify", "@"][..],
            &["ls", "@"],
            &["load", "--db", "@", "@"],
            &["load", "--db", "new.db", "@"],
            &["brief", "@"],
            &["sql", "@", &sql],
            &["sql", "@", "SELECT 1", "--snapshot", &codes],
            &["show", &codes, "@"],
            &["show", "ps", "@", "--format", &codes],
            &["show", "ps", "@", "--pid", &codes],
            &["grep", "@", &format!("({codes}")],
            &["grep", "@", "x", "--since", &codes],
            &["pid", &codes, "@"],
            &["diff", "@", "@", &codes],
            &["cat", "@", &codes],
            &["extract", "@", "@"],
            &["tables", &codes],
            &[&codes],
            &["verify", "@", &codes],
            &["verify", "@", &format!("--{codes}")],
        ] {
            let words: Vec<&OsStr> = arguments
                .iter()
                .map(|word| {
                    if *word == "@" {
                        path.as_os_str()
                    } else {
                        OsStr::new(*word)
                    }
                })
                .collect();
            let mut command = trial.analyze();
            command
                .args(&words)
                .current_dir(&place)
                .env("TMPDIR", &place);
            let output = trial.run(&mut command, Duration::from_secs(30));
            let shown = format!("{words:?}");
            harmless(trial, &shown, &output);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            trial.named(
                output.status.code() == Some(0)
                    || !said.is_empty()
                    || ["verify", "load"].contains(&arguments[0]),
                format!("{shown}: {:?}: nothing is said", output.status),
            );
            trial.ends(!said.contains("panicked"), format!("{shown}: {said}"));
        }
    }
    for arguments in [
        &["-o", "@"][..],
        &["--root", "@", "-o", "x"],
        &["--nosuch", "@"],
        &["--label"],
        &["--case-key", "@", "--root", ".", "-o", "y"],
    ] {
        let words: Vec<&OsStr> = arguments
            .iter()
            .map(|word| {
                if *word == "@" {
                    foreign.as_os_str()
                } else {
                    OsStr::new(*word)
                }
            })
            .collect();
        let mut command = Command::new(trial.capture().get_program());
        command.args(&words).current_dir(&place);
        let output = trial.run(&mut command, Duration::from_secs(30));
        harmless(trial, &format!("capture {words:?}"), &output);
    }
    // The log of a host on a terminal, and in a pipe.
    let log = b"Nov  3 04:05:06 web-1 app[7]: \x1b]52;c;QUFB\x07\xff\tx\n";
    let tree = tree(trial, b"planted", b"", log, b"web-1");
    let bundle = common::capture_tree(&tree, trial.place());
    let mut cat = trial.analyze();
    cat.args([
        OsStr::new("cat"),
        bundle.as_os_str(),
        OsStr::new("/var/log/syslog"),
    ]);
    let output = trial.run(&mut cat, Duration::from_secs(30));
    trial.rest(
        output.stdout == log,
        output.stdout.escape_ascii().to_string(),
    );
    if !has("script") {
        return Err(Skipped::because("needs script, for a terminal"));
    }
    let line = format!(
        "{} cat {} /var/log/syslog",
        trial.analyze().get_program().display(),
        bundle.display()
    );
    let output = trial.run(
        Command::new("script").args(["-qec", &line, "/dev/null"]),
        Duration::from_secs(30),
    );
    let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    trial.named(
        text.contains("\\x1b]52;c;QUFB\\x07\\xff\tx\n") && acting(text.as_bytes()).is_none(),
        format!("on a terminal: {text:?}"),
    );
    Ok(())
}
