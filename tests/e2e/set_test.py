#!/usr/bin/env python3
"""set_test.py - sets that are too many for a classifier's boxes, and sets of fields: the same answer in each form"""
import sys

sys.dont_write_bytecode = True
from lab import ARP, TCP, UDP, V6, finish, matrix  # noqa: E402

FRAMES = {
    "first": TCP(b"", sport=1001, dport=3),
    "middle": TCP(b"", sport=1001, dport=601),
    "last": TCP(b"", sport=1001, dport=1199),
    "gap": TCP(b"", sport=1001, dport=602),
    "below": TCP(b"", sport=1001, dport=2),
    "above": TCP(b"", sport=1001, dport=1200),
    "echo": TCP(b"", sport=77, dport=77),
    "far": TCP(b"", sport=1001, dport=601, src="10.1.2.4"),
    "near": TCP(b"", sport=1001, dport=602, src="10.1.2.3"),
    "six": TCP(b"", sport=1001, dport=601, **V6),
    "dns": UDP(b"", dport=53),
    "arp": ARP(1),
}
TCPS = "first middle last gap below above echo far near six"
HEAD = "set odd = { " + ", ".join(str(n) for n in range(3, 1200, 2)) + " };\n" \
       "set none = { };\n" \
       "set hosts = { " + ", ".join(f"10.1.{n}.3" for n in range(0, 200)) + ", fd00::/16 };\n" \
       "set pairs = { " + ", ".join(f"(10.1.{n}.3, {600 + n})" for n in range(0, 200)) + " };\n"
IN = "first middle last far six echo"

matrix("large sets", "net in", FRAMES, [
    ("a set of many numbers", "tcp.dport in odd", IN),
    ("and what is not in it", "tcp.dport not in odd", "gap below above near"),
    ("negated as a whole, also of what has none", "not (tcp.dport in odd)", "gap below above near dns arp"),
    ("with another number", "tcp.dport in odd and tcp.sport == 1001", "first middle last far six"),
    ("with another set", "tcp.dport in odd and ip.src in hosts", "six"),
    ("addresses of both families", "ip.src in hosts", "near six"),
    ("and those in neither", "ip.src not in hosts", "first middle last gap below above echo far dns"),
    ("one of two sets", "tcp.dport in odd or ip.src in hosts", IN + " near"),
    ("a set with nothing", "tcp.dport in none", ""),
    ("nothing is everything else", "tcp.dport not in none", TCPS),
    ("tuples", "(ip.src, tcp.dport) in pairs", "near"),
    ("tuples negated", "not ((ip.src, tcp.dport) in pairs) and tcp.sport == 1001", "first middle last gap below above far six"),
    ("a set of fields", "tcp.dport in { tcp.sport, 601 }", "echo middle far six"),
    ("a number that a set of fields lacks", "tcp.dport not in { tcp.sport, 601 }", "first last gap below above near"),
    ("many numbers under a search", 'tcp.dport in odd and not frame has "nothing"', IN),
    ("many numbers and their absence", "tcp.dport in odd and tcp.dport not in { 600..700 }", "first last echo"),
    ("one of many comparisons", "(" + " or ".join(f"tcp.dport == {n}" for n in range(3, 999, 2)) + ") and tcp.sport == 1001",
     "first middle far six"),
    ("none of many comparisons", "tcp.sport == 1001 and " + " and ".join(f"tcp.dport != {n}" for n in range(3, 999, 2)),
     "last gap below above near"),
    ("a tuple that a set of fields lacks", "(tcp.dport, ip.ttl) not in { (tcp.sport, 64) }", TCPS.replace(" echo", "")),
    ("an element whose field is absent, in the first column", "(tcp.dport, ip.ttl) not in { (udp.dport, 5) }", ""),
    ("or behind one that differs", "(ip.ttl, tcp.dport) not in { (5, udp.dport) }", ""),
    ("or at the end of a range that begins too late", "(ip.ttl, tcp.dport) not in { (64, 5000..udp.dport) }", ""),
    ("a union with a set of fields", "tcp.dport in { tcp.sport } + { 601 } + { ip.id }", "echo middle far six"),
], head=HEAD)
finish()
