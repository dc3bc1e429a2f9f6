#!/usr/bin/env python3
"""make_man.py SOURCE - hvrule(5) on standard output, its lists made from the compiler's tables"""
import re
import sys

SOURCE = sys.argv[1]
HOOKS = {"NET": "net", "DISK": "disk", "RW": "disk read, write", "CTL": "disk control"}
TYPES = {"NUM": "number", "FLAG": "flag", "MAC": "MAC address", "IP": "address", "IP4": "IPv4 address",
         "RANGE": "sectors"}


def read(path):
    with open(f"{SOURCE}/{path}", encoding="utf-8") as f:
        return re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)


def roff(text):
    return text.replace("\\", "\\e").replace("-", "\\-")


def rows(text, macro):
    """Arguments of each MACRO(...) of a table: words and strings, strings without quotes."""
    for body in re.findall(rf"^{macro}\((.*)\)\s*$", text, flags=re.M):
        cells = re.findall(r'\s*("(?:[^"\\]|\\.)*"|[^",]+)\s*(?:,|$)', body)
        yield [c.strip().strip('"') for c in cells]


def fields():
    table = read("policy/field.def")
    for row in rows(table, "HV_FIELD"):
        _, name, kind, bits, hooks, _, rewrite, what = row
        more = f"{TYPES[kind]}" + (f" of {bits} bits" if kind == "NUM" else "")
        yield name, f"{what} ({HOOKS[hooks]}; {more}" + ("; may be rewritten)" if rewrite == "W" else ")")
    for row in rows(table, "HV_FLAGBIT"):
        yield row[1], f"{row[4]} (net; flag)"


def keywords():
    for row in rows(read("compiler/keyword.def"), "HVC_KEYWORD"):
        yield row[1], row[2]


def limits():
    for row in rows(read("compiler/limit.def"), "HVC_LIMIT"):
        yield f"{int(row[1]):,} {row[2]}", row[3]


def tagged(pairs):
    return "\n".join(f".TP\n.B {roff(name)}\n{roff(text)}" for name, text in pairs)


def main():
    with open(f"{SOURCE}/docs/man/hvrule.5.in", encoding="utf-8") as f:
        page = f.read()
    page = page.replace("@FIELDS@", tagged(fields()))
    page = page.replace("@KEYWORDS@", tagged(keywords()))
    page = page.replace("@LIMITS@", tagged(limits()))
    sys.stdout.write(page)


main()
