"""rig.py - machines with a cable: what net_test.py and bench_net.py share"""
import os
import re
import shlex
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.dirname(HERE))
from machine import hypervisor, plain

FAR = "10.0.2.100"              # on the user network: serve.py's services
POLICY = "tests/endpoint/net/test.hvrule"

# What every script starts with.
PRELUDE = """
system=$(ls -d /sys/block/sd?/sd?1 | cut -d/ -f4)
tools() {
	[ -d /mnt/tools ] || { modprobe crc32c_generic; mount -t ext4 -o ro /dev/${system}1 /mnt; }
}
ethtool() { tools; /mnt/tools/lib/ld-linux-x86-64.so.2 --library-path /mnt/tools/lib /mnt/tools/ethtool "$@"; }
up() { ip link set eth0 up; n=0; while ! grep -q 1 /sys/class/net/eth0/carrier && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done; }
dhcp() {
	cat >/run/dhcp <<-'X'
	#!/bin/sh
	[ "$1" = bound ] || exit 0
	ip addr add $ip/24 dev $interface
	ip route add default via $router
	echo "NET dhcp $ip"
	X
	chmod +x /run/dhcp
	udhcpc -i eth0 -s /run/dhcp -n -q -t 10 -T 1 >/run/dhcp.log 2>&1
	grep NET /run/dhcp.log || cat /run/dhcp.log
}
sum() { sha256sum "$@" | cut -c1-64; }
"""


def services(*ports):
    """More of the user network's options: serve.py at FAR."""
    words = ""
    for port, service in ports:
        command = f"{shlex.quote(sys.executable)} {shlex.quote(os.path.join(HERE, 'serve.py'))} {service}"
        words += f",guestfwd=tcp:{FAR}:{port}-cmd:{plain(command)}"
    return words


SERVICES = services((7001, "source"), (7002, "sink"), (7003, "echo"), (7004, "http"), (7009, "echo"))


def ours(policy=POLICY, args=""):
    return hypervisor(args, policy=policy)


def said(text, name):
    """The words behind each line `NET name`."""
    return re.findall(rf"^NET {name}(?: (.*))?$", text, re.M)
