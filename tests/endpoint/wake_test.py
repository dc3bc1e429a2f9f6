#!/usr/bin/env python3
"""wake_test.py - the hypervisor's own tick: no guest can keep it out, and it takes nothing from the guest"""
import re
import sys

from machine import Failed, Machine, guest, hypervisor
from tap import check, claim, run

BOOT = 120
FATAL = re.compile("FATAL")
FSB = ["-global", "hpet.msi=on"]
WOKEN = "woken-with-interrupts-off"


def machine(name, words, args="", **more):
    """The bare guest under the hypervisor, which logs some of its ticks by number."""
    return Machine(name, disks=[guest("guest", f"hv {words}".rstrip(), name)],
                   hv=hypervisor(f"log=debug {args}".rstrip()), **more)


def told(m, name):
    m.expect(rf"^(ok|not ok) {name}\b", BOOT, fatal=FATAL)
    check(re.search(rf"^ok {name}\r?$", m.serial.text(), re.M), m.report(f"{name} does not hold"))


def ticks(m):
    found = re.findall(r"wake: tick (\d+)", m.log.text())
    return int(found[-1]) if found else 0


def lines(m):
    return len(re.findall(r"MSR 12345", m.log.text()))


def woken(name, how, cpus=1, **more):
    """While nothing exits, lines of the log arrive and ticks go on."""
    with machine(name, f"with={WOKEN}", "tick=100", smp=cpus, **more) as m:
        m.expect(f"wake: HPET at fed00000, comparator 2 of 3, by {how}", BOOT, port=m.log)
        for state in ("spinning", "halting"):
            m.expect(f"READY {state}", BOOT, fatal=FATAL)
            before = ticks(m)
            m.expect(f"DONE {state}", BOOT, fatal=FATAL)
            check(lines(m) >= 2, m.report(f"{state}: {lines(m)} lines of the log"))
            check(ticks(m) > before, m.report(f"{state}: still {before} ticks"))
        told(m, WOKEN)
        check("not ok" not in m.serial.text(), m.report("another check does not hold"))


@claim("a guest that spins or halts with interrupts off is woken by a pin of the I/O APIC, whatever it wrote there")
def by_pin():
    woken("wake-pin", r"I/O APIC pin \d+")


@claim("and by an interrupt message, where the HPET sends them")
def by_message():
    woken("wake-fsb", "FSB", extra=FSB)


@claim("and on two and four processors", long=True)
def processors():
    for cpus in (2, 4):
        woken(f"wake-pin-{cpus}", r"I/O APIC pin \d+", cpus)
        woken(f"wake-fsb-{cpus}", "FSB", cpus, extra=FSB)


@claim("without an HPET, or a pin for it, the log says so, and waits for the guest")
def nothing():
    with machine("wake-none", f"with={WOKEN} spin-only", extra=["-no-hpet"]) as m:
        m.expect("wake: no HPET; a guest that does not exit is not woken, and the log waits for it", BOOT, port=m.log)
        m.expect("CHECKS-DONE", BOOT, fatal=FATAL)
    with Machine("wake-no-pin", disks=[guest("probe", "", "wake-no-pin")], machine="pc", hv=hypervisor()) as m:
        m.expect("wake: no comparator of the HPET can interrupt us; a guest that does not exit", BOOT, port=m.log)
        m.expect("PROBE-DONE", BOOT)


def exact(name, cpus=1, **more):
    """Virtual time follows instructions: what this machine does meanwhile brings no two NMIs together."""
    with machine(name, "with=hpet-many-interrupts only=hpet-many-interrupts", "tick=1000", smp=cpus, icount=True, limit=400, **more) as m:
        told(m, "hpet-many-interrupts")
        found = re.search(r"NMIS set=(\d+) taken=(\d+)", m.serial.text())
        check(found and found[1] == found[2], m.report("another number of NMIs"))
        check(ticks(m) >= 64, m.report(f"{ticks(m)} ticks"))


def stopped(name, cpus=1, **more):
    """The counter that the guest sets passes over the time of the next tick, which shall not cost an NMI."""
    check_name = "hpet-stopped-interrupts-nobody"
    with machine(name, f"only={check_name}", "tick=100", smp=cpus, icount=True, limit=400, **more) as m:
        told(m, check_name)
        check("NMIS lost=0" in m.serial.text(), m.report("one was lost"))


@claim("a hundred NMIs of the guest's own timer reach it once each beside a thousand ticks a second")
def exactly_once():
    exact("wake-exact")


@claim("and by message, and on two and four processors", long=True)
def exactly_once_long():
    exact("wake-exact-fsb", extra=FSB)
    for cpus in (2, 4):
        exact(f"wake-exact-{cpus}", cpus)
        exact(f"wake-exact-fsb-{cpus}", cpus, extra=FSB)


@claim("the NMI of a counter that was stopped and set reaches it at once")
def stopped_once():
    stopped("wake-stopped")


@claim("and by message, and on two and four processors", long=True)
def stopped_once_long():
    for cpus in (1, 2, 4):
        stopped(f"wake-stopped-fsb-{cpus}", cpus, extra=FSB)
    stopped("wake-stopped-4", 4)


@claim("NMIs are blocked until IRET, come once and wake a HLT beside a thousand ticks a second", long=True)
def nmis():
    for name in ("nmi-to-self", "nmi-blocked-until-iret", "nmi-wakes-hlt"):
        with machine(f"wake-{name}", f"only={name}", "tick=1000", icount=True) as m:
            told(m, name)


if __name__ == "__main__":
    try:
        sys.exit(run())
    except Failed as e:
        sys.exit(f"wake_test.py: {e}")
