#!/usr/bin/env python3
"""content_test.py - patterns, positions, areas and regular expressions of the language"""
import re
import sys

sys.dont_write_bytecode = True
from lab import ARP, ICMP, ICMP6, TCP, UDP, V6, disk, eth, finish, ipv4, matrix, refused  # noqa: E402

TEXTS = {
    "plain": b"the secret word",
    "upper": b"THE SECRET WORD",
    "mixed": b"The SeCrEt Word",
    "wide": "xx secret".encode("utf-16le"),
    "wide_up": "SECRET".encode("utf-16le"),
    "odd": b"\x01" + "secret".encode("utf-16le"),
    "start": b"secret at the start",
    "end": b"it ends in secret",
    "twice": b"secret, secret",
    "close": b"secresecret",
    "part": b"secre",
    "empty": b"",
    "ssn": b"id 078-05-1120.",
    "long_ssn": b"id 1078-05-11203",
    "line": b"first\nsecond\nthird",
    "cr": b"first\r\nsecond",
    "last_nl": b"tail\n",
    "mz": b"MZ\x90\x00ab\x50\x45\x00\x00",
    "mz_far": b"MZ\x90\x00" + b"z" * 7 + b"PE",
    "mz_near": b"MZ\x90\x00" + b"PE",
    "zeros": bytes(64),
    "high": b"caf\xe9 \xff\xfe",
    "eicar": b"$X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
    "quote": b'say "hi"\tnow\\',
    "aaa": b"aaaa",
    "every": b"k..k..k..=..k",
    "udpx": b"",
}
FRAMES = {k: TCP(v) for k, v in TEXTS.items()}
FRAMES["udpx"] = UDP(b"a secret over udp", pad=9)
PLAIN = "plain start end twice close udpx"
SIGS = {"malware.sigs": """# signatures
eicar-test = "EICAR-STANDARD"
drop       = "secret" i
w.1        = /PE\\x00\\x00/
hexa       = { 4D 5A ?? 00 }
""", "none.sigs": "# nothing\n"}

