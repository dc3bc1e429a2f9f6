#!/bin/sh
# coverage.sh SOURCE BUILD - run the tests in a build with gcov counters; lines and branches by file
#
# Without tests/endpoint: what runs in a machine counts nothing here.
set -eu
source=$1
build=$2
mkdir -p "$build"
cd "$build"
# by a relative path: configure knows no spaces in the sources' path
up=$(realpath --relative-to=. "$source")
# no -O here: it would be the hypervisor's image's too, which is checked as it ships
[ -f Makefile ] || "$up/configure" -q --enable-coverage CFLAGS=-g
find . -name '*.gcda' -delete
make -j2 --no-print-directory >make.log 2>&1 || { tail -n 30 make.log; exit 1; }
tests=$(printf 'include Makefile\ntests-of-hosts:\n\t@echo $(filter-out tests/endpoint/%%,$(TESTS))\n' | make -s -f - tests-of-hosts)
make -j2 --no-print-directory check TESTS="$tests" >check.log 2>&1 || { tail -n 30 check.log; exit 1; }
# some lines a file, ours are named by relative paths; the last lines are the sum of all
find . -name '*.gcda' -not -path './tests/*' | sort | xargs gcov -b -n 2>/dev/null |
	awk -v up="$up/" '
	/^File / {
		file = substr($0, 7, length($0) - 7)
		if (index(file, up) == 1)
			file = substr(file, length(up) + 1)
		wanted = file !~ /^\//
		first = 1
	}
	/^Lines executed/ && !first { wanted = 0 }
	/^Lines executed/ && wanted { split($2, a, ":"); lines[file] = a[2]; count[file] = $4; first = 0 }
	/^Taken at least once/ && wanted { split($4, a, ":"); branches[file] = a[2] }
	END {
		printf "%-40s %8s %10s %10s\n", "file", "lines", "reached", "branches"
		for (f in lines) printf "%-40s %8d %10s %10s\n", f, count[f], lines[f], branches[f] | "sort"
	}'
