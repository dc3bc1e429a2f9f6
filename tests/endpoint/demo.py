#!/usr/bin/env python3
"""demo.py - an endpoint boots through iPXE under the hypervisor, as `./quickstart demo` shows it

One machine by emulation, at most LIMIT seconds. Told is what happens, as it happens: who says it, and
when after power-on. On a terminal a line below says what comes next.
"""
import os
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]
from image import Missing
from machine import SLOW, Failed, Machine, hypervisor, image
from net.rig import FAR, SERVICES
from sata.rig import SECTOR, disk, scratch

POLICY = "tests/endpoint/demo.hvrule"
LIMIT = 150             # seconds
POLL = 0.1
SOURCE = {"iPXE": "serial", "hv": "log", "guest": "serial"}

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
EICAR_AT = 2000         # sector of the data disk

# What the guest is asked to do: disks and network past the policy.
SCRIPT = f"""
disk=$(ls -d /sys/block/sd?/sd?1 | cut -d/ -f4)
echo "DEMO $(uname -sr), $(awk '/MemTotal/ {{ print int($2 / 1024) }}' /proc/meminfo) MiB, SVM $(grep -qw svm /proc/cpuinfo && echo seen || echo 'not seen')"
modprobe crc32c_generic
mount -t ext4 -o ro /dev/${{disk}}1 /mnt
echo "DEMO disk  $(md5sum /mnt/boot/vmlinuz | cut -c1-8) is the sum of /boot/vmlinuz, $(stat -c %s /mnt/boot/vmlinuz) bytes"
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
at() {{ for b in /sys/block/sd*; do case $(readlink $b) in */ata$(($1 + 1))/*) echo /dev/${{b##*/}} ;; esac; done; }}
dd() {{ /mnt/tools/lib/ld-linux-x86-64.so.2 --library-path /mnt/tools/lib /mnt/tools/dd "$@"; }}
dd if=/dev/zero of=$(at 0) bs=512 count=1 oflag=direct conv=notrunc 2>/run/dd
echo "DEMO wipes the boot sector: $(grep -o 'Input/output error' /run/dd || echo done)"
echo "DEMO reads '$(dd if=$(at 2) bs=512 skip={EICAR_AT} count=1 2>/dev/null | tr -d '\\0')'"
echo "DEMO net   $(ping -c 1 -w 20 10.0.2.2 | grep 'bytes from' | sed 's/ttl.*/answers/')"
echo "DEMO sends 'the password is hunter2!', the server got '$(echo 'the password is hunter2!' | nc {FAR} 7003)'"
echo "DEMO connects to port 7009: $(echo hello | timeout 5 nc -w 4 {FAR} 7009 && echo connected || echo no answer)"
"""

# in the order in which they come: who, the line, how it is shown (None: as it is)
STORY = [
    ("iPXE", r"^tftp://\S*/hv\.elf\.\.\. ok", None),
    ("iPXE", r"^tftp://\S*/endpoint\.hvb\.\.\. ok", None),
    ("hv", r"hypervisor at \w+, \d+ KiB", None),
    ("hv", r"policy \".*", None),
    ("hv", r"pci .* class 02.*", None),
    ("hv", r"pci .* class 01.*", None),
    ("hv", r"AMD SVM, \d+ processor.*", None),
    ("hv", r"guest starts from .*", None),
    ("guest", r"ENDPOINT-GRUB", "GRUB, from the disk's boot sector"),
    ("guest", r"ENDPOINT-UP .*", None),
    ("guest", r"(?<=^DEMO )Linux.*", None),
    ("guest", r"(?<=^DEMO )disk .*", None),
    ("hv", r"(?<=event: policy \"endpoint demo\" )rule \"boot\" .*", None),
    ("guest", r"(?<=^DEMO )wipes .*", None),
    ("hv", r"(?<=event: policy \"endpoint demo\" )rule \"clean\" .*", None),
    ("guest", r"(?<=^DEMO )reads .*", None),
    ("guest", r"(?<=^DEMO )net .*", None),
    ("hv", r"(?<=event: policy \"endpoint demo\" )rule \"masked\" .*", None),
    ("guest", r"(?<=^DEMO )sends .*", None),
    ("hv", r"(?<=event: policy \"endpoint demo\" )rule \"blocked\" .*", None),
    ("guest", r"(?<=^DEMO )connects .*", None),
    ("guest", r"(?<=reboot: )Restarting system", None),
    ("hv", r"guest: reset .*", None),
    ("hv", r"device: e1000\S* .*", None),
    ("hv", r"device: ahci\S* .*", None),
]


def progress(text):
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)


def tell(m, began):
    """Each line of the story when it comes."""
    for number, (who, pattern, words) in enumerate(STORY):
        port = getattr(m, SOURCE[who])
        pattern += r"(?=.*\n)"          # the line has come whole
        while not (found := port.find(pattern)):
            took = time.monotonic() - began
            if not m.running():
                found = port.find(pattern)
                break
            if took > LIMIT * SLOW:
                break
            progress(f"{took:6.1f} s  ({number} of {len(STORY)} lines, waiting for {who})")
            time.sleep(POLL)
        if not found:
            progress("")
            raise Failed(m.report(f"{who} did not say /{pattern}/"))
        progress("")
        print(f"{time.monotonic() - began:6.1f} s  {who:5}  {words or found[0]}", flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Machine("demo", disks=[image("endpoint.img")], script=SCRIPT, args="endpoint.end=reboot", reboot=False,
                     drives=[disk(scratch("demo-data.img", 4, [(EICAR_AT * SECTOR, EICAR)]))],
                     hv=hypervisor(by="ipxe", policy=POLICY), net=SERVICES, limit=LIMIT) as m:
            began = time.monotonic()
            tell(m, began)
            m.wait()
    except Missing as e:
        print(f"demo: no endpoint to show: {e}", file=sys.stderr)
        return 1
    except Failed as e:
        print(f"demo: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress("")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
