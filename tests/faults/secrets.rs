//! Secrets, and who may see them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::common::{random, succeed};
use crate::trial::{Skipped, Trial};

pub(crate) const CASES: &[Case] = &[
    Case::quick(
        "X04",
        "secrets in the collector's own arguments, environment and key",
        own_secrets,
    ),
    Case::pending(
        "X01",
        "200 canaries in arguments, environments, histories, logs, unit files",
        "full redaction",
    ),
    Case::here(
        "X02",
        "one secret in five places, under two keys",
        pseudonyms,
    )
    .in_quick_part(),
    Case::here(
        "X05",
        "text that is to hold up the rules: lines without an end, patterns without an end",
        linear,
    ),
    Case::here(
        "X07",
        "differences of two captures under one key",
        differences,
    )
    .in_quick_part(),
    Case::pending(
        "X08",
        "encrypted bundle: wrong key, cut, flipped",
        ENCRYPTION,
    ),
    Case::pending(
        "X09",
        "plaintext on disk beside an encrypted bundle",
        ENCRYPTION,
    ),
    Case::here(
        "X10",
        "200 canaries in arguments, environments, histories and configuration, in many forms",
        canaries,
    )
    .in_quick_part(),
    Case::here("X11", "secrets that a limit cuts in two", cut),
];

const ENCRYPTION: &str = "encryption";

fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// A dead tree with one user, whose process runs `planted`.
struct World(PathBuf);

impl World {
    fn new(trial: &Trial, name: &str) -> Self {
        let world = World(trial.place().join(name));
        world.write("etc/passwd", b"ada:x:1000:1000::/home/ada:/bin/bash\n");
        world.write(
            "proc/20/status",
            b"Name:\tapp\nPid:\t20\nPPid:\t1\nUid:\t1000\t1000\t1000\t1000\n",
        );
        world.write("proc/20/cmdline", b"planted\0the healthy argument\0");
        world
    }

    fn write(&self, path: &str, content: &[u8]) {
        write(&self.0.join(path), content);
    }

