#!/usr/bin/env python3
"""bench_net.py - what judging every frame costs an endpoint: plain and hypervised in turn, in one run

    bench_net.py [--short] [--runs N] [--nic NIC] [--folder F]     a table, and bench-net.json in the working folder

Wall time, as the guest's own clock has it, of a download, an upload and pings by QEMU's user network, with 100
header rules: the median of runs in turn, and the fastest and slowest. Exits and the hypervisor's instructions a packet
by the counting plugin, which is read between one traffic and the next of one machine a policy; packets are the guest's
own count, exits are those of ticks too. --short: does it run?
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
sys.path[:0] = [os.path.join(HERE, "count"), os.path.join(HERE, "net")]
import count
from bench import counters, row, show, step
from image import Missing
from machine import Failed, Machine, hypervisor, image, work_folder
from rig import FAR, PRELUDE, SERVICES

BOOT = 400
LONG = 900
MIB = 1 << 20
END = "reboot=t endpoint.end=reboot"    # a triple fault: the hypervisor then tells its counters
PAUSE = 2               # seconds of the guest's, in which the machine is stopped and the plugin read
MARK = re.compile(r"^BENCH (\w+) now at (\d+) nsecs", re.M)
PHASE = re.compile(r"^PHASE (\d+) (\d+) (\d+)", re.M)
GOALS = {"download": 2.0, "upload": 2.2, "ping": 2.0}
EXITS_A_PACKET = 2
BULK = ("download", "upload")
# what the traffic of a counted machine is: bytes of a frame that a ping is, or bulk
TRAFFIC = {"64 bytes": "ping -A -q -c {n} -s 22 10.0.2.2", "576 bytes": "ping -A -q -c {n} -s 534 10.0.2.2",
           "1514 bytes": "ping -A -q -c {n} -s 1472 10.0.2.2", "download": "wget -q -O /dev/null http://{far}:7004/{bytes}",
           "upload": "wget -q -O - --post-file /run/up http://{far}:7004/"}


def script(sizes):
    down, up, pings = sizes
    return PRELUDE + f"""
mark() {{ echo "BENCH $* $(grep -m1 'now at' /proc/timer_list)"; }}
up; dhcp
head -c {up} /dev/zero | tr '\\0' x >/run/up
ping -c 1 10.0.2.2 >/run/ping
mark begin
wget -q -O /dev/null http://{FAR}:7004/{down}
mark download
wget -q -O - --post-file /run/up http://{FAR}:7004/
mark upload
ping -A -q -c {pings} 10.0.2.2 >/run/ping
mark ping
grep -q ' 0% packet loss' /run/ping && echo BENCH-WHOLE
"""


def rules(kind):
    """The source of a policy: none, 100 rules over headers, 1,000 literals in the payload, both ways."""
    lines = [f'policy "bench {kind}" version 1;']
    r = random.Random(44)       # not what serve.py serves
    if kind == "literals":
        for n in range(1000):
            lines.append(f'pattern p{n} = {{ {" ".join(f"{b:02X}" for b in r.randbytes(12))} }};')
        body = [f"    all: payload has any {{ {', '.join(f'p{n}' for n in range(1000))} }} -> log, drop;"]
    else:
        body = [f"    r{n}: ip.dst == 198.51.{n % 7}.{n} and tcp.dport in {{ {2000 + n}, {30000 + n * 7} }} -> log, drop;" if n % 2 else
                f"    r{n}: udp.sport == {9000 + n} and ip.ttl < {n % 30 + 1} and ip.src not in 10.0.0.0/8 -> log, drop;"
                for n in range(100)]
    for hook in ("net out", "net in"):
        lines += [f"on {hook} default pass {{", *([] if kind == "none" else body), "}"]
    return "\n".join(lines if kind != "none" else lines[:1]) + "\n"


def policy(kind):
    path = os.path.join(work_folder(), f"bench-{kind}.hvrule")
    with open(path, "w", encoding="ascii") as f:
        f.write(rules(kind))
    return hypervisor(policy=path)


def wall(nic, name, sizes):
    """Seconds of each transfer."""
    with Machine(f"bench-net-{name}", disks=[image("endpoint.img")], script=script(sizes), nics=(nic,), net=SERVICES,
                 hv=policy("headers") if name == "ours" else None, limit=BOOT + LONG) as m:
        m.expect("ENDPOINT-DONE", BOOT + LONG)
        text = m.serial.text()
    if "BENCH-WHOLE" not in text:
        raise Failed(m.report("pings were lost"))
    marks = [(what, int(ns)) for what, ns in MARK.findall(text)]
    return {what: (ns - before[1]) * 1e-9 for before, (what, ns) in zip(marks, marks[1:])}


def counted_script(sizes):
    """Between one traffic and the next a pause; before it the packets so far."""
    lines = [PRELUDE, "phases=0; packets=/sys/class/net/eth0/statistics",
             f'phase() {{ echo "PHASE $phases $(cat $packets/rx_packets) $(cat $packets/tx_packets)"; sleep {PAUSE}; phases=$((phases + 1)); }}',
             "up; dhcp; ping -q -c 2 10.0.2.2 >/dev/null", f"head -c {sizes[1]} /dev/zero | tr '\\0' x >/run/up", "phase"]
    for line in TRAFFIC.values():
        lines += [line.format(n=sizes[2], far=FAR, bytes=sizes[0]) + " || echo BENCH-FAILED", "phase"]
    return "\n".join(lines) + "\n"


def counted(nic, kind, sizes, where):
    """By traffic: packets, exits, and the hypervisor's instructions by function."""
    words, out = count.plugin(f"bench-net-{kind}", where)
    live, seen = out + ".live", []
    with Machine(f"bench-net-{kind}", disks=[image("endpoint.img")], script=counted_script(sizes), nics=(nic,),
                 net=SERVICES, hv=policy(kind), args=END, plugin=f"{words},live={live}", reboot=False, limit=BOOT + LONG) as m:
        for n in range(len(TRAFFIC) + 1):
            m.expect(rf"^PHASE {n} .*", BOOT + LONG)
            m.qmp("stop")
            seen.append(count.so_far(live, where))
            if re.search(rf"^(PHASE {n + 1} |ENDPOINT-DONE)", m.serial.text(), re.M):
                raise Failed("this machine is too slow: the next traffic began before the last was counted")
            m.qmp("cont")
        m.expect("ENDPOINT-DONE", BOOT)
        m.wait(60)
        if "BENCH-FAILED" in m.serial.text():
            raise Failed(m.report(f"traffic under the policy {kind} did not come through"))
        exits, _ = counters(m.log.text())
        packets = [int(rx) + int(tx) for _, rx, tx in PHASE.findall(m.serial.text())]
    by = dict(count.split(out, where, True)[2])
    os.unlink(live)
    an_exit = by["svm_run"] / sum(exits.values())     # instructions of svm_run()
    figures = {}
    for n, traffic in enumerate(TRAFFIC):
        took = {name: ran - seen[n].get(name, 0) for name, ran in seen[n + 1].items()}
        figures[traffic] = {"packets": packets[n + 1] - packets[n], "exits": took["svm_run"] / an_exit, "functions": took,
                            "hypervisor": sum(took.values())}
    return figures


