#!/usr/bin/env python3
"""count.py - instructions of a boot, plain and under the hypervisor, by who ran them

    count.py [--smp N] [--top N] [--json FILE]     needs hv.elf, count.so and the endpoint's disk

Both boots run under icount, so that virtual time follows instructions and no load of this machine
shows. The hypervisor's share is what ran in its own range of addresses, as its log gives it. What
the exits themselves cost a real processor is in none of these figures.
"""
import argparse
import array
import bisect
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from machine import Failed, Machine, build_folder, guest, hypervisor, image
from image import Missing

BOOT = 400
RANGE = re.compile(r"hypervisor at ([0-9a-f]+), (\d+) KiB")


def pieces(path):
    """Address and count of each piece that ran: 64 KiB, in the hypervisor 16 bytes."""
    with open(path, encoding="ascii") as f:
        return [tuple(int(word, 16) for word in line.split()) for line in f]


def find_hypervisor(smp):
    """First and last address of its memory on this machine."""
    with Machine("count-where", disks=[guest("probe", "", "count-where")], hv=hypervisor(), smp=smp) as m:
        found = m.expect(RANGE.pattern, port=m.log)
    return int(found[1], 16), int(found[1], 16) + int(found[2]) * 1024


def symbols(kinds):
    """Rows ADDRESS KIND NAME of hv.elf's symbols, by address, and where its image begins."""
    nm = subprocess.run(["nm", "-n", os.path.join(build_folder(), "hv/hv64")], check=True, text=True,
                        stdout=subprocess.PIPE).stdout
    rows = [line.split() for line in nm.splitlines() if re.match(r"[0-9a-f]", line)]
    base = next(int(row[0], 16) for row in rows if row[2] == "image_start")
    return [row for row in rows if row[1] in kinds], base


# hv/cpu/vcpu.h, enum vmexit_kind, by their names in the log (hv/counters_report.c)
EXITS = ("cpuid", "msr", "io", "page", "hypercall", "forbidden", "exception", "none", "nmi", "interrupt", "init", "shutdown", "halt", "invalid", "other")


def exits(m, where):
    """Exits of the first processor so far, by reason, of a machine that stands still."""
    rows, base = symbols("bBdD")
    at = next(int(row[0], 16) for row in rows if row[2] == "cpu_counters") - base + where[0]
    words = re.findall(r"0x([0-9a-f]+)", m.hmp(f"xp /{len(EXITS)}gx {at:#x}"))
    return dict(zip(EXITS, (int(word, 16) for word in words)))


def functions(counts, first):
    """Instructions by function of hv.elf, most first: an image that lies where its memory begins."""
    rows, base = symbols("tT")
    starts = [int(row[0], 16) - base + first for row in rows]
    sums = {}
    for address, count in counts:
        # a piece that two functions share goes to the one it starts in
        at = bisect.bisect_right(starts, address) - 1
        name = rows[at][2] if at >= 0 else "?"
        sums[name] = sums.get(name, 0) + count
    return sorted(sums.items(), key=lambda row: -row[1])


def plugin(name, where):
    """QEMU's words for a run that is counted, and the file that it leaves."""
    path = os.path.join(build_folder(), "tests/endpoint/count.so")
    if not os.path.exists(path):
        raise Missing(f"{path} is not built")
    out = os.path.join(build_folder(), f"endpoint-{name}.count")
    return f"{path},out={out},first={where[0]:x},end={where[1]:x}", out


VCPUS = 8               # as count.c has it: a row is a key and so many counts


def so_far(live, where):
    """The hypervisor's instructions up to now, by function, of a machine whose plugin has live=LIVE (and stands still)."""
    table = array.array("Q")
    with open(live, "rb") as f:
        table.frombytes(f.read())
    first, end = where
    counts = [(table[at] - 1, sum(table[at + 1:at + 1 + VCPUS])) for at in range(0, len(table), VCPUS + 1)
              if first < table[at] <= end]
    return dict(functions(counts, first))


def split(out, where, hypervised):
    """All instructions of a run, the hypervisor's, and those by function."""
    counts = pieces(out)
    os.unlink(out)
    first, end = where
    ours = [row for row in counts if hypervised and first <= row[0] < end]
    return sum(row[1] for row in counts), sum(row[1] for row in ours), functions(ours, first) if ours else []


def show_functions(row, top):
    for name, count in row["functions"][:top]:
        print(f"{name:40}{count:14,}{count / row['hypervisor']:8.1%}")


def boot(name, hv, smp, where):
    """One boot to ENDPOINT-DONE and off: instructions by owner, Linux's clock at the end."""
    words, out = plugin(name, where)
    with Machine(name, disks=[image("endpoint.img")], hv=hv, smp=smp, icount=True, plugin=words, limit=2 * BOOT) as m:
        done = m.expect(r"ENDPOINT-DONE .*uptime=([\d.]+)", BOOT)
        m.wait(BOOT)
    total, ours, by = split(out, where, bool(hv))
    return {"instructions": total, "hypervisor": ours, "functions": by, "uptime": float(done[1])}


def main():
    words = argparse.ArgumentParser(description="instructions of a boot, plain and under the hypervisor")
    words.add_argument("--smp", type=int, default=1)
    words.add_argument("--top", type=int, default=12, help="so many of the hypervisor's functions")
    words.add_argument("--json", help="write the figures there")
    options = words.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        where = find_hypervisor(options.smp)
        rows = {"hypervised": boot("count-hv", hypervisor(), options.smp, where)}
        rows["plain"] = boot("count-plain", None, options.smp, where)
    except (Failed, Missing) as e:
        print(f"count: {e}", file=sys.stderr)
        return 1
    print(f"{'':12}{'instructions':>16}{'hypervisor':>14}{'share':>8}{'uptime':>9}")
    for name, row in rows.items():
        print(f"{name:12}{row['instructions']:16,}{row['hypervisor']:14,}"
              f"{row['hypervisor'] / row['instructions']:8.2%}{row['uptime']:8.2f}s")
    ratio = rows["hypervised"]["instructions"] / rows["plain"]["instructions"]
    print(f"instructions, hypervised / plain: {ratio:.3f}")
    show_functions(rows["hypervised"], options.top)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
