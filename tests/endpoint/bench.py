#!/usr/bin/env python3
"""bench.py - what the hypervisor costs an endpoint: plain and hypervised in turn, in one run

    bench.py [--short] [--runs N] [--folder F]     a table, and bench-endpoint.json in the working folder

Under icount virtual time follows instructions and no load of this machine shows: those are the firm
figures. icount does not see what an exit costs a processor, so each is put at EXIT_COST instructions.
Wall time is the median of runs in turn; its fastest and slowest are rows of their own. iPXE has no part
in any figure: QEMU's -kernel loads hv.elf. --short takes the bare guest in Linux's place: does it run?
"""
import argparse
import json
import os
import re
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "count"))
import count
from image import Missing
from machine import SLOW, Failed, Machine, guest, hypervisor, image

BOOT = 400
LOOPS = 600
EXIT_COST = 2000        # instructions that an exit is worth on a processor
EPOCH = 1767225600      # of the machines' clock at power-on: machine.py's 2026-01-01
POLL = 0.02
END = "reboot=t endpoint.end=reboot"    # a triple fault: the hypervisor then tells its counters
MD5SUMS = 30            # of busybox, 2 MB
FORKS = 3000
EXIT = re.compile(r"\] exits: (\w+) (\d+)$", re.M)
DEVICE = re.compile(r"\] device: (\S+) (\d+) reads (\d+) writes$", re.M)
SECONDS = re.compile(r"\] rate: .* (\d+) seconds$", re.M)
MARK = re.compile(r"^BENCH (\w+)(?: (\d+))? now at (\d+) nsecs", re.M)

SCRIPT = f"""
mark() {{ echo "BENCH $* $(grep -m1 'now at' /proc/timer_list)"; }}
mark up
n=0; while [ $n -lt {MD5SUMS} ]; do md5sum /bin/busybox >/dev/null; n=$((n + 1)); done
mark md5sum
n=0; while [ $n -lt {FORKS} ]; do ( : ); n=$((n + 1)); done
mark fork
"""
# where Linux's clock stands when the machine's has a full second: the time before Linux
EDGE = """
clock=/sys/class/rtc/rtc0/since_epoch
read -r now <$clock; then=$now
while [ $then = $now ]; do sleep 0.005; read -r now <$clock; done
mark edge $now
"""
# work for two processors that wake each other
PAIR = """
n=0; while [ $n -lt 300 ]; do ( : ) & ( : ); wait; n=$((n + 1)); done
awk 'NR > 1 { for (i = 2; i <= 3 && $i ~ /^[0-9]+$/; i++) n += $i } END { print "INTERRUPTS " n }' /proc/interrupts
"""


def hypervised(name):
    return hypervisor() if name == "ours" else None


def marks(text):
    """Nanoseconds of Linux's clock at each mark; `edge` has also the machine's second."""
    return {name: (int(ns), int(second or 0)) for name, second, ns in MARK.findall(text)}


def loops(seen):
    """Seconds that each loop took."""
    return {"md5sum": (seen["md5sum"][0] - seen["up"][0]) * 1e-9, "fork": (seen["fork"][0] - seen["md5sum"][0]) * 1e-9}


def since_power_on(seen):
    """Seconds of the machine's clock at `up`: what Linux counted, and what went before Linux."""
    ns, second = seen["edge"]
    return second - EPOCH - (ns - seen["up"][0]) * 1e-9


def counters(log):
    """The last that the hypervisor told: exits by reason; accesses by device, (reads, writes)."""
    log = log[max(log.rfind("counters: begin"), 0):]
    devices = {}
    for name, reads, writes in DEVICE.findall(log):
        was = devices.get(name, (0, 0))
        devices[name] = (was[0] + int(reads), was[1] + int(writes))
    return {name: int(n) for name, n in EXIT.findall(log)}, devices


