use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::*;
use crate::parse::bytes;

/// 2026-12-02T00:00:00Z.
const LATEST: i64 = 1_796_169_600_000_000;

/// One hour ahead.
fn with_calendar<T>(work: impl FnOnce(&Calendar<'_>) -> T) -> T {
    let zone = TimeZone::posix("CET-1").unwrap();
    work(&Calendar {
        zone: &zone,
        latest_us: LATEST,
        after_us: None,
        boot_us: None,
    })
}

fn read(text: &[u8]) -> Entry<'_> {
    with_calendar(|calendar| entry(text, calendar))
}

fn join(first: &mut Entry<'_>, next: &Entry<'_>) {
    with_calendar(|calendar| first.join(next, calendar));
}

/// `time severity pid program: message`, dashes for what is missing.
fn told(entry: &Entry<'_>) -> String {
    let time = entry.time_us.map_or("-".to_owned(), |time_us| {
        jiff::Timestamp::from_microsecond(time_us)
            .unwrap()
            .to_string()
    });
    let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
    let program = entry
        .program
        .as_deref()
        .map_or(Cow::Borrowed("-"), String::from_utf8_lossy);
    format!(
        "{time} {} {} {program}: {}",
        number(entry.severity.map(u32::from)),
        number(entry.pid),
        String::from_utf8_lossy(&entry.message)
    )
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(told(&read(text.as_bytes())), expected, "{text}");
}

#[test]
fn web_servers() {
    let access =
        r#"192.0.2.7 - ada [30/Nov/2026:13:00:00 +0100] "GET /x HTTP/1.1" 502 157 "-" "curl""#;
    check(access, &format!("2026-11-30T12:00:00Z - - -: {access}"));
    assert_eq!(read(access.as_bytes()).form, Form::Access);
    let virtual_host = r#"www.example.org:443 2001:db8::7 - - [30/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5"#;
    check(
        virtual_host,
        &format!("2026-11-30T12:00:00Z - - -: {virtual_host}"),
    );
    check(
        "2026/11/30 13:00:00 [error] 812#813: *7 connect() failed (111: Connection refused) while connecting to upstream",
        "2026-11-30T12:00:00Z 3 812 -: [error] 812#813: *7 connect() failed (111: Connection refused) while connecting to upstream",
    );
    check(
        "[Mon Nov 30 13:00:00.123456 2026] [proxy:error] [pid 35708:tid 139] (111)Connection refused: AH00957",
        "2026-11-30T12:00:00.123456Z 3 35708 -: [proxy:error] [pid 35708:tid 139] (111)Connection refused: AH00957",
    );
    check(
        "[Mon Nov 30 13:00:00 2026] [notice] caught SIGTERM",
        "2026-11-30T12:00:00Z 5 - -: [notice] caught SIGTERM",
    );
    // What dmesg writes stays the kernel's.
    check(
        "[Mon Nov 30 13:00:00 2026] eth0: link down",
        "2026-11-30T12:00:00Z - - kernel: eth0: link down",
    );
    check(
        "1796040000.123    51 192.0.2.7 TCP_MISS/200 1 GET http://x/ - -",
        "2026-11-30T12:00:00.123Z - - -:    51 192.0.2.7 TCP_MISS/200 1 GET http://x/ - -",
    );
}

