"""Running commands in turn, and what can be said of them afterwards."""

import dataclasses
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable

MIB = 1 << 20
NOTHING = subprocess.DEVNULL


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of one command."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of user and system time, of the command and everything that it waited for."""
    peak: int
    """Resident memory of the largest process, bytes; of all of them together where the command says so itself."""
    output: int | None = None
    """Bytes of the result."""
    rows: int | None = None
    """Facts in the result, where they can be counted."""


@dataclasses.dataclass
class Contender:
    """A command that is measured."""

    name: str
    command: list[str]
    codes: tuple[int, ...] = (0,)
    prepare: Callable[[], None] = lambda: None
    """Before each run, not measured."""
    check: Callable[[Run], Run] = lambda run: run
    """After each run, not measured: completes what is known, and raises `Wrong` where the run has no time."""
    runs: list[Run] = dataclasses.field(default_factory=list)
    excluded: str | None = None
    """Why it has no time."""
    stopped: float | None = None
    """Seconds after which it was stopped: it takes longer than that."""


class Wrong(Exception):
    """A run did not do the work."""


class Stopped(Wrong):
    """A run took too long."""


class _Late(Exception):
    """A command takes too long."""


def _late(*_) -> None:
    raise _Late


def once(command: list[str], codes: tuple[int, ...], limit: float) -> Run:
    """Runs a command; raises `Wrong` where it fails or is still there after `limit` seconds."""
    signal.signal(signal.SIGALRM, _late)
    # What `wait4` says of memory has that of this process in it, from before the command took its place.
    with tempfile.NamedTemporaryFile("r") as memory:
        run = _timed(["time", "-o", memory.name, "-f", "%M", *command], codes, limit)
        return dataclasses.replace(run, peak=int(memory.read().split()[-1]) * 1024)


def _timed(command: list[str], codes: tuple[int, ...], limit: float) -> Run:
    start = time.monotonic()
    child = subprocess.Popen(command, stdin=NOTHING, stdout=NOTHING, stderr=NOTHING, start_new_session=True)
    try:
        signal.setitimer(signal.ITIMER_REAL, limit)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
    except _Late:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise Stopped(f"stopped after {limit:.0f} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in codes:
        raise Wrong(f"ended with {child.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, 0)


def in_turn(contenders: Iterable[Contender], rounds: int, limit: float) -> None:
    """Runs all of them once to warm up, then `rounds` times, A B A B."""
    for turn in range(rounds + 1):
        for contender in contenders:
            if contender.excluded:
                continue
            print(f"\r\033[K{contender.name}: {turn}/{rounds}", end="", file=sys.stderr, flush=True)
            try:
                contender.prepare()
                run = contender.check(once(contender.command, contender.codes, limit))
            except Wrong as wrong:
                contender.excluded = str(wrong)
                contender.stopped = limit if isinstance(wrong, Stopped) else None
                continue
            if turn:
                contender.runs.append(run)
    print("\r\033[K", end="", file=sys.stderr, flush=True)


@dataclasses.dataclass(frozen=True)
class Spread:
    """Median, least and most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        values = list(values)
        return cls(statistics.median(values), min(values), max(values))

    def shown(self, unit: float = 1.0, digits: int = 2) -> str:
        """As text, in units of `unit`."""
        median, least, most = (f"{value / unit:.{digits}f}" for value in (self.median, self.least, self.most))
        return f"{median} ({least}-{most})"


def walls(contender: Contender) -> list[float]:
    """Seconds of each run."""
    return [run.wall for run in contender.runs]


def cpus(contender: Contender) -> list[float]:
    """CPU seconds of each run."""
    return [run.cpu for run in contender.runs]


def ratio(ours: Iterable[float], theirs: Iterable[float]) -> Spread | None:
    """Pair by pair, as they ran; `None` where there is no pair."""
    pairs = [a / b for a, b in zip(ours, theirs, strict=False) if b]
    return Spread.of(pairs) if pairs else None


def times(theirs: Contender, ours: Contender) -> Spread | None:
    """How many times longer than ours theirs take, at least."""
    if theirs.stopped:
        return ratio([theirs.stopped] * len(ours.runs), walls(ours))
    return ratio(walls(theirs), walls(ours))


def table(contenders: Iterable[Contender], ours: Contender) -> list[str]:
    """A Markdown table of what was measured, with the ratio of each to `ours`."""
    lines = [
        "| what | wall, s | CPU, s | peak, MiB | output, MB | rows | wall / ours | CPU / ours |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for contender in contenders:
        if contender.excluded or not contender.runs:
            lines.append(f"| {contender.name} | {contender.excluded or 'not run'} | | | | | | |")
            continue
        last = contender.runs[-1]
        cells = [
            contender.name,
            Spread.of(walls(contender)).shown(),
            Spread.of(cpus(contender)).shown(),
            Spread.of(run.peak for run in contender.runs).shown(MIB, 0),
            "" if last.output is None else f"{last.output / 1e6:.1f}",
            "" if last.rows is None else f"{last.rows:,}",
        ]
        for of in (walls, cpus):
            spread = None if contender is ours else ratio(of(contender), of(ours))
            cells.append(spread.shown() if spread else "")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def size(path: pathlib.Path) -> int:
    """Bytes of a file, or of all files of a directory; 0 where there is none."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.exists() else 0
