/*
 * bootguard.c - a policy module: sector 0 and the partition table stay well-formed
 *
 * Writes to the first sector must keep the boot signature 55 AA and the bytes of the boot
 * code that the first such write showed; writes to sector 1 must carry a GPT header.  TRIM
 * of either is refused.  What a rule could not say: it remembers and compares bytes.
 *
 *	clang -O2 -target bpf -mcpu=v3 -c bootguard.c -o bootguard.o
 *	hvc build bootguard.o -o bootguard.hvb
 */
#include "sluice.h"

#define CODE_BYTES	64	/* of the boot code that are compared; it has 440 */

/* Static data lives as long as the policy. */
static u8 code[CODE_BYTES];
static u8 have_code;

static u64 guard_boot_sector(const struct hv_ctx *ctx)
{
	u8 now[CODE_BYTES], signature[2];

	if (hv_sector(ctx, 0, 510, signature, 2) || signature[0] != 0x55 ||
	    signature[1] != 0xaa) {
		hv_say(ctx, HV_ALERT, "sector 0 would lose its boot signature");
		return HV_DROP;
	}
	if (hv_sector(ctx, 0, 0, now, sizeof(now)))
		return HV_DROP;
	/* A loop must be unrolled; the verifier wants to see its end. */
	if (!have_code) {
#pragma unroll
		for (int i = 0; i < CODE_BYTES; i++)
			code[i] = now[i];
		have_code = 1;
		return HV_PASS;
	}
#pragma unroll
	for (int i = 0; i < CODE_BYTES; i++) {
		if (code[i] != now[i]) {
			hv_say(ctx, HV_ALERT, "other boot code in sector 0");
			return HV_DROP;
		}
	}
	return HV_PASS;
}

static u64 guard_table(const struct hv_ctx *ctx)
{
	u64 magic;

	/* "EFI PART", little-endian as the machine reads it */
	if (hv_sector(ctx, 1, 0, &magic, sizeof(magic)) || magic != 0x5452415020494645) {
		hv_say(ctx, HV_ALERT, "sector 1 would be no GPT header");
		return HV_DROP;
	}
	return HV_PASS;
}

HV_DISK_WRITE u64 disk_write(const struct hv_ctx *ctx)
{
	if (hv_overlaps_range(ctx, 0, 0) && guard_boot_sector(ctx) != HV_PASS)
		return HV_DROP;
	if (hv_overlaps_range(ctx, 1, 1) && guard_table(ctx) != HV_PASS)
		return HV_DROP;
	return HV_PASS;
}

HV_DISK_CONTROL u64 disk_control(const struct hv_ctx *ctx)
{
	if (hv_overlaps_range(ctx, 0, 1)) {
		hv_say(ctx, HV_ALERT, "TRIM of the boot sector or the partition table");
		return HV_DROP;
	}
	return HV_PASS;
}
