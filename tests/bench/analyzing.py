"""Analyze: from a bundle to a database, to an answer, to a difference."""

import dataclasses
import pathlib
import random
import shutil
import sqlite3
import subprocess

import load
from capturing import Tools, database_of, rows_of
from goals import Goal
from measure import MIB, NOTHING, Contender, Run, Spread, cpus, in_turn, ratio, size, table, walls

# Rows of the table that is compared.
MANY = 1_000_000


def _loads(tools: Tools, name: str, bundle: pathlib.Path) -> Contender:
    """A bundle into a new database."""
    database = load.PLACE / "loaded.db"

    def check(run: Run) -> Run:
        with sqlite3.connect(database) as connection:
            rows = rows_of(connection)
        return dataclasses.replace(run, output=size(database), rows=rows)

    command = [str(tools.analyze), "load", str(bundle), "--db", str(database)]
    return Contender(name, command, prepare=lambda: database.unlink(missing_ok=True), check=check)


def _counts(tools: Tools, name: str, bundle: pathlib.Path, counted: str) -> Contender:
    """One table of a bundle, for one question: decoded, parsed and inserted, and nothing else."""
    command = [str(tools.analyze), "sql", str(bundle), f"SELECT count(*) FROM {counted}"]

    def check(run: Run) -> Run:
        shown = subprocess.run([*command, "--format", "csv"], capture_output=True, text=True, check=False)
        return dataclasses.replace(run, rows=int(shown.stdout.split()[-1]))

    return Contender(name, command, codes=(0, 1), check=check)


def _rates(contender: Contender) -> Spread | None:
    """Millions of rows per second of wall time."""
    rates = [run.rows / run.wall / 1e6 for run in contender.runs if run.rows]
    return Spread.of(rates) if rates else None


def logs(tools: Tools) -> pathlib.Path:
    """A bundle of a host with nothing but 64 MiB of logs."""
    tree = load.PLACE / "logs"
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "var/log").mkdir(parents=True)
    (tree / "etc").mkdir()
    (tree / "etc/timezone").write_text("Etc/UTC\n")
    chance = random.Random(7)
    messages = [
        lambda: f"sshd[{chance.randrange(99999)}]: Failed password for invalid user test from 192.0.2.{chance.randrange(256)}"
        f" port {chance.randrange(65536)} ssh2",
        lambda: f"kernel: [{chance.randrange(10**6)}.{chance.randrange(10**6):06}] IN=eth0 OUT= SRC=203.0.113.9 DST=192.0.2.2"
        f" LEN={chance.randrange(1500)} PROTO=TCP SPT={chance.randrange(65536)} SYN",
        lambda: f"systemd[1]: Started Session {chance.randrange(10**6)} of User u{chance.randrange(500)}.",
        lambda: f"CRON[{chance.randrange(99999)}]: (root) CMD (/usr/lib/app/job-{chance.getrandbits(64):x}.sh --run)",
    ]
    lines = [
        f"2026-11-{1 + i % 20:02}T{i % 24:02}:{i % 60:02}:00+00:00 web-{i % 8} {chance.choice(messages)()}\n"
        for i in range(40_000)
    ]
    for name in ("syslog", "auth.log", "kern.log", "messages", "daemon.log", "user.log", "mail.log", "cron.log"):
        for number in ("", ".1", ".2", ".3", ".4", ".5", ".6", ".7"):
            start = chance.randrange(20_000)
            text = "".join(lines[start : start + 12_000])
            (tree / f"var/log/{name}{number}").write_text(text[: MIB - MIB // 64].rpartition("\n")[0] + "\n")
    bundle = load.PLACE / "logs.tar.zst"
    bundle.unlink(missing_ok=True)
    command = [tools.capture, "-q", "--root", tree, "-o", bundle]
    subprocess.run(command, check=False, stdout=NOTHING, stderr=NOTHING)
    return bundle


def loading(tools: Tools, bundle: pathlib.Path, name: str, rounds: int, limit: float) -> tuple[list[str], list[Goal]]:
    """A bundle into a database, and one table of it, against other ways to fill a table."""
    everything = _loads(tools, f"load {name}", bundle)
    fds = _counts(tools, "its process_fds", bundle, "process_fds")
    entries = _counts(tools, "its conntrack", bundle, "conntrack")
    of_logs = logs(tools)
    lines = _counts(tools, "log lines without full text", of_logs, "log_lines")
    indexed = _loads(tools, "log lines with full text", of_logs)
    database = database_of(tools, bundle)
    rows = load.PLACE / "rows.csv"
    with open(rows, "wb") as out:
        query = "SELECT * FROM process_fds"
        subprocess.run([tools.analyze, "sql", database, query, "--format", "csv"], stdout=out, stderr=NOTHING, check=False)
    with open(rows, "rb") as written:
        columns = written.readline().decode().strip()
    theirs = load.PLACE / "theirs.db"
    with sqlite3.connect(database) as connection:
        count = connection.execute("SELECT count(*) FROM process_fds").fetchone()[0]

    def counted(run: Run) -> Run:
        return dataclasses.replace(run, rows=count, output=size(theirs))

    def gone() -> None:
        theirs.unlink(missing_ok=True)

    script = f"CREATE TABLE t({columns});\n.import --csv --skip 1 {rows} t"
    imported = Contender(
        "sqlite3 .import of its process_fds", ["sqlite3", str(theirs), *script.split("\n")], prepare=gone, check=counted
    )
    copied = Contender(
        "DuckDB COPY of its process_fds",
        ["duckdb", str(theirs), f"CREATE TABLE t AS SELECT * FROM read_csv('{rows}', header = true)"],
        prepare=gone,
        check=counted,
    )
    for contender, program in ((imported, "sqlite3"), (copied, "duckdb")):
        if not shutil.which(program):
            contender.excluded = f"{program} is not installed"
    contenders = [everything, fds, entries, lines, indexed, imported, copied]
    in_turn(contenders, rounds, limit)
    if name != "M":
        # A small load is mostly what every command costs.
        return [f"### Loading {name}", "", *table(contenders, everything)], []
    goals = [
        Goal.least("A1", f"process_fds of {name}, M rows/s", 3.0, _rates(fds), fds.excluded),
        Goal.least("A1", f"conntrack of {name}, M rows/s", 1.5, _rates(entries), entries.excluded),
        Goal.least("A1", "log lines without full text, M lines/s", 1.5, _rates(lines), lines.excluded),
        Goal.least("A1", "log lines with full text, M lines/s", 0.5, _rates(indexed), indexed.excluded),
        Goal.least("A2", "wall time of sqlite3 .import to ours", 3.0, ratio(walls(imported), walls(fds)), imported.excluded),
        Goal.least("A2", "wall time of DuckDB COPY to ours", 1.0, ratio(walls(copied), walls(fds)), copied.excluded),
    ]
    if everything.runs:
        goals.append(Goal.most("A1", "all of M, s", 1.0, Spread.of(walls(everything))))
        goals.append(Goal.most("A5", "memory while M is loaded, MiB", 192, Spread.of(run.peak for run in everything.runs), unit=MIB))
    return [f"### Loading {name}", "", *table(contenders, everything)], goals


def answering(tools: Tools, bundle: pathlib.Path, name: str, rounds: int, limit: float) -> tuple[list[str], list[Goal]]:
    """Commands on a loaded database, and the first answer of a bundle."""
    database = database_of(tools, bundle)
    shows = (
        "ps", "lsof", "netstat", "conntrack", "threads", "pstree", "containers", "services", "connections", "peers"
    )
    commands = [(f"show {show}", ["show", show]) for show in shows] + [("brief", ["brief"])]
    loaded = [
        Contender(f"{title}, loaded", [str(tools.analyze), *words, str(database)], codes=(0, 1)) for title, words in commands
    ]
    first = Contender("show ps, of the bundle", [str(tools.analyze), "show", "ps", str(bundle)], codes=(0, 1))
    in_turn([*loaded, first], rounds, limit)
    goals = []
    if name == "M":
        goals = [Goal.most("A4", f"{each.name}, s", 1.0, _time(each), each.excluded) for each in loaded]
        goals.append(Goal.most("A4", f"{first.name}, s", 0.3, _time(first), first.excluded))
    return [f"### Answers on {name}", "", *table([*loaded, first], first)], goals


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"SELECT * FROM pragma_table_info('{table}')")]