CASES = [
    ("a literal is found anywhere", 'payload has "secret"', PLAIN),
    ("a literal is case sensitive", 'payload has "SECRET"', "upper"),
    ("i ignores ASCII case", 'payload has "secret" i', PLAIN + " upper mixed"),
    ("i does not touch bytes above 127", 'payload has "caf\\xc9" i', ""),
    ("wide is UTF-16LE", 'payload has "secret" wide', "wide odd"),
    ("wide and i", 'payload has "secret" wide i', "wide odd wide_up"),
    ("i wide in the other order", 'payload has "secret" i wide', "wide odd wide_up"),
    ("a literal that overlaps a false start is found", 'payload has "secresecret"', "close"),
    ("a pattern by its name", "payload has word", PLAIN),
    ("has any of names and patterns in place", 'payload has any { word, /\\bWORD$/, "first", { FF FE } }',
     PLAIN + " upper line cr high"),
    ("has any may end in a comma", 'payload has any { "first", }', "line cr"),
    ("has any of one name", "payload has any word", PLAIN),
    ("has any of a file of patterns", "payload has any malware", PLAIN + " upper mixed eicar mz mz_far mz_near"),
    ("one pattern of a file by its name", "payload has malware.eicar-test", "eicar"),
    ("names of a pattern file may hold dots", "payload has malware.w.1", "mz"),
    ("has any of a file and a literal", 'payload has any { malware.hexa, "tail" }', "mz mz_far mz_near last_nl"),
    ("a file without patterns matches nothing", "payload has any nothing", ""),
    ("not has of it always holds", "not payload has any nothing", "*"),
    ("has any of an empty list matches nothing", "payload has any { }", ""),
    ("escapes in a literal", 'payload has "say \\"hi\\"\\tnow\\\\"', "quote"),
    ("\\xHH in a literal", 'payload has "\\xe9 \\xff"', "high"),
    ("the EICAR literal of the contract", 'payload has eicar', "eicar"),
    # hex
    ("hex bytes", "payload has { 4D 5A 90 00 }", "mz mz_far mz_near"),
    ("hex digits of either case", "payload has {4d 5A 90 00}", "mz mz_far mz_near"),
    ("?? is any byte", "payload has { 4D 5A ?? 00 ?? }", "mz mz_far mz_near"),
    ("?? needs a byte", "payload has { 65 63 72 65 ?? }", PLAIN),
    ("hex bytes may stand without spaces", "payload has {9000[2-6]5045}", "mz"),
    ("a gap takes its least", "payload has { 90 00 [2-6] 50 45 }", "mz"),
    ("a gap does not take more than its most", "payload has { 90 00 [0-6] 50 45 }", "mz mz_near"),
    ("a gap takes its most", "payload has { 90 00 [7-7] 50 45 }", "mz_far"),
    ("a gap crosses line feeds", "payload has { 66 69 72 73 74 [1-2] 73 }", "line cr"),
    ("a hex pattern by name", "payload has stub", "mz"),
    ("?? at the end of a hex pattern", "payload has { 63 72 65 ?? ?? }", "plain start twice close udpx end"
     .replace(" end", "")),
    # positions
    ("at 0", 'payload has "secret" at 0', "start twice"),
    ("starts with", 'payload starts with "secret"', "start twice"),
    ("starts with a pattern by name", "payload starts with word", "start twice"),
    ("at another match than the first", 'payload has "secret" at 8', "twice"),
    ("at the second of overlapping matches", 'payload has "aa" at 1', "aaa"),
    ("at the last place", 'payload has "aa" at 2', "aaa"),
    ("past the last place", 'payload has "aa" at 3', ""),
    ("within", 'payload has "secret" within 1..8', "plain twice close udpx"),
    ("within begins and ends there", 'payload has "secret" within 4..5', "plain close"),
    ("at N every K", 'payload has "k" at 3 every 3', "every"),
    ("at N every K begins at N", 'payload has "k" at 12 every 100', "every"),
    ("every K repeats at N only", 'payload has "=" at 0 every 2', ""),
    ("every K hits where it falls", 'payload has "=" at 1 every 4', "every"),
    ("within every", 'payload has "=" within 0..1 every 4', "every"),
    ("within every, beside it", 'payload has "=" within 2..3 every 4', ""),
    ("every may be smaller than the window: all places from N", 'payload has "=" within 0..5 every 2', "every"),
    ("a large position is no position", 'payload has "secret" at 18446744073709551615', ""),
    ("at by constants", 'payload has "secret" at eight - 8', "start twice"),
    ("a regular expression at a position, not at its first match", 'payload has /[a-z]ecret/ at 8', "twice"),
    ("a regular expression starts with", "payload starts with /sec?/", "start twice close part"),
    ("has any at a position", 'payload has any { "secret", "first" } at 0', "start twice line cr"),
    # areas
    ("frame holds the headers", "frame has { 08 00 45 00 }", "*"),
    ("frame has at a position", "frame has { 08 00 } at 12", "*"),
    ("the offset of frame is Ethernet's", 'frame has "secret" at 54', "start twice"),
    ("frame ends without padding", "frame has { EE EE EE }", ""),
    # regular expressions
    ("a regular expression", "payload has /se[c]ret/", PLAIN),
    ("\\b and \\d", "payload has /\\b\\d{3}-\\d{2}-\\d{4}\\b/", "ssn"),
    ("flag i", "payload has /SECRET/i", PLAIN + " upper mixed"),
    (". does not match a line feed", "payload has /first.second/", ""),
    ("flag s lets . match it", "payload has /first.second/s", "line"),
    (". matches a carriage return", "payload has /first.\\nsecond/", "cr"),
    ("^ is the start of the transfer", "payload has /^second/", ""),
    ("flag m: ^ after a line feed", "payload has /^second/m", "line cr"),
    ("flag m: $ before a line feed", "payload has /first$/m", "line"),
    ("$ is the very end: DOLLAR_ENDONLY", "payload has /tail$/", ""),
    ("\\Z matches before a last line feed", "payload has /tail\\Z/", "last_nl"),
    ("\\z is the very end", "payload has /\\n\\z/", "last_nl"),
    ("\\A is the start", "payload has /\\Asecret/", "start twice"),
    ("flag x ignores spaces", "payload has / se cret # note/x", PLAIN),
    ("flags combine", "payload has /FIRST . SECOND/isx", "line"),
    ("(?i) within", "payload has /(?i)the secret/", "plain upper mixed"),
    ("\\w is ASCII: C tables", "payload has /caf\\w/", ""),
    ("\\W takes a high byte", "payload has /caf\\W/", "high"),
    ("\\xHH in a regular expression", "payload has /\\xff\\xfe/", "high"),
    ("a negated class takes high bytes", "payload has /caf[^a-z]/", "high"),
    ("POSIX classes", "payload has /[[:upper:]]{6}/", "upper eicar"),
    ("alternation", "payload has /first|third|tail/", "line cr last_nl"),
    ("groups and counts", "payload has /^(?:se|cr|et)+$/", ""),
    ("lazy quantifiers find the same", "payload has /^s.*?t$/", "twice"),
    ("a slash in a class does not end it", "payload has /[/]|tail/", "last_nl"),
    ("an escaped slash", "payload has /\\/|tail/", "last_nl"),
    ("\\h, \\v, \\R-less classes", "payload has /hi\"\\h/", "quote"),
    ("{,n} as PCRE2 10.42 reads it: literal", "payload has /a{4}/", "aaa"),
    ("\\N is not a line feed", "payload has /first\\Nsecond|tail\\N/", ""),
    ("\\B", "payload has /\\Becret/", PLAIN),
    ("\\D\\S\\s", "payload has /\\D\\s\\S/", "plain upper mixed start end twice long_ssn eicar every quote udpx ssn high"
     .replace(" eicar", "").replace(" every", "")),
    # truth
    ("not has", 'not payload has "e"', "upper wide_up empty zeros ssn long_ssn aaa every mz mz_far mz_near last_nl"
     .replace(" every", "") + " every eicar high quote"),
    ("two searches and", 'payload has "the" and payload has "word"', "plain"),
    ("two searches or", 'payload has "first" or payload has "tail"', "line cr last_nl"),
    ("has beside fields", 'payload has "secret" and udp.dport == 53', "udpx"),
    ("has of an empty payload is false", 'payload has { ?? 00 }', ""),
]
CASES = [c for c in CASES if c[0] not in ("has of an empty payload is false",)]
for i, c in enumerate(CASES):       # plain byte patterns: the oracle is Python's bytes and re
    m = re.fullmatch(r"payload has /(.*)/([ismx]*)", c[1])
    if m and "[[:" not in c[1] and "\\h" not in c[1] and "\\N" not in c[1]:
        flags = sum({"i": re.I, "s": re.S, "m": re.M, "x": re.X}[f] for f in m[2])
        source = m[1].replace("\\z", "(?!.|\\n)").replace("\\Z", "(?=\\n?(?!.|\\n))")
        source = re.sub(r"(?<!\\)\$$", "(?!.|\\\\n)", source) if "m" not in m[2] else source
        hits = [k for k in FRAMES if re.search(source.encode(), TEXTS[k] if k != "udpx" else b"a secret over udp", flags)]
        CASES[i] = (c[0], c[1], " ".join(hits))

