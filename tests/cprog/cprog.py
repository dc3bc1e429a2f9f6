#!/usr/bin/env python3
"""cprog.py - 100 generated C programs load, verify, and return what native code returns"""
import os, shlex, subprocess, sys, tempfile

HERE = os.path.join(os.environ.get('srcdir', '.'), 'tests', 'cprog')
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
import generate

COUNT = 100
CLANG = os.environ.get('CLANG')
SRC = os.environ.get('srcdir', '.')
RUN = os.path.join(os.environ.get('builddir', '.'), 'tests', 'cprog', 'run')

def shell(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout

def main():
    print('1..%d' % COUNT)
    bpf = CLANG and 'bpf' in shell(CLANG, '--print-targets')
    if not bpf:
        for n in range(1, COUNT + 1):
            print('ok %d - C program # SKIP no clang with target bpf' % n)
        return 0
    with tempfile.TemporaryDirectory() as d:
        native = []
        for n in range(1, COUNT + 1):
            path = os.path.join(d, 'p%d.c' % n)
            with open(path, 'w') as f:
                f.write(generate.program(n))
            native.append(path.replace('.c', '.n.o'))
        jobs = ['%s -w -O2 -target bpf -mcpu=v3 -g -ffreestanding -I%s -c %s '
                '-o %s && %s -O1 -w -I%s -c %s -o %s' %
                tuple(map(shlex.quote, (CLANG, SRC, n.replace('.n.o', '.c'), n.replace('.n.o', '.o'),
                                        CLANG, SRC, n.replace('.n.o', '.c'), n)))
                for n in native]
        subprocess.run(['xargs', '-P2', '-d', '\n', '-I{}', 'sh', '-c', '{}'], check=True,
                       input='\n'.join(jobs), text=True)
        programs = ' '.join('X(prog%d)' % n for n in range(1, COUNT + 1))
        shell(CLANG, '-w', '-O1', '-I' + SRC, '-DPROGRAMS=' + programs,
              os.path.join(HERE, 'native.c'), *native, '-o', os.path.join(d, 'native'))
        want = shell(os.path.join(d, 'native')).splitlines()
        got = shell(RUN, *[n.replace('.n.o', '.o') for n in native]).splitlines()
        if os.environ.get('CPROG_KEEP'):
            shell('cp', '-r', d, os.environ['CPROG_KEEP'])
    bad = 0
    for n, (w, g) in enumerate(zip(want, got), 1):
        print('%sok %d - C program %d verifies and returns what native code returns'
              % ('' if w == g else 'not ', n, n))
        if w != g:
            bad += 1
            print('# wanted %s\n# got %s' % (w, g))
    return bad != 0 or len(got) != COUNT

sys.exit(main())
