#!/usr/bin/env python3
"""net_test.py - a network card of the e1000 family under the hypervisor: what the guest does, what the wire shows

Every script also runs on the plain machine (LONG=1): there the policy's claims must not hold.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "net"))
from machine import Machine, build_folder, image, work_folder
from peer import Peer
from rig import FAR, PRELUDE, SERVICES, ours, said
from serve import content, content_sum
from tap import check, claim, run
from wire import ARP, ICMP, IP4, SYN, TCP, UDP, Packet, read_pcap

BOOT = 200
BYTES = 2 << 20
SOME = 512 << 10        # where nc writes a KiB at a time

SHORT = PRELUDE + f"""
up; dhcp
echo "NET ping $(ping -c 3 -i 0.2 -w 20 10.0.2.2 | grep -c 'bytes from')"
echo "NET down $(echo {BYTES} | nc {FAR} 7001 | sum)"
base64 -w 0 /dev/urandom | head -c {BYTES} >/run/up
echo "NET up $(wget -q -O - --post-file /run/up http://{FAR}:7004/) $(sum /run/up)"
echo "NET password $(echo 'the password is hunter2! indeed' | nc {FAR} 7003)"
echo "NET evil $(echo 'an evilword is here' | nc {FAR} 7003)"
echo "NET blocked $(echo through | timeout 4 nc -w 3 {FAR} 7009)"
"""


def go(name, script, hv, limit=BOOT, **words):
    """What the guest said, what the hypervisor logged, the frames of the wire."""
    with Machine(name, disks=[image("endpoint.img")], script=script, hv=hv, capture=True, reboot=False, args="endpoint.end=reboot reboot=t",
                 limit=2 * limit, **words) as m:
        m.expect("ENDPOINT-DONE", limit)
        m.wait(60)
        return m.serial.text(), m.log.text(), [Packet(f) for f in read_pcap(m.path("net0.pcap"))], m


def one(text, name, m):
    found = said(text, name)
    check(len(found) == 1, m.report(f"the guest said {name} {len(found)} times"))
    return found[0]


def check_transfers(text, m):
    check(one(text, "dhcp", m) == "10.0.2.15", m.report("no address by DHCP"))
    check(one(text, "ping", m) == "3", m.report("pings are lost"))
    check(one(text, "down", m) == content_sum(BYTES), m.report("the download is another"))
    there, _, here = one(text, "up", m).partition(" ")
    check(there and there == here, m.report("the upload is another"))


def check_wire(packets, m):
    for p in packets:
        check(not p.wrong(), f"wrong {p.wrong()} checksum on the wire: {p}")
    check(any(p.kind == ARP for p in packets), m.report("an empty capture"))


def short(nic, hv):
    text, log, packets, m = go(f"net-{nic}-{'ours' if hv else 'plain'}", SHORT, hv, nics=(nic,), net=SERVICES)
    check_transfers(text, m)
    check_wire(packets, m)
    out = [p for p in packets if p.src.hex().startswith("525400")]
    there = sum(b"hunter2!" in p.payload for p in out)
    masked = sum(b"is ******** indeed" in p.payload for p in out)
    syns = sum(p.protocol == 6 and p.dport == 7009 for p in out)
    if not hv:
        check(there and not masked and syns, m.report("the plain machine sends what the policy stops"))
        check("hunter2!" in one(text, "password", m) and "evilword" in one(text, "evil", m) and
              one(text, "blocked", m) == "through", m.report("the plain machine gets what the policy stops"))
        return
    check(one(text, "password", m) == "the password is ******** indeed" and masked and not there,
          m.report(f"the password left {there} times, masked {masked} times"))
    check(one(text, "evil", m) == "an xxxxxxxx is here", m.report("the answer came as it was"))
    check(one(text, "blocked", m) == "" and not syns, m.report(f"{syns} frames to the blocked port are on the wire"))
    for rule, words in (("blocked", r"drop alert tcp 10\.0\.2\.15:\d+ > 10\.0\.2\.100:7009"),
                        ("password", r"rewrite notice tcp 10\.0\.2\.15:\d+ > 10\.0\.2\.100:7003"),
                        ("evil", r"rewrite alert tcp 10\.0\.2\.100:7003 > 10\.0\.2\.15:\d+")):
        m.log.seen = 0
        m.expect(rf'event: policy "net test" rule "{rule}" {words}, \d+ bytes', 1, port=m.log)


# ---- the long ones, most of them with peer.py at the other end ------------------

CABLE = PRELUDE + f"""
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
ip addr add 10.9.0.15/24 dev eth0; ip -6 addr add fd09::15/64 dev eth0; up
base64 -w 0 /dev/urandom | head -c {SOME} >/run/up
echo "NET sum $(sum /run/up)"
both() {{ echo "NET $1 $(echo {SOME} | nc $2 7001 | sum) $(nc $2 7002 </run/up)"; }}
"""

# QEMU's e1000e cuts a burst over IPv6 wrongly: headers with other bytes, on the plain machine as here
CABLES = CABLE + """
ethtool -K eth0 tx-tcp6-segmentation off
echo "NET ping $(ping -c 3 -i 0.2 -w 30 10.9.0.1 | grep -c 'bytes from')"
echo "NET ping6 $(ping -6 -c 3 -i 0.2 -w 30 fd09::1 | grep -c 'bytes from')"
both tcp4 10.9.0.1
both tcp6 fd09::1
ethtool -K eth0 tso off gso off tx off rx off sg off
both bare 10.9.0.1
ethtool -K eth0 rx on tx on sg on gso on tso on
both offload 10.9.0.1
modprobe 8021q
ip link add link eth0 name eth0.5 type vlan id 5
ip addr add 10.9.1.15/24 dev eth0.5; ip link set eth0.5 up
both vlan 10.9.1.1
ethtool -K eth0 txvlan off rxvlan off
both vlan-bare 10.9.1.1
ethtool -K eth0 txvlan on rxvlan on
ip link set eth0 mtu 9000; up
echo "NET jumbo-ping $(ping -c 3 -i 0.2 -w 30 -s 8900 10.9.0.1 | grep -c 'bytes from')"
both jumbo 10.9.0.1
echo "NET resolver $(nslookup -type=a some.example 10.9.0.53 | grep -c 192.0.2.80)"
"""


def cabled(name, nic, hv, script, smp=1):
    """The same with a peer: also what it saw."""
    peer = Peer(mtu=9000)
    try:
        text, log, packets, m = go(name, script, hv, limit=3 * BOOT, nics=(nic,), net=peer, smp=smp)
    finally:
        peer.close()
    check(not peer.wrong, f"{len(peer.wrong)} frames came with a wrong checksum: {peer.wrong[:3]}")
    check_wire(packets, m)
    return text, log, packets, m


def check_both(text, names, m):
    here = one(text, "sum", m)
    for name in names:
        down, _, up = one(text, name, m).partition(" ")
        check(down == content_sum(SOME), m.report(f"{name}: the download is another"))
        check(up == here, m.report(f"{name}: the upload is another"))


def cables(nic, hv):
    text, log, packets, m = cabled(f"net-cables-{nic}-{'ours' if hv else 'plain'}", nic, hv, CABLES)
    for name in ("ping", "ping6", "jumbo-ping"):
        check(one(text, name, m) == "3", m.report(f"{name}: answers are missing"))
    check_both(text, ("tcp4", "tcp6", "bare", "offload", "vlan", "vlan-bare", "jumbo"), m)
    check(one(text, "resolver", m) == "1", m.report("no answer of the name server"))
    out = [p for p in packets if p.src.hex().startswith("52540012")]
    check(any(p.tags == [5] for p in out) and any(len(p.frame) > 8000 for p in out), m.report("no tag or no jumbo frame on the wire"))
    pinned = sum(p.protocol == 17 and p.to_ip == bytes([10, 9, 0, 53]) for p in out)
    check(not pinned if hv else pinned, m.report(f"{pinned} questions went to the resolver that the guest asked"))


TOOLS = CABLE + """
ethtool -t eth0 offline | sed 's/^/SELF /'
up; sleep 1
for size in "rx 80 tx 80" "rx 4096 tx 4096" "rx 256 tx 512"; do
	ethtool -G eth0 $size || echo "NET failed -G $size"
	up; both "ring-${size// /-}" 10.9.0.1