def a_packet(figures, what):
    return figures[what] / figures["packets"]


def show_functions(kind, traffic, figures, top):
    print(f"-- {kind}, {traffic}: instructions a packet")
    for name, n in sorted(figures["functions"].items(), key=lambda row: -row[1])[:top]:
        print(f"{name:40}{n / figures['packets']:10.1f}")


def rows(f, nic, short=False):
    """A goal is of whole runs: in a short one the programs' own start is most of the time."""
    for what, goal in GOALS.items():
        took = [[run[what] for run in f["wall"][who] if what in run] for who in ("ours", "plain")]
        if not all(took):
            continue
        yield row(f"{nic}, {what}, 100 header rules, wall time", "s", *map(statistics.median, took), None if short else goal)
        yield row(f"{nic}, {what}, fastest run", "s", *map(min, took))
        yield row(f"{nic}, {what}, slowest run", "s", *map(max, took))
    for kind, of_kind in f["counted"].items():
        for traffic, figures in of_kind.items():
            yield row(f"{nic}, {traffic}, {kind}: exits a packet", "", a_packet(figures, "exits"), None,
                      EXITS_A_PACKET if traffic in BULK and kind == "headers" else None)
            yield row(f"{nic}, {traffic}, {kind}: the hypervisor's instructions a packet", "", a_packet(figures, "hypervisor"))


def measure(options, f):
    """Fills @f, which has what there is when this ends early."""
    sizes = (MIB, MIB // 2, 20) if options.short else (32 * MIB, 16 * MIB, 400)
    for n in range(1 if options.short else options.runs):
        for name in ("plain", "ours"):
            step(f"wall time, run {n + 1} of {options.runs}, {name}")
            f["wall"][name].append(wall(options.nic, name, sizes))
    where = count.find_hypervisor(1)
    sizes = (MIB, MIB, 50) if options.short else (8 * MIB, 8 * MIB, 500)
    for kind in ("headers",) if options.short else ("none", "headers", "literals"):
        step(f"instructions, {kind}")
        f["counted"][kind] = counted(options.nic, kind, sizes, where)


def main():
    words = argparse.ArgumentParser(description="what judging every frame costs an endpoint")
    words.add_argument("--short", action="store_true", help="little of it: does it run?")
    words.add_argument("--runs", type=int, default=3, help="of wall time, each plain and hypervised")
    words.add_argument("--nic", default="e1000", help="of QEMU's: e1000, e1000e, e1000-82545em")
    words.add_argument("--top", type=int, default=0, help="so many of the hypervisor's functions by instructions")
    words.add_argument("--folder", default=".", help="where bench-net.json goes")
    options = words.parse_args()
    figures = {"counted": {}, "wall": {"ours": [], "plain": []}}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    why = None
    try:
        measure(options, figures)
    except (Failed, Missing) as e:
        why = e
    except (KeyboardInterrupt, SystemExit):
        why = "interrupted"
    step("")
    table = list(rows(figures, options.nic, options.short))
    show(table)
    for kind, of_kind in figures["counted"].items() if options.top else ():
        for traffic, of_traffic in of_kind.items():
            show_functions(kind, traffic, of_traffic, options.top)
    with open(os.path.join(options.folder, "bench-net.json"), "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join("  " + json.dumps(r) for r in table) + "\n]\n")
    if why:
        print(f"bench: not all was measured: {why}", file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
