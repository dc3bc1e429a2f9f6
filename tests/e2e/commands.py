"""commands.py - random commands of a disk trace, with the fields and areas that the language sees in them"""
import lab
from evaluator import Transfer

# both sides of where 28 and 48 bits of LBA end, a few neighbours, 32 bits
LBAS = [0, 1, 2, 62, 63, 64, 127, 128, 1000, 2047, 2048, 0xffffffe, 0xfffffff, 0x10000000, 0xffffffff, 0x100000000,
        (1 << 48) - 2, (1 << 48) - 1]
END = 1 << 48
COMMANDS = {"disk read": [0x20, 0x24, 0x25, 0x29, 0x60, 0xc4, 0xc8], "disk write": [0x30, 0x34, 0x35, 0x61, 0xc5, 0xca]}
TRIM, WRITE_LOG = 0x06, (0x3f, 0x57)
OPEN = [0x40, 0x42, 0x51, 0x70, 0xc0, 0xe4, 0xe8]
# SET MAX, WRITE UNCORRECTABLE, TRUSTED, DOWNLOAD MICROCODE, overlay, sector configuration, SANITIZE, SECURITY
GUARDED = [0x37, 0x45, 0x5b, 0x5e, 0x92, 0x93, 0xb1, 0xb2, 0xb4, 0xf1, 0xf4, 0xf6, 0xf9]
WORDS = [b"abc", b"MZ", b"123", b"aa", b"UU", b"aaa"]


def device(rng):
    """The same words for lab.disk() and as fields."""
    words = {"port": rng.choice([0, 1, 255]), "unit": rng.choice([0, 3]), "size": rng.choice([512, 512, 520, 4096]),
             "total": rng.choice([0, 2048, 4096, 0x10000000, END]), "features": rng.choice([0, 1, 255, 65535]),
             "count": rng.choice([0, 1, 8, 65535])}
    fields = {"disk.port": words["port"], "disk.unit": words["unit"], "disk.sector_size": words["size"],
              "ata.features": words["features"], "ata.count": words["count"]}
    if words["total"]:
        fields["disk.total_sectors"] = words["total"]
    return words, fields


def sector(rng, size):
    """Starts with zeros, of which no pattern has any: nothing is found across two commands."""
    start = bytes(8) + rng.choice(WORDS) + rng.randbytes(8)
    return start.ljust(size // 2, rng.choice([b"\0", b"a"])).ljust(size, b"U")


def random_access(rng, hook):
    words, fields = device(rng)
    command, lba, carried = rng.choice(COMMANDS[hook]), rng.choice(LBAS), rng.random() < 0.8
    count = min(rng.choice([1, 1, 2, 3] if carried else [0, 1, 7, 65536, 0xffffffff]), END - lba)
    data = b"".join(sector(rng, words["size"]) for _ in range(count)) if carried else b""
    fields |= {"ata.command": command, "ata.lba": rng.choice([lba, lba, lba, 77]), "disk.lba": lba,
               "disk.sectors": count, "disk.bytes": count * words["size"], "disk.range": [(lba, count)]}
    raw = lab.disk(command, data, lba=lba, sectors=count, hook=lab.READ if hook == "disk read" else lab.WRITE,
                   ata_lba=fields["ata.lba"], kind=1 if carried else 0, **words)
    return Transfer(raw, hook, fields, {"data": data} if carried else {})


def random_control(rng):
    words, fields = device(rng)
    command = rng.choice([TRIM] * 4 + [rng.choice(WRITE_LOG), *rng.sample(OPEN, 2), *rng.sample(GUARDED, 3)])
    fields |= {"ata.command": command, "ata.lba": rng.choice([0, 5, 0xdf, 0xe0, 0xe1, 0xe2, 0x1234e0])}
    if command == TRIM:
        words["features"] = fields["ata.features"] = 1
        ranges = [(lba, min(rng.choice([0, 1, 2, 8, 65535, 1 << 20]), END - lba))
                  for lba in rng.choices(LBAS, k=rng.choice([0, 1, 1, 2, 5]))]
        if ranges:
            fields["disk.range"] = ranges
        return Transfer(lab.trim(*ranges, ata_lba=fields["ata.lba"], **words), "disk control", fields, {})
    sct = command in WRITE_LOG and fields["ata.lba"] & 0xff in (0xe0, 0xe1)
    return Transfer(lab.disk(command, hook=lab.CONTROL, ata_lba=fields["ata.lba"], **words), "disk control", fields, {},
                    command in GUARDED or sct)


def random_command(rng):
    hook = rng.choice(["disk read", "disk write", "disk control", "disk control"])
    return random_control(rng) if hook == "disk control" else random_access(rng, hook)
