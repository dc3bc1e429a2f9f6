#!/usr/bin/env python3
"""bench_disk.py - what judging every disk command costs an endpoint: plain and hypervised in turn, in one run

    bench_disk.py [--short] [--runs N] [--top N] [--folder F]     a table, and bench-disk.json in the working folder

Wall time, as the guest's own clock has it, of direct and buffered transfers with a policy that looks at commands alone,
with one for which every byte is copied and nothing searched, and with one that searches it for 1,000 literals: the median
of runs in turn, and the fastest and slowest. Exits and the hypervisor's instructions a command and a KiB by the counting
plugin: what a machine with the transfers has more than one without. --short: does it run?
"""
import argparse
import json
import os
import random
import re
import signal
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "count"), os.path.join(HERE, "sata")]
import count
from bench import counters, row, show, step
from image import Missing
from machine import Failed, Machine, hypervisor, image, work_folder
from rig import PRELUDE, disk, scratch

BOOT = 400
LONG = 900
MIB = 1 << 20
END = "reboot=t endpoint.end=reboot"    # a triple fault: the hypervisor then tells its counters
MARK = re.compile(r"^BENCH ([\w-]+) now at (\d+) nsecs", re.M)
COUNT = re.compile(r"\] count: ahci\S+ (\d+) (commands|bytes written|bytes read)$", re.M)
DISK_MIB = 256
READ, WRITE = "dd if=$d of=/dev/null iflag=direct", "dd if=/dev/zero of=$d oflag=direct conv=notrunc"
# name: what runs, with so much of it (long, short)
LOADS = {
    "direct reads of 1 MiB": (READ + " bs=1M count={n}", 256, 16),
    "direct writes of 1 MiB": (WRITE + " bs=1M count={n}", 256, 16),
    "direct reads of 4 KiB": (READ + " bs=4k count={n}", 8000, 200),
    "buffered reads": ("echo 3 >/proc/sys/vm/drop_caches; dd if=$d of=/dev/null bs=64k count={n}", 4096, 64),
}
KINDS = ("command", "copied", "searched")
GOALS = {("command", "direct reads of 1 MiB"): 2.2, ("command", "direct writes of 1 MiB"): 2.2,
         ("command", "direct reads of 4 KiB"): 3.0, ("command", "buffered reads"): 1.4, ("copied", "direct reads of 1 MiB"): 3.0}
EXITS_MORE = 0.1                        # a command, than the driver's register accesses


def key(load):
    return load.replace(" ", "-")


def script(loads, short):
    lines = [PRELUDE, "d=$(at 2)", 'mark() { echo "BENCH $* $(grep -m1 \'now at\' /proc/timer_list)"; }',
             "dd if=$d of=/dev/null bs=1M count=8 iflag=direct 2>/dev/null"]
    for load in loads:
        words, many, few = LOADS[load]
        lines += ["sync", "mark begin", f"{{ {words.format(n=few if short else many)}; }} 2>/run/dd || echo BENCH-FAILED", f"mark {key(load)}"]
    return "\n".join(lines) + "\n"


def rules(kind):
    """The source of a policy: 100 rules over commands; the same and one over content that is never searched; 1,000
    literals in every sector."""
    lines = [f'policy "bench {kind}" version 1;']
    r = random.Random(5)
    body = [f"    r{n}: disk.port == {n % 6} and disk.range overlaps {{ {10 ** 9 + n * 1000}..{10 ** 9 + n * 1000 + 99} }} -> log, drop;" for n in range(100)]
    if kind == "copied":
        lines.append('pattern never = "never to be searched";')
        body = ["    far: disk.lba == 0xffffffffffff and data has never -> log, drop;"]
    elif kind == "searched":
        lines += [f'pattern p{n} = {{ {" ".join(f"{b:02X}" for b in r.randbytes(12))} }};' for n in range(1000)]
        body = [f"    all: data has any {{ {', '.join(f'p{n}' for n in range(1000))} }} -> log, drop;"]
    for hook in ("disk write", "disk read"):
        lines += [f"on {hook} default pass {{", *body, "}"]
    return "\n".join(lines) + "\n"


def policy(kind):
    path = os.path.join(work_folder(), f"bench-disk-{kind}.hvrule")
    with open(path, "w", encoding="ascii") as f:
        f.write(rules(kind))
    return hypervisor(policy=path)


def data_disk():
    path = os.path.join(work_folder(), "bench-disk.img")
    if not os.path.exists(path) or os.path.getsize(path) != DISK_MIB * MIB:
        data = random.Random(5).randbytes(MIB)
        scratch("bench-disk.img", DISK_MIB, [(n * MIB, data) for n in range(DISK_MIB)])
    drive, device = disk(path)
    return [(drive + ",snapshot=on", device)]


