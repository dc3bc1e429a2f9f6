#!/usr/bin/env python3
"""net_test.py - a network card of the e1000 family under the hypervisor: what the guest does, what the wire shows

Every script also runs on the plain machine (LONG=1): there the policy's claims must not hold.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "net"))
from machine import Machine, image
from rig import FAR, PRELUDE, SERVICES, ours, said
from serve import content_sum
from tap import check, claim, run
from wire import ARP, Packet, read_pcap

BOOT = 200
BYTES = 2 << 20

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


for card in ("e1000", "e1000e"):
    claim(f"{card}: DHCP, ping, TCP both ways; a password is masked, a connection blocked, the log tells it")(
        lambda card=card: short(card, ours()))
    claim(f"{card}: the plain machine does without what the policy does", long=True)(lambda card=card: short(card, None))


if __name__ == "__main__":
    sys.exit(run())