def ticks(log):
    """NMIs that woke the hypervisor, each second."""
    seconds = SECONDS.findall(log)
    return counters(log)[0].get("nmi", 0) / max(int(seconds[-1]), 1) if seconds else 0


# ---- machines ------------------------------------------------------------------


def disks(name, short):
    if short:
        return [guest("guest", "reset=triple" + (" hv" if name == "ours" else ""), f"bench-{name}")]
    return [image("endpoint.img")]


def counted(name, short, where):
    """A boot to userspace and a triple fault under icount, instructions by who ran them."""
    plugin, out = count.plugin(f"bench-{name}", where)
    with Machine(f"bench-{name}", disks=disks(name, short), args="" if short else END, script=None if short else "true",
                 hv=hypervised(name), icount=True, plugin=plugin, reboot=False, limit=2 * BOOT) as m:
        m.expect("RESET-NOW" if short else "ENDPOINT-DONE", BOOT)
        m.wait(BOOT)
        log = m.log.text()
    total, ours, functions = count.split(out, where, name == "ours")
    exits, devices = counters(log)
    return {"instructions": total, "hypervisor": ours, "functions": functions, "exits": exits, "devices": devices,
            "ticks": ticks(log)}


def virtual(name):
    """Boot and loops by the machine's own clock under icount."""
    with Machine(f"bench-{name}-virtual", disks=disks(name, False), script=SCRIPT + EDGE, hv=hypervised(name), icount=True,
                 limit=BOOT + LOOPS) as m:
        m.expect("ENDPOINT-DONE", BOOT + LOOPS)
        seen = marks(m.serial.text())
    return {"boot": since_power_on(seen), **loops(seen)}


def wall(name, short):
    """Seconds from QEMU's start to userspace, and of the loops."""
    up = "GUEST-UP" if short else "ENDPOINT-UP"
    with Machine(f"bench-{name}-wall", disks=disks(name, short), script=None if short else SCRIPT, hv=hypervised(name),
                 reboot=not short, limit=BOOT + LOOPS) as m:
        began = time.monotonic()
        while not re.search(up, m.serial.text()) and time.monotonic() < began + BOOT * SLOW and m.running():
            time.sleep(POLL)
        took = {"boot": time.monotonic() - began}
        m.expect(up, 1)
        if not short:
            m.expect("ENDPOINT-DONE", LOOPS)
            took.update(loops(marks(m.serial.text())))
    return took


def lapic():
    """Exits for the local APIC's page (its reads make none), and interrupts, of a boot on two processors."""
    with Machine("bench-lapic", disks=[image("endpoint.img")], script=PAIR, args=END, smp=2, hv=hypervisor(),
                 reboot=False, limit=BOOT + LOOPS) as m:
        m.expect("ENDPOINT-DONE", BOOT + LOOPS)
        taken = int(re.search(r"INTERRUPTS (\d+)", m.serial.text())[1])
        m.wait(BOOT)
        _, devices = counters(m.log.text())
    return {"interrupts": taken, "exits": sum(devices.get("local-apic", (0, 0)))}


# ---- rows ------------------------------------------------------------------------


def row(name, unit, ours, peer=None, goal=None):
    ratio = ours / peer if peer else None
    measure = ratio if peer else ours
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "peer_name": "plain" if peer else None,
            "ratio": ratio, "goal": goal, "holds": None if goal is None else measure <= goal}


def wall_rows(f, what, name, goal):
    took = [[run[what] for run in f["wall"][who]] for who in ("ours", "plain")]
    if not all(took):
        return
    yield row(f"{name}, wall time", "s", *map(statistics.median, took), goal)
    yield row(f"{name}, wall time, fastest run", "s", *map(min, took))
    yield row(f"{name}, wall time, slowest run", "s", *map(max, took))


