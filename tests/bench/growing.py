"""How cost grows with the load, and what a capture costs a server beside it."""

import dataclasses
import pathlib
import shutil
import signal
import statistics
import subprocess
import time

import load
from capturing import Tools, database_of, ours
from measure import NOTHING, Contender, Spread, in_turn, size, walls

# What grows, the rest being little.
LITTLE = load.Load(procs=20, fds=200, netns=0, arp=0)
SERIES: dict[str, list[load.Load]] = {
    "procs": [dataclasses.replace(LITTLE, procs=count, fds=5 * count) for count in (1_000, 3_000, 10_000, 30_000)],
    "fds": [dataclasses.replace(LITTLE, procs=100, fds=count) for count in (10_000, 100_000, 300_000, 1_000_000)],
    "conntrack": [dataclasses.replace(LITTLE, conntrack=count) for count in (10_000, 100_000, 300_000, 1_000_000)],
    "netns": [dataclasses.replace(LITTLE, netns=count) for count in (1, 10, 100, 1_000)],
}
SNAPSHOTS = (1, 10, 100, 500)

# Requests a second, and for how long.
RATE = 2000
SECONDS = 15
NGINX = """
daemon off; worker_processes 1; pid /mnt/nginx.pid; error_log /mnt/nginx.error;
events { worker_connections 1024; }
http { access_log /mnt/nginx.access; server { listen 127.0.0.1:8080; location / { return 200 "ok"; } } }
"""


def growth(tools: Tools, rounds: int) -> list[str]:
    """A table for each thing that grows."""
    lines = ["### How cost grows", ""]
    for what, loads in SERIES.items():
        lines += [
            f"| {what} | capture, s of CPU | us each | its wall, s | bundle, MB | rows | load, s of wall |",
            "|---|---|---|---|---|---|---|",
        ]
        for made in loads:
            with load.Running(made, tools.mkload) as running:
                truth = running.truth()
                # Not every process may have as many descriptors as were asked of it.
                count = sum(truth.fds.values()) if what == "fds" else getattr(made, what)
                mine = ours(tools, "capture", truth)
                in_turn([mine], rounds, 300)
            if not mine.runs:
                lines.append(f"| {count:,} | {mine.excluded} | | | | | |")
                continue
            bundle = load.PLACE / "capture.tar.zst"
            start = time.monotonic()
            database_of(tools, bundle)
            loaded = time.monotonic() - start
            cpu = Spread.of(run.cpu for run in mine.runs)
            last = mine.runs[-1]
            lines.append(
                f"| {count:,} | {cpu.shown()} | {cpu.median / count * 1e6:.1f} | {Spread.of(walls(mine)).shown()}"
                f" | {(last.output or 0) / 1e6:.1f} | {last.rows:,} | {loaded:.2f} |"
            )
        lines.append("")
    return lines + _snapshots(tools)


def _snapshots(tools: Tools) -> list[str]:
    """Snapshots of a small host in one database."""
    lines = ["| snapshots | load of the next, s | show ps of the last, s | database, MB |", "|---|---|---|---|"]
    database = load.PLACE / "many.db"
    database.unlink(missing_ok=True)
    there = 0
    with load.Running(LITTLE, tools.mkload):
        for count in SNAPSHOTS:
            while there < count:
                bundle = load.PLACE / "next.tar.zst"
                bundle.unlink(missing_ok=True)
                subprocess.run([tools.capture, "-q", "-o", bundle], check=False)
                start = time.monotonic()
                subprocess.run([tools.analyze, "load", bundle, "--db", database], check=True, stdout=NOTHING, stderr=NOTHING)
                took = time.monotonic() - start
                there += 1
            shown = Contender("show", [str(tools.analyze), "show", "ps", str(database), "--snapshot", str(count)], codes=(0, 1))
            in_turn([shown], 3, 60)
            lines.append(f"| {count} | {took:.2f} | {Spread.of(walls(shown)).shown()} | {size(database) / 1e6:.1f} |")
    return lines


def impact(tools: Tools, rounds: int) -> list[str]:
    """nginx under a fixed rate of requests, alone and beside captures."""
    if not (shutil.which("nginx") and shutil.which("h2load")):
        return ["### Beside a server", "", "Not measured: nginx or h2load is not installed."]
    configuration = load.PLACE / "nginx.conf"
    configuration.write_text(NGINX)
    server = subprocess.Popen(["nginx", "-c", configuration, "-p", load.PLACE], stdin=NOTHING, stdout=NOTHING, stderr=NOTHING)
    lines = [
        f"### Beside a server: nginx at {RATE} requests/s on loopback, load S",
        "",
        "| beside it | p50, ms | p99, ms | most, ms |",
        "|---|---|---|---|",
    ]
    try:
        with load.Running(load.LOADS["S"], tools.mkload):
            kinds = {"nothing": None, "capture --workers 1": ("--workers", "1"), "capture": ()}
            found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in kinds}
            for _ in range(rounds):
                for name, options in kinds.items():
                    found[name].append(_latencies(tools, options))
            for name, measured in found.items():
                cells = [Spread.of(values).shown() for values in zip(*measured, strict=True)]
                lines.append(f"| {name} | {' | '.join(cells)} |")
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()
    return lines


def _latencies(tools: Tools, options: tuple[str, ...] | None) -> tuple[float, float, float]:
    """Median, 99th percentile and most of the times of all requests, milliseconds, beside one capture after another."""
    log = load.PLACE / "requests"
    log.unlink(missing_ok=True)
    client = subprocess.Popen(
        ["h2load", "--h1", f"--rps={RATE // 4}", "-c", "4", "-t", "1", "-D", str(SECONDS), f"--log-file={log}", "http://127.0.0.1:8080/"],
        stdin=NOTHING,
        stdout=NOTHING,
        stderr=NOTHING,
    )
    bundle = load.PLACE / "beside.tar.zst"
    while client.poll() is None:
        if options is None:
            time.sleep(0.1)
        else:
            bundle.unlink(missing_ok=True)
            subprocess.run([tools.capture, "-q", *options, "-o", bundle], check=False)
    times = sorted(int(line.split()[2]) / 1000 for line in pathlib.Path(log).read_text().splitlines() if line)
    return statistics.median(times), times[len(times) * 99 // 100], times[-1]
