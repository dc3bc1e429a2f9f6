#!/usr/bin/env python3
"""bench_disk.py - what judging every disk command costs an endpoint: plain and hypervised in turn, in one run

    bench_disk.py [--short] [--runs N] [--kind K] [--top N] [--folder F]     a table, and bench-disk.json in the working folder

Wall time, as the guest's own clock has it, of direct and buffered transfers with a policy that looks at commands alone,
with one for which every byte is copied and nothing searched, and with one that searches it for 1,000 literals: the median
of runs in turn, and the fastest and slowest. Exits, the driver's register accesses and the hypervisor's instructions a
command and a KiB by the counting plugin under icount, which is read between one load and the next of one machine a policy;
commands and bytes are the guest's own count. --short: does it run? --count: no wall time.
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
PAUSE = 2               # seconds of the guest's, in which the machine is stopped and the plugin read
PHASE = re.compile(r"^PHASE (\d+) ([\d ]+)$", re.M)
SECTOR = 512            # of /sys/block/*/stat, whatever the drive's
KIB = {"4k": 4, "64k": 64, "1M": 1024}
DISK_MIB = 256
SEED, SEED_OF_PATTERNS = 6, 5           # of what is on disks: with one of both, the patterns are found in it
READ, WRITE = "dd if=$d of=/dev/null iflag=direct", "dd if=/dev/zero of=$d oflag=direct conv=notrunc"
# name: what runs, in blocks of what size, how many: for wall time, counted, short
LOADS = {
    "direct reads of 1 MiB": (READ, "1M", 256, 32, 16),
    "direct writes of 1 MiB": (WRITE, "1M", 256, 32, 16),
    "direct reads of 4 KiB": (READ, "4k", 8000, 1000, 200),
    "direct writes of 4 KiB": (WRITE, "4k", 8000, 1000, 200),
    "buffered reads": ("drop; dd if=$d of=/dev/null", "64k", 4096, 256, 64),
}
KINDS = ("command", "copied", "searched")
GOALS = {("command", "direct reads of 1 MiB"): 2.2, ("command", "direct writes of 1 MiB"): 2.2,
         ("command", "direct reads of 4 KiB"): 3.0, ("command", "buffered reads"): 1.4, ("copied", "direct reads of 1 MiB"): 3.0}
# hv/disk.c and hv/guest/apic.c: once an access, always as many instructions
ACCESS, LAPIC = "abar_access", "apic_access"
EXITS_MORE = 0.1                        # a command, than the driver's register accesses


def key(load):
    return load.replace(" ", "-")


def transfer(load, n):
    words, size = LOADS[load][:2]
    return f"{{ {words} bs={size} count={n}; }} 2>/run/dd || echo BENCH-FAILED"


WARM = "dd if=$d of=/dev/null bs=1M count=8 iflag=direct 2>/dev/null"


def script(short):
    lines = [PRELUDE, "d=$(at 2)", 'mark() { echo "BENCH $* $(grep -m1 \'now at\' /proc/timer_list)"; }', WARM]
    for load in LOADS:
        lines += ["sync", "mark begin", transfer(load, LOADS[load][4 if short else 2]), f"mark {key(load)}"]
    return "\n".join(lines) + "\n"


def counted_script(short):
    """Between one load and the next a pause; before it what the disk has done so far."""
    lines = [PRELUDE, "d=$(at 2); phases=0",
             f'phase() {{ echo "PHASE $phases $(cat /sys/block/${{d##*/}}/stat)"; sleep {PAUSE}; phases=$((phases + 1)); }}',
             WARM, "drop", "phase"]
    for load in LOADS:
        lines += [transfer(load, LOADS[load][4 if short else 3]), "phase"]
    return "\n".join(lines) + "\n"


def rules(kind):
    """The source of a policy: 100 rules over commands; the same and one over content that is never searched; 1,000
    literals in every sector."""
    lines = [f'policy "bench {kind}" version 1;']
    r = random.Random(SEED_OF_PATTERNS)
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
    path = os.path.join(work_folder(), f"bench-disk-{SEED}.img")
    if not os.path.exists(path) or os.path.getsize(path) != DISK_MIB * MIB:
        data = random.Random(SEED).randbytes(MIB)
        scratch(os.path.basename(path), DISK_MIB, [(n * MIB, data) for n in range(DISK_MIB)])
    drive, device = disk(path)
    return [(drive + ",snapshot=on", device)]


def wall(name, short):
    """Seconds of each load."""
    with Machine(f"bench-disk-{name}", disks=[image("endpoint.img")], script=script(short), drives=data_disk(),
                 hv=policy(name) if name != "plain" else None, limit=BOOT + LONG) as m:
        m.expect("ENDPOINT-DONE", BOOT + LONG)
        text = m.serial.text()
    if "BENCH-FAILED" in text:
        raise Failed(m.report("a transfer failed"))
    marks = [(what, int(ns)) for what, ns in MARK.findall(text)]
    return {what: (ns - before[1]) * 1e-9 for before, (what, ns) in zip(marks, marks[1:]) if what != "begin"}


def did(stat):
    """Commands and KiB of a line of /sys/block/*/stat."""
    words = [int(word) for word in stat.split()]
    return {"commands": words[0] + words[4], "KiB": (words[2] + words[6]) * SECTOR / 1024}


def counted(kind, short, where):
    """By load: commands, KiB, exits, accesses of the controller and of the local APIC, and the hypervisor's instructions by function."""
    words, out = count.plugin(f"bench-disk-{kind}", where)
    live, ran, left = out + ".live", [], []
    with Machine(f"bench-disk-{kind}", disks=[image("endpoint.img")], script=counted_script(short), drives=data_disk(),
                 hv=policy(kind), args=END, icount=True, plugin=f"{words},live={live}", reboot=False, limit=BOOT + LONG) as m:
        for n in range(len(LOADS) + 1):
            m.expect(rf"^PHASE {n} .*", BOOT + LONG)
            m.qmp("stop")
            ran.append(count.so_far(live, where))
            left.append(count.exits(m, where))
            if re.search(rf"^(PHASE {n + 1} |ENDPOINT-DONE)", m.serial.text(), re.M):
                raise Failed("this machine is too slow: the next load began before the last was counted")
            m.qmp("cont")
        m.expect("ENDPOINT-DONE", BOOT)
        m.wait(60)
        text, log = m.serial.text(), m.log.text()
    if "BENCH-FAILED" in text:
        raise Failed(m.report("a transfer failed"))
    done = [did(stat) for _, stat in PHASE.findall(text)]
    by = dict(count.split(out, where, True)[2])
    os.unlink(live)
    devices = counters(log)[1]
    # instructions of each
    an_access = by[ACCESS] / sum(sum(n) for name, n in devices.items() if name.startswith("ahci"))
    an_interrupt = by[LAPIC] / sum(devices["local-apic"])
    figures = {}
    for n, load in enumerate(LOADS):
        took = {name: now - ran[n].get(name, 0) for name, now in ran[n + 1].items()}
        figures[load] = {**{what: done[n + 1][what] - done[n][what] for what in done[n]}, "functions": took,
                         "exits": {name: now - left[n][name] for name, now in left[n + 1].items()},
                         "accesses": took.get(ACCESS, 0) / an_access, "lapic": took.get(LAPIC, 0) / an_interrupt, "hypervisor": sum(took.values())}
        refuse_nonsense(f"{kind}, {load}", figures[load], LOADS[load][4 if short else 3] * KIB[LOADS[load][1]])
    return figures


def refuse_nonsense(name, f, kib):
    """What cannot be of a load of so many @kib: the counting is wrong, or something else ran meanwhile."""
    exits = all_exits(f)
    for what, wrong in (("KiB", not kib <= f["KiB"] <= 1.1 * kib + 256), ("commands", not f["KiB"] / 4096 <= f["commands"] <= f["KiB"]),
                        ("accesses of the controller", f["accesses"] < 2 * f["commands"]),
                        ("exits", min(f["exits"].values()) < 0 or exits < f["commands"]),
                        ("accesses of the local APIC", not 0 <= f["lapic"] <= exits),
                        ("instructions", f["hypervisor"] < 100 * exits or f["hypervisor"] < 100 * f["commands"])):
        if wrong:
            raise Failed(f"{name}: these {what} cannot be: {f['KiB']:.0f} KiB for {kib}, {f['commands']} commands, {f['accesses']:.1f} accesses, "
                         f"{f['exits']} exits, {f['hypervisor']} instructions")


def all_exits(f):
    """Our own ticks are nobody's."""
    return sum(n for name, n in f["exits"].items() if name != "nmi")


def show_functions(kind, load, f, top):
    print(f"-- {kind}, {load}: instructions a command")
    for name, n in sorted(f["functions"].items(), key=lambda row: -row[1])[:top]:
        print(f"{name:40}{n / f['commands']:12.1f}")


def counted_rows(name, f):
    accesses, exits = f["accesses"] / f["commands"], all_exits(f)
    yield row(f"{name}: the driver's register accesses a command", "", accesses)
    yield row(f"{name}: exits a command, but for the local APIC's", "", (exits - f["lapic"]) / f["commands"], None,
              accesses + EXITS_MORE)
    yield row(f"{name}: exits a command", "", exits / f["commands"])
    yield row(f"{name}: exits a command for pages", "", f["exits"]["page"] / f["commands"])
    yield row(f"{name}: the hypervisor's instructions a command", "", f["hypervisor"] / f["commands"])
    yield row(f"{name}: the hypervisor's instructions a KiB", "", f["hypervisor"] / f["KiB"])


def rows(f, short=False):
    """A goal is of whole runs: in a short one the programs' own start is most of the time."""
    for kind in KINDS:
        for load in LOADS:
            took = [[run[key(load)] for run in f["wall"][who] if key(load) in run] for who in (kind, "plain")]
            if not all(took):
                continue
            name = f"{load}, {kind}, wall time"
            yield row(name, "s", *map(statistics.median, took), None if short else GOALS.get((kind, load)))
            yield row(f"{name}, fastest run", "s", *map(min, took))
            yield row(f"{name}, slowest run", "s", *map(max, took))
    for kind, of_kind in f["counted"].items():
        for load, figures in of_kind.items():
            yield from counted_rows(f"{load}, {kind}", figures)


def measure(options, f):
    """Fills @f, which has what there is when this ends early."""
    kinds = (options.kind,) if options.kind else KINDS[:1] if options.short else KINDS
    for n in range(0 if options.count else 1 if options.short else options.runs):
        for name in ("plain", *kinds):
            step(f"wall time, run {n + 1} of {options.runs}, {name}")
            f["wall"][name].append(wall(name, options.short))
    where = count.find_hypervisor(1)
    for kind in kinds:
        step(f"instructions, {kind}")
        f["counted"][kind] = counted(kind, options.short, where)


def main():
    words = argparse.ArgumentParser(description="what judging every disk command costs an endpoint")
    words.add_argument("--short", action="store_true", help="little of it: does it run?")
    words.add_argument("--count", action="store_true", help="instructions and exits alone")
    words.add_argument("--kind", choices=KINDS, help="of policy, one of them alone")
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
    table = list(rows(figures, options.short))
    show(table)
    for kind, of_kind in figures["counted"].items() if options.top else ():
        for load, of_load in of_kind.items():
            show_functions(kind, load, of_load, options.top)
    with open(os.path.join(options.folder, "bench-disk.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join("  " + json.dumps(r) for r in table) + "\n]\n")
    if why:
        print(f"bench: not all was measured: {why}", file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
