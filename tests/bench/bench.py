"""The benchmark: see `run`."""

import argparse
import datetime
import os
import pathlib
import platform
import signal
import subprocess
import sys

import analyzing
import capturing
import goals
import growing
import load

HERE = pathlib.Path(__file__).resolve().parent
PARTS = ("capture", "conntrack", "load", "answers", "diff", "growth", "impact")


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="tests/bench/run", description="Measures capture and analyze against their floors and peers.")
    parser.add_argument("--load", choices=load.LOADS, default="S", help="how much there is to capture (default: S)")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part; may be given several times")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each after the warm-up (default: 5)")
    parser.add_argument("--limit", type=float, default=250, metavar="SECONDS", help="a command that takes longer is stopped (default: 250)")
    parser.add_argument("--install-peers", action="store_true", help="install the peers that Debian has")
    parser.add_argument("--save", action="store_true", help="keep the result in tests/bench/RESULTS.md")
    parser.add_argument("--tools", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def machine() -> list[str]:
    """What the figures were taken on."""
    cpu = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="ascii") if line.startswith("model name")),
        platform.machine(),
    )
    memory = int(open("/proc/meminfo", encoding="ascii").readline().split()[1]) >> 20
    load_average = open("/proc/loadavg", encoding="ascii").read().split()[0]
    when = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return [
        f"Measured on {when}: {os.cpu_count()} x {cpu}, {memory} GiB, Linux {platform.release()}, load average {load_average}"
        " at the start. Median (least-most) of the runs, ratios pair by pair, in turn.",
    ]


def inside(options: argparse.Namespace) -> None:
    """Measures, in the namespaces, and prints what was found."""
    parts = options.part or [part for part in PARTS if part not in ("growth", "impact")]
    tools = capturing.Tools(
        *(options.tools / name for name in ("capture", "analyze")), *(options.tools / "bench" / name for name in ("mkload", "probe"))
    )
    sections: list[list[str]] = []
    reached: list[goals.Goal] = []

    def take(result: tuple[list[str], list[goals.Goal]]) -> None:
        sections.append(result[0])
        reached.extend(result[1])

    how = (options.rounds, options.limit)
    bundle = load.PLACE / "capture.tar.zst"
    if {"capture", "load", "answers", "diff"} & set(parts):
        with load.Running(load.LOADS[options.load], tools.mkload) as running:
            if "capture" in parts:
                take(capturing.whole(tools, running, options.load, *how))
            else:
                subprocess.run([tools.capture, "-q", "-o", bundle], check=False)
    if "load" in parts:
        take(analyzing.loading(tools, bundle, options.load, *how))
    if "answers" in parts:
        take(analyzing.answering(tools, bundle, options.load, *how))
    if "diff" in parts:
        take(analyzing.differing(tools, bundle, *how))
    if "conntrack" in parts:
        take(capturing.tracked(tools, *how))
    if "growth" in parts:
        sections.append(growing.growth(tools, options.rounds))
    if "impact" in parts:
        sections.append(growing.impact(tools, options.rounds))
    reached.sort(key=lambda goal: goal.id)
    print("\n".join(machine()), end="\n\n")
    if reached:
        print("\n".join(goals.table(reached)), end="\n\n")
    print("\n\n".join("\n".join(section) for section in sections))


def save(command: str, result: str) -> None:
    """Keeps a result in place of the last one of the same command."""
    results = HERE / "RESULTS.md"
    head, *sections = results.read_text().split("\n## ") if results.exists() else ["# Results\n"]
    kept = {title: text for title, _, text in (section.partition("\n") for section in sections)}
    kept[f"`{command}`"] = f"\n{result.strip()}\n"
    results.write_text(head + "".join(f"\n## {title}\n{text}" for title, text in sorted(kept.items())))


def main() -> None:
    """Raises the limits outside, and measures in namespaces that end with everything in them."""
    options = arguments()
    if options.inside:
        inside(options)
        return
    if os.geteuid() != 0:
        raise SystemExit("bench: needs root: for namespaces, and to see every process")
    namespaces = ["unshare", "--pid", "--net", "--mount", "--uts", "--ipc", "--fork", "--kill-child=KILL", "--mount-proc"]
    prepare = (
        "hostname bench && ip link set lo up && mount -t tmpfs tmpfs /mnt && mount -t tmpfs tmpfs /run/netns 2>/dev/null;"
        ' exec "$@"'
    )
    pathlib.Path("/run/netns").mkdir(exist_ok=True)
    command = [*namespaces, "sh", "-c", prepare, "sh", sys.executable, "-B", str(HERE / "bench.py"), *sys.argv[1:], "--inside"]
    # An end by a signal undoes what was set too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with load.Limits():
        ended = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
    print(ended.stdout, end="")
    if options.save and ended.returncode == 0:
        words = [word for word in sys.argv[1:] if word not in ("--save", "--install-peers", "--tools", str(options.tools))]
        save(" ".join(["tests/bench/run", *words]), ended.stdout)
    sys.exit(ended.returncode)


if __name__ == "__main__":
    main()
