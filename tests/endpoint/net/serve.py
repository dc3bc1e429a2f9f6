#!/usr/bin/env python3
"""serve.py - the far end of a TCP connection, by QEMU's user network: serve.py SERVICE, on standard input and output

source  reads a line with a number, sends so many bytes
sink    reads to the end, answers with the SHA-256
echo    sends back what comes
http    GET /NUMBER is the source, POST the sink

peer.py has the first three, too.
"""
import hashlib
import random
import sys

BLOCK = random.Random(4).randbytes(1 << 20)     # no two frames of it alike


def content(count):
    """The bytes of `source`, by blocks."""
    for at in range(0, count, len(BLOCK)):
        yield BLOCK[:count - at]


def content_sum(count):
    total = hashlib.sha256()
    for block in content(count):
        total.update(block)
    return total.hexdigest()


def http(read, write):
    """HTTP/1.0 (RFC 1945), one request."""
    words = read.readline().split()
    length = 0
    while (line := read.readline().strip()):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    total = hashlib.sha256()
    while words[0] == b"POST" and length > 0 and (data := read.read1(min(length, 1 << 16))):
        total.update(data)
        length -= len(data)
    blocks = [total.hexdigest().encode() + b"\n"] if words[0] == b"POST" else content(int(words[1][1:]))
    write.write(b"HTTP/1.0 200 OK\r\n\r\n")
    for block in blocks:
        write.write(block)


def main():
    read, write = sys.stdin.buffer, sys.stdout.buffer
    if sys.argv[1] == "http":
        http(read, write)
    elif sys.argv[1] == "source":
        for block in content(int(read.readline())):
            write.write(block)
    elif sys.argv[1] == "sink":
        total = hashlib.sha256()
        while data := read.read1(1 << 16):
            total.update(data)
        write.write(total.hexdigest().encode() + b"\n")
    else:
        while data := read.read1(1 << 16):
            write.write(data)
            write.flush()
    write.flush()


if __name__ == "__main__":
    main()
