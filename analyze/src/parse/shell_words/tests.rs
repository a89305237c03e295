use super::*;

/// Shows commands as their words, in brackets where blanks would be mistaken, `?` for what is not known.
fn check(line: &str, expected: &[&str]) {
    let shown: Vec<String> = commands(line.as_bytes())
        .iter()
        .map(|command| {
            let words = command.assignments.iter().chain(&command.words);
            let words = words.map(|word| {
                let text = String::from_utf8_lossy(word).replace('\0', "?");
                if text.is_empty() || text.contains([' ', '\n']) {
                    format!("[{text}]")
                } else {
                    text
                }
            });
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(shown, expected, "{line}");
}

#[test]
fn words_and_quotes() {
    check(
        "ls  -l\t'a b'\"c d\"e\\ f '' \"\"",
        &["ls -l [a bc de f] [] []"],
    );
    check(
        "echo $'it\\'s\\n' \"a\\\"b\\c\" $HOME \"${x}y\" $1 ${a:-b} $((1+(2))) \\",
        &["echo [it's\n] a\"b\\c ? ?y ? ? ? \\"],
    );
    check("echo it's unbalanced", &["echo [its unbalanced]"]);
    check("A=1 B='x y' cmd\\\n -v", &["A=1 [B=x y] cmd -v"]);
}

#[test]
fn commands_of_a_line() {
    check("a; b && c || d | e & f", &["a", "b", "c", "d", "e", "f"]);
    check("a # ssh x\nb c#d", &["a", "b c#d"]);
    check("a >out 2>&1 <in &>x 2>/dev/null b", &["a b"]);
    check("cat <<E; b\nssh x\nE\nc\n", &["cat", "b", "c"]);
    check(
        "cat <<-'E' x\n\tssh x\n\tE\nc <<<\"ssh y\" d",
        &["cat x", "c d"],
    );
    check("cat <<E\nssh x", &["cat"]);
    check("(a; b) && { c; }", &["a", "b", "c"]);
    check(
        "if ! a; then b; else c; fi; while d; do e; done",
        &["a", "b", "c", "d", "e"],
    );
    check("case $x in a) b ;; esac", &["b"]);
    check("f() { a; }; f", &["f", "a", "f"]);
    check("function f { a; }; f", &["a", "f"]);
    check("function f() { a; }; function g -d 'b c'", &["a"]);
    check("time for i in 1 2; do a d$i; done", &["a d1", "a d2"]);
    check(
        "time -p while a; do b; done; time { c; }; time -p d; time e",
        &["a", "b", "c", "time -p d", "time e"],
    );
}

#[test]
fn commands_within_commands() {
    check(
        "a $(b c) `d \\`e\\`` \"$(f \"g h\")\"",
        &["b c", "e", "d ?", "f [g h]", "a ? ? ?"],
    );
    check("diff <(a) >(b)", &["a", "b", "diff ? ?"]);
    assert_eq!(commands("$(".repeat(40).as_bytes()).len(), DEPTH_LIMIT + 1);
}

#[test]
fn values_that_the_line_tells() {
    check("for h in a b; do x $h@${h}c; done", &["x a@ac", "x b@bc"]);
    check("h=web; x $h \"$h.example\"", &["x web web.example"]);
    check(
        "hs='a b'\nfor h in $hs c; do x $h; done",
        &["x a", "x b", "x c"],
    );
    check(
        "hs=(a 'b'); for h in \"${hs[@]}\"; do x $h; done",
        &["x a", "x b"],
    );
    check("export h=web; x $h", &["export h=web", "x web"]);
    check(
        "set -gx h q3 q4; x $h; set -- h b; set -o h; y $h",
        &[
            "set -gx h q3 q4",
            "x q3",
            "x q4",
            "set -- h b",
            "set -o h",
            "y q3",
            "y q4",
        ],
    );
    check("for h in $(y) a; do x $h; done", &["y", "x ?", "x a"]);
    check(
        "x a{1,2}b w{08..10} {} {a} '{1,2}' {3..2}",
        &["x a1b a2b w08 w09 w10 {} {a} {1,2} 3 2"],
    );
    check("for h in a b\n    x $h\nend", &["x a", "x b"]);
    check("h=$(y); x $h", &["y", "x ?"]);
}

#[test]
fn whether_a_shell_would_wait() {
    for open in [
        "echo 'a",
        "echo \"a",
        "for h in a b",
        "for h in a; do x",
        "if a; then",
        "while a\ndo b",
        "case $x in",
        "case $x in\na) b;;",
        "f() {",
        "function f {",
        "time -p for h in a",
        "(a",
        "$(a",
        "`a",
        "a=(b",
        "a |",
        "a &&",
        "a ||\n",
        "cat <<E",
        "cat <<E\nx",
        "a \\\n",
        "echo $'a",
    ] {
        assert!(is_open(open.as_bytes()), "{open}");
    }
    for closed in [
        "",
        "ls",
        "echo 'a\nb'",
        "for h in a b\ndo x\ndone",
        "if a; then b; fi",
        "case $x in a) b;; esac",
        "f() { a; }",
        "function f { a; }",
        "time while a; do b; done",
        "time",
        "(a)",
        "a | b",
        "a &",
        "a;",
        "cat <<E\nx\nE",
        "# it's",
        "echo for if {",
        "a \\\nb",
        "a |\nb",
    ] {
        assert!(!is_open(closed.as_bytes()), "{closed}");
    }
    assert_eq!(awaited(b"cat <<'E F' <<-G >x"), Some(b"G".to_vec()));
    assert_eq!(awaited(b"cat <<E\nx"), None);
}

proptest::proptest! {
    #[test]
    fn no_line_panics(line: Vec<u8>) {
        commands(&line);
    }

    #[test]
    fn no_odd_line_panics(line in "[a$(){}`'\"\\\\,.0-9;<>#=\n ]*") {
        commands(line.as_bytes());
    }
}

/// Found by looking for slow lines: each opening brace was followed to the end of the word, which took the square of its
/// length, and a history of such lines minutes.
#[test]
fn words_of_braces_take_no_time() {
    let started = std::time::Instant::now();
    for word in [
        "{".repeat(4000),
        "{a,".repeat(1300),
        format!("{}a{}", "{".repeat(2000), "}".repeat(2000)),
        "{a,b}".repeat(800),
    ] {
        let commands = commands(format!("x {word}").as_bytes());
        let lengths = commands
            .iter()
            .flat_map(|command| &command.words)
            .map(Vec::len);
        assert!(lengths.sum::<usize>() < 10_000);
        for _ in 0..100 {
            super::commands(format!("x {word}").as_bytes());
        }
    }
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

/// Found by looking for large lines: the values of a variable stood in every command, gigabytes in all.
#[test]
fn a_line_does_not_become_a_thousand_times_as_long() {
    let long = "y".repeat(3000);
    for line in [
        format!(
            "for a in {long}{{1..64}}; do {}done",
            "x $a;".repeat(11_000)
        ),
        format!("for a in {long}{{1..5}}; do {}done", "x $a;".repeat(11_000)),
        format!("a={long}; {}", "x $a $a;".repeat(7000)),
        format!("a={long}; x {}", "$a ".repeat(20_000)),
        format!(
            "a=({long} {long}); for b in {}; do x $b; done",
            "$a ".repeat(19_000)
        ),
        format!("x {}", format!("{long}{{1..64}} ").repeat(20)),
    ] {
        let commands = commands(line.as_bytes());
        let words = commands.iter().flat_map(|command| &command.words);
        let length: usize = words.map(Vec::len).sum();
        assert!(length <= OUTPUT_LIMIT, "{length}");
        assert!(!commands.is_empty() || line.starts_with("a=yyy"));
    }
    // Nobody types more.
    assert!(commands(&b"x ".repeat(1 << 20)).len() == 1);
}
