"""logwrites.py - logs of writes as Linux's dm-log-writes and QEMU's blklogwrites make them

The kernel's Documentation/admin-guide/device-mapper/log-writes.rst: a superblock, then of each write an entry, in a
sector of its own, and its data.
"""
import struct

MAGIC, VERSION = 0x6a736677736872, 1
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


class Write:
    """offset: bytes; data: bytes (none of a discard or a flush); length: bytes."""

    def __init__(self, offset, length, flags, data):
        self.offset, self.length, self.flags, self.data = offset, length, flags, data

    def is_flush(self):
        return bool(self.flags & (FLUSH | FUA))

    def overlaps(self, first, last):
        """Sectors @first to @last."""
        return self.length > 0 and self.offset < (last + 1) * 512 and self.offset + self.length > first * 512


def read(path):
    """All writes, in order."""
    with open(path, "rb") as f:
        magic, version, count, sector = struct.unpack("<QQQI", f.read(28))
        assert (magic, version) == (MAGIC, VERSION), path
        at = sector
        for _ in range(count):
            f.seek(at)
            head = f.read(32)
            if len(head) < 32:
                return
            where, sectors, flags, length = struct.unpack("<QQQQ", head)
            at += sector
            data = b""
            if not flags & DISCARD and sectors:
                f.seek(at)
                data = f.read(sectors * sector)
                at += len(data)
            yield Write(where * sector, sectors * sector, flags, data)


def apply(write, image):
    """Do @write to the open file."""
    if write.length:
        image.seek(write.offset)
        image.write(bytes(write.length) if write.flags & DISCARD else write.data)
