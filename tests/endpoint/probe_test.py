#!/usr/bin/env python3
"""probe_test.py - what real mode sees of firmware, ports and PCI on the plain machine"""
import re
import sys

from machine import Machine, guest, hypervisor
from tap import check, claim, run

BOOT = 60
MIB = 1 << 20
RAM = 1


class Probe:
    """The probe's lines, read."""

    def __init__(self, text):
        self.text = text
        self.e820 = [tuple(int(x, 16) for x in row) for row in
                     re.findall(r"^E820 base=(\w+) length=(\w+) type=(\w+)", text, re.M)]
        self.pci = {int(where, 16): (int(ident, 16), int(kind, 16) >> 8) for where, ident, kind in
                    re.findall(r"^PCI (\w+) id=(\w+) class=(\w+)", text, re.M)}

    def word(self, line, name):
        found = re.search(rf"^{line}\b.* {name}=(\w+)", self.text, re.M)
        check(found is not None, f"no {name} in {line}")
        return int(found[1], 16)

    def ram(self, below=1 << 64):
        """Bytes of RAM that E820 tells of, from 1 MiB on."""
        return sum(length for base, length, kind in self.e820 if kind == RAM and MIB <= base < below)


def probe(name, **words):
    with Machine(name, disks=[guest("probe", "", name)], **words) as m:
        m.expect("PROBE-DONE", BOOT)
        p = Probe(m.serial.text())
        p.log = m.log.text()
        return p


TOLD = {}


def told(name="probe", **words):
    """One run for all claims about the same machine."""
    if name not in TOLD:
        TOLD[name] = probe(name, **words)
    return TOLD[name]


def told_hv():
    """The same under the hypervisor, and where that says it is."""
    p = told("probe-hv", hv=hypervisor())
    found = re.search(r"hypervisor at ([0-9a-f]+), (\d+) KiB", p.log)
    check(found is not None, "the log does not say where the hypervisor is")
    return p, int(found[1], 16), int(found[2]) * 1024


@claim("E820 tells of all RAM but firmware's, in order and without overlap")
def e820():
    p = told()
    check(p.word("E820-END", "entries") == len(p.e820), "another number of lines than entries")
    ends = 0
    for base, length, _ in p.e820:
        check(base >= ends, f"{base:x} lies below {ends:x}")
        ends = base + length
    check(510 * MIB < p.ram() <= 511 * MIB, f"{p.ram():x} bytes of RAM")


@claim("E820 without its signature is refused")
def e820_signature():
    check(told().word("E820-NOSMAP", "carry") == 1, "it answers")


@claim("E801 and AH=88h tell of the same RAM as E820")
def others():
    p = told()
    check(p.word("E801", "carry") == 0 and p.word("INT15-88", "carry") == 0, "refused")
    low, high = p.word("E801", "ax") * 1024, p.word("E801", "bx") * 65536
    check(low == 15 * MIB and p.ram() - (low + high) in range(65536), f"E801: {low:x} and {high:x}")
    check(p.word("INT15-88", "ax") in (63 * 1024, 0xfc00, 0xffff), "AH=88h")


@claim("INT 13h reads the boot sector, knows the disk's size and refuses what is behind it")
def disk():
    p = told()
    with open(guest("probe", "", "probe-sum"), "rb") as f:
        sector = f.read(512)
    want = sum(int.from_bytes(sector[i:i + 2], "little") for i in range(0, 512, 2)) & 0xffff
    check(p.word("INT13-48", "sectors") == 2048 and p.word("INT13-48", "bytes") == 512, "another size")
    check(p.word("INT13-42-BEYOND", "carry") == 1, "a sector behind the end is read")
    check(p.word("INT13-02", "sum") == want, "another sum")


@claim("CF8/CFC show the host bridge, the e1000 and the AHCI controller")
def pci():
    kinds = {kind for _, kind in told().pci.values()}
    check({0x060000, 0x020000, 0x010601} <= kinds, f"{kinds}")


@claim("the plain machine's processor has SVM and its fw_cfg has DMA: what is to be hidden is there")
def plain():
    p = told()
    leaf = re.search(r"^CPUID 80000001 \w+ \w+ (\w+)", p.text, re.M)
    check(int(leaf[1], 16) & 4, "no SVM")
    check(p.word("FW-CFG", "features") & 2 and p.word("FW-CFG", "dma") == 0x554d4551, "no fw_cfg DMA")


@claim("with 6 GiB E820 tells of RAM above 4 GiB", long=True)
def six_gib():
    p = probe("probe-6g", memory=6144)
    check(p.ram() > 6142 * MIB and p.ram() > p.ram(1 << 32), f"{p.ram():x} bytes")


@claim("under the hypervisor E820 keeps its order and tells of no RAM where the hypervisor is")
def e820_hv():
    p, first, length = told_hv()
    ends = 0
    for base, size, kind in p.e820:
        check(base >= ends, f"{base:x} lies below {ends:x}")
        ends = base + size
        check(kind != RAM or ends <= first or base >= first + length, f"RAM at {base:x}, {size:x} bytes")
    lost = told().ram() - p.ram()
    check(length <= lost < length + MIB, f"{lost:x} bytes of RAM are lost, the hypervisor has {length:x}")


@claim("under the hypervisor E801, E881 and AH=88h end below it")
def others_hv():
    p, first, _ = told_hv()
    check(16 * MIB + p.word("E801", "bx") * 65536 <= first, "E801")
    check(p.word("E881", "carry") == 1 or 16 * MIB + p.word("E881", "ebx") * 65536 <= first, "E881")
    check(MIB + p.word("INT15-88", "ax") * 1024 <= first, "AH=88h")
    check(p.word("E820-NOSMAP", "carry") == 1, "E820 answers without its signature")


@claim("under the hypervisor INT 13h answers as without")
def disk_hv():
    p, without = told_hv()[0], told()
    for line in ("INT13-08", "INT13-48", "INT13-02", "INT13-42-BEYOND"):
        ours = re.search(rf"^{line} .*", p.text, re.M)
        theirs = re.search(rf"^{line} .*", without.text, re.M)
        check(ours and theirs and ours[0] == theirs[0], f"{line}: {ours and ours[0]}")


@claim("under the hypervisor SVM and fw_cfg's DMA are not there, everything else of PCI is")
def hidden_hv():
    p = told_hv()[0]
    check(not int(re.search(r"^CPUID 80000001 \w+ \w+ (\w+)", p.text, re.M)[1], 16) & 4, "SVM shows")
    check(p.word("FW-CFG", "dma") == 0xffffffff, "fw_cfg DMA answers")
    check(p.pci == told().pci, f"PCI: {p.pci}")


if __name__ == "__main__":
    sys.exit(run())