    fn bundle(&self, trial: &mut Trial, name: &str, options: &[&str]) -> PathBuf {
        let bundle = trial.place().join(name);
        let mut capture = trial.capture();
        capture.arg("--root").arg(&self.0).arg("-o").arg(&bundle);
        capture.args(options);
        let output = trial.run(&mut capture, Duration::from_mins(1));
        trial.ends(
            matches!(output.status.code(), Some(0 | 1)) && bundle.exists(),
            format!(
                "{:?}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ),
        );
        bundle
    }
}

/// Looks for texts in all that the bundle holds.
fn absent(trial: &mut Trial, bundle: &Path, canary: &str) {
    let plain = succeed(Command::new("zstd").args(["-dc", "-q"]).arg(bundle), &[0]);
    let found = memchr::memmem::find(&plain, canary.as_bytes());
    let around = found.map(|at| {
        plain[at.saturating_sub(60)..(at + 40).min(plain.len())]
            .escape_ascii()
            .to_string()
    });
    trial.harmless(around.is_none(), format!("a secret: {around:?}"));
    trial.harmless(plain.len() > 10_000, "the bundle is empty");
}

fn pseudonyms(trial: &mut Trial) -> Result<(), Skipped> {
    let world = World::new(trial, "tree");
    let secret = format!("canary{:016x}", random());
    world.write(
        "proc/20/environ",
        format!("DB_PASSWORD={secret}\0HOME=/home/ada\0").as_bytes(),
    );
    world.write(
        "proc/20/cmdline",
        format!(
            "app\0--password={secret}\0postgres://ada:{secret}@db/shop\0the healthy argument\0"
        )
        .as_bytes(),
    );
    world.write(
        "home/ada/.bash_history",
        format!("mysql -p{secret} shop\nthe healthy command\n").as_bytes(),
    );
    world.write(
        "home/ada/.zsh_history",
        format!(": 1700000000:0;curl -u ada:{secret} h\n").as_bytes(),
    );
    let key = trial.place().join("case.key");
    let key = ["--case-key", key.to_str().unwrap()];
    let bundles = [
        world.bundle(trial, "one.tar.zst", &key),
        world.bundle(trial, "two.tar.zst", &key),
        world.bundle(trial, "other.tar.zst", &[]),
    ];
    let mut pseudonyms = Vec::new();
    for bundle in &bundles {
        absent(trial, bundle, &secret);
        let texts = Trial::rows(
            bundle,
            "SELECT value FROM process_envs WHERE key = 'DB_PASSWORD'
             UNION ALL SELECT value FROM process_arguments WHERE position IN (1, 2)
             UNION ALL SELECT command FROM shell_history WHERE command LIKE '%secret:%'",
        );
        let found: BTreeSet<&str> = texts
            .iter()
            .filter_map(|text| text.split("secret:").nth(1)?.get(..16))
            .collect();
        trial.named(texts.len() == 5 && found.len() == 1, format!("{texts:?}"));
        pseudonyms.push(found.first().map(|text| (*text).to_owned()));
        let healthy = Trial::rows(
            bundle,
            "SELECT value FROM process_arguments WHERE position = 3
             UNION ALL SELECT value FROM process_envs WHERE key = 'HOME'
             UNION ALL SELECT command FROM shell_history WHERE command LIKE '%healthy%'",
        );
        trial.rest(
            healthy == ["the healthy argument", "/home/ada", "the healthy command"],
            format!("{healthy:?}"),
        );
    }
    trial.named(
        pseudonyms[0] == pseudonyms[1] && pseudonyms[0] != pseudonyms[2],
        format!("{pseudonyms:?}"),
    );
    Ok(())
}

fn linear(trial: &mut Trial) -> Result<(), Skipped> {
    const LENGTH: usize = 512 << 10;
    let fill = |piece: &str| piece.repeat(LENGTH / piece.len());
    // What begins a rule and never ends it, again and again, and what makes words, quotes and commands without end.
    let lines = [
        fill("a"),
        fill("eyJaaaaaaaa-AKIA0123456789ABCDEF-"),
        fill("eyJaaaaaaaa.aaaaaaaa"),
        fill("https://a:"),
        fill("a://:x@"),
        fill("?key="),
        fill("?a=b&key"),
        fill("\"password\\\\\\\\\\\\"),
        fill("\"a\":\"b\" "),
        fill("authorization: "),
        fill("cookie:       '"),
        fill("x-token:\t"),
        fill("mysql -p "),
        fill("--password="),
        fill("--password "),
        fill("'\"`$("),
        fill("\\"),
        fill("mysql \"curl 'ssh \"a"),
        fill("password="),
        fill("echo a | sudo -S | "),
        fill("<<< sudo -S "),
        fill("htpasswd -b a "),
        fill("set password "),
        fill("identified by "),
        fill("-----BEGIN"),
        format!("password={}", fill("\u{fc}\u{1}")),
    ];
    let mut slowest = (Duration::ZERO, 0);
    for (number, line) in lines.iter().enumerate() {
        let world = World::new(trial, &format!("tree{number}"));
        let canary = format!("canary{:016x}", random());
        let history = format!("{line}\nexport PASSWORD={canary}\nthe healthy command\n");
        world.write(
            "home/ada/.bash_history",
            &history.as_bytes()[history.len().saturating_sub(LENGTH)..],
        );
        world.write(
            "proc/20/environ",
            &[
                b"PASSWORD=",
                canary.as_bytes(),
                b"\0X=",
                &line.as_bytes()[..120_000],
                b"\0",
            ]
            .concat(),
        );
        let started = Instant::now();
        let bundle = world.bundle(trial, &format!("{number}.tar.zst"), &[]);
        slowest = slowest.max((started.elapsed(), number));
        absent(trial, &bundle, &canary);
        let kept = Trial::rows(
            &bundle,
            "SELECT (SELECT count(*) FROM shell_history WHERE command = 'the healthy command'),
                    (SELECT count(*) FROM process_arguments WHERE value = 'the healthy argument'),
                    (SELECT count(*) FROM process_envs WHERE key = 'PASSWORD' AND value LIKE 'secret:%')",
        );
        trial.rest(kept == ["1 | 1 | 1"], format!("{number}: {kept:?}"));
        let named = Trial::rows(
            &bundle,
            "SELECT redactions > 0 FROM collection_log WHERE path LIKE '%bash_history' AND outcome IN ('collected', 'truncated')",
        );
        trial.named(named == ["1"], format!("{number}: {named:?}"));
    }
    let (time, number) = slowest;
    let begin: String = lines[number].chars().take(40).collect();
    trial.ends(
        time < Duration::from_secs(10),
        format!("{begin} took {time:?}"),
    );
    Ok(())
}

fn differences(trial: &mut Trial) -> Result<(), Skipped> {
    let [old, new, same] = ["old", "new", "same"].map(|word| format!("{word}{:016x}", random()));
    let key = trial.place().join("case.key");
    let key = key.to_str().unwrap().to_owned();
    let mut answers = Vec::new();
    for options in [&["--case-key", key.as_str()][..], &["--no-redaction"]] {
        let mut bundles = Vec::new();
        for (number, changed) in [&old, &new].into_iter().enumerate() {
            let world = World::new(trial, &format!("tree{}{number}", options.len()));
            world.write(
                "proc/20/environ",
                format!("DB_PASSWORD={changed}\0API_TOKEN={same}\0HOME=/home/ada\0").as_bytes(),
            );
            world.write(
                "proc/20/cmdline",
                format!("app\0--password={changed}\0--token={same}\0").as_bytes(),
            );
            bundles.push(world.bundle(
                trial,
                &format!("{}{number}.tar.zst", options.len()),
                options,
            ));
        }
        if options.len() == 2 {
            for secret in [&old, &new, &same] {
                absent(trial, &bundles[0], secret);
                absent(trial, &bundles[1], secret);
            }
        }
        let mut diff = trial.analyze();
        diff.arg("diff").args(&bundles).args(["--format", "json"]);
        let output = trial.run(&mut diff, Duration::from_mins(1));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        answers.push(answer["groups"].to_string());
    }
    // The same but for the names of the secrets.
    let sql = |word: &str| format!("SELECT value FROM process_envs WHERE key = '{word}'");
    let mut renamed = answers[1].clone();
    for (number, word, secret) in [
        ("20", "DB_PASSWORD", &old),
        ("21", "DB_PASSWORD", &new),
        ("20", "API_TOKEN", &same),
    ] {
        let bundle = trial.place().join(format!("{number}.tar.zst"));
        let pseudonym = Trial::rows(&bundle, &sql(word)).join("");
        trial.named(
            pseudonym.starts_with("secret:"),
            format!("{word}: {pseudonym}"),
        );
        renamed = renamed.replace(secret.as_str(), &pseudonym);
    }
    let plain = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = plain(text)
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|group| {
                let differences = group["differences"].as_array().into_iter().flatten();
                differences.map(move |item| format!("{} {item}", group["service"]))
            })
            .collect();
        lines.sort();
        lines
    };
    trial.rest(
        sorted(&renamed) == sorted(&answers[0]) && !sorted(&renamed).is_empty(),
        format!("redacted {}, plain {renamed}", answers[0]),
    );
    Ok(())
}