def wall(name, short):
    """Seconds of each load."""
    with Machine(f"bench-disk-{name}", disks=[image("endpoint.img")], script=script(LOADS, short), drives=data_disk(),
                 hv=policy(name) if name != "plain" else None, limit=BOOT + LONG) as m:
        m.expect("ENDPOINT-DONE", BOOT + LONG)
        text = m.serial.text()
    if "BENCH-FAILED" in text:
        raise Failed(m.report("a transfer failed"))
    marks = [(what, int(ns)) for what, ns in MARK.findall(text)]
    return {what: (ns - before[1]) * 1e-9 for before, (what, ns) in zip(marks, marks[1:]) if what != "begin"}


def counted(kind, load, short, where):
    """Exits, accesses of the controller, the hypervisor's instructions, commands and KiB of a machine with this load;
    None: without."""
    words, out = count.plugin(f"bench-disk-{kind}", where)
    with Machine(f"bench-disk-{kind}", disks=[image("endpoint.img")], script=script([load] if load else [], short), drives=data_disk(),
                 hv=policy(kind), args=END, plugin=words, reboot=False, limit=BOOT + LONG) as m:
        m.expect("ENDPOINT-DONE", BOOT + LONG)
        m.wait(60)
        log = m.log.text()
    _, ours, functions = count.split(out, where, True)
    exits, devices = counters(log)
    told = {}
    for n, what in COUNT.findall(log[max(log.rfind("counters: begin"), 0):]):
        told[what] = told.get(what, 0) + int(n)
    return {"exits": sum(exits.values()) - exits.get("nmi", 0), "hypervisor": ours, "functions": functions,
            "accesses": sum(sum(n) for name, n in devices.items() if name.startswith("ahci")),
            "commands": told.get("commands", 0), "KiB": (told.get("bytes written", 0) + told.get("bytes read", 0)) / 1024}


def each(f, kind, load, what, by):
    busy, idle = f["counted"][kind, load], f["counted"][kind, None]
    return (busy[what] - idle[what]) / max(busy[by] - idle[by], 1)


def show_functions(f, kind, load, top):
    busy, idle = f["counted"][kind, load], f["counted"][kind, None]
    commands, before = max(busy["commands"] - idle["commands"], 1), dict(idle["functions"])
    took = sorted(((n - before.get(name, 0)) / commands, name) for name, n in busy["functions"])
    print(f"-- {kind}, {load}: instructions a command")
    for n, name in took[:-top - 1:-1]:
        print(f"{name:40}{n:12.1f}")


def rows(f):
    for kind in KINDS:
        for load in LOADS:
            took = [[run[key(load)] for run in f["wall"][who] if key(load) in run] for who in (kind, "plain")]
            if not all(took):
                continue
            name = f"{load}, {kind}, wall time"
            yield row(name, "s", *map(statistics.median, took), GOALS.get((kind, load)))
            yield row(f"{name}, fastest run", "s", *map(min, took))
            yield row(f"{name}, slowest run", "s", *map(max, took))
    for kind, load in f["counted"]:
        if not load or (kind, None) not in f["counted"]:
            continue
        exits, accesses = (each(f, kind, load, what, "commands") for what in ("exits", "accesses"))
        yield row(f"{load}, {kind}: exits a command", "", exits)
        yield row(f"{load}, {kind}: exits a command beside the driver's accesses", "", exits - accesses, None, EXITS_MORE)
        yield row(f"{load}, {kind}: the hypervisor's instructions a command", "", each(f, kind, load, "hypervisor", "commands"))
        yield row(f"{load}, {kind}: the hypervisor's instructions a KiB", "", each(f, kind, load, "hypervisor", "KiB"))


def measure(options, f):
    """Fills @f, which has what there is when this ends early."""
    kinds = ("command",) if options.short else KINDS
    for n in range(1 if options.short else options.runs):
        for name in ("plain", *kinds):
            step(f"wall time, run {n + 1} of {options.runs}, {name}")
            f["wall"][name].append(wall(name, options.short))
    where = count.find_hypervisor(1)
    for kind in kinds:
        for load in (None, "direct reads of 4 KiB") if options.short else (None, *LOADS):
            step(f"instructions, {kind}, {load or 'idle'}")
            f["counted"][kind, load] = counted(kind, load, options.short, where)


def main():
    words = argparse.ArgumentParser(description="what judging every disk command costs an endpoint")
    words.add_argument("--short", action="store_true", help="little of it: does it run?")
    words.add_argument("--runs", type=int, default=3, help="of wall time, each plain and hypervised")
    words.add_argument("--top", type=int, default=0, help="so many of the hypervisor's functions by instructions")
    words.add_argument("--folder", default=".", help="where bench-disk.json goes")
    options = words.parse_args()
    figures = {"counted": {}, "wall": {name: [] for name in ("plain", *KINDS)}}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    why = None
    try:
        measure(options, figures)
    except (Failed, Missing) as e:
        why = e
    except (KeyboardInterrupt, SystemExit):
        why = "interrupted"
    step("")
    table = list(rows(figures))
    show(table)
    for kind, load in figures["counted"]:
        if options.top and load:
            show_functions(figures, kind, load, options.top)
    with open(os.path.join(options.folder, "bench-disk.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join("  " + json.dumps(r) for r in table) + "\n]\n")
    if why:
        print(f"bench: not all was measured: {why}", file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
