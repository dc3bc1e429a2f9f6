#!/bin/sh
# run-all.sh SOURCE BUILD JOBS - everything that `./quickstart check` runs, and the line it ends with
#
# The unit and script tests count one by one; each further step (the other compiler, the
# fuzzers, the sample of mutants) counts as one.
set -u
source=$1
build=$2
jobs=$3
passed=0
failed=0
skipped=0
export LC_ALL=C

# add_summary LOG: the counts of an automake test suite
add_summary() {
	for pair in PASS:passed FAIL:failed ERROR:failed XPASS:failed SKIP:skipped; do
		n=$(sed -n "s/^# ${pair%%:*}: *\([0-9][0-9]*\).*/\1/p" "$1" | tail -n 1)
		eval "${pair##*:}=\$((${pair##*:} + ${n:-0}))"
	done
}

# step NAME LOG COMMAND...: one more thing that passes or fails
step() {
	name=$1
	log=$2
	shift 2
	printf '== %s\n' "$name"
	if "$@" >"$log" 2>&1; then
		passed=$((passed + 1))
		tail -n 3 "$log"
	else
		failed=$((failed + 1))
		tail -n 60 "$log"
		printf 'FAILED: %s (whole log: %s)\n' "$name" "$log"
	fi
}

second_compiler() {
	mkdir -p "$build/clang" &&
	cd "$build/clang" &&
	"$source/configure" -q --enable-werror CC=clang &&
	make -j"$jobs" check-programs
}

printf '== make check (gcc, warnings are errors, ASan and UBSan)\n'
if make -C "$build" -j"$jobs" --no-print-directory check DATA="${DATA-}" >"$build/check.log" 2>&1; then
	sed -n '/^Testsuite summary/,/^# ERROR/p' "$build/check.log"
else
	grep -E '^(FAIL|ERROR|XPASS):|error:|warning:' "$build/check.log" | head -n 60
	tail -n 25 "$build/check.log"
	grep -q '^# TOTAL' "$build/check.log" || failed=$((failed + 1))
fi
add_summary "$build/check.log"

step "build with clang, warnings are errors" "$build/clang.log" second_compiler
step "fuzz each target for ${FUZZ_TIME:=8} s" "$build/fuzz.log" \
	make -C "$build" --no-print-directory fuzz FUZZ_TIME="$FUZZ_TIME"
step "a sample of the mutants is killed" "$build/mutants.log" \
	make -C "$build" --no-print-directory mutants MUTANTS="${MUTANTS:-sample}"

printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