#[test]
fn languages() {
    // Ruby, Python, Go, Java, PHP, JavaScript.
    check(
        "E, [2026-11-30T13:00:00.123456 #1234] ERROR -- web: no such host",
        "2026-11-30T12:00:00.123456Z 3 1234 -: ERROR -- web: no such host",
    );
    check(
        "2026-11-30 13:00:00,123 - app.db - WARNING - slow",
        "2026-11-30T12:00:00.123Z 4 - -: - app.db - WARNING - slow",
    );
    check(
        "ERROR:root:no such host",
        "- 3 - -: ERROR:root:no such host",
    );
    check("WARNING: slow", "- 4 - -: WARNING: slow");
    check(
        "2026/11/30 13:00:00.000001 main.go:7: listening",
        "2026-11-30T12:00:00.000001Z - - -: main.go:7: listening",
    );
    check(
        "2026-11-30 13:00:00,123 [main] ERROR com.example.Db - gone",
        "2026-11-30T12:00:00.123Z 3 - -: [main] ERROR com.example.Db - gone",
    );
    check(
        "13:00:00.123 [pool-1-thread-2] DEBUG com.example.Db - x",
        "- 7 - -: [pool-1-thread-2] DEBUG com.example.Db - x",
    );
    check(
        "2026-11-30T13:00:00.123+01:00  INFO 77 --- [main] c.e.App : up",
        "2026-11-30T12:00:00.123Z 6 - -:  INFO 77 --- [main] c.e.App : up",
    );
    check(
        "30-Nov-2026 13:00:00.123 SEVERE [main] org.apache.x Error",
        "2026-11-30T12:00:00.123Z 3 - -: SEVERE [main] org.apache.x Error",
    );
    check(
        "[30-Nov-2026 12:00:00 UTC] PHP Warning:  x in /srv/x.php",
        "2026-11-30T12:00:00Z - - -: PHP Warning:  x in /srv/x.php",
    );
    check(
        "[30-Nov-2026 13:00:00] NOTICE: ready",
        "2026-11-30T12:00:00Z 5 - -: NOTICE: ready",
    );
    check(
        "[2026-11-30 12:00:00 +0000] [77] [CRITICAL] WORKER TIMEOUT",
        "2026-11-30T12:00:00Z 2 77 -: [77] [CRITICAL] WORKER TIMEOUT",
    );
    check(
        "[2026-11-30T13:00:00.123456+01:00] app.ERROR: no {\"a\":1}",
        "2026-11-30T12:00:00.123456Z 3 - -: app.ERROR: no {\"a\":1}",
    );
    check(
        "2026-11-30T12:00:00.123Z\tinfo\tmain.go:7\tup",
        "2026-11-30T12:00:00.123Z 6 - -: \tinfo\tmain.go:7\tup",
    );
}

#[test]
fn services() {
    check(
        "2026-11-30 12:00:00.123 UTC [812] FATAL:  password authentication failed",
        "2026-11-30T12:00:00.123Z 2 812 -: [812] FATAL:  password authentication failed",
    );
    check(
        "2026-11-30T12:00:00.123456Z 7 [Warning] [MY-010055] [Server] IP could not be resolved",
        "2026-11-30T12:00:00.123456Z 4 - -: 7 [Warning] [MY-010055] [Server] IP could not be resolved",
    );
    check(
        "812:M 30 Nov 2026 13:00:00.123 # Out of memory",
        "2026-11-30T12:00:00.123Z 4 812 -: Out of memory",
    );
    check(
        "E1130 13:00:00.123456    1234 pod.go:12] gone",
        "2026-11-30T12:00:00.123456Z 3 1234 -: pod.go:12] gone",
    );
    let logfmt = "time=\"2026-11-30T12:00:00Z\" level=error msg=\"no such host\" pid=7";
    check(logfmt, &format!("2026-11-30T12:00:00Z 3 7 -: {logfmt}"));
    let caller = "ts=2026-11-30T12:00:00.5Z caller=main.go:7 level=info msg=up";
    check(caller, &format!("2026-11-30T12:00:00.5Z 6 - -: {caller}"));
    let audit = "type=SYSCALL msg=audit(1796040000.243:24287): arch=c000003e syscall=59 pid=7";
    check(
        audit,
        &format!("2026-11-30T12:00:00.243Z - - audit: {audit}"),
    );
    // A syslog daemon's stays its own, with the level of what was said.
    check(
        "2026-11-30T12:00:00.5Z web1 app[9]: ERROR no such host",
        "2026-11-30T12:00:00.5Z 3 9 app: ERROR no such host",
    );
    check(
        "Nov 30 13:00:00 web1 app[9]: said ERROR once",
        "2026-11-30T12:00:00Z - 9 app: said ERROR once",
    );
}

