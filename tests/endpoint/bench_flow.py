#!/usr/bin/env python3
"""bench_flow.py - a file read from disk, uncached and then cached: plain, under the hypervisor, and with signatures

    bench_flow.py [--short] [--runs N] [--folder F]     a table, bench-flow.json and bench-flow.svg

The experiment that this hypervisor goes back to: a file of random data of 1 MB, 10 MB, 100 MB and 1 GB is read with cold
caches and then again. Plain; under the hypervisor with a policy without rules; with a policy that searches each sector for
1,000 signatures. Wall time as the guest's own clock has it, the median of runs in turn.
"""
import argparse
import json
import math
import os
import random
import re
import signal
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "sata"))
import image as images
from bench import row, show, step
from bench_disk import SEED, rules
from machine import Failed, Machine, hypervisor, image, work_folder
from rig import PRELUDE, disk

BOOT = 400
LONG = 1800
SIZES = {"1 MB": 10 ** 6, "10 MB": 10 ** 7, "100 MB": 10 ** 8, "1 GB": 10 ** 9}
WAYS = {"plain": None, "no rules": "none", "signatures": "searched"}
MARK = re.compile(r"^BENCH (\S+) now at (\d+) nsecs", re.M)
COLORS = {"plain": "#777777", "no rules": "#1f6fb4", "signatures": "#c8442b"}


def key(size):
    return size.replace(" ", "")


def script(sizes):
    lines = [PRELUDE, 'mark() { echo "BENCH $* $(grep -m1 \'now at\' /proc/timer_list)"; }', "mkdir -p /run/files",
             "mount -t ext4 -o ro $(at 2) /run/files || echo BENCH-FAILED"]
    for size in sizes:
        lines += ["sync; echo 3 >/proc/sys/vm/drop_caches", "mark begin", f"cat /run/files/{key(size)} >/dev/null || echo BENCH-FAILED",
                  f"mark {key(size)}-uncached", f"cat /run/files/{key(size)} >/dev/null", f"mark {key(size)}-cached"]
    return "\n".join(lines) + "\n"


def policy(kind):
    path = os.path.join(work_folder(), f"bench-flow-{kind}.hvrule")
    with open(path, "w", encoding="ascii") as f:
        f.write(rules(kind) if kind != "none" else 'policy "none" version 1;\n')
    return hypervisor(policy=path)


