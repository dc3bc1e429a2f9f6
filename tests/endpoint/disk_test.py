#!/usr/bin/env python3
"""disk_test.py - disks of an AHCI controller under the hypervisor: what the guest does, what reaches the drives

Every script also runs on the plain machine (LONG=1): there the policy's claims must not hold.
"""
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "sata"))
import logwrites
from image import Missing
from machine import Machine, build_folder, image, work_folder
from rig import FILES, LINE, LONG_COMMANDS, MIB, SECTOR, cdrom, disk, failing, file_content, files_sum, go, logged, ours, said, scratch
from tap import check, claim, run

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
# where it lies on the data disk: within a sector, over the border of two, far into a long command
STORED = (20000 * SECTOR + 300, 20010 * SECTOR + 480, 98304 * SECTOR + 600 * 1024 + 480)
DATA_MIB = 96
FILES_SHORT, FILES_LONG, FOLDERS = 5000, 100_000, 50


def one(text, name, m):
    found = said(text, name)
    check(len(found) == 1, m.report(f"the guest said {name} {len(found)} times"))
    return found[0]


def content(mib):
    return random.Random(5).randbytes(mib * MIB)


def desk(*words):
    """A program of the desk: its status and what it printed."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if not shutil.which(words[0], path=path):
        raise Missing(f"{words[0]} is not installed")
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=dict(os.environ, PATH=path))
    return done.returncode, done.stdout + done.stderr


def sound(path, kind):
    status, text = desk("e2fsck", "-fn", path) if kind == "ext4" else desk("fsck.vfat", "-n", path)
    check(status == 0, f"{kind}: {text}")


# ---- what a policy does ------------------------------------------------------------

POLICY = """
data=$(at 2)
put() { dd if=/run/$1 of=$2 bs=$(wc -c </run/$1) oflag=direct,seek_bytes seek=$(($3 * 512)) conv=notrunc status=none; }
get() { dd if=$data bs=$1 skip=$2 count=1 iflag=direct 2>/dev/null | tr -d '\\0'; }
head -c 512 /dev/zero | tr '\\0' n >/run/new
echo 'X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR' >/run/a; echo '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*' >/run/b
cat /run/a /run/b /dev/zero | tr -d '\\n' | head -c 4096 >/run/virus
say masked "$(get 512 20000) $(get 1024 10005)"
n=0; seen=0; while [ $n -lt 20 ]; do
	drop; busybox dd if=$data bs=512 skip=20000 count=20 2>/dev/null | grep -q 'X5O!P%' && seen=$((seen + 1)); n=$((n + 1))
