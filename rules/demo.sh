#!/bin/sh
# demo.sh SOURCE BUILD - what `./quickstart demo` shows
set -eu
source=$1
build=$2
rules=$source/rules
hvreplay=$build/hvreplay

show() {
	printf '\n$ %s\n' "$(printf '%s ' "$@" | sed "s,$source/,,g; s,$build/,build/,g")"
	"$@"
}

cat <<'TEXT'
-- 1 -- A policy that pins DNS to one resolver, over a minute of a real endpoint's traffic.
TEXT
sed -n '/^on net out/,/^}/p' "$rules/dns-pinning/dns-pinning.hvrule"
show "$hvreplay" "$rules/dns-pinning/dns-pinning.hvrule" "$rules/traces/endpoint.pcap" --local 10.20.0.100

cat <<'TEXT'

-- 2 -- A policy that guards boot sector and partition tables, over what the same endpoint did to its disk.
TEXT
sed -n '/^on disk write/,/^}/p' "$rules/boot-and-partitions/boot-and-partitions.hvrule"
show "$hvreplay" "$rules/boot-and-partitions/boot-and-partitions.hvrule" "$rules/traces/endpoint.dmlog" --disk-sectors 65536 --events -

cat <<TEXT

Next: rules/README.md lists eight policies, docs/language.md is the language.
Try your own capture: build/hvreplay POLICY CAPTURE --local YOUR_ADDRESS
TEXT
