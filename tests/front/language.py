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


BYTES = r"\[[^\]]+:%d\]"
# What the language has besides keywords and fields; each is shown in some example.
CONSTRUCTS = {
    "shift left": r" << ", "shift right": r" >> ", "sum": r"[\w\])] \+ \w", "subtraction": r"(?:len|sectors|lba) - \d",
    "bits and": r" & ", "bits xor": r" \^ ", "bits or": r" \| ", "equal": r" == ", "unequal": r" != ",
    "less": r" < ", "at most": r" <= ", "more": r" > ", "at least": r" >= ", "in a set": r"\w in [a-z{]",
    "not in": r" not in ", "overlaps": r" overlaps \{", "parentheses": r"(?:and|or|not) \(",
    "a flag alone": r"(?:not|and|:) +tcp\.syn", "a rule without condition": r"^ *\w+: +->",
    "kilobytes": r"\b\d+k\b", "megabytes": r"\b\d+M\b", "gigabytes": r"\b\d+G\b", "hex number": r"\b0x[0-9a-f]+",
    "IPv4 address": r"\d+\.\d+\.\d+\.\d+", "IPv6 address": r"\b[0-9a-f]+:[0-9a-f:]*:", "prefix": r"\d/\d+",
    "prefix without braces": r" in \d+\.[\d.]+/\d+", "MAC address": r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}",
    "MAC address in a set": r"\{ *(?:[0-9a-f]{2}:){5}", "range of numbers": r"\d+\.\.\d+",
    "range of addresses": r"\d\.\d+\.\.\d+\.\d", "range of fields": r"sectors - \d+\.\.disk",
    "tuple": r"\([\w.]+, [\w.]+\) in", "tuple with a range": r"\(\d[\d.]*, \d+\.\.\d+\)",
    "tuple with a prefix": r"\([\d.]+/\d+, ", "empty set": r"= \{ *\};", "comma at the end of a set": r", *\};",
    "union": r"= [^;]*\w \+ [\w{]", "difference": r"set \w+ += \w+ - ", "set of a file": r"set \w+ += file",
    "string": r"pattern \w+ += \"", "string without case": r"\" i\b", "wide string": r"\"(?: i)? wide",
    "escapes": r"\\x[0-9a-f]{2}", "newline": r"\\n", "regex": r"pattern \w+ += /", "hex": r"= \{ [0-9A-F]{2} ",
    "any byte": r"\?\?", "gap": r"\[\d+-\d+\]", "regex in place": r"has /", "hex in place": r"has \{",
    "string in place": r"has \"", "any of a file": r"has any \w+ ", "any of a list": r"has any \{",
    "entry of a file": r"has \w+\.[\w-]+", "starts with": r"starts with ", "at": r" at \d+", "every": r" at \d+ every \d+",
    "within": r" within \d+\.\.\d+", "within, every": r" within \d+\.\.\d+ every \d+",
    "frame has": r"frame has", "payload has": r"payload has", "data has": r"data has",
    "one byte": BYTES % 1, "two bytes": BYTES % 2, "four bytes": BYTES % 4, "eight bytes": BYTES % 8, "little-endian": r"\] le ",
    "frame bytes": r"frame\[", "payload bytes": r"payload\[", "data bytes": r"data\[", "cdb bytes": r"cdb\[",
    "sector bytes": r"sector\[[^\]]+\]\[", "offset of a field": r"\[\w+\.\w+[^\]:]*:",
    "pass": r"[>,] pass[,;]", "drop": r"[>,] drop[,;]", "drop silently": r"drop silently", "log alone": r"[>,] log[,;]",
    "log info": r"log info", "log notice": r"log notice", "log alert": r"log alert", "text": r"log [^;]*\"", "limit": r"limit \d+/s",
    "field in a text": r"\"[^\"]*\{ip\.", "pattern in a text": r"\{pattern\}", "match in a text": r"\{match\}",
    "brace in a text": r"\{\{", "count": r"count \w+", "rewrite with a string": r"rewrite \w+ with \"",
    "rewrite with hex": r"rewrite \w+ with \{", "several hooks": r"on [a-z ]+, ", "default drop": r"default drop",
    "several blocks": r"on net out[^}]*\}[^}]*on net out|net out default[^}]*\}\s*on net out",
    "include": r"include \"", "comment": r"#",
}
for c in "ismx":
    CONSTRUCTS["regex flag " + c] = r"/[ims]*%s[imsx]*(?=[ ;,])" % c


def check_constructs(text):
    """Each keyword, field, rewritable field and form of the language is in an example that compiles."""
    words = re.findall(r'^HVC_KEYWORD\(\w+,\s*"([^"]+)"', read("compiler/keyword.def"), re.M)
    fields = read("policy/field.def")
    names = re.findall(r'^HV_F(?:IELD|LAGBIT)\(\w+,\s*"([^"]+)"', fields, re.M)
    rewritable = re.findall(r'^HV_FIELD\(\w+,\s*"([^"]+)",\s*\w+,\s*\d+,\s*\w+,\s*\w+,\s*W,', fields, re.M)
    names.remove("tcp.in_order")        # draws a warning
    missing = [w for w in words + names if not re.search(r"(?<![\w.])%s(?![\w.])" % re.escape(w), text)]
    claim(not missing, "every keyword and every field stands in an example", " ".join(missing))
    missing = [n for n in rewritable if "rewrite %s = " % n not in text]
    claim(rewritable and not missing, "every field that can be rewritten is", " ".join(missing))
    missing = [n for n, form in CONSTRUCTS.items() if not re.search(form, text, re.M | re.S)]
    claim(not missing, "each of %d forms of the language stands in an example" % len(CONSTRUCTS), ", ".join(missing))


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
        for name in ("blocked.txt", "common.hvrule", "examples.sigs"):
            shutil.copyfile(os.path.join(ROOT, "tests/front/examples", name), os.path.join(folder, name))
        count = 0
        check_constructs("\n".join(examples(text)))
        for body in examples(text):
            ok, detail = compile_example(body, folder)
            claim(ok, "the example %s compiles without a warning" % body.split(" version")[0], detail)
            count += 1
    claim(count >= 13, "examples were found")
    print("1..%d" % len(results))
    return not all(results)


sys.exit(main())
