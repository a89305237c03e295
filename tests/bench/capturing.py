"""Capture: ours, the floor and the peers, on a load that stands."""

import dataclasses
import os
import pathlib
import shutil
import sqlite3
import subprocess

import load
from goals import Goal
from measure import MIB, NOTHING, Contender, Run, Spread, Wrong, cpus, in_turn, ratio, size, table, times, walls


@dataclasses.dataclass(frozen=True)
class Tools:
    """Where the programs are."""

    capture: pathlib.Path
    analyze: pathlib.Path
    mkload: pathlib.Path
    probe: pathlib.Path


def database_of(tools: Tools, bundle: pathlib.Path) -> pathlib.Path:
    """Loads a bundle into a new database beside it."""
    database = bundle.with_suffix(".db")
    database.unlink(missing_ok=True)
    subprocess.run([tools.analyze, "load", bundle, "--db", database], check=True, stdout=NOTHING, stderr=NOTHING)
    return database


def rows_of(connection: sqlite3.Connection) -> int:
    """Facts in a database: the rows of all tables, without those that SQLite keeps for the full text."""
    names = (row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"))
    counted = [name for name in names if not name.startswith(("log_lines_fts", "sqlite_"))]
    return sum(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in counted)


def ours(tools: Tools, name: str, truth: load.Truth, options: tuple[str, ...] = ()) -> Contender:
    """Our capture. A run that lost a worker or misses something has no time."""
    bundle = load.PLACE / f"{name.replace(' ', '-')}.tar.zst"

    def check(run: Run) -> Run:
        database = database_of(tools, bundle)
        with sqlite3.connect(database) as connection:
            fds = dict(connection.execute("SELECT pid, count(*) FROM process_fds GROUP BY pid"))
            entries = set(
                connection.execute(
                    "SELECT protocol, orig_src, orig_dst, orig_sport, orig_dport FROM conntrack"
                    if truth.conntrack
                    else "SELECT 0 WHERE 0"
                )
            )
            rows = rows_of(connection)
            complete, abandoned, peak = connection.execute(
                "SELECT complete, workers_abandoned, capture_peak_rss_bound_bytes FROM snapshots"
            ).fetchone()
        missing = [pid for pid, count in truth.fds.items() if fds.get(pid) != count]
        lost = truth.conntrack - {tuple(str(word) for word in entry) for entry in entries}
        if missing or lost or abandoned or not complete:
            raise Wrong(
                f"misses {len(missing)} processes' fds, {len(lost)} conntrack entries; {abandoned} workers abandoned,"
                f" {'complete' if complete else 'incomplete'}"
            )
        return dataclasses.replace(run, output=size(bundle), rows=rows, peak=peak)

    command = [str(tools.capture), "-q", *options, "-o", str(bundle)]
    return Contender(name, command, prepare=lambda: bundle.unlink(missing_ok=True), check=check)


def floor(tools: Tools) -> Contender:
    """The same files read in tight C by one thread, and thrown away."""
    return Contender("probe dump 1 (the floor)", [str(tools.probe), "dump", "1", "/dev/null", "1"])


# A peer, the program that it needs, what is run, and which exit codes are a success.
LIST = load.PLACE / "peer/list"
CLASSIC = "ps -eLf; ss -anp; find /proc/[0-9]*/fd -maxdepth 1 -printf '%p %l\\n'; conntrack -L"
# Those that list descriptors: one that lists less than the load has did not do the work.
LISTS = ("ps, ss, find, conntrack", "lsof -n -P", "lsof -K i -n -P")
PEERS: list[tuple[str, str, list[str], tuple[int, ...]]] = [
    ("ps, ss, find, conntrack", "conntrack", ["sh", "-c", f"({CLASSIC}) > {LIST}"], (0, 1)),
    ("lsof -n -P", "lsof", ["sh", "-c", f"exec lsof -n -P > {LIST}"], (0, 1)),
    ("lsof -K i -n -P", "lsof", ["sh", "-c", f"exec lsof -K i -n -P > {LIST}"], (0, 1)),
    (
        "sos report",
        "sos",
        ["sos", "report", "--batch", "-o", "process,networking,logs", "--tmp-dir", str(load.PLACE / "peer")],
        (0,),
    ),
    ("acquire", "acquire", ["acquire", "-p", "none", "--processes", "-o", str(load.PLACE / "peer")], (0,)),
    ("UAC", "uac", ["uac", "-a", "live_response/process,live_response/network", str(load.PLACE / "peer")], (0,)),
]


def peers(descriptors: int) -> list[Contender]:
    """Every peer; one that is not installed is excluded. `descriptors` is how many the load has."""

    def prepare() -> None:
        shutil.rmtree(load.PLACE / "peer", ignore_errors=True)
        (load.PLACE / "peer").mkdir()

    def check(run: Run) -> Run:
        with LIST.open("rb") as lines:
            listed = sum(1 for _ in lines)
        if listed < descriptors:
            raise Wrong(f"lists {listed:,} lines for {descriptors:,} descriptors")
        return run

    def contender(name, program, command, codes):
        excluded = None if shutil.which(program) else f"{program} is not installed"
        return Contender(name, command, codes, prepare, check if name in LISTS else lambda run: run, excluded=excluded)

    return [contender(*peer) for peer in PEERS]


def whole(tools: Tools, running: load.Running, name: str, rounds: int, limit: float) -> tuple[list[str], list[Goal]]:
    """The whole capture of a load, against everything."""
    truth = running.truth()
    mine = ours(tools, "capture", truth)
    plain = ours(tools, "capture --no-redaction", truth, ("--no-redaction",))
    bottom = floor(tools)
    rivals = peers(sum(truth.fds.values()))
    listed = Contender("ss -anp", ["sh", "-c", f"ss -anp > {LIST}"], prepare=rivals[0].prepare)
    if not shutil.which("ss"):
        listed.excluded = "ss is not installed"
    contenders = [mine, plain, bottom, *rivals, listed]
    in_turn(contenders, rounds, limit)
    lines = [
        f"### Capture of {name}: {len(truth.fds):,} processes, {sum(truth.fds.values()):,} descriptors,"
        f" {len(truth.conntrack):,} conntrack entries",
        "",
        *table(contenders, mine),
    ]
    goals = []
    if name == "M":
        goals.append(Goal.most("C1", "CPU of a capture of M to the floor's", 1.20, ratio(cpus(mine), cpus(bottom))))
        goals.append(Goal.most("C1", "its wall time to the floor's CPU", 0.6, ratio(walls(mine), cpus(bottom))))
    least = {"ps, ss, find, conntrack": 1, "sos report": 8, "acquire": 12, "UAC": 800, "lsof -K i -n -P": 2.5}
    least["lsof -n -P"] = 30 if name == "M" else 12
    for rival in rivals:
        text = f"{rival.name} at {name}: its wall time{' when it was stopped' if rival.stopped else ''} to ours"
        goals.append(Goal.least("C2", text, least[rival.name], times(rival, mine), rival.excluded))
    if name == "M":
        bound = (48 + 8 * workers()) * MIB
        peak = Spread.of(run.peak for run in mine.runs) if mine.runs else None
        goals.append(Goal.most("C5", "memory of a capture of M, MiB", bound / MIB, peak, unit=MIB))
        sizes = Spread.of(run.output or 0 for run in mine.runs) if mine.runs else None
        goals.append(Goal.most("C6", "bundle of M, MB", 24, sizes, unit=1e6))
    if mine.runs and not mine.excluded:
        sockets = sockets_of(load.PLACE / "capture.tar.db")
        text = f"CPU of ss -anp, of one namespace, to the time of all sockets of all namespaces at {name}"
        goals.append(Goal.least("C4", text, 10, ratio(cpus(listed), [sockets] * len(listed.runs)), listed.excluded))
    text = f"CPU with redaction to without, at {name}"
    goals.append(Goal.most("C7", text, 1.15, ratio(cpus(mine), cpus(plain)), mine.excluded))
    return lines, goals


def sockets_of(database: pathlib.Path) -> float:
    """Seconds that a capture spent on sockets beyond the descriptors: reading dumps and files, of which it keeps the time."""
    kinds = ("tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "unix", "packet", "netlink")
    paths = [pattern for kind in kinds for pattern in (f"netlink/*/{kind}.bin", f"/proc/*/net/{kind}")]
    where = " OR ".join("path GLOB ?" for _ in paths)
    with sqlite3.connect(database) as connection:
        return connection.execute(f"SELECT sum(duration_us) / 1e6 FROM collection_log WHERE {where}", paths).fetchone()[0]


def workers() -> int:
    """How many a capture starts: the processors, at most four."""
    return min(len(os.sched_getaffinity(0)), 4)


def tracked(tools: Tools, rounds: int, limit: float) -> tuple[list[str], list[Goal]]:
    """Conntrack entries alone: what a capture of 500,000 costs beyond one of none."""
    with load.Running(load.LOADS["nothing"], tools.mkload) as running:
        none = ours(tools, "capture of no entries", running.truth())
        in_turn([none], rounds, limit)
    with load.Running(load.LOADS["conntrack"], tools.mkload) as running:
        truth = running.truth()
        mine = ours(tools, "capture of 500,000 entries", truth)
        read = Contender("cat /proc/net/nf_conntrack", ["cat", "/proc/net/nf_conntrack"])
        listed = Contender("conntrack -L", ["conntrack", "-L"])
        if not shutil.which("conntrack"):
            listed.excluded = "conntrack is not installed"
        in_turn([mine, read, listed], rounds, limit)
    lines = [f"### {len(truth.conntrack):,} conntrack entries", "", *table([mine, none, read, listed], mine)]
    base = Spread.of(cpus(none)).median if none.runs else 0.0
    base_wall = Spread.of(walls(none)).median if none.runs else 0.0
    extra = [cpu - base for cpu in cpus(mine)]
    extra_wall = [wall - base_wall for wall in walls(mine)]
    goals = [
        Goal.most("C3", "CPU of 500,000 conntrack entries to that of cat", 1.2, ratio(extra, cpus(read))),
        Goal.least("C3", "wall time of conntrack -L to theirs", 1.4, ratio(walls(listed), extra_wall), listed.excluded),
    ]
    return lines, goals

