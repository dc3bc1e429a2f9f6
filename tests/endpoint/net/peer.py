"""peer.py - the machine at the other end of an endpoint's cable: answers ARP, ICMP, UDP and TCP, and notes all that comes

    peer = Peer()
    with Machine("name", net=peer.netdev): ...

It answers for every address of ADDRESSES, with the tags that it was spoken to with.  TCP ports are serve.py's services:
7001 source, 7002 sink, 7003 echo; a refused port gets a reset.  UDP: 7 echoes, 53 answers every name with 192.0.2.80.
One thread; what arrives is in `seen`, oldest first, what is sent in `sent`.
"""
import hashlib
import ipaddress
import socket
import struct
import threading
import time

import serve
from wire import ACK, ARP, FIN, ICMP, ICMP6, IP4, PSH, RST, SYN, TCP, UDP, Packet, ethernet, ip, with_checksum

MAC = bytes.fromhex("525400990001")
ADDRESSES = ("10.9.0.1", "10.9.0.2", "10.9.0.53", "10.9.1.1", "10.9.2.1", "fd09::1", "fe80::99:1")
ANSWER = "192.0.2.80"           # to every name
SCALE = 4                       # of our window (RFC 7323)
WINDOW = 1 << 19
FLIGHT = 1 << 17                # bytes under way at most, so that acknowledgements are looked at
RESEND = 1.0                    # seconds
SEEN_MAX = 200000


def packed(address):
    return ipaddress.ip_address(address).packed


class Source:
    """What a connection sends; `ready` False: not known yet what."""

    def __init__(self):
        self.line = b""
        self.data = None

    def take(self, data):
        self.line += data

    def end(self):
        pass

    def give(self):
        if self.data is None and b"\n" in self.line:
            self.data = b"".join(serve.content(int(self.line.split(b"\n")[0])))
        return self.data, self.data is not None


class Sink(Source):
    def __init__(self):
        super().__init__()
        self.total = hashlib.sha256()

    def take(self, data):
        self.total.update(data)

    def end(self):
        self.data = self.total.hexdigest().encode() + b"\n"

    def give(self):
        return self.data, self.data is not None


class Echo(Source):
    def __init__(self):
        super().__init__()
        self.data = b""
        self.ended = False

    def take(self, data):
        self.data += data

    def end(self):
        self.ended = True

    def give(self):
        return self.data, self.ended


SERVICES = {7001: Source, 7002: Sink, 7003: Echo}