done
ethtool -r eth0; sleep 3; up
both renegotiated 10.9.0.1
ethtool -S eth0 | sed 's/^/STAT /'
"""


def tools(nic, hv):
    return cabled(f"net-tools-{nic}-{'ours' if hv else 'plain'}", nic, hv, TOOLS)


def no_worse(plain, here):
    """The same words; parts of the self-test are a race on the plain machine (the loopback's 200 ms): here they may pass."""
    return len(plain) == len(here) and all(a == b or (a[:-1] == b[:-1] and b[-1] in ("0", "PASS")) for a, b in zip(plain, here))


def check_tools(nic):
    (plain_text, _, _, _), (text, _, _, m) = tools(nic, None), tools(nic, ours())
    check_both(text, ("ring-rx-80-tx-80", "ring-rx-4096-tx-4096", "ring-rx-256-tx-512", "renegotiated"), m)
    check(not said(text, "failed"), m.report("a ring has not the size that was asked for"))
    for mark in ("SELF", "STAT"):
        rows = [[line.split()[:-1] if mark == "STAT" else line.split() for line in t.splitlines() if line.startswith(mark)]
                for t in (plain_text, text)]
        check(rows[0] and (no_worse(*rows) if mark == "SELF" else rows[0] == rows[1]), m.report(f"{mark}: {rows[0]} on the plain machine, {rows[1]} here"))
    errors = [line for line in text.splitlines() if re.match(r"STAT .*(error|dropped|no_buffer|missed).*: [1-9]", line)]
    check(not errors, m.report(f"errors are counted: {errors}"))


TROUBLE = CABLE + """
driver=$(basename $(readlink /sys/class/net/eth0/device/driver))
for n in 1 2 3; do
	echo 268435456 | timeout 3 nc 10.9.0.1 7001 >/dev/null &
	timeout 3 nc 10.9.0.1 7002 </dev/zero >/dev/null &
	sleep 1
	ip link set eth0 down; sleep 0.2; up
	wait
done
both again 10.9.0.1
echo 268435456 | timeout 3 nc 10.9.0.1 7001 >/dev/null &
sleep 1
rmmod $driver; modprobe $driver; sleep 1
ip addr add 10.9.0.15/24 dev eth0; up
both reloaded 10.9.0.1
"""


def trouble(nic, hv):
    text, _, _, m = cabled(f"net-trouble-{nic}-{'ours' if hv else 'plain'}", nic, hv, TROUBLE)
    check_both(text, ("again", "reloaded"), m)


PAIR = CABLE + f"""
pair() {{ echo "NET $1 $(taskset $2 nc 10.9.0.1 7002 </run/up)"; }}
pair first 1 & pair second 2 & wait
pair third 1 & echo "NET pair-down $(echo {SOME} | taskset 2 nc 10.9.0.1 7001 | sum)" & wait
"""


def pair(nic, hv):
    text, _, _, m = cabled(f"net-pair-{nic}-{'ours' if hv else 'plain'}", nic, hv, PAIR, smp=2)
    here = one(text, "sum", m)
    for name in ("first", "second", "third"):
        check(one(text, name, m) == here, m.report(f"{name}: the upload is another"))
    check(one(text, "pair-down", m) == content_sum(SOME), m.report("the download is another"))


# PMCSR of QEMU's e1000e is at CCh
SLEEP = CABLE + """
config=/sys/class/net/eth0/device/config
config=$(readlink -f $config)
power() { printf "\\x0$1" | dd of=$config bs=1 seek=204 conv=notrunc 2>/dev/null; dd if=$config bs=1 skip=204 count=1 2>/dev/null | xxd -p; }
rmmod e1000e
echo "NET asleep $(power 3)"
echo "NET awake $(power 0)"
modprobe e1000e; sleep 1
ip addr add 10.9.0.15/24 dev eth0; up
both woken 10.9.0.1
"""


def sleep(hv):
    text, _, _, m = cabled(f"net-sleep-{'ours' if hv else 'plain'}", "e1000e", hv, SLEEP)
    check((one(text, "asleep", m), one(text, "awake", m)) == ("03", "00"), m.report("no D3"))
    check_both(text, ("woken",), m)


SCRIPTED = CABLE + """
ethtool -K eth0 tso off gso off >/dev/null
ping -c 2 -i 0.2 -w 20 10.9.0.1 >/dev/null
nslookup -type=a some.example 10.9.0.53
echo 'the password is hunter2! indeed' | nc 10.9.0.1 7003
echo 'an evilword is here' | nc 10.9.0.1 7003
echo 'nothing at all' | nc 10.9.0.2 7003
echo through | timeout 4 nc -w 3 10.9.0.1 7009
"""


def sent(frames):
    """What went out, once each, without what no two runs have alike: own ports, numbers, times."""
    for p in map(Packet, frames):
        if p.src.hex() != "525400123456" or p.kind != IP4:
            continue
        if p.protocol == ICMP:
            yield p.protocol, p.to_ip, len(p.frame)
        elif p.protocol == UDP:
            yield p.protocol, p.to_ip, p.dport, p.payload[2:]
        elif p.protocol == TCP and (p.payload or p.flags & SYN):
            yield p.protocol, p.to_ip, p.dport, p.flags & SYN, p.payload


def replayed(nic):
    build = build_folder()
    _, _, _, m = cabled(f"net-scripted-{nic}-plain", nic, None, SCRIPTED)
    passed = m.path("passed.pcap")
    done = subprocess.run([os.path.join(build, "hvreplay"), "-q", "--local", "10.9.0.15", "--write", passed,
                           ours().module, m.path("net0.pcap")], capture_output=True, text=True)
    check(done.returncode == 0, done.stderr)
    before, expected = set(sent(read_pcap(m.path("net0.pcap")))), set(sent(read_pcap(passed)))
    check(len(before - expected) >= 3, f"the policy does too little here: {before}")
    _, _, _, m = cabled(f"net-scripted-{nic}-ours", nic, ours(), SCRIPTED)
    seen = set(sent(read_pcap(m.path("net0.pcap"))))
    check(seen == expected, m.report(f"only hvreplay lets out {expected - seen}, only the hypervisor {seen - expected}"))


BULK = 64 << 20
LARGE = PRELUDE + f"""
up; dhcp
echo "NET down $(wget -q -O - http://{FAR}:7004/{BULK} | sum)"
base64 -w 0 /dev/urandom | head -c {BULK} >/run/up
echo "NET up $(wget -q -O - --post-file /run/up http://{FAR}:7004/) $(sum /run/up)"
rm /run/up
echo "NET udp $(tftp -g -l - -r file 10.0.2.2 | sum)"
"""


def large(nic, hv):
    name = f"net-large-{nic}-{'ours' if hv else 'plain'}"
    folder = os.path.join(work_folder(), name + "-tftp")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "file"), "wb") as f:
        f.write(b"".join(content(BYTES)))
    text, _, _, m = go(name, LARGE, hv, limit=5 * BOOT, nics=(nic,), net=SERVICES, tftp=folder, memory=768)
    check(one(text, "down", m) == content_sum(BULK), m.report("the download is another"))
    there, _, here = one(text, "up", m).partition(" ")
    check(there and there == here, m.report("the upload is another"))
    check(one(text, "udp", m) == content_sum(BYTES), m.report("the file by TFTP is another"))


