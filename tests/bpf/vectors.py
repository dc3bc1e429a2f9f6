#!/usr/bin/env python3
"""vectors.py - vectors of every opcode, computed by a model of RFC 9669, run by tests/bpf/run

One file an instruction: its operands come once from the context, where the verifier knows
nothing of them, and once as constants, where it knows all.  A program returns the number of
the first vector that is wrong, or 0.
"""
import os, subprocess, sys

WORDS = [0, 1, 2, 7, 0xff, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff,
         0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
         0xffffffff80000000, 0x0123456789abcdef, 0xfffffffffffffffb]
COUNTS = [0, 1, 4, 31, 32, 33, 63, 64, 65, 0xffffffffffffffff]
IMMS = [0, 1, -1, 2, -5, 7, 127, 128, 0x7fffffff, -0x80000000]
IMM_COUNTS = [0, 1, 4, 31, 32, 63, 64, -1]
CTX_FIRST = 32   # first word of the context that programs under test use freely

def u(x, bits): return x & ((1 << bits) - 1)
def s(x, bits):
    x = u(x, bits)
    return x - (1 << bits) if x >> (bits - 1) else x

def tdiv(a, b):            # truncates, as C and RFC 9669 section 4.1
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q

ALU = {
    '+=': lambda a, b, n: a + b, '-=': lambda a, b, n: a - b, '*=': lambda a, b, n: a * b,
    '/=': lambda a, b, n: u(a, n) // u(b, n) if u(b, n) else 0,
    '%=': lambda a, b, n: u(a, n) % u(b, n) if u(b, n) else a,
    's/=': lambda a, b, n: tdiv(s(a, n), s(b, n)) if u(b, n) else 0,
    's%=': lambda a, b, n: s(a, n) - s(b, n) * tdiv(s(a, n), s(b, n)) if u(b, n) else a,
    '|=': lambda a, b, n: a | b, '&=': lambda a, b, n: a & b, '^=': lambda a, b, n: a ^ b,
    '=': lambda a, b, n: b,
    '<<=': lambda a, b, n: a << (b % n), '>>=': lambda a, b, n: u(a, n) >> (b % n),
    's>>=': lambda a, b, n: s(a, n) >> (b % n),
}
JUMP = {
    '==': lambda a, b, n: u(a, n) == u(b, n), '!=': lambda a, b, n: u(a, n) != u(b, n),
    '>': lambda a, b, n: u(a, n) > u(b, n), '>=': lambda a, b, n: u(a, n) >= u(b, n),
    '<': lambda a, b, n: u(a, n) < u(b, n), '<=': lambda a, b, n: u(a, n) <= u(b, n),
    's>': lambda a, b, n: s(a, n) > s(b, n), 's>=': lambda a, b, n: s(a, n) >= s(b, n),
    's<': lambda a, b, n: s(a, n) < s(b, n), 's<=': lambda a, b, n: s(a, n) <= s(b, n),
    '&': lambda a, b, n: u(a & b, n) != 0,
}

def load(reg, value, words):
    """Bring a value into a register; through the context when words is a list."""
    if words is None:
        return ['r%d = 0x%x ll' % (reg, value)]
    if value not in words:
        words.append(value)
    return ['r%d = *(u64 *)(r6 + %d)' % (reg, CTX_FIRST + 8 * words.index(value))]

def write(folder, name, claim, vectors, constant):
    """vectors: (a, b or None, instruction, 64-bit result in r2)"""
    words, code = (None if constant else []), ['r6 = r1']
    for number, (a, b, insn, want) in enumerate(vectors, 1):
        code += load(2, a, words)
        if b is not None:
            code += load(3, b, words)
        code += ['r0 = %d' % number] + insn
        code += ['r4 = 0x%x ll' % want, 'if r2 == r4 goto +1', 'exit']
    code += ['r0 = 0', 'exit']
    with open(os.path.join(folder, name + ('-known' if constant else '') + '.bpf'), 'w') as f:
        f.write('# %s, operands %s\n' % (claim, 'known' if constant else 'from the context'))
        for i, w in enumerate(words or []):
            f.write('ctx %d 0x%x\n' % (CTX_FIRST + 8 * i, w))
        f.write('\n'.join(code) + '\nresult 0\n')

def both(folder, name, claim, vectors):
    write(folder, name, claim, vectors, False)
    write(folder, name, claim, vectors, True)

def alu(folder, slug, op, fn):
    for n, r in ((64, 'r'), (32, 'w')):
        counts = '<<' in op or '>>' in op
        vectors = [(a, b, ['%s2 %s %s3' % (r, op, r)], u(fn(a, b, n), n))
                   for a in WORDS for b in (COUNTS if counts else WORDS)]
        both(folder, '%s%d-reg' % (slug, n), '%s2 %s %s3' % (r, op, r), vectors)
        vectors = [(a, None, ['%s2 %s %d' % (r, op, b)], u(fn(a, u(b, 64), n), n))
                   for a in WORDS for b in (IMM_COUNTS if counts else IMMS)]
        both(folder, '%s%d-imm' % (slug, n), '%s2 %s imm' % (r, op), vectors)