def _copy(table: str, columns: list[str], other: dict[str, str]) -> str:
    """A statement that adds the rows of a table once more, with other values in some columns."""
    values = ", ".join(other.get(column, f'"{column}"') for column in columns)
    return f"INSERT INTO {table} SELECT {values} FROM {table}"


def _time(contender: Contender) -> Spread | None:
    return Spread.of(walls(contender)) if contender.runs else None


def differing(tools: Tools, bundle: pathlib.Path, rounds: int, limit: float) -> tuple[list[str], list[Goal]]:
    """Two snapshots with a million rows in a table that differ in a few."""
    database = load.PLACE / "two.db"
    shutil.copy(database_of(tools, bundle), database)
    with sqlite3.connect(database) as connection:
        fds, processes, snapshot = (_columns(connection, table) for table in ("process_fds", "processes", "snapshots"))
        there = connection.execute("SELECT count(*) FROM process_fds").fetchone()[0]
        # More processes like the first, until there are enough rows.
        for copy in range(1, -(-MANY // there)):
            pid = {"pid": f"pid + {copy} * 10000000"}
            connection.execute(f"{_copy('processes', processes, pid)} WHERE pid < 10000000")
            left = f"{MANY} - (SELECT count(*) FROM process_fds)"
            connection.execute(f"{_copy('process_fds', fds, pid)} WHERE pid < 10000000 LIMIT {left}")
        second = {"snapshot_id": "2"}
        connection.execute(_copy("snapshots", snapshot, second | {"capture_id": "'another'", "time": "time + 30"}))
        connection.execute(_copy("processes", processes, second))
        connection.execute(_copy("process_fds", fds, second))
        connection.execute("UPDATE process_fds SET target = '/srv/other' WHERE snapshot_id = 2 AND rowid % 100000 = 0")
    others = ", ".join(f'"{column}"' for column in fds if column != "snapshot_id")
    ours = Contender(
        "diff of process_fds",
        [str(tools.analyze), "diff", str(database), "--table", "process_fds", "--from", "1", "--to", "2"],
        codes=(1,),
    )
    side = f"SELECT {others} FROM process_fds WHERE snapshot_id ="
    both = f"SELECT count(*) FROM (SELECT * FROM ({side} 1 EXCEPT {side} 2) UNION ALL SELECT * FROM ({side} 2 EXCEPT {side} 1))"
    except_ = Contender("EXCEPT both ways", ["sqlite3", str(database), both])
    if not shutil.which("sqlite3"):
        except_.excluded = "sqlite3 is not installed"
    in_turn([ours, except_], rounds, limit)
    goals = [
        Goal.most("A3", "diff of 1M rows in each, s", 0.5, _time(ours), ours.excluded),
        Goal.least("A3", "wall time of EXCEPT both ways to it", 3.0, ratio(walls(except_), walls(ours)), except_.excluded),
    ]
    return [f"### Two snapshots with {MANY:,} rows in process_fds", "", *table([ours, except_], ours)], goals