for card in ("e1000", "e1000e"):
    claim(f"{card}: DHCP, ping, TCP both ways; a password is masked, a connection blocked, the log tells it")(
        lambda card=card: short(card, ours()))
    claim(f"{card}: the plain machine does without what the policy does", long=True)(lambda card=card: short(card, None))
    for hv in (None, ours):
        where = "under the hypervisor" if hv else "on the plain machine"

        def long(text, function, card=card, hv=hv, where=where):
            claim(f"{card}: {text}, {where}", long=True)(lambda: function(card, hv() if hv else None))

        long("IPv4, IPv6, VLAN and jumbo frames, offloads on and off, a resolver redirected", cables)
        long("links and drivers go and come under load", trouble)
        long("two processors send at once", pair)
        long("64 MiB both ways, a file by UDP", large)
    claim(f"{card}: what hvreplay lets out of the plain machine's capture the hypervisor lets out, and no frame else", long=True)(
        lambda card=card: replayed(card))
    claim(f"{card}: ethtool's self-test, rings, statistics and renegotiation as on the plain machine", long=True)(
        lambda card=card: check_tools(card))
claim("e1000e: in D3 and back, on the plain machine", long=True)(lambda: sleep(None))
claim("e1000e: in D3 and back, under the hypervisor", long=True)(lambda: sleep(ours()))
claim("e1000-82545em: IPv4, IPv6, VLAN and jumbo frames, offloads on and off, a resolver redirected", long=True)(
    lambda: cables("e1000-82545em", ours()))


if __name__ == "__main__":
    sys.exit(run())
