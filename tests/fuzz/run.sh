#!/bin/sh
# run.sh SOURCE BUILD SECONDS [TARGET...] - build the libFuzzer targets with clang and run each
#
# Seeds are made by seeds.py and lie in tests/fuzz/corpus/TARGET; what is found on the way stays in
# BUILD/corpus/TARGET, so that the next run goes on from there.  Ends with status 1 when a target
# found something: BUILD/found/TARGET holds the input.
#
# FUZZ_SEED=N: the same inputs in the same order in a fresh build folder; else chance decides.
set -u
source=$1
build=$2
seconds=$3
shift 3
flags='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined'
export UBSAN_OPTIONS=print_stacktrace=1

if ! command -v "${CLANG:=clang}" >/dev/null; then
	echo "fuzz: clang is needed"
	exit 1
fi
mkdir -p "$build" && cd "$build" || exit 1
if [ ! -f Makefile ] || [ -n "$(find "$source/configure" -newer config.status)" ]; then
	# by a relative path: configure knows no spaces in the sources' path
	"$(realpath --relative-to=. "$source")/configure" -q CC="$CLANG" CFLAGS="$flags" || exit 1
fi
make -j2 --no-print-directory fuzz-programs >build.log 2>&1 || { tail -n 40 build.log; exit 1; }
rm -rf seeds && mkdir seeds || exit 1
"${PYTHON3:-python3}" "$source/tests/fuzz/seeds.py" "$source" "$build" "$build/seeds" || exit 1

# run TARGET: one fuzzer for $seconds, its words in TARGET.log
run() {
	mkdir -p "corpus/$1" "found/$1"
	set -- "$1" "corpus/$1" "seeds/$1"
	[ -d "$source/tests/fuzz/corpus/$1" ] && set -- "$@" "$source/tests/fuzz/corpus/$1"
	[ -f "seeds/$1.dict" ] && set -- "$@" "-dict=seeds/$1.dict"
	log=$1.log
	program=tests/fuzz/$1
	found=found/$1/
	shift
	ASAN_OPTIONS=detect_leaks=${FUZZ_LEAKS:-1} "./$program" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -timeout=10 \
		-rss_limit_mb=2048 -max_len="${FUZZ_MAX_LEN:-16384}" -print_final_stats=1 \
		-artifact_prefix="$found" "$@" >"$log" 2>&1
}

bad=0
for target in ${*:-$(make -s --no-print-directory fuzz-list)}; do
	target=${target##*/}
	if run "$target"; then
		printf 'ok: %s, %s runs, %s\n' "$target" \
			"$(sed -n 's/^stat::number_of_executed_units: *//p' "$target.log")" \
			"$(sed -n 's/.*\(cov: [0-9]* ft: [0-9]*\).*/\1/p' "$target.log" | tail -n 1)"
	else
		tail -n 40 "$target.log"
		printf 'FOUND: %s, see %s\n' "$target" "$build/found/$target"
		bad=1
	fi
done
exit $bad
