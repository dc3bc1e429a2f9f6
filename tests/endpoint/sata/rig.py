"""rig.py - machines with several drives: what disk_test.py and the benchmarks share"""
import hashlib
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from machine import Machine, hypervisor, image, plain, work_folder

POLICY = "tests/endpoint/sata/test.hvrule"
MIB = 1 << 20
SECTOR = 512

# What every script starts with. at N: the device of port N.
PRELUDE = """
system=$(ls -d /sys/block/sd?/sd?1 | head -n 1 | cut -d/ -f4)
modprobe -a crc32c_generic vfat nls_cp437 nls_ascii sr_mod
mount -t ext4 -o ro /dev/${system}1 /mnt
tool() { /mnt/tools/lib/ld-linux-x86-64.so.2 --library-path /mnt/tools/lib "/mnt/tools/$@"; }
dd() { tool dd "$@"; }	# busybox's forgets O_DIRECT
at() { for b in /sys/block/s[dr]*; do case $(readlink $b) in */ata$(($1 + 1))/*) echo /dev/${b##*/} ;; esac; done; }
drop() { sync; echo 3 >/proc/sys/vm/drop_caches; }
sum() { sha256sum "$@" | cut -c1-64; }
yes_no() { "$@" >/run/out 2>&1 && echo yes || echo "no $(tail -n 1 /run/out)"; }
say() { echo "DISK $*"; }
"""


def ours(policy=POLICY, args="", by="kernel"):
    return hypervisor(args, policy=policy, by=by)


def said(text, name):
    """The words behind each line `DISK name`."""
    return re.findall(rf"^DISK {name}(?: (.*))?$", text, re.M)


def scratch(name, mib, parts=()):
    """An empty file of so many MiB in the working folder; parts: (byte offset, bytes) that are in it."""
    path = os.path.join(work_folder(), name)
    with open(path, "wb") as f:
        f.truncate(mib * MIB)
        for offset, data in parts:
            f.seek(offset)
            f.write(data)
    return path


def disk(path, words=""):
    """A drive that keeps what is written to it."""
    return f"file={plain(path)},format=raw,discard=unmap", "ide-hd" + words


def cdrom(path):
    return f"file={plain(path)},format=raw,readonly=on,media=cdrom", "ide-cd"


def logged(path, log):
    """A drive whose writes are noted in the file `log` (logwrites.py reads it)."""
    open(log, "wb").close()
    return (f"driver=blklogwrites,log-sector-size=512,discard=unmap,file.driver=raw,file.discard=unmap,file.file.driver=file,file.file.filename={plain(path)},"
            f"file.file.discard=unmap,log.driver=file,log.filename={plain(log)}", "ide-hd")


def failing(path, sector, event="none"):
    """A drive with one sector that cannot be read nor written."""
    return (f"driver=raw,file.driver=blkdebug,file.image.driver=file,file.image.filename={plain(path)},"
            f"file.inject-error.0.event={event},file.inject-error.0.sector={sector},file.inject-error.0.errno=5,"
            "file.inject-error.0.immediately=off", "ide-hd")


# Linux takes QEMU's drives for ones behind a bridge, and gives them no more than 128 KiB at once.
LONG_COMMANDS = " libata.force=max_sec_lba48"


def go(name, script, hv, limit=300, system="endpoint.img", kernel="", **words):
    """Run @script to its end; what the guest said, what the hypervisor logged, the machine."""
    with Machine(name, disks=[image(system)], script=PRELUDE + script, hv=hv, reboot=False,
                 args="endpoint.end=reboot reboot=t" + kernel, limit=2 * limit, **words) as m:
        m.expect("ENDPOINT-DONE", limit)
        m.wait(60)
        return m.serial.text(), m.log.text(), m


# ---- files whose content is known ------------------------------------------------

LINE = "a file of the endpoint, line after line. "


def file_content(number):
    return f"file {number} {LINE * (1 << number % 8)}\n".encode()


def files_sum(count, folders):
    """SHA-256 of all files in the order of their names, as the guest's `files_sum` reckons it."""
    total = hashlib.sha256()
    for path in sorted(f"./d{n % folders}/f{n}" for n in range(count)):
        total.update(file_content(int(path.rsplit("f", 1)[1])))
    return total.hexdigest()


FILES = f"""
make_files() {{	# FOLDER COUNT FOLDERS
	n=0; while [ $n -lt $3 ]; do mkdir -p $1/d$n; n=$((n + 1)); done
	awk -v root=$1 -v count=$2 -v folders=$3 'BEGIN {{
		t[0] = "{LINE}"
		for (n = 1; n < 8; n++) t[n] = t[n - 1] t[n - 1]
		for (n = 0; n < count; n++) {{ f = root "/d" n % folders "/f" n; print "file " n " " t[n % 8] >f; close(f) }}
	}}'
}}
files_sum() {{ (cd $1; find . -type f -name 'f*' | sort | xargs cat | sha256sum | cut -c1-64); }}
"""