matrix("content", "net in", FRAMES, CASES, files=SIGS, head="""
patterns malware = file "malware.sigs"; patterns nothing = file "none.sigs";
pattern word = "secret"; const eight = 8;
pattern stub = { 4D 5A ?? 00 [2-6] 50 45 };
pattern eicar = "X5O!P%@AP[4\\\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
""")

AREAS = {
    "ping": ICMP(8, 0, b"IDSQsecret"),
    "ping_id": ICMP(8, 0, b"head"),
    "nd": ICMP6(135, 0, b"IDSQsecret"),
    "arp": ARP(1, "115.101.99.114", "101.116.0.0"),      # "secr", "et"
    "gre": eth(ipv4(47, b"secret"), 0x800),
    "tcp6": TCP(b"secret", **V6),
    "opts": TCP(b"secret", opts=b"\x01\x01\x01\x00"),
    "padded": TCP(b"sec", pad=6),
    "lldp": eth(b"secret", 0x88cc),
    "tagged": TCP(b"secret", tags=[(0x8100, 1), (0x8100, 2)]),
}
WIDE = {k: UDP(v.encode("utf-16le") if isinstance(v, str) else v) for k, v in {
    "umlaut": "Für Lösegeld", "upper": "FÜR LÖSEGELD", "euro": "5 €", "smile": "\U0001f600!", "bytes": b"F\0\xc3\0\xbc\0r\0",
    "top": "\uffff", "crossed": "\u0141"}.items()}
