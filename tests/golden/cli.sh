#!/bin/sh
# cli.sh - the hvc program: options, exit statuses, what it writes and what it does not
hvc=$builddir/hvc
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
n=0
fail=0

# claim STATUS TEXT COMMAND...: the exit status is STATUS and the output holds TEXT
claim() {
	name=$1 want=$2 text=$3
	shift 3
	"$@" >"$dir/out" 2>&1 </dev/null
	got=$?
	n=$((n + 1))
	if [ $got = "$want" ] && { [ -z "$text" ] || grep -qF -e "$text" "$dir/out"; }; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		echo "# status $got, wanted $want and '$text'"
		sed 's/^/# /' "$dir/out" | head -20
		fail=1
	fi
}

cat >"$dir/good.hvrule" <<'END'
policy "good" version 3;
on net out default pass {
    web:    tcp.dport == 80     -> log, drop;
}
END
echo 'policy "bad" version 1; on net out default pass { a: tcp.dprt == 1 -> drop; }' >"$dir/bad.hvrule"
printf '\177ELF not really' >"$dir/elf.o"

claim "--help prints usage" 0 "usage: hvc build" "$hvc" --help
claim "--version prints a version" 0 "hvc (Sluice) " "$hvc" --version
claim "no command is a usage error" 2 "no command" "$hvc"
claim "an unknown command is a usage error" 2 "no such command: brew" "$hvc" brew "$dir/good.hvrule"
claim "which says where to look" 2 "; hvc --help lists commands and options" "$hvc" brew
claim "in one line" 0 "" sh -c "[ \$('$hvc' brew 2>&1 | wc -l) = 1 ]"
claim "an unknown option is a usage error" 2 "--brew" "$hvc" build --brew "$dir/good.hvrule"
claim "told by the program's name alone" 0 "" sh -c "'$hvc' build --brew 2>&1 | grep -q '^hvc: '"
claim "build without -o is a usage error" 2 "-o FILE is missing" "$hvc" build "$dir/good.hvrule"
claim "build of no file is a usage error" 2 "no file for build" "$hvc" build -o "$dir/x"
claim "two files are a usage error" 2 "more than one file" "$hvc" check "$dir/good.hvrule" "$dir/bad.hvrule"
claim "-o with check is a usage error" 2 "-o is for build" "$hvc" check "$dir/good.hvrule" -o "$dir/x"
claim "--plain with fmt is a usage error" 2 "--plain is for build" "$hvc" fmt --plain "$dir/good.hvrule"
claim "--plain with dump is a usage error" 2 "--plain is for build" "$hvc" dump --plain "$dir/good.hvrule"
claim "--json with dump is a usage error" 2 "--json is not for dump" "$hvc" dump --json "$dir/good.hvrule"
claim "-i with check is a usage error" 2 "-i is for fmt" "$hvc" check -i "$dir/good.hvrule"
claim "a module has no text to format" 1 "hvc dump shows" "$hvc" fmt "$dir/elf.o"
claim "build prints the worst case of a hook" 0 "net out: at most" "$hvc" build "$dir/good.hvrule" -o "$dir/good.hvb"
claim "options stand anywhere" 0 "" "$hvc" -o "$dir/good2.hvb" build --plain "$dir/good.hvrule"
claim "dump shows name, version and rules" 0 'policy "good" version 3, 1 rule' "$hvc" dump "$dir/good.hvb"
claim "dump shows the memory fixed at load" 0 "bytes fixed at load" "$hvc" dump "$dir/good.hvb"
claim "dump shows the rule before its code" 0 "; rule 0: web, line 3" "$hvc" dump "$dir/good.hvb"
claim "dump names the helper of a call" 0 "; hv_log" "$hvc" dump "$dir/good.hvb"
claim "options stand anywhere, POSIXLY_CORRECT or not" 0 "at most" \
	env POSIXLY_CORRECT=1 "$hvc" build "$dir/good.hvrule" -o "$dir/posix.hvb"
