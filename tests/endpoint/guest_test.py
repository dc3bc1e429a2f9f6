#!/usr/bin/env python3
"""guest_test.py - the bare guest's own checks, a claim each, and what needs the rig's hand"""
import re
import sys
import time

from machine import Machine, guest, hypervisor
from tap import Open, check, claim, run

BOOT = 90
# what the hypervisor does not do yet
OPEN = set()
LINE = re.compile(r"^(ok|not ok) ([\w-]+)(?::? ?(.*))$", re.M)


def checks(machine):
    """What the guest said of each check, when it has said all."""
    machine.expect(r"CHECKS-DONE passed=\d+ failed=\d+ skipped=\d+", BOOT, fatal=re.compile("FATAL"))
    return {name: (word, rest) for word, name, rest in LINE.findall(machine.serial.text())}


@claim("every check of the bare guest holds on the plain machine, or says that it needs the hypervisor")
def plain():
    with Machine("guest-plain", disks=[guest("guest", "", "guest-plain")], extra=PORT, cpu="EPYC,+pku") as m:
        told = checks(m)
        bad = [f"{name}: {rest}" for name, (word, rest) in told.items() if word != "ok"]
        check(not bad, m.report("\n".join(bad)))
        passed = [name for name, (_, rest) in told.items() if "SKIP" not in rest]
        check(len(passed) >= 30, m.report(f"only {len(passed)} ran"))


HIDDEN = {}
# a bridge to look at
PORT = ["-device", "pcie-root-port,id=rp,chassis=1,addr=4"]


def hidden_range(m):
    """Where the hypervisor says that it is: first address and length."""
    found = m.expect(r"hypervisor at ([0-9a-f]+), (\d+) KiB", port=m.log)
    return int(found[1], 16), int(found[2]) * 1024


def under(name, words="", **machine):
    """The bare guest under the hypervisor, told where that is: the first run looks, the second tells."""
    if not HIDDEN:
        with Machine("guest-where", disks=[guest("probe", "", "guest-where")], hv=hypervisor()) as m:
            HIDDEN["range"] = hidden_range(m)
    first, length = HIDDEN["range"]
    words = f"hv hidden={first:x}-{length:x} {words}".rstrip()
    return Machine(name, disks=[guest("guest", words, name)], hv=hypervisor(), **machine)


@claim("every check of the bare guest holds under the hypervisor")
def hypervised():
    with under("guest-hv", extra=PORT, cpu="EPYC,+pku") as m:
        told = checks(m)
        bad = {name: rest for name, (word, rest) in told.items() if word != "ok"}
        check(set(bad) <= OPEN, m.report("\n".join(f"{name}: {rest}" for name, rest in bad.items())))
        check(not any("SKIP" in rest for _, rest in told.values()), m.report("something was skipped"))
        check(set(bad) == OPEN, m.report(f"these hold now, take them out of OPEN: {OPEN - set(bad)}"))
    if bad:
        raise Open(", ".join(sorted(bad)))


def asked(name, send, machine=None):
    machine = machine or Machine(f"guest-{name}", disks=[guest("guest", f"with={name}", f"guest-{name}")])
    with machine as m:
        m.expect(f"READY {name}", BOOT, fatal=re.compile("FATAL"))
        send(m)
        told = checks(m)
        check(told.get(name) == ("ok", ""), m.report(f"{name}: {told.get(name)}"))


@claim("an NMI from outside is taken exactly once", long=True)
def nmi():
    asked("nmi-from-outside", lambda m: m.hmp("nmi"))


@claim("a machine check is taken once with its bank's status", long=True)
def machine_check():
    # CPU 0, bank 0, status VAL|UC|EN|PCC, MCG status MCIP|RIPV
    asked("machine-check", lambda m: m.hmp("mce 0 0 0xb200000000000000 0x5 0 0"))


@claim("an NMI from outside is taken exactly once under the hypervisor", long=True)
def nmi_hv():
    asked("nmi-from-outside", lambda m: m.hmp("nmi"), under("hv-nmi", "with=nmi-from-outside"))


@claim("a machine check is taken once under the hypervisor", long=True)
def machine_check_hv():
    asked("machine-check", lambda m: m.hmp("mce 0 0 0xb200000000000000 0x5 0 0"),
          under("hv-machine-check", "with=machine-check"))


def plug_in(m):
    m.qmp("device_add", driver="virtio-net-pci", bus="rp", id="late")


@claim("a network card that is plugged in later shows on the plain machine and not under the hypervisor")
def hot_plug():
    words = "with=hot-plug only=hot-plug"
    asked("hot-plug", plug_in, Machine("guest-plug", disks=[guest("guest", words, "guest-plug")], extra=PORT))
    asked("hot-plug", plug_in, under("hv-plug", words, extra=PORT))


