#!/bin/sh
# record.sh OUT - record the traces that rules/ ships, from two QEMU guests on one emulated wire
#
# An endpoint (Debian's kernel, busybox, an AHCI disk) does its day's work and some mischief; a peer
# plays everything else: DHCP and DNS (dnsmasq), web, SMB, mail, a command server.  Nothing leaves the
# machine: the wire is a socket on loopback.  Packets are recorded by QEMU's filter-dump at the
# endpoint, disk writes by blklogwrites, so that traces hold what real drivers and file systems do.
#
# Needs Debian's qemu-system-x86 qemu-utils busybox-static dnsmasq-base e2fsprogs fdisk kmod cpio, and
# linux-image-amd64 unpacked in $KERNEL (apt-get download; dpkg-deb -x).  About two minutes.
set -eu
out=${1:?usage: KERNEL=DIR record.sh OUT}
: "${KERNEL:?the folder that linux-image-amd64 was unpacked in}"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mkdir -p "$out"
out=$(CDPATH='' cd -- "$out" && pwd)
release=$(basename "$KERNEL"/lib/modules/*)
port=${PORT:-18190}

# initramfs NAME INIT MODULE...: busybox, the modules in loading order, an init
initramfs() {
	name=$1
	init=$2
	shift 2
	root=$out/$name.root
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/lib" "$root/mnt" "$root/tmp" "$root/etc" "$root/run" "$root/var/run"
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$here/$init" "$root/init"
	chmod +x "$root/init"
	depmod -b "$KERNEL" "$release"
	for module in "$@"; do
		modprobe -d "$KERNEL" -S "$release" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$out/$name.modules"
	while read -r module; do
		cp "$module" "$root/lib/"
		basename "$module" >>"$root/lib/order"
	done <"$out/$name.modules"
}

# with_program ROOT PROGRAM: a dynamic program and its libraries
with_program() {
	cp "$2" "$1/bin/"
	ldd "$2" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$1$(dirname "$library")"
		cp -L "$library" "$1$library"
	done
}

pack() {
	(cd "$1" && find . | cpio -o -H newc --quiet | gzip -1) >"$2"
}

# A 32 MiB disk: MBR and GPT by sfdisk, one ext4 file system, both tables where firmware looks.
make_disk() {
	rm -f "$out/disk.img" "$out/part.img" "$out/disk.log"
	truncate -s 32M "$out/disk.img"
	printf 'label: gpt\nstart=2048, size=57344\n' | sfdisk -q "$out/disk.img"
	mkdir -p "$out/files"
	printf 'quarterly figures\n' >"$out/files/report.txt"
	truncate -s 28M "$out/part.img"
	mke2fs -q -t ext4 -O ^has_journal,^metadata_csum -b 4096 -I 256 -N 256 -d "$out/files" "$out/part.img"
	dd if="$out/part.img" of="$out/disk.img" bs=1M seek=1 conv=notrunc,sparse status=none
	truncate -s 0 "$out/disk.log"
}

make_initramfs() {
	initramfs endpoint endpoint.init e1000 ahci sd_mod ext4 crc32c_generic
	initramfs peer peer.init e1000
	with_program "$out/peer.root" "$(command -v dnsmasq || echo /usr/sbin/dnsmasq)"
	cp "$here/dnsmasq.conf" "$out/peer.root/etc/"
	printf 'root:x:0:0:root:/:/bin/sh\n' >"$out/peer.root/etc/passwd"
	printf 'root:x:0:\n' >"$out/peer.root/etc/group"
	for guest in endpoint peer; do
		pack "$out/$guest.root" "$out/$guest.cpio.gz"
	done
}

# The subshell becomes qemu's timeout, so that killing it ends qemu.
qemu() (
	exec timeout 300 qemu-system-x86_64 -accel tcg -machine q35 -cpu max -m 256 -nodefaults -display none -no-reboot \
		-kernel "$KERNEL/boot/vmlinuz-$release" -append "console=ttyS0 quiet" "$@"
)

run_guests() {
	qemu -initrd "$out/peer.cpio.gz" -serial "file:$out/peer.txt" \
		-netdev "socket,id=n0,listen=127.0.0.1:$port" -device e1000,netdev=n0,mac=52:54:00:00:00:01 &
	peer=$!
	sleep 2
	qemu -initrd "$out/endpoint.cpio.gz" -serial "file:$out/endpoint.txt" \
		-netdev "socket,id=n0,connect=127.0.0.1:$port" -device e1000,netdev=n0,mac=52:54:00:00:00:02 \
		-object "filter-dump,id=f0,netdev=n0,file=$out/net.pcap" \
		-blockdev "driver=file,node-name=disk,filename=$out/disk.img,discard=unmap" \
		-blockdev "driver=file,node-name=log,filename=$out/disk.log" \
		-blockdev driver=blklogwrites,node-name=logged,file=disk,log=log,log-sector-size=512,discard=unmap \
		-device ide-hd,drive=logged,logical_block_size=512 || true
	kill "$peer" 2>/dev/null || true
	wait "$peer" 2>/dev/null || true
	grep -q 'ENDPOINT DONE' "$out/endpoint.txt" || { echo "record: the endpoint did not finish, see $out/endpoint.txt" >&2; exit 1; }
}

make_disk
make_initramfs
run_guests
ls -l "$out/net.pcap" "$out/disk.log"
