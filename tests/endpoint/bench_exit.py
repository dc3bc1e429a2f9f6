#!/usr/bin/env python3
"""bench_exit.py - what one exit costs an endpoint: the bare guest plain and hypervised in turn

    bench_exit.py [--runs N] [--folder F]     a table, and bench-exit.json in the working folder

An instruction that exits, repeated (guest/price64.c): CPUID, a write to the local APIC, a read of the network card, and
none; then each with a hundred pages touched behind it, for what an exit takes from caches and TLBs is paid afterwards.
Nanoseconds by the guest's HPET, its fastest round, the median of runs in turn.  The machine's figures, not the hypervisor's alone: QEMU's
TCG empties its TLB at VMRUN and at #VMEXIT, a processor does not.
"""
import argparse
import json
import os
import re
import statistics
import sys

from bench import row, show, step
from image import Missing
from machine import Failed, Machine, guest, hypervisor

BOOT = 120
PAGES = 100             # as guest/price64.c has them
PRICE = re.compile(r"^PRICE (\S+) alone=(\d+) touching=(\d+)$", re.M)
NAMES = {"cpuid": "CPUID", "local-apic": "a write to the local APIC", "network-card": "a read of the network card",
         "cr3": "no exit, CR3 loaded", "nothing": "no exit"}


def prices(who):
    """{instruction: (ns, ns a page that is touched behind it)}"""
    words = "alone=price reset=triple" + (" hv" if who == "ours" else "")
    with Machine(f"bench-exit-{who}", disks=[guest("guest", words, f"bench-exit-{who}")], nics=("e1000",),
                 hv=hypervisor() if who == "ours" else None, reboot=False, limit=BOOT) as m:
        m.expect("RESET-NOW", BOOT)
        seen = PRICE.findall(m.serial.text())
    if [name for name, *_ in seen] != list(NAMES):
        raise Failed(m.report("prices are missing"))
    return {name: (int(alone), (int(touching) - int(alone)) / PAGES) for name, alone, touching in seen}


def rows(runs):
    for name, text in NAMES.items():
        for n, what in enumerate((text, f"{text}, then a page")):
            ours, plain = (statistics.median(run[who][name][n] for run in runs) for who in ("ours", "plain"))
            yield row(what, "ns", ours, plain)


def main():
    parser = argparse.ArgumentParser(description="what one exit costs")
    parser.add_argument("--runs", type=int, default=3, help="pairs (default 3)")
    parser.add_argument("--folder", default=".", help="where bench-exit.json goes")
    options = parser.parse_args()
    runs, why = [], None
    try:
        for n in range(options.runs):
            step(f"pair {n + 1} of {options.runs}")
            runs.append({who: prices(who) for who in ("plain", "ours")})
    except (Failed, Missing) as e:
        why = e
    except KeyboardInterrupt:
        why = "interrupted"
    step("")
    table = list(rows(runs)) if runs else []
    show(table)
    with open(os.path.join(options.folder, "bench-exit.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join("  " + json.dumps(r) for r in table) + "\n]\n")
    if why:
        print(f"bench: not all was measured: {why}", file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