def jump(folder, slug, op, fn):
    for n, r in ((64, 'r'), (32, 'w')):
        def code(second):
            return ['if %s2 %s %s goto +2' % (r, op, second), 'r2 = 0', 'goto +1', 'r2 = 1']
        vectors = [(a, b, code(r + '3'), int(fn(a, b, n))) for a in WORDS for b in WORDS]
        both(folder, '%s%d-reg' % (slug, n), 'if %s2 %s %s3' % (r, op, r), vectors)
        vectors = [(a, None, code('%d' % b), int(fn(a, u(b, 64), n))) for a in WORDS for b in IMMS]
        both(folder, '%s%d-imm' % (slug, n), 'if %s2 %s imm' % (r, op), vectors)

def swap(x, n):
    return int.from_bytes(u(x, n).to_bytes(n // 8, 'little'), 'big')

def unary(folder, slug, insn, fn):
    both(folder, slug, insn, [(a, None, [insn], u(fn(a), 64)) for a in WORDS])

def memory(folder):
    for n in (8, 16, 32, 64):
        at = 'r10 - %d' % (n // 8 * 3)
        fill = ['*(u64 *)(r10 - 8) = r2', '*(u64 *)(r10 - 16) = r2', '*(u64 *)(r10 - 24) = r2']
        get = ['r2 = *(u%d *)(%s)' % (n, at)]
        both(folder, 'stx%d' % n, '*(u%d *) = r3, loaded' % n,
             [(a, b, fill + ['*(u%d *)(%s) = r3' % (n, at)] + get, u(b, n))
              for a in WORDS[:3] for b in WORDS])
        both(folder, 'st%d' % n, '*(u%d *) = imm, loaded' % n,
             [(a, None, fill + ['*(u%d *)(%s) = %d' % (n, at, b)] + get, u(b, n))
              for a in WORDS[:3] for b in IMMS])
        both(folder, 'stx%d-leaves' % n, '*(u%d *) = r3 leaves other bytes' % n,
             [(a, b, fill[:1] + ['*(u%d *)(r10 - 8) = r3' % n, 'r2 = *(u64 *)(r10 - 8)'],
               u(b, n) | (a >> n << n)) for a in WORDS for b in WORDS])
        if n < 64:
            both(folder, 'ldsx%d' % n, 'r2 = *(s%d *)' % n,
                 [(a, None, fill + ['r2 = *(s%d *)(%s)' % (n, 'r10 - 8')], u(s(a, n), 64))
                  for a in WORDS])

def generate(folder):
    slug = {'+=': 'add', '-=': 'sub', '*=': 'mul', '/=': 'div', '%=': 'mod', 's/=': 'sdiv',
            's%=': 'smod', '|=': 'or', '&=': 'and', '^=': 'xor', '=': 'mov', '<<=': 'lsh',
            '>>=': 'rsh', 's>>=': 'arsh'}
    for op, fn in ALU.items():
        alu(folder, slug[op], op, fn)
    slug = {'==': 'jeq', '!=': 'jne', '>': 'jgt', '>=': 'jge', '<': 'jlt', '<=': 'jle',
            's>': 'jsgt', 's>=': 'jsge', 's<': 'jslt', 's<=': 'jsle', '&': 'jset'}
    for op, fn in JUMP.items():
        jump(folder, slug[op], op, fn)
    unary(folder, 'neg64', 'r2 = -r2', lambda a: -a)
    unary(folder, 'neg32', 'w2 = -w2', lambda a: u(-a, 32))
    for n in (16, 32, 64):
        unary(folder, 'le%d' % n, 'r2 = le%d r2' % n, lambda a: u(a, n))
        unary(folder, 'be%d' % n, 'r2 = be%d r2' % n, lambda a: swap(a, n))
        unary(folder, 'bswap%d' % n, 'r2 = bswap%d r2' % n, lambda a: swap(a, n))
    for n in (8, 16, 32):
        both(folder, 'movsx%d-64' % n, 'r2 = (s%d)r3' % n,
             [(5, b, ['r2 = (s%d)r3' % n], u(s(b, n), 64)) for b in WORDS])
        if n < 32:
            both(folder, 'movsx%d-32' % n, 'w2 = (s%d)w3' % n,
                 [(5, b, ['w2 = (s%d)w3' % n], u(s(b, n), 32)) for b in WORDS])
    both(folder, 'lddw', 'r2 = imm ll', [(0, None, ['r2 = 0x%x ll' % w], w) for w in WORDS])
    both(folder, 'ja', 'goto', [(1, None, ['goto +1', 'r2 = 2'], 1)])
    both(folder, 'ja32', 'gotol', [(1, None, ['gotol +1', 'r2 = 2'], 1)])
    memory(folder)

def main():
    folder = os.path.join(os.environ.get('builddir', '.'), 'tests', 'bpf', 'vectors')
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    generate(folder)
    run = os.path.join(os.environ.get('builddir', '.'), 'tests', 'bpf', 'run')
    sys.exit(subprocess.call([run, folder]))

main()