fn canaries(trial: &mut Trial) -> Result<(), Skipped> {
    let world = World::new(trial, "tree");
    let canary = format!("canary{:016x}", random());
    let mut count = 0;
    let mut secret = || {
        count += 1;
        format!("{canary}{count}")
    };
    let mut environ = Vec::new();
    for name in [
        "DB_PASSWORD",
        "db_password",
        "API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "MYSQL_PWD",
        "PGPASSWORD",
        "SSHPASS",
        "app.secret",
        "Passphrase",
    ] {
        environ.extend_from_slice(format!("{name}={}\0", secret()).as_bytes());
        environ.extend_from_slice(format!("URL=https://ada:{}@h/{name}\0", secret()).as_bytes());
        environ.extend_from_slice(format!("J={{\"{name}\":\"{}\"}}\0", secret()).as_bytes());
        environ.extend_from_slice(format!("Q=https://h/?a=b&{name}={}&c=d\0", secret()).as_bytes());
        environ.extend_from_slice(format!("RUN=app --{name} {} -v\0", secret()).as_bytes());
        // Beside bytes that are no text.
        environ.extend_from_slice(
            &[
                b"\xff\xfe=\x80\0",
                name.as_bytes(),
                b"=\xff",
                secret().as_bytes(),
                b"\xfe\0",
            ]
            .concat(),
        );
    }
    let mut arguments = b"sh\0-c\0".to_vec();
    let mut history = Vec::new();
    for _ in 0..7 {
        for (before, after) in [
            ("mysql -p", " shop"),
            ("curl -u ada:", " h"),
            ("curl -H 'Authorization: Bearer ", "' h"),
            ("curl -H 'X-VAULT-TOKEN: ", "' h"),
            ("app --password ", ""),
            ("app --PASSWORD=", ""),
            ("export TOKEN='a b ", "'"),
            ("redis-cli -a \\\n  ", ""),
            ("ssh web-1 \"mysql -p", " shop\""),
            ("psql postgres://ada:p%40", "@db/shop"),
            ("echo ", " | sudo -S id"),
            ("sshpass -p ", " ssh h"),
        ] {
            history.extend_from_slice(format!("{before}{}{after}\n", secret()).as_bytes());
            if !before.contains('\n') {
                arguments.extend_from_slice(format!("{before}{}{after}\0", secret()).as_bytes());
            }
        }
    }
    let mut configuration = Vec::new();
    for (before, after) in [
        ("password = ", ""),
        ("  db_password: \"", "\""),
        ("\"api_key\": \"", "\","),
        ("url: postgres://ada:", "@db/shop"),
        ("proxy_set_header Authorization \"Bearer ", "\";"),
        ("<password>", "</password>"),
        ("<add key=\"secret\" value=\"", "\"/>"),
        ("requirepass ", ""),
        ("export TOKEN=", ""),
        ("define('DB_PASSWORD', '", "');"),
    ] {
        configuration.extend_from_slice(format!("{before}{}{after}\n", secret()).as_bytes());
    }
    configuration.extend_from_slice(b"the healthy = setting\n");
    arguments.extend_from_slice(b"--config=/srv/app.conf\0the healthy argument\0");
    history.extend_from_slice(b"the healthy command\n");
    world.write("proc/20/environ", &environ);
    world.write("proc/20/cmdline", &arguments);
    world.write("home/ada/.bash_history", &history);
    world.write("srv/app.conf", &configuration);
    let bundle = world.bundle(trial, "bundle.tar.zst", &[]);
    absent(trial, &bundle, &canary);
    let counts = Trial::rows(&bundle, "SELECT sum(redactions) FROM collection_log");
    trial.named(
        counts
            .first()
            .and_then(|sum| sum.parse::<u32>().ok())
            .is_some_and(|sum| sum >= count),
        format!("{counts:?} of {count}"),
    );
    trial.ends(count >= 200, format!("only {count}"));
    let healthy = Trial::rows(
        &bundle,
        "SELECT value FROM process_arguments WHERE value LIKE '%healthy%'
         UNION ALL SELECT command FROM shell_history WHERE command LIKE '%healthy%'
         UNION ALL SELECT substr(content, instr(content, 'the healthy'), 21) FROM config_files",
    );
    trial.rest(
        healthy
            == [
                "the healthy argument",
                "the healthy command",
                "the healthy = setting",
            ],
        format!("{healthy:?}"),
    );
    Ok(())
}

