#!/usr/bin/env python3
"""types_test.py - memory types: MTRRs and PAT are under the hypervisor what they are without"""
import re
import sys

from machine import Machine, guest, hypervisor, image
from tap import check, claim, run

BOOT = 200
VALUES = re.compile(r"^VALUE ((?:mtrr|msr-mtrrcap|msr-pat)\S*)=(\w+)", re.M)
TYPES = re.compile(r"^TYPES (.*\S)", re.M)

# MTRRcap, variable and fixed MTRRs, PAT, MTRRdefType; of every processor
SCRIPT = """
modprobe msr
for cpu in 0 1; do
	for msr in 0fe 200 201 202 203 204 205 206 207 208 209 20a 20b 20c 20d 20e 20f 250 258 259 \
		   268 269 26a 26b 26c 26d 26e 26f 277 2ff; do
		echo TYPES msr $cpu $msr $(dd if=/dev/cpu/$cpu/msr bs=8 count=1 iflag=skip_bytes skip=$((0x$msr)) 2>/dev/null |
					   od -An -tx1)
	done
done
sed 's/^/TYPES mtrr /' /proc/mtrr
dmesg | sed -n 's/.*\\(x86.PAT: Conf.*\\)/TYPES \\1/p'
mount -t debugfs debugfs /sys/kernel/debug
sed -n 's/^PAT:/TYPES pat/p' /sys/kernel/debug/x86/pat_memtype_list
"""


def same(plain, ours):
    lost, new = sorted(set(plain) - set(ours)), sorted(set(ours) - set(plain))
    check(not lost and not new, "\n".join(["plain alone:", *map(str, lost), "hypervised alone:", *map(str, new)]))


@claim("the bare guest reads the firmware's MTRRs and the PAT as on the plain machine")
def bare():
    told = []
    for name, hv in (("types-plain", None), ("types-hv", hypervisor())):
        with Machine(name, disks=[guest("guest", "", name)], hv=hv) as m:
            m.expect("CHECKS-DONE", BOOT)
            told.append(VALUES.findall(m.serial.text()))
    check(len(told[0]) >= 20, f"only {len(told[0])} registers: {told[0]}")
    check(any(int(value, 16) for name, value in told[0] if name.startswith("mtrr")), "the firmware sets no MTRR")
    same(*told)


@claim("Linux finds on both processors the MTRRs and the PAT, and maps devices with the types, of the plain machine", long=True)
def linux():
    told = []
    for name, hv in (("types-linux", None), ("types-linux-hv", hypervisor())):
        with Machine(name, disks=[image("endpoint.img")], smp=2, script=SCRIPT, hv=hv, limit=300) as m:
            m.expect("ENDPOINT-DONE status=0", BOOT)
            told.append(TYPES.findall(m.serial.text()))
            m.wait(BOOT)
    for word, least in (("msr 1", 25), ("mtrr", 1), ("x86/PAT", 1), ("pat", 5)):
        found = sum(line.startswith(word) for line in told[0])
        check(found >= least, f"only {found} lines of {word}: {told[0]}")
    same(*told)


if __name__ == "__main__":
    sys.exit(run())
