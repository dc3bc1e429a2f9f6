#!/usr/bin/env python3
"""language.py - docs/language.md: each example compiles, the tables are those of the .def files

`language.py --write` puts the tables into the document.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.environ.get("srcdir", "."))
FRONT = os.path.join(os.path.abspath(os.environ.get("builddir", ".")), "tests/front/front")
DOC = os.path.join(ROOT, "docs/language.md")
results = []


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def claim(ok, text, detail=""):
    results.append(ok)
    print("%sok %d - %s" % ("" if ok else "not ", len(results), text))
    if not ok:
        for line in detail.splitlines()[:20]:
            print("#  " + line)


def field_rows():
    text = read("policy/field.def")
    hooks = {"NET": "net", "DISK": "disk", "RW": "disk write, disk read", "CTL": "disk control"}
    yield "| field | | hooks | |"
    yield "| --- | --- | --- | --- |"
    for m in re.finditer(r'^HV_FIELD\(\w+,\s*"([^"]+)",\s*(\w+),\s*(\d+),\s*(\w+),\s*\w+,\s*([WR]),'
                         r'\s*"([^"]+)"\)', text, re.M):
        name, kind, bits, hook, rewrite, doc = m.groups()
        kinds = {"NUM": bits + " bits", "FLAG": "flag", "MAC": "MAC address", "IP": "IP address",
                 "IP4": "IPv4 address", "RANGE": "sectors"}
        yield "| `%s` | %s%s | %s | %s |" % (name, kinds[kind], ", rewritable" if rewrite == "W" else "",
                                           hooks[hook], doc)
    for m in re.finditer(r'^HV_FLAGBIT\(\w+,\s*"([^"]+)",\s*\w+,\s*\d+,\s*"([^"]+)"\)', text, re.M):
        yield "| `%s` | flag | net | %s |" % m.groups()


def keyword_rows():
    for m in re.finditer(r'^HVC_KEYWORD\(\w+,\s*"([^"]+)",\s*"([^"]+)"\)', read("compiler/keyword.def"), re.M):
        yield "* `%s`: %s" % m.groups()


def limit_rows():
    yield "| | at most |"
    yield "| --- | --- |"
    for m in re.finditer(r'^HVC_LIMIT\(\w+,\s*(\d+),\s*"([^"]+)",\s*"([^"]+)"\)', read("compiler/limit.def"), re.M):
        yield "| %s | %s %s |" % (m.group(3), m.group(1), m.group(2))


TABLES = {"fields": field_rows, "keywords": keyword_rows, "limits": limit_rows}


def with_tables(text):
    for name, rows in TABLES.items():
        text = re.sub(r"(<!-- %s: .*?-->\n).*?(<!-- end of %s -->)" % (name, name),
                      lambda m: m.group(1) + "\n".join(rows()) + "\n" + m.group(2), text, flags=re.S)
    return text


def examples(text):
    """Runs of indented lines whose first one is a policy statement."""
    for block in re.findall(r"(?:^(?: {4}.*)?\n)+", text, re.M):
        lines = [line[4:] for line in block.split("\n")]
        body = "\n".join(lines).strip("\n") + "\n"
        if body.startswith("policy "):
            yield body


def compile_example(body, folder):
    path = os.path.join(folder, "example.hvrule")
    with open(path, "w", encoding="utf-8") as f:
        f.write(body)
    p = subprocess.run([FRONT, "diag", path], capture_output=True, text=True)
    return p.returncode == 0 and not p.stdout, p.stdout + p.stderr


def check_grammar():
    tokens = set(re.findall(r'T_\w+ "(\w+)"', read("compiler/parse.y")))
    words = re.findall(r'^HVC_KEYWORD\(\w+,\s*"([^"]+)"', read("compiler/keyword.def"), re.M)
    claim(words == sorted(words), "keyword.def is sorted")
    claim(set(words) <= tokens, "every keyword is a token of the grammar", " ".join(set(words) - tokens))


def main():
    text = read("docs/language.md")
    if sys.argv[1:] == ["--write"]:
        with open(DOC, "w", encoding="utf-8") as f:
            f.write(with_tables(text))
        return 0
    claim(with_tables(text) == text, "the tables of docs/language.md are those of the .def files")
    check_grammar()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("blocked.txt", "examples.sigs"):
            shutil.copyfile(os.path.join(ROOT, "tests/front/examples", name), os.path.join(folder, name))
        count = 0
        for body in examples(text):
            ok, detail = compile_example(body, folder)
            claim(ok, "the example %s compiles without a warning" % body.split(" version")[0], detail)
            count += 1
    claim(count >= 13, "examples were found")
    print("1..%d" % len(results))
    return not all(results)


sys.exit(main())
