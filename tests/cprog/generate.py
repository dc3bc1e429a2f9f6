#!/usr/bin/env python3
"""generate.py - random loop-free C programs, the same for the same seed

Each is one policy function over arithmetic, branches, switches, small arrays on the stack,
hv_bytes, static functions that are not inlined (some take a pointer to the caller's array), and
loops that #pragma unroll removes.  Nothing in them is undefined, so that a native compiler's
result is the result.
"""
import random

FIELDS = ['eth_src', 'eth_dst', 'ip_proto', 'ip_ttl', 'tcp_sport', 'tcp_dport', 'ip_len',
          'frame_len', 'tcp_flags', 'l4_dport']

HEAD = '''#include "policy/context.h"
typedef uint64_t u64; typedef uint32_t u32; typedef uint16_t u16; typedef uint8_t u8;
typedef int64_t s64; typedef int32_t s32;
extern u64 hv_bytes(const struct hv_ctx *ctx, u64 area, u64 offset, void *buf, u64 size);
'''

class Program:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.n = seed
        self.lines = []
        self.depth = 1
        self.functions = []

    def pick(self, *choices):
        return self.r.choice(choices)

    def put(self, text):
        self.lines.append('\t' * self.depth + text)

    def const(self):
        return '%du' % self.pick(0, 1, 2, 7, 31, 80, 255, 443, 65535, self.r.randrange(1 << 31))

    def var(self):
        return self.pick('a', 'b', 'c', 'd', 'x', 'y')

    def value(self, level=0):
        k = self.r.randrange(13 if level < 3 else 4)
        if k < 2:
            return self.var()
        if k == 2:
            return self.const()
        if k == 3:
            return 'ctx->%s' % self.pick(*FIELDS) if self.ctx else self.var()
        if k == 4:
            return '(%s %s %s)' % (self.value(level + 1), self.pick('+', '-', '*', '&', '|', '^'),
                                   self.value(level + 1))
        if k == 5:
            return '(%s %s (%s & %d))' % (self.value(level + 1), self.pick('<<', '>>'), self.var(),
                                          self.pick(7, 31))
        if k == 6:
            return '(%s %s (%s | 1))' % (self.value(level + 1), self.pick('/',), self.var())
        if k == 7:
            return '(u64)(%s)(%s)' % (self.pick('u8', 'u16', 'u32', 's32'), self.value(level + 1))
        if k == 8:
            return '(u64)array[%s & 15]' % self.value(level + 1)
        if k == 9:
            return '(u64)table[%s & 7]' % self.var()
        if k == 10:
            return '(u64)%s[%s & 31]' % (self.pick('wide', 'primes'), self.value(level + 1))
        if k == 11:
            return '(u64)%s[%s(%s, %s) & 15]' % ('array', self.pick(*self.functions), self.var(),
                                                 self.var()) if self.ctx else self.var()
        return '(%s ? %s : %s)' % (self.condition(), self.value(level + 1), self.value(level + 1))

    def condition(self):
        cast = self.pick('', '', '(u32)', '(s64)', '(s32)')
        c = '%s%s %s %s%s' % (cast, self.var(), self.pick('==', '!=', '<', '<=', '>', '>='), cast,
                              self.pick(self.var(), self.const()))
        if self.r.randrange(4) == 0:
            c = '(%s) %s (%s & %s)' % (c, self.pick('&&', '||'), self.var(), self.const())
        return '(%s)' % c

    def statement(self, level):
        k = self.r.randrange(15)
        if k < 4 or level > 3:
            self.put('%s %s= %s;' % (self.var(), self.pick('', '+', '^', '-', '|'), self.value()))
        elif k < 6:
            self.put('array[%s & 15] = (u8)%s;' % (self.var(), self.value()))
        elif k < 8:
            self.put('if %s {' % self.condition())
            self.block(level)
            if self.r.randrange(2):
                self.put('} else {')
                self.block(level)
            self.put('}')
        elif k == 8:
            self.put('switch (%s & 7) {' % self.var())
            for case in self.r.sample(range(8), self.r.randrange(2, 7)):
                self.put('case %d:' % case)
                self.block(level)
                self.put('\tbreak;')
            self.put('default:')
            self.block(level)
            self.put('}')
        elif k == 9:
            self.put('#pragma unroll')
            self.put('for (u32 i = 0; i < %d; i++)' % self.pick(3, 8, 16))
            self.put('\t%s = %s + array[i];' % (self.var(), self.pick('a * 3', 'b ^ 5', 'x')))
        elif k == 10:
            n = self.pick(1, 2, 4, 8)
            self.put('{ u%d word = 0; if (!hv_bytes(ctx, 0, %s & 127, &word, %d)) %s += word; }'
                     % (8 * n, self.var(), n, self.var()))
        elif k == 11:
            f = self.pick(*self.functions)
            self.put('%s = %s(%s, %s);' % (self.var(), f, self.value(2), self.var()))
        elif k == 12:
            self.put('fill%d(%s, %s);' % (self.n, self.pick('array', 'wide'), self.var()))
        elif k == 13:
            self.put('wide[%s & 31] = (u8)%s;' % (self.var(), self.value()))
        else:   # clang sinks these stores into one
            self.put('if %s array[%s & 15] = (u8)%s; else wide[%s & 31] = (u8)%s;'
                     % (self.condition(), self.var(), self.var(), self.var(), self.var()))

    def block(self, level):
        self.depth += 1
        for _ in range(self.r.randrange(1, 4)):
            self.statement(level + 1)
        self.depth -= 1

    def function(self, name):
        self.ctx = False
        self.put_head('static __attribute__((noinline)) u64 %s(u64 x, u64 y)' % name)
        self.put('u64 a = x + 1, b = y ^ 3, c = 5, d = x;')
        self.put('u8 array[16] = { (u8)x }, wide[32] = { (u8)y };')
        for _ in range(self.r.randrange(1, 4)):
            self.put('%s = %s;' % (self.var(), self.value(1)))
        # clang drops the caller's mask when it knows the result's range
        self.put('return %s;' % self.pick('a + b + c + d + x + y + array[3]', '(a ^ b + c) & 15',
                                          'array[(d + y) & 15] >> 4', '(c + wide[x & 31]) % 13',
                                          'x < 7 ? 2 * x : y & 3'))
        self.lines.append('}')

    def put_head(self, text):
        self.lines += ['', text, '{']

    def text(self):
        self.functions = ['f%d_%d' % (self.n, i) for i in range(self.r.randrange(1, 4))]
        for name, size in (('table', 8), ('primes', 32)):
            self.lines.append('static const u8 %s[%d] = { %s };' %
                              (name, size, ', '.join(str(self.r.randrange(256)) for _ in range(size))))
        self.put_head('static __attribute__((noinline)) void fill%d(u8 *to, u64 x)' % self.n)
        self.lines += ['\tfor (u32 i = 0; i < 4; i++)', '\t\tto[i * 3 + 1] = (u8)(x >> i);', '}']
        self.lines[-3:-3] = ['#pragma unroll']
        for name in self.functions:
            self.function(name)
        self.ctx = True
        self.lines += ['', '#ifdef __bpf__', '__attribute__((section("net/out")))', '#endif']
        self.put_head('u64 prog%d(const struct hv_ctx *ctx)' % self.n)
        self.put('u64 a = ctx->eth_src, b = ctx->eth_dst, c = 3, d = ctx->tcp_dport;')
        self.put('u64 x = ctx->ip_len, y = 11;')
        self.put('u8 array[16] = { 1, 2, 3, (u8)a }, wide[32] = { (u8)b, 7 };')
        for _ in range(self.r.randrange(6, 16)):
            self.statement(0)
        self.put('return a ^ b ^ c ^ d ^ x ^ y ^ array[5] ^ wide[9];')
        self.lines.append('}')
        return '/* generate.py, seed %d */\n%s\n%s\n' % (self.n, HEAD, '\n'.join(self.lines))

def program(seed):
    return Program(seed).text()