# What only the hypervisor makes true, and is not so on the plain machine: each of these checks can fail.
CAN_FAIL = {
    "svm-hidden-in-cpuid", "efer-svme-refused", "pciexbar-stays", "host-bridge-is-read-only", "isa-bridge-moves-nothing",
    "rcba-is-read-only", "bridge-buses-and-windows-stay", "bridge-resets-nothing", "bar-over-another",
    "port-bar-is-not-shared",
}


def alone(name, hv=False, **machine):
    """One check by itself, told that there is a hypervisor even where there is none."""
    words = f"hv only={name} with={name}"
    if hv:
        return under(f"hv-{name}", words, **machine)
    return Machine(f"plain-{name}", disks=[guest("guest", words, f"plain-{name}")], **machine)


@claim("what only the hypervisor makes true is not so on the plain machine")
def can_fail():
    with Machine("guest-can-fail", disks=[guest("guest", "hv", "guest-can-fail")], extra=PORT) as m:
        m.expect("^(ok|not ok) bar-everywhere", BOOT)
        bad = {name for word, name, _ in LINE.findall(m.serial.text()) if word != "ok"}
        check(CAN_FAIL <= bad, m.report(f"these hold: {CAN_FAIL - bad}"))
    for name in ("ahci-stays-ahci", "msi-goes-to-apics", "msi-sends-no-init", "fw-cfg-dma-does-nothing"):
        with alone(name) as m:
            check(checks(m)[name][0] == "not ok", m.report(f"{name} holds"))


@claim("a debug exception comes to the hypervisor first: no processor is left to deliver one for ever")
def intercepted():
    """QEMU has neither #AC nor INT1, and takes INVD for WBINVD where it is intercepted: those are set and not shown."""
    with under("hv-exception", "only=data-watchpoint reset=triple", reboot=False) as m:
        check(checks(m)["data-watchpoint"][0] == "ok", m.report("it does not hold"))
        m.wait(BOOT)
        exits = re.findall(r"exits: exception (\d+)", m.log.text())
        check(exits and int(exits[-1]) == 1, m.report(f"exits: {exits}"))


@claim("the plain machine restarts when A20 goes off under its code, and sleeps when S3 is asked for")
def falls():
    with alone("a20-stays-on") as m:
        m.expect("GUEST-UP(.|\n)*GUEST-UP", BOOT)
    with alone("sleep-with-memory-refused") as m:
        until = time.monotonic() + BOOT
        while "SUSPEND" not in m.monitor.poll():
            check(time.monotonic() < until, m.report("it does not sleep"))
            time.sleep(0.2)


@claim("MSI-X of an e1000e is there on the plain machine and not under the hypervisor")
def e1000e():
    name = "no-msi-x"
    for hv in (False, True):
        with alone(name, hv, nics=("e1000e",)) as m:
            check(checks(m)[name] == (("ok", "") if hv else ("not ok", "there is MSI-X")), m.report(f"hypervisor: {hv}"))


@claim("registers of IOMMUs, which the monitor reads, read all ones in the guest")
def iommus():
    for device, at in (("intel-iommu", 0xfed90000), ("amd-iommu", 0xfed80000)):
        words = f"with=iommu-registers-hidden only=iommu-registers-hidden iommu={at:x}"
        with under("hv-iommu", words, extra=["-device", device]) as m:
            told = checks(m)
            check(told.get("iommu-registers-hidden") == ("ok", ""), m.report(f"{device}: {told.get('iommu-registers-hidden')}"))
            check("0xffffffff" not in m.hmp(f"xp /1wx {at:#x}"), m.report(f"{device}: nothing is there at all"))


@claim("a drive by IDE's ports is there on the plain machine and not under the hypervisor")
def ide():
    extra = ["-drive", f"file={guest('probe', '', 'ide-drive')},format=raw,if=ide,snapshot=on"]
    name = "drives-without-model"
    for hv in (False, True):
        with alone(name, hv, machine="pc", extra=extra) as m:
            check(checks(m)[name][0] == ("ok" if hv else "not ok"), m.report(f"hypervisor: {hv}"))


def second(name, words="", **machine):
    with Machine(name, disks=[guest("guest", f"with=second-processor only=second-processor {words}".rstrip(), name)], smp=2, **machine) as m:
        told = checks(m)
        check(told.get("second-processor") == ("ok", ""), m.report(f"{told.get('second-processor')}"))


@claim("a second processor starts, takes each NMI once, stops by INIT and starts again, on the plain machine", long=True)
def second_plain():
    second("guest-second")


@claim("a second processor starts, takes each NMI once, stops by INIT and starts again, under the hypervisor")
def second_hv():
    second("guest-second-hv", "hv", hv=hypervisor())


@claim("an INIT beside its register resets the plain machine")
def one_way_plain():
    with alone("init-has-one-way") as m:
        m.expect("GUEST-UP(.|\n)*GUEST-UP", BOOT)


if __name__ == "__main__":
    sys.exit(run())
