#!/bin/sh
# quickstart_test.sh - what ./quickstart answers to words that build nothing
quickstart=$srcdir/quickstart
n=0
fail=0

# claim TEXT NAME: the last command's answer did what NAME says, and holds TEXT
claim() {
	n=$((n + 1))
	if [ "$status" = "$want" ] && printf '%s\n' "$answer" | grep -qF -e "$1"; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		printf 'status %s, wanted %s and "%s" in:\n%s\n' "$status" "$want" "$1" "$answer" | sed 's/^/# /'
		fail=1
	fi
}

# said WORD...: standard output; complained WORD...: standard error
said() { answer=$("$quickstart" "$@" 2>/dev/null); status=$?; }
complained() { answer=$("$quickstart" "$@" 2>&1 >/dev/null); status=$?; }

echo 1..5
want=0
said --help
claim "usage: ./quickstart demo | check | build" "--help says on standard output what there is"
said -h
claim "usage: ./quickstart demo | check | build" "and so does -h"
want=2
complained
claim "usage: ./quickstart" "no word is an error, with the usage"
complained brew
claim "quickstart: no such word: brew" "an unknown word is named"
complained build --help
claim "quickstart: one word at a time" "two words are refused"
exit $fail