def files_disk(sizes):
    """A disk with a file of each size; made once for these sizes."""
    path = os.path.join(work_folder(), f"bench-flow-{'-'.join(map(key, sizes))}-{SEED}.img")
    if os.path.exists(path):
        return path
    folder = os.path.join(work_folder(), "bench-flow-files")
    os.makedirs(folder, exist_ok=True)
    r = random.Random(SEED)
    for size in sizes:
        with open(os.path.join(folder, key(size)), "wb") as f:
            for at in range(0, SIZES[size], 1 << 20):
                f.write(r.randbytes(min(1 << 20, SIZES[size] - at)))
    images.file_system(folder, path, (sum(SIZES[size] for size in sizes) * 11 // 10 + (16 << 20)) // 512, "ext4")
    for size in sizes:
        os.unlink(os.path.join(folder, key(size)))
    return path


def run_once(name, sizes):
    """Seconds of each read."""
    drive, device = disk(files_disk(sizes))
    with Machine(f"bench-flow-{name.replace(' ', '-')}", disks=[image("endpoint.img")], script=script(sizes), memory=1536,
                 drives=[(drive + ",snapshot=on", device)], hv=policy(WAYS[name]) if WAYS[name] else None, limit=BOOT + LONG) as m:
        m.expect("ENDPOINT-DONE", BOOT + LONG)
        text = m.serial.text()
    if "BENCH-FAILED" in text:
        raise Failed(m.report("a file was not read"))
    marks = [(what, int(ns)) for what, ns in MARK.findall(text)]
    return {what: (ns - before[1]) * 1e-9 for before, (what, ns) in zip(marks, marks[1:]) if what != "begin"}


def rows(f):
    """Of each size and cache: both ways beside plain."""
    for size in SIZES:
        for cache in ("uncached", "cached"):
            what = f"{key(size)}-{cache}"
            took = {name: statistics.median(run[what] for run in f[name]) for name in WAYS if f[name] and what in f[name][0]}
            for name in ("no rules", "signatures"):
                if name in took and "plain" in took:
                    yield row(f"{size}, {cache}, {name}", "s", took[name], took["plain"])


def plot(table, path):
    """Throughput over size, a line for each way and cache, both axes logarithmic."""
    points = {}
    for r in table:
        size, cache, name = r["name"].split(", ")
        points.setdefault((name, cache), {})[size] = SIZES[size] / r["ours"] / 1e6
        points.setdefault(("plain", cache), {})[size] = SIZES[size] / r["peer"] / 1e6
    if not points:
        return
    values = [v for line in points.values() for v in line.values()]
    low, high = math.floor(math.log10(min(values))), max(math.ceil(math.log10(max(values))), math.floor(math.log10(min(values))) + 1)
    left, top, wide, tall = 80, 30, 560, 320

    def x(size):
        return left + wide * (math.log10(SIZES[size]) - 6) / 3

    def y(value):
        return top + tall * (high - math.log10(value)) / (high - low)

    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 410" font-family="sans-serif" font-size="13">',
           '<rect width="860" height="410" fill="white"/>',
           f'<rect x="{left}" y="{top}" width="{wide}" height="{tall}" fill="none" stroke="#999"/>']
    for n in range(low, high + 1):
        out += [f'<line x1="{left}" x2="{left + wide}" y1="{y(10 ** n):.1f}" y2="{y(10 ** n):.1f}" stroke="#ddd"/>',
                f'<text x="{left - 8}" y="{y(10 ** n) + 4:.1f}" text-anchor="end">{10 ** n:g}</text>']
    for size in SIZES:
        out.append(f'<text x="{x(size):.1f}" y="{top + tall + 20}" text-anchor="middle">{size}</text>')
    out += [f'<text x="{left + wide / 2}" y="{top + tall + 45}" text-anchor="middle">file</text>',
            f'<text x="20" y="{top + tall / 2}" text-anchor="middle" transform="rotate(-90 20 {top + tall / 2})">MB/s</text>']
    for n, ((name, cache), line) in enumerate(sorted(points.items(), key=lambda item: (item[0][1] != "cached", item[0][0]))):
        dash = ' stroke-dasharray="6 4"' if cache == "uncached" else ""
        places = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in line.items())
        out.append(f'<polyline points="{places}" fill="none" stroke="{COLORS[name]}" stroke-width="2"{dash}/>')
        out += [f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3" fill="{COLORS[name]}"/>' for size, value in line.items()]
        out += [f'<line x1="660" x2="690" y1="{46 + 22 * n}" y2="{46 + 22 * n}" stroke="{COLORS[name]}" stroke-width="2"{dash}/>',
                f'<text x="698" y="{50 + 22 * n}">{name}, {cache}</text>']
    with open(path, "w", encoding="ascii") as f:
        f.write("\n".join(out + ["</svg>", ""]))


def main():
    words = argparse.ArgumentParser(description="a file read from disk, uncached and cached")
    words.add_argument("--short", action="store_true", help="two small files, one run: does it run?")
    words.add_argument("--runs", type=int, default=3, help="of each way")
    words.add_argument("--folder", default=".", help="where bench-flow.json and bench-flow.svg go")
    options = words.parse_args()
    sizes = list(SIZES)[:2] if options.short else list(SIZES)
    figures = {name: [] for name in WAYS}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    why = None
    try:
        for n in range(1 if options.short else options.runs):
            for name in WAYS:
                step(f"run {n + 1} of {options.runs}, {name}")
                figures[name].append(run_once(name, sizes))
    except (Failed, images.Missing) as e:
        why = e
    except (KeyboardInterrupt, SystemExit):
        why = "interrupted"
    step("")
    table = list(rows(figures))
    show(table)
    plot(table, os.path.join(options.folder, "bench-flow.svg"))
    with open(os.path.join(options.folder, "bench-flow.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join("  " + json.dumps(r) for r in table) + "\n]\n")
    if why:
        print(f"bench: not all was measured: {why}", file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
