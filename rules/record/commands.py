#!/usr/bin/env python3
"""commands.py OUT - a disk trace of ATA commands that no emulated drive takes (docs/disk-trace.md)

What a drive utility and an attacker would send: SMART, firmware download, security, capacity,
sanitize, TRIM, an ATAPI command.  Generated, since QEMU's drives refuse them before anything records.
"""
import struct
import sys

LINKTYPE_USER0 = 147
TOTAL_SECTORS = 65536
READ, WRITE, CONTROL = 3, 2, 4
NO_DATA, SECTORS, RANGES, OTHER = 0, 1, 2, 3

# hook, command, FEATURES, COUNT, LBA, kind of data, data, CDB
COMMANDS = [
    (READ, 0x25, 0, 1, 0, SECTORS, b"\0" * 510 + b"\x55\xaa", b""),             # READ DMA EXT
    (CONTROL, 0xB0, 0xD0, 1, 0xC24F00, NO_DATA, b"", b""),                      # SMART READ DATA
    (CONTROL, 0xB0, 0xD4, 1, 0xC24F01, NO_DATA, b"", b""),                      # SMART: short self-test
    (CONTROL, 0xB0, 0xD9, 0, 0xC24F00, NO_DATA, b"", b""),                      # SMART DISABLE OPERATIONS
    (CONTROL, 0xB0, 0xD6, 1, 0xC24FE0, OTHER, b"\x03" + b"\0" * 511, b""),      # SMART WRITE LOG, SCT
    (CONTROL, 0xEF, 0x02, 0, 0, NO_DATA, b"", b""),                             # SET FEATURES: write cache on
    (CONTROL, 0x92, 0x07, 1, 0, OTHER, b"firmware".ljust(512, b"\xff"), b""),   # DOWNLOAD MICROCODE
    (CONTROL, 0x93, 0x03, 1, 0, OTHER, b"firmware".ljust(512, b"\xff"), b""),   # DOWNLOAD MICROCODE DMA
    (CONTROL, 0xF1, 0, 1, 0, OTHER, b"\0\0" + b"secret".ljust(510, b"\0"), b""),  # SECURITY SET PASSWORD
    (CONTROL, 0xF3, 0, 0, 0, NO_DATA, b"", b""),                                # SECURITY ERASE PREPARE
    (CONTROL, 0xF4, 0, 1, 0, OTHER, b"\0" * 512, b""),                          # SECURITY ERASE UNIT
    (CONTROL, 0xF9, 0, 0, 1024, NO_DATA, b"", b""),                             # SET MAX ADDRESS
    (CONTROL, 0x37, 0, 0, 1024, NO_DATA, b"", b""),                             # SET MAX ADDRESS EXT
    (CONTROL, 0x78, 0x01, 0, 1024, NO_DATA, b"", b""),                          # ACCESSIBLE MAX ADDRESS
    (CONTROL, 0xB4, 0x00, 0, 0, NO_DATA, b"", b""),                             # SANITIZE STATUS
    (CONTROL, 0xB4, 0x12, 0, 0x426B4572, NO_DATA, b"", b""),                    # BLOCK ERASE
    (CONTROL, 0x45, 0x55, 8, 4096, NO_DATA, b"", b""),                          # WRITE UNCORRECTABLE EXT
    (CONTROL, 0x06, 0x01, 1, 0, RANGES, struct.pack("<4Q", 4096, 2048, 8192, 8), b""),  # TRIM
    (CONTROL, 0x80, 0, 0, 0, NO_DATA, b"", b""),                                # vendor
    (WRITE, 0x35, 0, 2, 2048, SECTORS, b"data".ljust(1024, b"."), b""),         # WRITE DMA EXT
    (CONTROL, 0xA0, 0, 0, 0, NO_DATA, b"", bytes([0x3B, 5] + [0] * 10)),        # PACKET: WRITE BUFFER
]


def record(number, hook, command, features, count, lba, kind, data, cdb):
    sectors = len(data) // 512 if kind == SECTORS else 0
    header = struct.pack("<IHHQQQ8BHHIQQQQ16s", 0x54445653, 1, 96, number, 0, len(data), hook, kind, 0, 0, command,
                         len(cdb), 0, 0, features, count, 512, lba, lba if sectors else 0, sectors, TOTAL_SECTORS,
                         cdb.ljust(16, b"\0"))
    body = header + data
    return struct.pack("<IIII", 1700000000 + number, 0, len(body), len(body)) + body


def main():
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, LINKTYPE_USER0))
        for number, command in enumerate(COMMANDS, 1):
            out.write(record(number, *command))


main()