class Connection:
    """The passive side of TCP (RFC 9293): in order, all that the window allows at once, go back when nothing moves."""

    def __init__(self, peer, p):
        self.peer, self.first = peer, p
        self.service = SERVICES[p.dport]()
        self.next = (p.seq + 1) & 0xffffffff    # expected from the other side
        self.sent = self.acked = 0              # bytes of our data
        self.start = (p.seq * 3 + 7) & 0xffffffff
        self.mss, self.shift = 536, None
        self.window = p.window
        self.fin = self.over = self.closed = False
        self.repeats = 0
        self.moved = time.monotonic()
        self.take_options(p.options)
        self.answer_syn()

    def take_options(self, options):
        while options and options[0] != 0:
            if options[0] == 1:
                options = options[1:]
                continue
            kind, length = options[0], max(options[1], 2)
            if kind == 2:
                self.mss, = struct.unpack_from(">H", options, 2)
            elif kind == 3:
                self.shift = options[2]
            options = options[length:]

    def answer_syn(self):
        options = struct.pack(">BBH", 2, 4, self.peer.mss(self.first))
        if self.shift is not None:
            options += bytes([1, 3, 3, SCALE])
        self.segment(SYN | ACK, self.start, b"", options, WINDOW >> SCALE if self.shift is None else min(WINDOW, 65535))

    def segment(self, flags, seq, data, options=b"", window=None):
        f = self.first
        if window is None:
            window = WINDOW >> SCALE if self.shift is not None else 65535
        header = struct.pack(">HHIIBBHHH", f.dport, f.sport, seq & 0xffffffff, self.next, (20 + len(options)) << 2, flags,
                             window, 0, 0) + options
        self.peer.reply(f, TCP, header + data, 16)

    def acknowledge(self, p):
        ahead = (p.ack - self.start - 1) & 0xffffffff
        data, _ = self.service.give()
        length = len(data or b"") + self.fin
        if p.flags & ACK and ahead <= length:
            self.repeats = self.repeats + 1 if ahead == self.acked and not p.payload and self.sent > self.acked else 0
            if ahead > self.acked:
                self.moved = time.monotonic()
            if self.repeats == 3:
                self.again()
            self.acked = max(self.acked, ahead)
            self.sent = max(self.sent, self.acked)
            self.closed = self.fin and self.acked == length
        self.window = p.window << (self.shift or 0)

    def take(self, p):
        if p.flags & RST:
            self.closed = self.over = True
            return
        if p.flags & SYN:
            self.answer_syn()
            return
        self.acknowledge(p)
        if p.payload or p.flags & FIN:
            self.receive(p)
        self.send()

    def receive(self, p):
        if p.seq == self.next and not self.over:
            self.next = (self.next + len(p.payload)) & 0xffffffff
            if p.payload:
                self.service.take(p.payload)
            if p.flags & FIN:
                self.next = (self.next + 1) & 0xffffffff
                self.over = True
                self.service.end()
        self.segment(ACK, self.start + 1 + self.sent, b"")

    def send(self):
        data, ends = self.service.give()
        data = data or b""
        window = min(self.window, FLIGHT)
        while self.sent < len(data) and self.sent - self.acked < window:
            n = min(self.mss, len(data) - self.sent, window - (self.sent - self.acked))
            self.segment(ACK | PSH, self.start + 1 + self.sent, data[self.sent:self.sent + n])
            self.sent += n
        if ends and self.sent == len(data):
            self.fin = True
            self.segment(ACK | FIN, self.start + 1 + self.sent, b"")
            self.sent += 1

    def again(self):
        """One segment, which is what is missing as a rule; the rest only when nothing moves for long."""
        data, _ = self.service.give()
        n = min(self.mss, len(data) - self.acked)
        if n > 0:
            self.segment(ACK | PSH, self.start + 1 + self.acked, data[self.acked:self.acked + n])

    def remind(self, now):
        if self.sent > self.acked and now - self.moved > RESEND:
            self.sent = self.acked
            self.moved = now
            self.send()