fn cut(trial: &mut Trial) -> Result<(), Skipped> {
    /// Most bytes that are kept of a history.
    const HISTORY: usize = 4 << 20;
    // A whole one of it, wherever the limit cuts.
    let part = format!("canary{:016x}", random());
    let canary = part.repeat(20);
    for (number, into) in [1, 10, 40, 200].into_iter().enumerate() {
        let world = World::new(trial, &format!("tree{number}"));
        // The kept tail begins within the secret.
        let first = format!("export PASSWORD={canary} x\n");
        let end = "the healthy command\n";
        let at = first.find(&canary).unwrap() + into;
        let filled = HISTORY + at - first.len() - end.len();
        let mut history = first.into_bytes();
        for _ in 0..filled / 100 {
            history.extend_from_slice(&[b'l'; 99]);
            history.push(b'\n');
        }
        history.resize(history.len() + filled % 100, b'\n');
        history.extend_from_slice(end.as_bytes());
        world.write("home/ada/.bash_history", &history);
        // The kept head ends within it, for whatever limit there is.
        for (name, before) in [("environ", "PASSWORD="), ("cmdline", "app\0--password=")] {
            let long = canary.repeat((2 << 20) / canary.len());
            world.write(
                &format!("proc/20/{name}"),
                format!("{before}{long}\0").as_bytes(),
            );
        }
        world.write(
            "proc/21/status",
            b"Name:\tapp\nPid:\t21\nPPid:\t1\nUid:\t1000\t1000\t1000\t1000\n",
        );
        world.write("proc/21/cmdline", b"planted\0the healthy argument\0");
        let bundle = world.bundle(trial, &format!("{number}.tar.zst"), &[]);
        absent(trial, &bundle, &part);
        let named = Trial::rows(
            &bundle,
            "SELECT count(*) FROM collection_log WHERE outcome = 'truncated'",
        );
        trial.named(named == ["3"], format!("{named:?}"));
        let healthy = Trial::rows(
            &bundle,
            "SELECT value FROM process_arguments WHERE value LIKE '%healthy%'
             UNION ALL SELECT command FROM shell_history WHERE command LIKE '%healthy%'",
        );
        trial.rest(
            healthy == ["the healthy argument", "the healthy command"],
            format!("{healthy:?}"),
        );
    }
    Ok(())
}