matrix("wide", "net in", WIDE, [
    ("wide takes a character of two bytes of UTF-8", 'payload has "Für" wide', "umlaut"),
    ("i folds ASCII only, beside it", 'payload has "lösegeld" wide i', "umlaut"),
    ("three bytes", 'payload has " €" wide', "euro"),
    ("four bytes: a surrogate pair", 'payload has "😀" wide at 0', "smile"),
    ("the last of three bytes", 'payload has "\uffff" wide', "top"),
    ("an escape is the character of that number", 'payload has "F\\xfcr" wide', "umlaut"),
    ("and two of them are two", 'payload has "F\\xc3\\xbcr" wide', "bytes"),
    ("escapes and UTF-8 in one", 'payload has "F\\xfcr Lö" wide', "umlaut"),
    ("without i a letter within a character is no letter", 'payload has "Ł" wide', "crossed"),
])

# all of these can only hold inside of some values of header fields, and so share one classifier
for order in ("payload has secret and tcp.dport == 80", "tcp.dport == 80 and payload has secret"):
    matrix(f"a search behind or: {order}", "net in", {
        "found": TCP(b"a secret", dport=80), "other": TCP(b"nothing", dport=80), "port": TCP(b"a secret", dport=81),
        "syn": TCP(b"", dport=443, flags=2)}, [
        ("a search beside a header, an alternative of another", f"tcp.syn or {order}", "found syn"),
        ("within an and", f"ip.ttl == 64 and (tcp.syn or {order})", "found syn"),
        ("twice", f"tcp.syn or {order} or {order.replace('80', '81')}", "found syn port"),
        ("deeper", f"tcp.syn or (tcp.dport == 22 or {order}) and ip.version == 4", "found syn"),
        ("a not in its place", f"tcp.syn or not (ip.proto != 17) and tcp.dport == 80 or {order}", "found syn"),
    ], head='pattern secret = "secret";')

matrix("areas", "net in", AREAS, [
    ("the payload of ICMP follows its 4-byte header", "payload starts with \"IDSQ\"", "ping nd"),
    ("payload of every protocol", 'payload has "secret"', "ping nd gre tcp6 opts tagged"),
    ("payload begins behind TCP options", 'payload starts with "secret"', "gre tcp6 opts tagged"),
    ("a frame without IP has no payload", 'not payload has "secret"', "ping_id arp padded lldp"),
    ("frame holds what is not IP", 'frame has "secret"', "ping nd gre tcp6 opts lldp tagged"),
    ("frame of ARP", 'frame has "secr" at 28', "arp"),
    ("padding is in no area", "frame has { EE EE EE }", ""),
    ("frame behind two tags", 'frame has "secret" at 62', "nd tagged"),
])


def sectors(*parts):
    """Sectors of 512 bytes: (offset, bytes)."""
    data = bytearray(512 * 8)
    for at, what in parts:
        data[at:at + len(what)] = what
    return bytes(data)


