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
steps=4
count=0
ticker=
export LC_ALL=C
trap stop_ticker EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# tick LOG: on a terminal, which step this is, for how long it has run, and the tests that passed
tick() {
	began=$(date +%s)
	while kill -0 $$ 2>/dev/null; do
		tests=$(grep -c '^PASS:' "$1" 2>/dev/null)
		printf '\r[%s/%s] %s s%s ' "$count" "$steps" $(($(date +%s) - began)) \
			"$([ "${tests:-0}" = 0 ] || printf ', %s tests passed' "$tests")" >&2
		sleep 1
	done
}

stop_ticker() {
	[ -n "$ticker" ] || return 0
	kill "$ticker" 2>/dev/null
	wait "$ticker" 2>/dev/null
	ticker=
	printf '\r\033[K' >&2
}

# begin NAME LOG
begin() {
	count=$((count + 1))
	printf '== %s\n' "$1"
	: >"$2"
	if [ -t 2 ]; then
		tick "$2" &
		ticker=$!
	fi
}

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
	begin "$name" "$log"
	"$@" >"$log" 2>&1
	status=$?
	stop_ticker
	if [ $status = 0 ]; then
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
	"$(realpath --relative-to=. "$source")/configure" -q --enable-werror CC=clang &&
	make -j"$jobs" check-programs
}

begin "make check (gcc, warnings are errors, ASan and UBSan)" "$build/check.log"
make -C "$build" -j"$jobs" --no-print-directory check DATA="${DATA-}" >"$build/check.log" 2>&1
status=$?
stop_ticker
if [ $status = 0 ]; then
	sed -n '/^Testsuite summary/,/^# ERROR/p' "$build/check.log"
else
	grep -E '^(FAIL|ERROR|XPASS): |(: |^)(fatal )?error: |: warning: ' "$build/check.log" | head -n 60
	tail -n 25 "$build/check.log"
	grep -q '^# TOTAL' "$build/check.log" || failed=$((failed + 1))
fi
add_summary "$build/check.log"

step "build with clang, warnings are errors" "$build/clang.log" second_compiler
step "fuzz each target for ${FUZZ_TIME:=8} s" "$build/fuzz.log" \
	env FUZZ_SEED="${FUZZ_SEED:-1}" make -C "$build" --no-print-directory fuzz FUZZ_TIME="$FUZZ_TIME"
step "a sample of the mutants is killed" "$build/mutants.log" \
	make -C "$build" --no-print-directory mutants MUTANTS="${MUTANTS:-sample}"

printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