fn own_secrets(trial: &mut Trial) -> Result<(), Skipped> {
    let healthy = trial.healthy(2);
    let key = trial.place().join("case.key");
    let password = format!("w{:016x}", random());
    let mut capture = trial.capture();
    capture.arg("--case-key").arg(&key);
    capture.arg(format!(
        "--label=https://operator:{password}@192.0.2.1/cases"
    ));
    capture.env("API_TOKEN", &password);
    let bundle = trial.bundle_by(&mut capture, Duration::from_mins(1));
    let key = std::fs::read_to_string(&key).unwrap();
    let key = key.trim();
    assert!(key.len() == 64, "{} digits", key.len());
    let directory = trial.place().join("all");
    succeed(
        trial.analyze().arg("extract").arg(&bundle).arg(&directory),
        &[0],
    );
    let mut command = Command::new("grep");
    command.args(["-rlaiF", "-e", &password, "-e", key]);
    let found = succeed(command.arg(&directory), &[0, 1]);
    trial.harmless(found.is_empty(), String::from_utf8_lossy(&found));
    let own = Trial::rows(
        &bundle,
        "SELECT count(*) > 0 FROM processes WHERE cmdline LIKE '%--case-key%'",
    );
    trial.named(own == ["1"], "the collector's own arguments are there");
    healthy.check(trial, &bundle);
    Ok(())
}
