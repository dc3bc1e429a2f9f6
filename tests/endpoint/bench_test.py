#!/usr/bin/env python3
"""bench_test.py - bench.py reckons right, and runs: with made-up figures, and with the bare guest in Linux's place"""
import json
import os
import random
import re
import shutil
import subprocess
import sys

import bench
import bench_disk
import bench_exit
from image import Missing
from machine import Failed, build_folder, guest, work_folder
from tap import check, claim, run

LOG = """\
sluice: [    1.000000 0 info #1 0000] counters: begin each minute
sluice: [    1.000000 0 info #2 0000] exits: io 1
sluice: [    2.000000 0 info #3 0000] counters: begin triple fault
sluice: [    2.000000 0 info #4 0000] exits: io 30
sluice: [    2.000000 0 info #5 0000] exits: page 20
sluice: [    2.000000 0 info #6 0000] exits: cpu0: io 30 page 20
sluice: [    2.000000 0 info #7 0000] device: ahci-00:1f.2-bar5 12 reads 8 writes
sluice: [    2.000000 0 info #8 0000] register: ahci-00:1f.2-bar5 0x8 12 reads 8 writes
sluice: [    2.000000 0 info #9 0000] exits: nmi 6
sluice: [    2.000000 0 info #10 0000] rate: 28 exits a second, 40 at most, 2 seconds
"""
SERIAL = """\
BENCH up now at 2500000000 nsecs
BENCH md5sum now at 3500000000 nsecs
BENCH fork now at 5000000000 nsecs
BENCH edge 1767225607 now at 5300000000 nsecs
"""
FIELDS = ["name", "unit", "ours", "peer", "peer_name", "ratio", "goal", "holds"]
# a row for every figure that the issue names
NAMED = ("boot to userspace, virtual time", "boot to userspace, wall time", "boot to userspace, instructions + 2,000 x exits",
         "boot to userspace, the hypervisor's share", "boot to userspace, exits", "boot to userspace, exits: io",
         "boot to userspace, accesses: ahci-00:1f.2-bar5", "wake-up, NMIs a second", "LAPIC exits an interrupt, two processors",
         "md5sum loop, virtual time", "md5sum loop, wall time", "fork loop, virtual time", "fork loop, wall time")


def made_up():
    exits, devices = bench.counters(LOG)
    return {
        "counted": {"ours": {"instructions": 1_010_000, "hypervisor": 10_100, "exits": exits, "devices": devices,
                             "ticks": bench.ticks(LOG)},
                    "plain": {"instructions": 1_000_000}},
        "virtual": {"ours": {"boot": 5.0, "md5sum": 1.0, "fork": 2.1}, "plain": {"boot": 4.0, "md5sum": 1.0, "fork": 2.0}},
        "lapic": {"exits": 300, "interrupts": 200},
        "wall": {name: [{"boot": t, "md5sum": 1, "fork": 1} for t in took]
                 for name, took in (("ours", (9, 12, 11)), ("plain", (10, 10, 10)))},
    }


@claim("the last counters of a log are taken, and the time before Linux counts")
def reading():
    exits, devices = bench.counters(LOG)
    check(exits == {"io": 30, "page": 20, "nmi": 6}, f"{exits}")
    check(devices == {"ahci-00:1f.2-bar5": (12, 8)}, f"{devices}")
    seen = bench.marks(SERIAL)
    check(bench.loops(seen) == {"md5sum": 1.0, "fork": 1.5}, f"{bench.loops(seen)}")
    check(abs(bench.since_power_on(seen) - 4.2) < 1e-9, f"{bench.since_power_on(seen)}")


@claim("every figure has its row, its goal is told kept or failed from unrounded values")
def arithmetic():
    rows = {row["name"]: row for row in bench.rows(made_up())}
    check(set(NAMED) <= set(rows), f"missing: {set(NAMED) - set(rows)}")
    check(all(list(row) == FIELDS for row in rows.values()), "other fields")
    for name, ratio, ours, holds in (
            ("boot to userspace, virtual time", 1.25, 5.0, False),
            ("boot to userspace, wall time", 1.1, 11, True),
            ("boot to userspace, wall time, slowest run", 1.2, 12, None),
            ("boot to userspace, instructions + 2,000 x exits", 1.122, 1_122_000, False),
            ("boot to userspace, the hypervisor's share", None, 1.0, True),
            ("boot to userspace, exits", None, 56, None),
            ("wake-up, NMIs a second", None, 3, None),
            ("LAPIC exits an interrupt, two processors", None, 1.5, None),
            ("fork loop, virtual time", 1.05, 2.1, False)):
        row = rows[name]
        check(row["holds"] is holds, f"{name}: {row}")
        check(abs(row["ours"] - ours) < 1e-9, f"{name}: {row}")
        check(row["ratio"] is ratio or abs(row["ratio"] - ratio) < 1e-9, f"{name}: {row}")


@claim("exits are read in the order in which the hypervisor counts them")
def order():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../hv/counters_report.c")
    with open(path, encoding="ascii") as f:
        reasons = re.search(r"reasons\[VMEXIT_KINDS\] = \{(.*?)\};", f.read(), re.S)[1]
    check(re.findall(r'"([\w-]+)"', reasons) == list(bench_disk.count.EXITS), f"{reasons}")


@claim("what was measured before an early end has its rows, and nothing else")
def early():
    figures = made_up()
    del figures["virtual"]["ours"]
    figures["lapic"] = None
    figures["wall"]["plain"].pop()
    names = {row["name"] for row in bench.rows(figures)}
    check({"boot to userspace, instructions", "boot to userspace, wall time", "fork loop, wall time"} <= names, f"{names}")
    check(not any("virtual" in name or "LAPIC" in name for name in names), f"{names}")
    figures["wall"]["plain"] = []
    del figures["counted"]["plain"]
    check(not list(bench.rows(figures)), "rows of nothing")


