#!/usr/bin/env python3
"""count.py - instructions of a boot, plain and under the hypervisor, by who ran them

    count.py [--smp N] [--json FILE]     needs hv.elf, count.so and the endpoint's disk

Both boots run under icount, so that virtual time follows instructions and no load of this machine
shows. The hypervisor's share is what ran in its own range of addresses, as its log gives it. What
the exits themselves cost a real processor is in none of these figures.
"""
import argparse
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from machine import Failed, Machine, build_folder, hypervisor, image
from image import Missing

BOOT = 400
RANGE = re.compile(r"hypervisor at ([0-9a-f]+), (\d+) KiB")
EXITS = re.compile(r"exits: (\w+) (\d+)")


def pieces(path):
    """Address and count of each 64 KiB that ran."""
    with open(path, encoding="ascii") as f:
        return [tuple(int(word, 16) for word in line.split()) for line in f]


def boot(name, hv, smp):
    """One boot to ENDPOINT-DONE and off: instructions by owner, Linux's clock at the end, exits."""
    plugin = os.path.join(build_folder(), "tests/endpoint/count.so")
    if not os.path.exists(plugin):
        raise Missing(f"{plugin} is not built")
    out = os.path.join(build_folder(), f"endpoint-{name}.count")
    with Machine(name, disks=[image("endpoint.img")], hv=hv, smp=smp, icount=True, plugin=f"{plugin},out={out}",
                 limit=2 * BOOT) as m:
        done = m.expect(r"ENDPOINT-DONE .*uptime=([\d.]+)", BOOT)
        m.wait(BOOT)
        log = m.log.text()
    first = end = 0
    found = RANGE.search(log)
    if found:
        first = int(found[1], 16)
        end = first + int(found[2]) * 1024
    counts = pieces(out)
    os.unlink(out)
    return {
        "instructions": sum(count for _, count in counts),
        "hypervisor": sum(count for address, count in counts if first <= address < end),
        "uptime": float(done[1]),
        "exits": {name: int(count) for name, count in EXITS.findall(log)},
    }


def main():
    words = argparse.ArgumentParser(description="instructions of a boot, plain and under the hypervisor")
    words.add_argument("--smp", type=int, default=1)
    words.add_argument("--json", help="write the figures there")
    options = words.parse_args()
    try:
        rows = {"plain": boot("count-plain", None, options.smp),
                "hypervised": boot("count-hv", hypervisor(), options.smp)}
    except (Failed, Missing) as e:
        print(f"count: {e}", file=sys.stderr)
        return 1
    print(f"{'':12}{'instructions':>16}{'hypervisor':>14}{'share':>8}{'uptime':>9}")
    for name, row in rows.items():
        print(f"{name:12}{row['instructions']:16,}{row['hypervisor']:14,}"
              f"{row['hypervisor'] / row['instructions']:8.2%}{row['uptime']:8.2f}s")
    ratio = rows["hypervised"]["instructions"] / rows["plain"]["instructions"]
    print(f"instructions, hypervised / plain: {ratio:.3f}; exits: {rows['hypervised']['exits'] or 'not logged'}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