class Peer:
    """mtu: of frames that it sends, and accepts (the endpoint's may be any); answers: addresses that it has."""

    def __init__(self, mtu=1500, addresses=ADDRESSES):
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for s in (self.ours, theirs):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.theirs = theirs
        self.mtu = mtu
        self.addresses = {packed(a) for a in addresses}
        self.seen, self.sent = [], []
        self.wrong = []                 # frames with a wrong checksum
        self.connections = {}
        self.number = 0
        self.quiet = False              # answer nothing
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def files(self):
        return [self.theirs.fileno()]

    def netdev(self, name):
        return f"dgram,id={name},local.type=fd,local.str={self.theirs.fileno()}"

    def close(self):
        self.ended.set()
        self.thread.join()
        self.ours.close()
        self.theirs.close()

    def mss(self, p):
        return self.mtu - (40 if p.kind == IP4 else 60)

    def run(self):
        self.ours.settimeout(0.2)
        remind = time.monotonic()
        while not self.ended.is_set():
            try:
                self.take(self.ours.recv(1 << 17))
            except (socket.timeout, struct.error, IndexError):
                pass
            except OSError:
                return
            now = time.monotonic()
            if now - remind > 0.2:
                remind = now
                for key, c in list(self.connections.items()):
                    if c.closed:
                        del self.connections[key]
                    else:
                        c.remind(now)

    def send(self, frame):
        if len(self.sent) < SEEN_MAX:
            self.sent.append(frame)
        while not self.ended.is_set():
            try:
                self.ours.send(frame)
                return
            except (socket.timeout, BlockingIOError):
                continue
            except OSError:
                return

    def reply(self, p, protocol, transport, at):
        """To whom @p came from, from the address that it was sent to; @at: where the checksum is."""
        self.number += 1
        src = p.to_ip if p.to_ip in self.addresses else packed(self.own(p))
        kind, datagram = ip(src, p.from_ip, protocol, with_checksum(src, p.from_ip, protocol, transport, at), self.number)
        self.send(ethernet(p.src, MAC, kind, datagram, p.tags))

    def own(self, p):
        return "10.9.0.1" if p.kind == IP4 else "fd09::1"

    def take(self, frame):
        if len(self.seen) < SEEN_MAX:
            self.seen.append(frame)
        if self.quiet:
            return
        p = Packet(frame)
        if p.kind == ARP:
            self.take_arp(p)
        elif p.protocol is None or not p.whole:
            return
        elif p.wrong():
            self.wrong.append(f"{p.wrong()} checksum of {p}")
        elif p.protocol == ICMP6:
            self.take_icmp6(p)
        elif p.to_ip not in self.addresses:
            return
        elif p.protocol == ICMP and p.transport[0] == 8:
            self.reply(p, ICMP, b"\0" + p.transport[1:], 2)
        elif p.protocol == UDP:
            self.take_udp(p)
        elif p.protocol == TCP:
            self.take_tcp(p)

    def take_arp(self, p):
        operation, = struct.unpack_from(">H", p.body, 6)
        target = p.body[24:28]
        if operation == 1 and target in self.addresses:
            body = p.body[:6] + b"\0\2" + MAC + target + p.body[8:18]
            self.send(ethernet(p.src, MAC, ARP, body, p.tags))

    def take_icmp6(self, p):
        t = p.transport
        if t[0] == 128 and p.to_ip in self.addresses:                  # echo
            self.reply(p, ICMP6, b"\x81" + t[1:], 2)
        elif t[0] == 135 and t[8:24] in self.addresses and any(p.from_ip):      # neighbour solicitation (RFC 4861)
            body = struct.pack(">BBHI", 136, 0, 0, 0x60000000) + t[8:24] + b"\2\1" + MAC
            body = with_checksum(t[8:24], p.from_ip, ICMP6, body, 2)
            head = struct.pack(">IHBB", 6 << 28, len(body), ICMP6, 255) + t[8:24] + p.from_ip
            self.send(ethernet(p.src, MAC, p.kind, head + body, p.tags))

    def take_udp(self, p):
        if p.dport == 7:
            data = p.payload
        elif p.dport == 53 and len(p.payload) > 12:
            data = self.answer(p.payload)
        else:
            return
        self.reply(p, UDP, struct.pack(">HHHH", p.dport, p.sport, 8 + len(data), 0) + data, 6)

    @staticmethod
    def answer(query):
        """Of a name server (RFC 1035): the question again, and one record for an A."""
        end = query.index(b"\0", 12) + 5
        kind, = struct.unpack_from(">H", query, end - 4)
        records = struct.pack(">HHHIH", 0xc00c, 1, 1, 60, 4) + packed(ANSWER) if kind == 1 else b""
        return query[:2] + struct.pack(">HHHHH", 0x8580, 1, bool(records), 0, 0) + query[12:end] + records

    def take_tcp(self, p):
        key = (p.from_ip, p.sport, p.to_ip, p.dport)
        known = self.connections.get(key)
        if p.flags & (SYN | ACK) == SYN and p.dport in SERVICES and (known is None or known.first.seq != p.seq):
            self.connections[key] = Connection(self, p)
        elif known:
            known.take(p)
        elif not p.flags & RST:
            header = struct.pack(">HHIIBBHHH", p.dport, p.sport, p.ack if p.flags & ACK else 0,
                                 (p.seq + len(p.payload) + (p.flags & SYN > 0)) & 0xffffffff, 20 << 2, RST | ACK, 0, 0, 0)
            self.reply(p, TCP, header, 16)