@claim("what the benchmarks' disks have is none of what their policy searches for")
def seeds():
    patterns = [bytes.fromhex(found) for found in re.findall(r"pattern p\d+ = \{ ([0-9A-F ]+) \}", bench_disk.rules("searched"))]
    check(len(patterns) == 1000, f"{len(patterns)} patterns")
    data = random.Random(bench_disk.SEED).randbytes(1 << 20)
    check(not any(pattern in data for pattern in patterns), "a pattern is found in the data")


DISK = {"KiB": 800.0, "commands": 200, "accesses": 1400.0, "lapic": 320.0, "exits": {"page": 1500, "io": 3, "nmi": 9000}, "hypervisor": 6_000_000, "functions": {}}


@claim("figures of a disk's load that cannot be are refused, and no row is made of them")
def nonsense():
    bench_disk.refuse_nonsense("right", DISK, 800)
    for wrong in ({"KiB": 799.5}, {"KiB": 1200.0}, {"commands": 0}, {"commands": 801}, {"accesses": 399.0}, {"accesses": -3.0}, {"lapic": -1.0}, {"lapic": 1504.0},
                  {"exits": {"page": -1, "io": 900}}, {"exits": {"page": 199, "nmi": 9000}}, {"hypervisor": 0}, {"hypervisor": 150_000}):
        try:
            bench_disk.refuse_nonsense("wrong", {**DISK, **wrong}, 800)
        except Failed:
            continue
        check(False, f"taken: {wrong}")
    rows = {row["name"]: row for row in bench_disk.counted_rows("load", DISK)}
    check(rows["load: exits a command"]["ours"] == 1503 / 200, f"{rows}")
    check(rows["load: exits a command, but for the local APIC's"]["ours"] == 1183 / 200, f"{rows}")
    check(rows["load: exits a command, but for the local APIC's"]["goal"] == 7.1, f"{rows}")
    check(rows["load: the hypervisor's instructions a KiB"]["ours"] == 7500, f"{rows}")


# in a process of its own: it and bench_disk.py each have a `rig`
SHORT_GOALS = """
import bench_{name} as b, sys
f = {{"counted": {{}}, "wall": {{who: [{{{key}: 1.0 for what in b.{loads}}}] for who in {who}}}}}
print(*(sum(row["goal"] is not None for row in b.rows(f{nic}, short)) - {goals} for short in (False, True)))
"""


@claim("wall times of whole runs are held against the goals, those of short runs against none")
def short_goals():
    disk = {"name": "disk", "key": "b.key(what)", "loads": "LOADS", "who": '("plain", *b.KINDS)', "nic": ""}
    net = {"name": "net", "key": "what", "loads": "GOALS", "who": '("plain", "ours")', "nic": ', "e1000"'}
    for words in disk, net:
        done = subprocess.run([sys.executable, "-c", SHORT_GOALS.format(goals="len(b.GOALS) * (not short)", **words)], capture_output=True,
                              text=True, check=False, env=dict(os.environ, PYTHONPATH=os.path.dirname(bench.__file__)))
        check(done.stdout.split() == ["0", "0"], f"{words['name']}: {done.stdout}{done.stderr}")


@claim("a short run boots the bare guest both ways, prints a table and writes its rows")
def short():
    guest("guest", "", "bench-there")
    if not shutil.which("qemu-system-x86_64"):
        raise Missing("qemu-system-x86 is not installed")
    done = subprocess.run([sys.executable, bench.__file__, "--short", "--runs", "1", "--folder", work_folder()],
                          capture_output=True, text=True, check=False, env=dict(os.environ, builddir=build_folder()))
    check(done.returncode == 0, done.stderr)
    with open(os.path.join(work_folder(), "bench-endpoint.json"), encoding="utf-8") as f:
        rows = {row["name"]: row for row in json.load(f)}
    for name in rows:
        check(name in done.stdout, f"{name} is not in the table:\n{done.stdout}")
    exits = rows["boot of the bare guest, exits"]["ours"]
    check(100 < exits < 100_000, f"{exits} exits")
    check(sum(row["ours"] for name, row in rows.items() if "exits: " in name) == exits, "reasons are missing")
    counts = rows["boot of the bare guest, instructions"]
    check(counts["ours"] > counts["peer"] > 1_000_000, f"{counts}")
    check(0 < rows["boot of the bare guest, the hypervisor's share"]["ours"] < 100, "share")


@claim("the price of an exit is measured both ways: an exit costs more than none, and pages behind it more than before")
def price():
    guest("guest", "", "bench-there")
    if not shutil.which("qemu-system-x86_64"):
        raise Missing("qemu-system-x86 is not installed")
    done = subprocess.run([sys.executable, bench_exit.__file__, "--runs", "1", "--folder", work_folder()],
                          capture_output=True, text=True, check=False, env=dict(os.environ, builddir=build_folder()))
    check(done.returncode == 0, done.stderr)
    with open(os.path.join(work_folder(), "bench-exit.json"), encoding="utf-8") as f:
        rows = {row["name"]: row for row in json.load(f)}
    check(set(rows) == {name + then for name in bench_exit.NAMES.values() for then in ("", ", then a page")}, f"{rows}")
    for name in ("CPUID", "a write to the local APIC", "a read of the network card"):
        check(rows[name]["ours"] > 5 * rows[name]["peer"] > 0, f"{rows[name]}")
        check(rows[f"{name}, then a page"]["ours"] > rows["no exit, then a page"]["ours"], f"{rows}")


if __name__ == "__main__":
    sys.exit(run())
