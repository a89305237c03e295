"""A load that is the same each time: processes, threads, descriptors, sockets, namespaces, conntrack entries, all made up.

`mkload.c` makes them; this module prepares the namespaces that it lives in, and knows afterwards what a capture must
have found. It is to be used inside pid, mount, network and UTS namespaces of its own, which end with everything in them.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import time

NOTHING = subprocess.DEVNULL
# Inside the mount namespace.
PLACE = pathlib.Path("/mnt")


@dataclasses.dataclass(frozen=True)
class Load:
    """How much there is of each thing."""

    procs: int
    fds: int
    threaded: int = 0
    threads: int = 0
    conntrack: int = 0
    hogs: int = 5
    hog_share: float = 0.2
    maps: int = 40
    netns: int = 4
    listeners: int = 20
    arguments: int = 0
    arp: int = 500
    names: bool = True
    """Whether names of processes and files are text."""


LOADS = {
    "S": Load(procs=2000, threaded=100, threads=20, fds=50_000, conntrack=10_000),
    "M": Load(procs=10_000, threaded=200, threads=50, fds=300_000, conntrack=100_000),
    # Nothing much but conntrack entries, and the same without them.
    "conntrack": Load(procs=10, fds=100, conntrack=500_000, netns=0, arp=0),
    "nothing": Load(procs=10, fds=100, netns=0, arp=0),
    # As other hosts are.
    "threads": Load(procs=500, threaded=400, threads=100, fds=5_000),
    "giants": Load(procs=8, hogs=6, hog_share=0.95, fds=200_000, maps=5_000),
    "namespaces": Load(procs=200, fds=2_000, netns=2_000, listeners=1),
    "arguments": Load(procs=2_000, fds=10_000, arguments=100_000),
    "names": Load(procs=2_000, fds=50_000, arguments=100, names=False),
}

# Settings of the kernel that no namespace has of its own, with the least value that the largest load needs.
LIMITS = {
    "kernel/threads-max": 400_000,
    "kernel/pid_max": 1 << 20,
    "vm/max_map_count": 262_144,
    "fs/inotify/max_user_instances": 1024,
    "net/netfilter/nf_conntrack_max": 2_500_000,
    "net/netfilter/nf_conntrack_buckets": 524_288,
}


class Limits:
    """Raises the limits for as long as there are loads, outside the namespaces."""

    def __init__(self):
        self.before: dict[pathlib.Path, str] = {}

    def __enter__(self):
        for name, least in LIMITS.items():
            path = pathlib.Path("/proc/sys") / name
            if not path.exists():
                continue
            value = path.read_text().strip()
            if int(value) < least:
                self.before[path] = value
                path.write_text(str(least))
        return self

    def __exit__(self, *_):
        for path, value in self.before.items():
            path.write_text(value)


@dataclasses.dataclass
class Truth:
    """What there is, as the kernel says without a capture: what a bundle must have."""

    fds: dict[int, int]
    """Descriptors by process."""
    conntrack: set[tuple]
    """Protocol, addresses and ports of the entries that the load made."""


class Running:
    """A load that stands, until the end of a `with` block."""

    def __init__(self, load: Load, program: pathlib.Path):
        self.load = load
        self.program = program
        self.maker: subprocess.Popen | None = None
        self.made: dict = {}

    def __enter__(self):
        load = self.load
        directory = PLACE / ("load" if load.names else os.fsdecode(b"load-\xff\xc3(\xed\xa0\x80\x1b[31m"))
        for number in range(20):
            (directory / f"files/d{number:02}").mkdir(parents=True, exist_ok=True)
        ready = directory / "ready.json"
        ready.unlink(missing_ok=True)
        if load.conntrack:
            # A rule that looks at the state of connections is what makes the kernel track them.
            rules = (
                "add table inet mkload; add chain inet mkload i { type filter hook input priority 0; policy accept; };"
                " add rule inet mkload i ct state established counter accept"
            )
            subprocess.run(["nft", rules], check=True)
        if load.netns:
            pathlib.Path("/run/netns").mkdir(exist_ok=True)
        for number in range(0, load.netns, 2):
            subprocess.run(["ip", "netns", "add", f"mkload{number}"], check=True)
        if load.arp:
            self._neighbours()
        options = dataclasses.asdict(load)
        for unknown_to_maker in ("arp", "names"):
            options.pop(unknown_to_maker)
        arguments = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        self.maker = subprocess.Popen(
            [self.program, *arguments, "--dir", str(directory), "--ready", str(ready)], stdin=NOTHING, stdout=NOTHING
        )
        end = time.monotonic() + 300
        while not ready.exists():
            if self.maker.poll() is not None or time.monotonic() > end:
                raise SystemExit("bench: the load did not come up")
            time.sleep(0.05)
        self.made = json.loads(ready.read_text())
        wanted = load.procs + load.netns
        if self.made["procs"] != wanted or self.made["conntrack"] != load.conntrack:
            raise SystemExit(f"bench: the load is not what was asked for: {self.made}")
        # What a start still does, such as timers of new sockets, is over soon.
        time.sleep(1)
        return self

    def __exit__(self, *_):
        if self.maker:
            self.maker.terminate()
            self.maker.wait()
        # The next load makes its own.
        for number in range(0, self.load.netns, 2):
            subprocess.run(["ip", "netns", "del", f"mkload{number}"], check=False)
        if self.load.arp:
            subprocess.run(["ip", "link", "del", "mkdum0"], check=False)
        if self.load.conntrack:
            subprocess.run(["nft", "delete table inet mkload"], check=False)

    def _neighbours(self):
        for command in ("link add mkdum0 type bridge", "addr add 198.18.0.1/16 dev mkdum0", "link set mkdum0 up"):
            subprocess.run(["ip", *command.split()], check=True)
        lines = [
            f"neigh add 198.18.{1 + i // 250}.{1 + i % 250} lladdr 02:00:00:{i >> 8:02x}:{i & 255:02x}:01"
            " dev mkdum0 nud permanent\n"
            for i in range(self.load.arp)
        ]
        subprocess.run(["ip", "-batch", "-"], input="".join(lines).encode(), check=True)

    def truth(self) -> Truth:
        """Asks the kernel."""
        maker = str(self.made["pid"])
        fds = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                stat = pathlib.Path(f"/proc/{pid}/stat").read_bytes()
                if stat.rpartition(b")")[2].split()[1].decode() == maker:
                    fds[int(pid)] = len(os.listdir(f"/proc/{pid}/fd"))
            except FileNotFoundError:
                continue
        conntrack = set()
        if self.load.conntrack:
            with open("/proc/net/nf_conntrack", encoding="ascii") as entries:
                for line in entries:
                    entry = _entry(line)
                    if entry[1].startswith("10."):
                        conntrack.add(entry)
        return Truth(fds, conntrack)


def _entry(line: str) -> tuple:
    """Protocol, addresses and ports of the original direction."""
    words = line.split()
    first: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        first.setdefault(name, value)
    return words[2], first.get("src", ""), first.get("dst", ""), first.get("sport"), first.get("dport")