/// The forms of the public collections of logs that are not among those above.
#[test]
fn older_and_other() {
    check(
        "261130 130000 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_1 terminating",
        "2026-11-30T12:00:00Z 6 - -: 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_1 terminating",
    );
    check(
        "261130  9:00:00 [Note] ready for connections",
        "2026-11-30T08:00:00Z 5 - -: [Note] ready for connections",
    );
    check(
        "26/11/30 13:00:00 INFO executor.Executor: Finished task 0.0",
        "2026-11-30T12:00:00Z 6 - -: INFO executor.Executor: Finished task 0.0",
    );
    check(
        "2026-11-30 13:00:00, Info                  CBS    Loaded Servicing Stack",
        "2026-11-30T12:00:00Z - - -: Info                  CBS    Loaded Servicing Stack",
    );
    check(
        "2026-11-30 13:00:00,747 - INFO  [QuorumPeer:FastLeaderElection@774] - Notification time out",
        "2026-11-30T12:00:00.747Z 6 - -: - INFO  [QuorumPeer:FastLeaderElection@774] - Notification time out",
    );
    check(
        "2026-11-30 13:00:00.008 25746 INFO nova.osapi_compute.wsgi.server [req-1] 192.0.2.7 status: 200",
        "2026-11-30T12:00:00.008Z 6 - -: 25746 INFO nova.osapi_compute.wsgi.server [req-1] 192.0.2.7 status: 200",
    );
    check(
        "Nov 30 13:00:00 combo sshd(pam_unix)[19939]: authentication failure; uid=0",
        "2026-11-30T12:00:00Z - 19939 sshd(pam_unix): authentication failure; uid=0",
    );
}