done
say buffered $seen
say boot $(yes_no put new $(at 0) 0)
say archive $(yes_no put new $data 8192) $(yes_no put new $data 10239)
say beside $(yes_no put new $data 8191)
say hush $(yes_no put new $data 10240) $(get 512 10240 | wc -c)
say virus $(yes_no put virus $data 30000)
say secret $(yes_no dd if=$data of=/dev/null bs=8192 skip=768 count=1 iflag=direct status=none)
say trim-archive $(yes_no blkdiscard -o 4194304 -l 1048576 $data)
say trim $(yes_no blkdiscard -o 16777216 -l 1048576 $data)
queue=/sys/block/${data##*/}/queue; cat $queue/max_hw_sectors_kb >$queue/max_sectors_kb
say large $(yes_no dd if=/dev/zero of=$data bs=4M count=4 seek=6 oflag=direct conv=notrunc status=none)
say long $(dd if=$data bs=4M skip=12 count=2 iflag=direct 2>/dev/null | sha256sum | cut -c1-64)
"""
NO = "no dd: error writing '{}': Input/output error"


def policy_data():
    parts = [(at, EICAR) for at in STORED] + [(12288 * SECTOR, b"secret" * 1000), (8192 * SECTOR, b"a" * MIB),
                                              (32768 * SECTOR, b"t" * MIB)]
    return scratch("disk-policy.img", DATA_MIB, parts)


def policy_run(hv):
    name = f"disk-policy-{'ours' if hv else 'plain'}"
    path, log = policy_data(), os.path.join(work_folder(), name + ".log")
    text, hv_log, m = go(name, POLICY, hv, drives=[logged(path, log)], kernel=LONG_COMMANDS)
    with open(path, "rb") as f:
        now = f.read()
    return text, hv_log, m, now, list(logwrites.read(log))


def long_sum(at):
    """SHA-256 of what lies far into the disk, with these bytes in EICAR's place."""
    data = bytearray(8 * MIB)
    data[STORED[2] - 48 * MIB:STORED[2] - 48 * MIB + len(at)] = at
    return hashlib.sha256(data).hexdigest()


def policies():
    text, log, m, now, writes = policy_run(ours())
    check(one(text, "masked", m) == "*" * 68 + " " + "*" * 68, m.report("EICAR is seen"))
    check(one(text, "buffered", m) == "0", m.report("EICAR is seen in buffered reads"))
    check(one(text, "long", m) == long_sum(b"*" * len(EICAR)), m.report("a long read has other bytes"))
    # 16 MiB written and 8 read, in commands of 4 MiB
    in_parts = re.search(r"count: ahci\S* (\d+) commands judged in several calls", log)
    check(in_parts and int(in_parts[1]) >= 6, m.report("no command is judged in several exits"))
    check(one(text, "boot", m).startswith("no "), m.report("the boot sector was written"))
    check(one(text, "archive", m).count("Input/output error") == 2, m.report("the range was written"))
    check(one(text, "beside", m) == "yes", m.report("the sector before the range is refused"))
    check(one(text, "hush", m) == "yes 0", m.report("a write dropped silently is seen"))
    check(one(text, "virus", m).startswith("no "), m.report("EICAR was written"))
    check(one(text, "secret", m).startswith("no "), m.report("what must not be read was read"))
    check(one(text, "trim-archive", m).startswith("no "), m.report("the range was trimmed"))
    check(one(text, "trim", m) == "yes" and one(text, "large", m) == "yes", m.report("what no rule stops is refused"))
    check(all(now[at:at + 68] == EICAR for at in STORED), "the disk has lost what is masked in reading")
    check(now[8192 * SECTOR:10240 * SECTOR] == b"a" * MIB, "the range has changed")
    check(now[8191 * SECTOR:8192 * SECTOR] == b"n" * SECTOR, "what may be written is not there")
    check(now[32768 * SECTOR:32768 * SECTOR + MIB] == bytes(MIB), "what was trimmed is there")
    for w in writes:
        check(not w.overlaps(8192, 12287) and EICAR not in w.data, f"a refused write reached the drive, at {w.offset}")
    for rule, words in (("boot", r"drop alert WRITE \S+( \S+)* disk 0\.0, LBA 0, 1 sector"),
                        ("archive", r"drop notice WRITE \S+( \S+)* disk 0\.2, LBA 8192, 1 sector"),
                        ("virus", r"drop alert WRITE \S+( \S+)* disk 0\.2, LBA 30000, 8 sectors, match in LBA 30000: eicar"),
                        ("clean", r"rewrite alert READ \S+( \S+)* disk 0\.2, LBA 20008, \d+ sectors, match in LBA 20010"),
                        ("trim", r"drop notice DATA SET MANAGEMENT disk 0\.2, LBA 8192\.\.10239")):
        m.log.seen = 0
        m.expect(rf'event: policy "disk test" rule "{rule}" {words}', 1, port=m.log)


@claim("a boot sector, a range and EICAR stay unwritten, EICAR is masked, TRIM refused; the log tells it, the drive never sees it")
def policy():
    policies()


@claim("the plain machine does what the policy stops", long=True)
def policy_plain():
    text, _, m, now, writes = policy_run(None)
    virus = EICAR.decode()
    check(one(text, "masked", m) == f"{virus} {virus}", m.report("EICAR is not there"))
    check(one(text, "buffered", m) == "20", m.report("EICAR is not in buffered reads"))
    check(one(text, "long", m) == long_sum(EICAR), m.report("a long read has other bytes"))
    for name in ("boot", "virus", "secret", "trim-archive", "trim", "large"):
        check(one(text, name, m) == "yes", m.report(f"{name} is refused"))
    check(one(text, "archive", m) == "yes yes" and one(text, "hush", m) == "yes 512", m.report("the range is refused"))
    check(any(w.overlaps(8192, 12287) for w in writes) and any(EICAR in w.data for w in writes), "the log shows no writes")
    check(now[8192 * SECTOR:10240 * SECTOR] == bytes(MIB), "the range is not trimmed")


def signatures():
    """A policy that searches every sector for 1,000 patterns."""
    path, r = os.path.join(work_folder(), "disk-signatures.hvrule"), random.Random(6)
    names = [f"p{n}" for n in range(1000)]
    with open(path, "w", encoding="ascii") as f:
        f.write('policy "signatures" version 1;\n')
        f.writelines(f'pattern {name} = {{ {r.randbytes(12).hex(" ").upper()} }};\n' for name in names)
        for hook in ("disk write", "disk read"):
            f.write(f"on {hook} default pass {{ all: data has any {{ {', '.join(names)} }} -> log, drop; }}\n")
    return path


# The least of three: a processor that the machine beneath has put aside stands still too, but not each time.
GAPS = """
data=$(at 2); queue=/sys/block/${data##*/}/queue; cat $queue/max_hw_sectors_kb >$queue/max_sectors_kb
longest() {
	rm -f /run/stop
	while [ ! -e /run/stop ]; do cut -d' ' -f1 /proc/uptime; usleep 2000; done >/run/times &
	dd if=/dev/zero of=$data bs=4M count=1 oflag=direct conv=notrunc status=none
	dd if=$data of=/dev/null bs=4M count=1 iflag=direct status=none
	touch /run/stop; wait
	awk 'NR > 1 && $1 - p > m { m = $1 - p } { p = $1 } END { print int(m * 1000) }' /run/times
}
say gap $(for n in 1 2 3; do longest; done | sort -n | head -n 1)
"""


@claim("4 MiB searched for 1,000 signatures at once stop no other processor for a second", long=True)
def gaps():
    text, log, m = go("disk-gaps", GAPS, ours(signatures()), drives=[disk(scratch("disk-gaps.img", DATA_MIB))], smp=2, kernel=LONG_COMMANDS)
    check(int(one(text, "gap", m)) < 1000, m.report(f"a processor stood still for {one(text, 'gap', m)} ms"))
    check(re.search(r"count: ahci\S* \d+ commands judged in several calls", log), m.report("no command is judged in several exits"))


REFUSED = re.compile(r'rule "\w+" drop \w+ [A-Z ]+ disk 0\.2, LBA (\d+)')


@claim("hvreplay refuses in the plain machine's log of writes what the hypervisor refuses", long=True)
def replayed():
    _, _, m, _, _ = policy_run(None)
    events, rules = m.path("events.json"), m.path("replay.hvrule")
    with open(os.path.join(HERE, "sata/test.hvrule"), encoding="ascii") as f, open(rules, "w", encoding="ascii") as out:
        # a log of writes says nothing of ports: all of it is port 0's
        out.write(f.read().replace("disk.port == 0", "disk.port == 9").replace("disk.port == 2", "disk.port == 0"))
    done = subprocess.run([os.path.join(build_folder(), "hvreplay"), "-q", "--events", events, rules,
                           os.path.join(work_folder(), "disk-policy-plain.log")], capture_output=True, text=True, check=False)
    check(done.returncode == 0, done.stderr)
    with open(events, encoding="utf-8") as f:
        expected = {int(found[1]) for line in f if '"action":"drop' in line.replace(" ", "")
                    and (found := re.search(r'"lba": ?(\d+)', line))}
    _, log, m, _, _ = policy_run(ours())
    seen = {int(lba) for lba in REFUSED.findall(log)}
    check(expected and seen == expected, m.report(f"refused by hvreplay {sorted(expected)}, here {sorted(seen)}"))


# ---- what a guest does with its disks ------------------------------------------------

FIO = """
fio() {	# NAME DEVICE WORDS
	name=$1; device=$2; shift 2
	if tool fio --name=$name --filename=$device --thread --group_reporting --verify=crc32c --verify_fatal=1 --ioengine=libaio "$@" >/run/fio-$name 2>&1
	then say fio-$name yes; else say fio-$name no; cat /run/fio-$name; fi
}
"""


def file_systems(count):
    return FILES + f"""
files() {{	# KIND DEVICE COUNT
	mkdir -p /run/$1; mount -t $1 $2 /run/$1
	make_files /run/$1 $3 {FOLDERS}
	umount /run/$1; drop; mount -t $1 -o ro $2 /run/$1
	say $1 $(files_sum /run/$1)
	umount /run/$1
}}
tool mke2fs -q -F -t ext4 -N {count} $(at 4)	# inodes: by the file system's size there are too few
files ext4 $(at 4) {count * 4 // 5}
mkdosfs -n SLUICE-DISK $(at 5) >/dev/null	# 11 characters: busybox pads with NUL, which no label may have
files vfat $(at 5) {count // 5}
"""


SHORT = FIO + """
fio random $(at 2) --rw=randwrite --offset=32m --size=4m --bsrange=512-128k --direct=1 --iodepth=32
fio large $(at 2) --rw=write --offset=40m --size=16m --bs=4m --direct=1 --iodepth=4
fio buffered $(at 2) --rw=write --offset=64m --size=8m --bs=64k --direct=0
say cd $(dd if=$(at 3) bs=64k 2>/dev/null | sum)
""" + file_systems(FILES_SHORT)


def drives(name, long=False):
    """Data disk, CD-ROM, a disk for each file system."""
    cd = scratch(name + "-cd.iso", 4, [(0, content(4))])
    return [disk(scratch(name + "-data.img", DATA_MIB)), cdrom(cd), disk(scratch(name + "-ext4.img", 1024 if long else 64)),
            disk(scratch(name + "-vfat.img", 256 if long else 32))]


def check_files(text, name, count, m):
    check(one(text, "ext4", m) == files_sum(count * 4 // 5, FOLDERS), m.report("ext4: other files than were written"))
    check(one(text, "vfat", m) == files_sum(count // 5, FOLDERS), m.report("vfat: other files than were written"))
    for kind in ("ext4", "vfat"):
        sound(os.path.join(work_folder(), f"{name}-{kind}.img"), kind)


def check_fio(text, m, *names):
    for name in names:
        check(one(text, "fio-" + name, m) == "yes", m.report(f"fio {name} fails"))


def work(hv):
    name = f"disk-work-{'ours' if hv else 'plain'}"
    text, _, m = go(name, SHORT, hv, limit=400, drives=drives(name), system="endpoint-ahci.img")
    check_fio(text, m, "random", "large", "buffered")
    check(one(text, "cd", m) == hashlib.sha256(content(4)).hexdigest(), m.report("the CD-ROM has other bytes"))
    check_files(text, name, FILES_SHORT, m)


@claim("booted by GRUB's own driver: fio verifies, 5,000 files on ext4 and vfat are whole on the desk, a CD-ROM is read")
def work_ours():
    work(ours())


@claim("the same on the plain machine", long=True)
def work_plain():
    work(None)


MANY = FILES_LONG


def many(hv):
    name = f"disk-many-{'ours' if hv else 'plain'}"
    text, _, m = go(name, file_systems(MANY), hv, limit=2400, drives=drives(name, long=True))
    check_files(text, name, MANY, m)


@claim("100,000 files on ext4 and vfat are whole on the desk", long=True)
def many_ours():
    many(ours())


DEPTHS, SIZES = (1, 4, 32), ("512", "4k", "64k", "1m", "4m")


def matrix_script():
    script = FIO
    for mode in ("write", "randwrite"):
        for direct in (1, 0):
            for depth in DEPTHS:
                for size in SIZES:
                    name = f"{mode}-{direct}-{depth}-{size}"
                    total = {"512": "256k", "4k": "1m", "64k": "4m"}.get(size, "16m")
                    script += (f"fio {name} $(at 2) --rw={mode} --offset=32m --size={total} --bs={size} --direct={direct} "
                               f"--iodepth={depth}\n")
    return script


def matrix(cpus):
    script = matrix_script() + f"""
fio pair-2 $(at 2) --rw=randwrite --offset=32m --size=4m --bsrange=512-256k --direct=1 --iodepth=8 --numjobs={cpus} --offset_increment=8m &
fio pair-4 $(at 3) --rw=randwrite --size=4m --bsrange=512-256k --direct=1 --iodepth=8 --numjobs={cpus} --offset_increment=8m &
wait
"""
    name = f"disk-matrix-{cpus}"
    text, _, m = go(name, script, ours(), limit=1800, smp=cpus, drives=[disk(scratch(f"{name}-{n}.img", DATA_MIB)) for n in (2, 3)])
    names = re.findall(r"^fio (\S+) ", script, re.M)
    check_fio(text, m, *names)


for n in (1, 2, 4):
    claim(f"fio verifies all modes, depths and sizes, and two disks at once, on {n} processor(s)", long=True)(lambda n=n: matrix(n))


SMALL = FIO + """
fio tight $(at 2) --rw=randwrite --offset=32m --size=8m --bsrange=512-256k --direct=1 --iodepth=32
fio pair-2 $(at 2) --rw=randwrite --offset=32m --size=8m --bs=512k --direct=1 --iodepth=32 &
fio pair-3 $(at 3) --rw=randwrite --offset=32m --size=8m --bs=512k --direct=1 --iodepth=32 &
wait
"""


# Linux makes no command of a MiB here (168 pages are its most), and QEMU's drives are done before the next burst is judged:
# who waits for room, and what finds none ever, is ahci_issue_test's
@claim("a MiB of bounce memory is enough for two disks at once", long=True)
def small():
    text, _, m = go("disk-small", SMALL, ours(args="bounce=1M"), limit=400,
                      drives=[disk(scratch(f"disk-small-{n}.img", DATA_MIB)) for n in (2, 3)])
    check_fio(text, m, "tight", "pair-2", "pair-3")


# ---- what drives say -----------------------------------------------------------------

TOLD = """
d=$(at 2)
tool hdparm -I $d | sed 's/^/HDPARM /'
tool hdparm -i $d | sed 's/^/HDPARMI /'
tool smartctl -a $d | grep -v 'Local Time' | sed 's/^/SMART /'
tool hdparm -C $d | sed 's/^/POWER /'
tool hdparm -y $d | sed 's/^/POWER /'
tool hdparm -W 0 $d | sed 's/^/POWER /'
tool smartctl -t short $d >/run/t 2>&1; sleep 3
head -c 512 /dev/zero >/run/block
ata() { tool sg_raw "$@" >/run/t 2>&1; echo "$? $(grep -o 'Aborted Command\\|SCSI Status: Good' /run/t | head -n 1)"; }
# ATA PASS-THROUGH (16): PIO out or no data; DOWNLOAD MICROCODE, SECURITY SET PASSWORD, a vendor's command, READ SECTORS by CHS
say microcode $(ata -s 512 -i /run/block $d 85 0a 06 00 07 00 01 00 00 00 00 00 00 40 92 00)
say password $(ata -s 512 -i /run/block $d 85 0a 06 00 00 00 01 00 00 00 00 00 00 40 f1 00)
say vendor $(ata $d 85 06 20 00 00 00 00 00 00 00 00 00 00 40 80 00)
say chs $(ata -r 512 $d 85 08 0e 00 00 00 01 00 01 00 00 00 00 00 20 00)
say lba $(ata -r 512 $d 85 08 0e 00 00 00 01 00 01 00 00 00 00 40 20 00)
say blkdiscard $(yes_no blkdiscard -o 1048576 -l 1048576 $d)
say after $(yes_no dd if=$d of=/dev/null bs=1M count=4 iflag=direct status=none)
"""


def told(hv):
    name = f"disk-told-{'ours' if hv else 'plain'}"
    text, log, m = go(name, TOLD, hv, drives=[disk(scratch(name + ".img", 16), ",serial=SLUICE5")])
    return re.sub(r"/dev/sd[a-z]", "DISK", text), log, m


# what a drive has that is not judged is not offered
HIDDEN = re.compile(r"NCQ|READ_LOG_DMA|WRITE_UNCORRECTABLE|DOWNLOAD_MICROCODE|Media Card|[Ss]ecurity|Write-Read-Verify|[Ll]og|Checksum")


@claim("hdparm, smartctl and blkdiscard find on a drive what is there; a firmware download is refused and told", long=True)
def what_drives_say():
    (plain_text, _, _), (text, log, m) = told(None), told(ours("rules/firmware-commands/firmware-commands.hvrule"))
    for mark in ("HDPARM", "HDPARMI", "SMART", "POWER"):
        rows = [[line for line in t.splitlines() if line.startswith(mark + " ") and not HIDDEN.search(line)] for t in (plain_text, text)]
        check(len(rows[0]) > 2 and rows[0] == rows[1], m.report(f"{mark}: only plain {set(rows[0]) - set(rows[1])}, only here "
                                                               f"{set(rows[1]) - set(rows[0])}"))
    for name in ("blkdiscard", "after"):
        check(one(text, name, m) == "yes", m.report(f"{name} fails"))
    for name in ("microcode", "password", "vendor", "chs"):
        check(one(text, name, m).endswith("Aborted Command"), m.report(f"{name} is not refused"))
    check(one(text, "lba", m) == one(plain_text, "lba", m), m.report("what is no refusal is refused"))
    for words in ('"update" drop alert DOWNLOAD MICROCODE', '"password" drop alert SECURITY SET PASSWORD', '"built-in" drop notice vendor specific'):
        check(f"rule {words} disk 0.2" in log, m.report(f"the log does not tell of {words}"))


# ---- errors, and honesty ---------------------------------------------------------------

BAD = 40000             # sector
ERRORS = f"""
d=$(at 2)
for n in $(seq {BAD - 16} 8 {BAD + 24}); do echo "TRY read $n $(yes_no dd if=$d of=/dev/null bs=4096 skip=$((n / 8)) count=1 iflag=direct status=none)"; done
echo "TRY large $(yes_no dd if=$d of=/dev/null bs=1M skip=19 count=1 iflag=direct status=none)"
echo "TRY write $(yes_no dd if=/dev/zero of=$d bs=4096 seek={BAD // 8} count=1 oflag=direct conv=notrunc status=none)"
echo 1 >/sys/block/$(basename $d)/device/queue_depth
echo "TRY depth-1 $(yes_no dd if=$d of=/dev/null bs=4096 skip={BAD // 8} count=1 iflag=direct status=none)"
echo "TRY after $(yes_no dd if=$d of=/dev/null bs=1M count=4 iflag=direct status=none)"
dmesg | sed -n 's/^\[[ 0-9.]*\] \(ata3.*\)/TOLD \1/p'
"""


def errors(hv):
    name = f"disk-errors-{'ours' if hv else 'plain'}"
    text, _, m = go(name, ERRORS, hv, limit=400, drives=[failing(scratch(name + ".img", 32), BAD)])
    tries = re.findall(r"^TRY (.*)$", re.sub(r"/dev/sd[a-z]", "DISK", text), re.M)
    lines = {re.sub(r"tag \d+|/[0-9a-f]{2}:[0-9a-f]{2}:|SAct 0x[0-9a-f]+|at 0x\w+|irq \d+", "", line) for line in re.findall(r"^TOLD (.*)$", text, re.M)}
    return tries, lines, m


@claim("a sector that cannot be read fails in the guest as on the plain machine", long=True)
def error_as_plain():
    (plain_tries, plain_lines, _), (tries, lines, m) = errors(None), errors(ours())
    check(any(" no " in t for t in plain_tries) and any(t.endswith("yes") for t in plain_tries), f"{plain_tries}")
    check(plain_lines, "Linux says nothing of errors")
    check(tries == plain_tries, m.report(f"{tries}, on the plain machine {plain_tries}"))
    check(lines == plain_lines, m.report(f"only here {lines - plain_lines}, only on the plain machine {plain_lines - lines}"))


MARK_AT, ROUNDS = 150000, 30
HONEST = f"""
make_content() {{ awk -v n=$1 'BEGIN {{ t = "{LINE}"; for (k = n % 8; k > 0; k--) t = t t; print "file " n " " t }}'; }}
d=$(at 3)
tool mke2fs -q -F -t ext4 $d 65536k
mkdir -p /run/ext4; mount -t ext4 $d /run/ext4
n=0; while [ $n -lt {ROUNDS} ]; do
	make_content $n >/run/content
	dd if=/run/content of=/run/ext4/f$n conv=fsync 2>/dev/null
	printf '%-512s' "MARK $n" | dd of=$d bs=512 seek=$(({MARK_AT} + n)) oflag=direct conv=notrunc 2>/dev/null
	mkdir -p /run/ext4/d$((n % 5)); cp /run/content /run/ext4/d$((n % 5))/g$n; rm -f /run/ext4/d$((n % 5))/g$((n - 7))
	n=$((n + 1))
done
umount /run/ext4
"""


def whole_at(image_path, marks):
    """Is the file system whole, once its journal is played, and are the files of @marks marks there?"""
    copy = image_path + ".copy"
    shutil.copy(image_path, copy)
    desk("e2fsck", "-E", "journal_only", "-y", copy)
    sound(copy, "ext4")
    if marks:
        n = marks - 1
        _, text = desk("debugfs", "-R", f"dump /f{n} {copy}.file", copy)
        with open(copy + ".file", "rb") as f:
            check(f.read() == file_content(n), f"file {n} was flushed and is not there: {text}")
    os.unlink(copy)


@claim("what a guest has flushed is on the disk: ext4 is whole at each flush and at 50 points, and has each file that was synced",
       long=True)
def honest():
    path, log = scratch("disk-honest.img", DATA_MIB), os.path.join(work_folder(), "disk-honest.log")
    _, _, m = go("disk-honest", HONEST, ours(), drives=[disk(scratch("disk-honest-rules.img", 8)), logged(path, log)])
    writes = list(logwrites.read(log))
    check(sum(w.is_flush() for w in writes) >= ROUNDS, m.report(f"{sum(w.is_flush() for w in writes)} flushes are too few"))
    points = set(random.Random(5).sample(range(len(writes)), 50))
    played = scratch("disk-honest-played.img", DATA_MIB)
    marks, looked = 0, 0
    with open(played, "r+b") as f:
        for n, w in enumerate(writes):
            logwrites.apply(w, f)
            if w.data.startswith(b"MARK %d " % marks) and w.offset == (MARK_AT + marks) * SECTOR:
                marks += 1
            if marks and (w.is_flush() or n in points):
                f.flush()
                whole_at(played, marks)
                looked += 1
    check(marks == ROUNDS and looked > ROUNDS, f"{marks} marks, {looked} points")
    with open(path, "rb") as a, open(played, "rb") as b:
        check(a.read() == b.read(), "the log and the disk differ")


if __name__ == "__main__":
    sys.exit(run())
