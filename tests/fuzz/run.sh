#!/bin/sh
# run.sh SOURCE BUILD SECONDS [TARGET...] - build the libFuzzer targets with clang and run each
#
# Seeds are tests/fuzz/corpus/TARGET; what is found on the way stays in BUILD/corpus/TARGET, so
# that the next run goes on from there.  Ends with status 1 when a target found something.
set -u
source=$1
build=$2
seconds=$3
shift 3
flags='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined'

if ! command -v "${CLANG:=clang}" >/dev/null; then
	echo "fuzz: clang is needed"
	exit 1
fi
mkdir -p "$build" && cd "$build" || exit 1
if [ ! -f Makefile ] || [ -n "$(find "$source/configure" -newer config.status)" ]; then
	"$source/configure" -q CC="$CLANG" CFLAGS="$flags" || exit 1
fi
make -j2 --no-print-directory fuzz-programs >build.log 2>&1 || { tail -n 40 build.log; exit 1; }

bad=0
for target in ${*:-$(make -s --no-print-directory fuzz-list)}; do
	mkdir -p "corpus/$target" "found/$target"
	seeds=
	[ -d "$source/tests/fuzz/corpus/$target" ] && seeds=$source/tests/fuzz/corpus/$target
	if ASAN_OPTIONS=detect_leaks=${FUZZ_LEAKS:-1} ./"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-max_len="${FUZZ_MAX_LEN:-4096}" -print_final_stats=1 -artifact_prefix="found/$target/" \
		"corpus/$target" $seeds >"$target.log" 2>&1; then
		printf 'ok: %s, %s runs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$target.log")"
	else
		tail -n 40 "$target.log"
		printf 'FOUND: %s, see %s\n' "$target" "$build/found/$target"
		bad=1
	fi
done
exit $bad