/// Columns with other things between them than a blank, a zone by its name, and hours of one digit.
#[test]
fn columns() {
    for (text, expected) in [
        (
            "2026-11-30  5:13:11 8 [Warning] Access denied",
            "2026-11-30T04:13:11Z 4 - -: 8 [Warning] Access denied",
        ),
        (
            "2026-11-30 13:00:00.5|Warn|Auth|failed",
            "2026-11-30T12:00:00.5Z - - -: Warn|Auth|failed",
        ),
        (
            "2026-11-30T12:00:00.530Z,0E,2,192.0.2.7:143",
            "2026-11-30T12:00:00.53Z - - -: 0E,2,192.0.2.7:143",
        ),
        ("2026-11-30 13:00:00: up", "2026-11-30T12:00:00Z - - -: up"),
        (
            "11/30/2026-13:00:00.5  [**] [1:2:4] SCAN",
            "2026-11-30T12:00:00.5Z - - -: [**] [1:2:4] SCAN",
        ),
        // As `date` writes it: the year is not that of the file.
        (
            "Mon Nov 30 13:00:00 CET 2020 begun",
            "2020-11-30T12:00:00Z - - -: begun",
        ),
        (
            "Mon Nov 30 12:00:00 UTC 2020 begun",
            "2020-11-30T12:00:00Z - - -: begun",
        ),
        (
            "2026-11-30 13:00:00:00 no",
            "- - - -: 2026-11-30 13:00:00:00 no",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn a_level_behind_the_time_is_no_host() {
    for (word, level) in [("CRITICAL", 2), ("FATAL:", 2), ("TRACE", 7), ("ERROR", 3)] {
        let expected = format!("2026-11-30T12:00:00Z {level} - -: disk full");
        check(&format!("2026-11-30T12:00:00Z {word} disk full"), &expected);
    }
    check(
        "2026-11-30T12:00:00Z WEB1 app: disk full",
        "2026-11-30T12:00:00Z - - app: disk full",
    );
}

#[test]
fn a_level_before_the_time() {
    for (text, level) in [
        ("[INFO] 2026-11-30 13:00:00,000 up", "6"),
        ("INFO 2026-11-30 13:00:00 up", "6"),
        ("INFO  [2026-11-30 13:00:00,000] com.example.Main: up", "6"),
        ("WARN: [Nov 30 13:00:00.000] slow", "4"),
        ("[ERROR] [2026-11-30T12:00:00Z] gone", "3"),
        ("DEBUG:2026-11-30 13:00:00,000:up", "7"),
        ("[main] INFO 2026/11/30 13:00:00 up", "6"),
        ("[GIN] 2026/11/30 - 13:00:00 | 401 | /client", "-"),
    ] {
        check(text, &format!("2026-11-30T12:00:00Z {level} - -: {text}"));
    }
    // A time in a message is not when it was written.
    for text in [
        "INFO restarted at 2026-11-30 13:00:00",
        "since 2026-11-30 13:00:00",
        "[",
        "[x",
        "[w] [x] [y] [z] [2026-11-30 13:00:00] up",
    ] {
        assert_eq!(read(text.as_bytes()).time_us, None, "{text}");
    }
}

#[test]
fn json() {
    check(
        r#"{"timestamp":"2026-11-30T12:00:00.5Z","level":"WARN","message":"slow","status":500,"pid":7}"#,
        r#"2026-11-30T12:00:00.5Z 4 7 -: slow {"pid":7,"status":500}"#,
    );
    check(
        r#"{"time":1796040000123,"level":50,"msg":"x"}"#,
        "2026-11-30T12:00:00.123Z 3 - -: x",
    );
    check(
        r#"{"ts":1796040000.25,"level":"info","msg":"x"}"#,
        "2026-11-30T12:00:00.25Z 6 - -: x",
    );
    check(
        r#"{"t":{"$date":"2026-11-30T12:00:00Z"},"s":"I","msg":"x"}"#,
        "2026-11-30T12:00:00Z 6 - -: x",
    );
    for other in [
        r#"{"a":1}"#,
        r#"{"time":"#,
        r#"{"msg":"x"}"#,
        "{}",
        "{",
        r#"{"time":-1,"level":true}"#,
    ] {
        check(other, &format!("- - - -: {other}"));
    }
    // Deeper than any log.
    let deep = format!("{{\"time\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    check(&deep, &format!("- - - -: {deep}"));
}

#[test]
fn runtimes() {
    let docker =
        r#"{"log":"ERROR:root:no\n","stream":"stderr","time":"2026-11-30T12:00:00.123456789Z"}"#;
    check(docker, "2026-11-30T12:00:00.123456Z 3 - -: ERROR:root:no");
    let whole = Some(Wrapped {
        is_error: true,
        is_partial: false,
        text: Cow::Borrowed(b"ERROR:root:no"),
    });
    assert_eq!(read(docker.as_bytes()).wrapped, whole);
    // The time of the runtime is in no doubt.
    check(
        "2026-11-30T12:00:00.123456789Z stdout F 2020-01-01 00:00:00,000 INFO up",
        "2026-11-30T12:00:00.123456Z 6 - -: INFO up",
    );
    check(
        "2026-11-30T12:00:00Z stderr P half",
        "2026-11-30T12:00:00Z - - -: half",
    );
    check(
        "2026-11-30T12:00:00Z stdout F",
        "2026-11-30T12:00:00Z - - -: ",
    );
}

#[track_caller]
fn check_joined(text: &str, expected: &[&str]) {
    let mut rows: Vec<Entry<'_>> = Vec::new();
    for (_, line) in bytes::lines(text.as_bytes()).filter(|(_, line)| !bytes::is_blank(line)) {
        let next = read(line);
        match rows.last_mut() {
            Some(last) if last.goes_on_in(&next) => join(last, &next),
            _ => rows.push(next),
        }
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|row| String::from_utf8_lossy(&row.message).into_owned())
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn stack_traces_are_one_with_what_they_explain() {
    check_joined(
        "2026-11-30 13:00:00,123 [main] ERROR Db - gone\njava.lang.IllegalStateException: x\n\tat a.b(C.java:7)\nCaused by: java.io.IOException\n\t... 2 more\n2026-11-30 13:00:01,123 [main] INFO Db - back\n",
        &[
            "[main] ERROR Db - gone\njava.lang.IllegalStateException: x\n\tat a.b(C.java:7)\nCaused by: java.io.IOException\n\t... 2 more",
            "[main] INFO Db - back",
        ],
    );
    check_joined(
        "up\nTraceback (most recent call last):\n  File \"x\", line 7, in f\n    g()\nValueError: no\nnext\n",
        &[
            "up",
            "Traceback (most recent call last):\n  File \"x\", line 7, in f\n    g()\nValueError: no",
            "next",
        ],
    );
    check_joined(
        "panic: x\n\ngoroutine 1 [running]:\nmain.f(...)\n\t/srv/x.go:7\nmain.main()\n\t/srv/x.go:9\nexit status 2\n",
        &[
            "panic: x\ngoroutine 1 [running]:\nmain.f(...)\n\t/srv/x.go:7\nmain.main()\n\t/srv/x.go:9",
            "exit status 2",
        ],
    );
    // In what a runtime keeps, each line has a time of its own.
    let docker = |text: &str| {
        format!("{{\"log\":\"{text}\",\"stream\":\"stderr\",\"time\":\"2026-11-30T12:00:00Z\"}}\n")
    };
    let lines = [
        docker(r"Exception in thread x\n"),
        docker(r"\tat a.b(C.java:7)\n"),
        docker(r"half a "),
        docker(r"line\n"),
    ];
    check_joined(
        &lines.concat(),
        &["Exception in thread x\n\tat a.b(C.java:7)", "half a line"],
    );
    check_joined(
        "2026-11-30T12:00:00Z stdout F one\n2026-11-30T12:00:00Z stderr F \tindented elsewhere\n",
        &["one", "\tindented elsewhere"],
    );
    // What was cut is understood once it is whole.
    let text = "2026-11-30T12:00:00Z stdout F ERROR: x\n2026-11-30T12:00:00Z stdout P {\"level\":\"warn\",\n2026-11-30T12:00:00Z stdout F \"msg\":\"two\"}\n";
    check_joined(text, &["ERROR: x", "two"]);
    // Lines of daemons are lines.
    check_joined(
        "Nov 30 13:00:00 web1 app[9]: x\nNov 30 13:00:00 web1 app[9]: y\nodd\n",
        &["x", "y", "odd"],
    );
    let long = " x\n".repeat(2000);
    let mut lines = bytes::lines(long.as_bytes()).map(|(_, line)| read(line));
    let mut first = lines.next().unwrap();
    let count = lines
        .take_while(|next| {
            let goes_on = first.goes_on_in(next);
            if goes_on {
                join(&mut first, next);
            }
            goes_on
        })
        .count();
    assert_eq!(count, 500);
}

#[test]
fn hostile() {
    for odd in [
        &b""[..],
        b"[",
        b"]",
        b"[]",
        b"E, [",
        b"E, [2026",
        b"E1130",
        b"E9999 99:99:99.1 1 x:1] y",
        b"type=",
        b"type=X msg=audit(",
        b"type=X msg=audit(99999999999999999999.1:2): x",
        b"time=",
        b"level=",
        b"a=\"",
        b"\xff\xfe",
        b"1",
        b"12:00",
        b"99999999999999999999 x",
        b"1.2.3.4 - - [",
        b"1.2.3.4 - - [99/Nov/2026:12:00:00 +0000] x",
        b"2026-11-30T12:00:00Z stdout ",
        b"0:M 30",
        b"- [ - [ - [",
    ] {
        let entry = read(odd);
        assert!(
            entry.message.len() <= odd.len(),
            "{}",
            String::from_utf8_lossy(odd)
        );
        assert!(entry.goes_on_in(&read(b" x")) || entry.form == Form::Access);
    }
}