DISK = {
    "mbr": disk(0x25, sectors((510, b"\x55\xaa")), lba=0),
    "each": disk(0x25, sectors(*[(512 * i + 510, b"\x55\xaa") for i in range(8)]), lba=8),
    "third": disk(0x25, sectors((1024, b"FILE0")), lba=16),
    "cross": disk(0x25, sectors((510, b"FILE0")), lba=24),
    "last": disk(0x25, sectors((4096 - 5, b"FILE0")), lba=32),
    "le": disk(0x25, sectors((0, bytes(range(1, 17))), (4088, b"\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8")), lba=40),
    "nodata": disk(0x25, b"", lba=48, sectors=8),
    "big": disk(0x25, bytes(8192), lba=2, size=4096),
}
DISK["big"] = disk(0x25, bytes(4096) + b"\x11" + bytes(4094) + b"\x22", lba=2, size=4096)
matrix("sectors", "disk read", DISK, [
    ("data has anywhere", 'data has "FILE0"', "third cross last"),
    ("at 0 every 512 is the start of a sector", 'data has "FILE0" at 0 every 512', "third"),
    ("at 510 every 512", "data has { 55 AA } at 510 every 512", "mbr each"),
    ("at 510", "data has { 55 AA } at 510", "mbr each"),
    ("at 1022", "data has { 55 AA } at 1022", "each"),
    ("within 0..1 every 512", 'data has "ILE0" within 0..1 every 512', "third"),
    ("data[o:n]", "data[0:4] == 0x01020304", "le"),
    ("data[o:n] le", "data[0:8] le == 0x0807060504030201", "le"),
    ("the last 8 bytes", "data[disk.bytes - 8:8] == 0xf1f2f3f4f5f6f7f8", "le"),
    ("one past the last 8 bytes is absent", "data[4089:8] >= 0", "big"),
    ("data of a command recorded without its data is absent", "not data[0:1] >= 0", "nodata"),
    ("sector[lba] reads the named sector", "sector[0][510:2] == 0x55aa", "mbr"),
    ("a sector in the middle of a transfer", "sector[9][510:2] == 0x55aa", "each"),
    ("the last sector of a transfer", "sector[15][510:2] le == 0xaa55", "each"),
    ("one past the last sector is absent", "sector[16][0:1] >= 0", "third"),
    ("one before the first sector is absent", "sector[15][0:1] >= 0", "each"),
    ("a read may not cross the sector's end", "sector[disk.lba][511:2] >= 0", "big"),
    ("the last byte of a sector", "sector[disk.lba][511:1] >= 0", "* -nodata"),
    ("one past the last byte of a sector is absent", "sector[disk.lba][512:1] >= 0", "big"),
    ("a sector of 4096 bytes", "sector[3][4095:1] == 0x22", "big"),
    ("a sector of 4096 bytes, its first", "sector[3][0:1] == 0x11", "big"),
    ("sector numbers may be expressions", "sector[disk.lba + disk.sectors - 1][507:1] == 0x46", "last"),
    ("a sector number that wraps is absent", "sector[disk.lba - disk.lba - 1][0:1] >= 0", ""),
    ("an offset that wraps is absent", "sector[disk.lba][0xffffffffffffffff:1] >= 0", ""),
    ("a sector number beyond 48 bits is absent", "sector[0x1000000000000][0:1] >= 0", ""),
    ("cdb of a command without one is absent", "cdb[0:1] >= 0", ""),
    ("data starts with", "data starts with { 01 02 ?? 04 }", "le"),
    ("a transfer without data has nothing", "not data has { 00 }", "nodata"),
])
for name, text in (("alone", b"\xbc"), ("cut", b"a\xc3"), ("overlong", b"\xc0\xaf"), ("a surrogate", b"\xed\xa0\x80"),
                   ("beyond U+10FFFF", b"\xf4\x90\x80\x80"), ("cut by an escape", b"\xe2\\x82\xac"), ("three, overlong", b"\xe0\x9f\xbf"),
                   ("four, overlong", b"\xf0\x8f\xbf\xbf"), ("a first byte too large", b"\xf8\x88\x80\x80\x80")):
    refused(f"wide text that is no UTF-8: {name}", b'policy "w" version 1;\non net in default pass { a: payload has "' + text +
            b'" wide -> drop; }\n', rf"^p\.hvrule:2:{42 + (name == 'cut')}: error: .*UTF-8")
refused("i would fold half a character: it is refused", 'policy "w" version 1;\non net in default pass { a: payload has "Ł" i wide -> drop; }\n',
        r"^p\.hvrule:2:41: error: .*ASCII letter")
finish()
