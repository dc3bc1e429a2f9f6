#!/bin/sh
# demo.sh SOURCE BUILD - what `./quickstart demo` shows
set -eu
cd "$1"
build=$2
case $build in "$PWD"/*) build=${build#"$PWD"/} ;; esac
if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold= plain=; fi

title() { printf '%s== %s%s\n' "$bold" "$1" "$plain"; }
# rules_of POLICY HOOK: its rules, without the columns
rules_of() {
	sed -n "/^on $2 /,/^}/{ /^ *#/d; s/^  *->/        ->/; s/\([^ ]\)  *->/\1 ->/; s/^    \([a-z_]*:\)  */    \1 /; p; }" \
		"rules/$1/$1.hvrule"
}

# replay POLICY TRACE OPTION...: the command, and its summary
replay() {
	policy=$1
	trace=$2
	shift 2
	set -- "$build/hvreplay" "rules/$policy/$policy.hvrule" "rules/traces/$trace" "$@"
	printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"
	"$@" | sed 's/  *$//'
}

# event NUMBER POLICY TRACE OPTION...: one line of --events, folded
event() {
	number=$1
	policy=$2
	trace=$3
	shift 3
	"$build/hvreplay" "rules/$policy/$policy.hvrule" "rules/traces/$trace" "$@" -q --events - |
		sed -n "${number}p" | fold -w 116 | sed 's/^/  /'
}

title "1. DNS pinning, over some seconds of a real endpoint's traffic"
rules_of dns-pinning "net out"
replay dns-pinning endpoint.pcap --local 10.20.0.100
printf '\nThe first of its events (--events FILE writes them all, one a line):\n'
event 1 dns-pinning endpoint.pcap --local 10.20.0.100

echo
title "2. Boot sector and both partition tables, over what the endpoint wrote to its disk"
rules_of boot-and-partitions "disk write"
replay boot-and-partitions endpoint.dmlog --disk-sectors 65536
printf '\nThe third of its events, the backup partition table:\n'
event 3 boot-and-partitions endpoint.dmlog --disk-sectors 65536

echo
title "3. An endpoint: iPXE loads hypervisor and policy, the hypervisor starts what is on the disk and minds network and disks"
cat <<TEXT
boot.ipxe:
  kernel tftp://\${next-server}/hv.elf console=com2
  module tftp://\${next-server}/endpoint.hvb          (hvc build tests/endpoint/demo.hvrule -o endpoint.hvb)
  boot

TEXT
sed -n '/^on /,/^}/p' tests/endpoint/demo.hvrule
echo
status=0
builddir=$build python3 tests/endpoint/demo.py || status=$?

echo
title "Next"
cat <<TEXT
rules/README.md      eight policies to start from
docs/language.md     the language;  the manual: man -l docs/man/hvreplay.1
README.md            a real machine by iPXE; another boot by hand: make -C $build endpoint WORDS=--help
your own capture:    $build/hvreplay rules/dns-pinning/dns-pinning.hvrule CAPTURE --local ADDRESS
TEXT
exit $status