claim "behind -- nothing is an option" 2 "" "$hvc" build -o "$dir/posix.hvb" -- "$dir/good.hvrule" --json
claim "check of a good policy is quiet and 0" 0 "" "$hvc" check "$dir/good.hvrule"
claim "a wrong policy is status 1" 1 "did you mean" "$hvc" check "$dir/bad.hvrule"
claim "--json makes diagnostics JSON" 1 '"level"' "$hvc" check --json "$dir/bad.hvrule"
claim "a policy that is not there is status 2" 2 "" "$hvc" check "$dir/none.hvrule"
claim "a wrong policy writes nothing" 1 "" "$hvc" build "$dir/bad.hvrule" -o "$dir/bad.hvb"
claim "nor is a temporary file left" 1 "" test -n "$(ls -A "$dir" | grep -e '^bad.hvb' -e '^\.')"
long=$(printf '%0251d' 0).hvb
claim "a module's name may have 255 bytes" 0 "at most" "$hvc" build "$dir/good.hvrule" -o "$dir/$long"
cp "$dir/good.hvrule" "$dir/$long"
claim "and so may that of a policy that is formatted" 0 "" "$hvc" fmt -i "$dir/$long"
claim "an output folder that is not there is status 2" 2 "" "$hvc" build "$dir/good.hvrule" -o "$dir/none/x.hvb"
claim "a broken object is status 1" 1 "" "$hvc" build "$dir/elf.o" -o "$dir/elf.hvb"
claim "and writes nothing" 1 "" test -e "$dir/elf.hvb"
claim "with --json its error is JSON too" 1 '"file": "'"$dir"'/elf.o", "line": 0' "$hvc" check --json "$dir/elf.o"
head -c 300 "$dir/good.hvb" >"$dir/cut.hvb"
claim "a truncated module is refused by dump" 1 "" "$hvc" dump "$dir/cut.hvb"
claim "a module that is not there is status 2" 2 "No such file" "$hvc" dump "$dir/none.hvb"
claim "a folder is no module" 2 "directory" "$hvc" dump "$dir"
cp "$dir/good.hvb" "$dir/old.hvb"
claim "a policy that fails leaves the old output" 1 "" "$hvc" build "$dir/bad.hvrule" -o "$dir/old.hvb"
claim "as it was" 0 "" cmp "$dir/good.hvb" "$dir/old.hvb"
claim "a module is world-readable as umask says" 0 "-rw-r--r--" sh -c "umask 022; '$hvc' build '$dir/good.hvrule' -o '$dir/mode.hvb'; ls -l '$dir/mode.hvb'"
claim "a full disk is status 2" 2 "" sh -c "'$hvc' dump '$dir/good.hvb' >/dev/full"
echo 80 >"$dir/set.txt"
echo 'const c = 1; set ports = file "set.txt";' >"$dir/part.inc"
printf 'policy "parts" version 1;\ninclude "part.inc";\non net out default pass { a: tcp.dport in ports -> drop; b: tcp.dport == 1 -> pass; }\n' \
	>"$dir/whole.hvrule"
ln "$dir/set.txt" "$dir/set2.txt"
claim "a module does not replace its source" 2 "would replace" "$hvc" build "$dir/good.hvrule" -o "$dir/good.hvrule"
claim "nor an include" 2 "would replace" "$hvc" build "$dir/whole.hvrule" -o "$dir/part.inc"
claim "nor a set file, by another name" 2 "would replace" "$hvc" build "$dir/whole.hvrule" -o "$dir/set2.txt"
claim "which are as they were" 0 "80" cat "$dir/set.txt"
"$hvc" build "$dir/whole.hvrule" -o "$dir/whole.hvb" >/dev/null
claim "a module on standard output is only the module" 0 "" \
	sh -c "'$hvc' build '$dir/whole.hvrule' -o - 2>/dev/null | cmp - '$dir/whole.hvb'"
claim "as /dev/stdout too" 0 "" \
	sh -c "'$hvc' build '$dir/whole.hvrule' -o /dev/stdout 2>/dev/null | cmp - '$dir/whole.hvb'"
claim "with --json too" 0 "" \
	sh -c "'$hvc' build '$dir/whole.hvrule' -o - --json 2>'$dir/json' | cmp - '$dir/whole.hvb'"
claim "diagnostics then are JSON on standard error" 0 "[]" cat "$dir/json"
claim "else on standard output" 1 '"level": "error"' \
	sh -c "'$hvc' build '$dir/bad.hvrule' -o '$dir/x.hvb' --json 2>/dev/null"
printf 'policy "red \\x1b[31m \\xc2\\x9b gr\303\266n" version 1;\n' >"$dir/red.hvrule"
"$hvc" build "$dir/red.hvrule" -o "$dir/red.hvb" >/dev/null
claim "a name's control characters do not reach the terminal" 0 'policy "red ?[31m ? grön" version 1' \
	"$hvc" dump "$dir/red.hvb"
claim "nor those in an error" 1 "?[31m" sh -c "printf 'rules x\033[31m' >'$dir/b.hvrule'; '$hvc' check '$dir/b.hvrule'"
claim "hvreplay's summary holds none" 0 'red ?[31m ? grön, version 1' \
	"$builddir/hvreplay" "$dir/red.hvb" "$srcdir/rules/traces/commands.pcap"
claim "nor do its errors" 2 "no?where" "$builddir/hvreplay" "$dir/red.hvb" "$(printf 'no\033where')"
# a machine with less memory than the policy needs; sanitizers reserve more than that for themselves
if nm "$hvc" 2>/dev/null | grep -q __asan_init; then
	n=$((n + 1))
	echo "ok $n - a machine out of memory is status 2 # SKIP sanitizers are in"
else
	{ echo 'policy "m" version 1; set s = {'; seq -s, 100000 900000; echo '}; on net out default pass { a: ip.id in s -> drop; }'; } \
		>"$dir/large.hvrule"
	claim "a machine out of memory is status 2" 2 "large.hvrule: out of memory" \
		sh -c "ulimit -v 40000; '$hvc' build '$dir/large.hvrule' -o '$dir/large.hvb'"
fi
if "${CLANG:-clang}" -O2 -target bpf -mcpu=v3 -c "$srcdir/rules/modules/knock.c" -o "$dir/knock.o" 2>"$dir/clang.log"; then
	claim "an object that may run has no diagnostics" 0 "[]" "$hvc" check --json "$dir/knock.o"
	claim "an object made by clang is sealed" 0 "net in: at most" "$hvc" build "$dir/knock.o" -o "$dir/knock.hvb"
	claim "its dump names the section that data lies in" 0 "; .rodata" "$hvc" dump "$dir/knock.hvb"
else
	n=$((n + 1))
	echo "ok $n - an object made by clang is sealed # SKIP clang cannot compile for bpf"
fi
echo "1..$n"
exit $fail
