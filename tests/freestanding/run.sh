#!/bin/sh
# run.sh - the static program without libc loads a module and judges by it
program=$builddir/tests/freestanding/judge

echo 1..3
"$program"
status=$?
if [ $status = 0 ]; then
	echo "ok 1 - policy/ loads a module and judges frames without libc"
else
	echo "not ok 1 - policy/ loads a module and judges frames without libc (step $status)"
fi
if [ -z "$(nm -u "$program")" ]; then
	echo "ok 2 - nothing is left undefined by the link"
else
	echo "not ok 2 - nothing is left undefined by the link"
fi
if command -v objdump >/dev/null; then
	if objdump -d "$program" | grep -q '%[xyz]mm[0-9]\|%st(\|%k[0-7]'; then
		echo "not ok 3 - no vector or floating-point register is used"
	else
		echo "ok 3 - no vector or floating-point register is used"
	fi
else
	echo "ok 3 - no vector or floating-point register is used # SKIP no objdump"
fi