def counted_rows(boot, ours, plain, goals):
    exits = sum(ours["exits"].values())
    yield row(f"{boot}, instructions", "", ours["instructions"], plain["instructions"])
    yield row(f"{boot}, instructions + {EXIT_COST:,} x exits", "", ours["instructions"] + EXIT_COST * exits,
              plain["instructions"], 1.04 if goals else None)
    yield row(f"{boot}, the hypervisor's share", "%", 100 * ours["hypervisor"] / ours["instructions"], None,
              1 if goals else None)
    yield row(f"{boot}, exits", "", exits)
    for reason, n in sorted(ours["exits"].items(), key=lambda item: -item[1]):
        yield row(f"{boot}, exits: {reason}", "", n)
    for device, (reads, writes) in sorted(ours["devices"].items()):
        yield row(f"{boot}, accesses: {device}", "", reads + writes)
    yield row("wake-up, NMIs a second", "", ours["ticks"])


def rows(f, short=False):
    """All rows of the figures that were taken: `counted` and `virtual` of ours and plain, `lapic`, `wall` a run each."""
    boot = "boot of the bare guest" if short else "boot to userspace"
    virtually = f["virtual"] if len(f["virtual"]) == 2 else None
    if virtually:
        yield row(f"{boot}, virtual time", "s", virtually["ours"]["boot"], virtually["plain"]["boot"], 1.05)
    yield from wall_rows(f, "boot", boot, None if short else 1.25)
    if len(f["counted"]) == 2:
        yield from counted_rows(boot, f["counted"]["ours"], f["counted"]["plain"], not short)
    if f["lapic"]:
        yield row("LAPIC exits an interrupt, two processors", "", f["lapic"]["exits"] / f["lapic"]["interrupts"])
    for loop in () if short else ("md5sum", "fork"):
        if virtually:
            yield row(f"{loop} loop, virtual time", "s", virtually["ours"][loop], virtually["plain"][loop], 1.02)
        yield from wall_rows(f, loop, f"{loop} loop", 1.15)


def figure(value):
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def show(table):
    print(f"{'':58} {'ours':>14} {'':2} {'plain':>14} {'ratio':>7}  goal")
    for r in table:
        line = f"{r['name']:58} {figure(r['ours']):>14} {r['unit']:2}"
        line += f" {figure(r['peer']):>14} {r['ratio']:7.3f}" if r["peer"] else " " * 23
        if r["goal"] is not None:
            line += f"  <= {r['goal']:<5g} {'holds' if r['holds'] else 'FAILS'}"
        print(line.rstrip())


# ---- the run ----------------------------------------------------------------------


def step(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure(options, f):
    """Fills @f, which has what there is when this ends early."""
    both = ("plain", "ours")
    step("where the hypervisor lies")
    where = count.find_hypervisor(1)
    for name in both:
        step(f"instructions of a boot, {name}")
        f["counted"][name] = counted(name, options.short, where)
    for name in () if options.short else both:
        step(f"virtual time of boot and loops, {name}")
        f["virtual"][name] = virtual(name)
    if not options.short:
        step("local APIC")
        f["lapic"] = lapic()
    for n in range(options.runs):
        for name in both:
            step(f"wall time, run {n + 1} of {options.runs}, {name}")
            f["wall"][name].append(wall(name, options.short))


def main():
    words = argparse.ArgumentParser(description="what the hypervisor costs an endpoint")
    words.add_argument("--short", action="store_true", help="the bare guest, seconds")
    words.add_argument("--runs", type=int, default=3, help="of wall time, each plain and hypervised")
    words.add_argument("--top", type=int, default=0, help="so many of the hypervisor's functions by instructions")
    words.add_argument("--folder", default=".", help="where bench-endpoint.json goes")
    options = words.parse_args()
    figures = {"counted": {}, "virtual": {}, "lapic": None, "wall": {"ours": [], "plain": []}}
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
    if "ours" in figures["counted"]:
        count.show_functions(figures["counted"]["ours"], options.top)
    with open(os.path.join(options.folder, "bench-endpoint.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join("  " + json.dumps(r) for r in table) + "\n]\n")
    if why:
        print(f"bench: not all was measured: {why}", file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
