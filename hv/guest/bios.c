/*
 * bios.c - the real-mode stub's other half
 */
#include "hv/guest/bios.h"

#include <stddef.h>
#include <string.h>

#include "hv/guest/e820.h"
#include "hv/log.h"
#include "hv/mem/gmem.h"
#include "hv/panic.h"

extern const uint8_t bios_stub[], bios_stub_end[], bios_stub_int15[], bios_stub_old15[],
	bios_stub_drive[];

enum { CALL_MAP = 1, CALL_MAP_END, CALL_BOOT, CALL_NO_DISK, CALL_INT15 };

#define BDA_BASE_KB	0x413u		/* BIOS data area: KiB of base memory */
#define IVT_15		(0x15u * 4)
#define SMAP		0x534d4150u
#define BOOT_SECTOR	0x7c00u
#define MIB		(UINT64_C(1) << 20)
#define BAD_FUNCTION	0x86u

static struct e820 map;
static uint64_t stub_at;		/* a multiple of 1 KiB; 0: not yet */
static uint64_t own_start, own_len;
static bool map_done;

void bios_start(struct vcpu *v, const struct boot_info *b, uint8_t drive)
{
	uint32_t kb = b->base_kb - 1;
	uint16_t left = (uint16_t)kb;
	struct vcpu_state s;
	uint8_t copy[1024];
	size_t len = (size_t)(bios_stub_end - bios_stub);

	if (b->base_kb < 64 || b->base_kb > 640 || len > sizeof(copy))
		fail("the BIOS says %u KiB of base memory: no room for the guest's start", b->base_kb);
	stub_at = (uint64_t)kb * 1024;
	own_start = b->start.a;
	own_len = b->len;
	memcpy(copy, bios_stub, len);
	copy[bios_stub_drive - bios_stub] = drive;
	gmem_write(v, (gpa_t){ stub_at }, copy, (uint32_t)len);
	gmem_write(v, (gpa_t){ BDA_BASE_KB }, &left, sizeof(left));
	svm_ops.get(v, &s);
	s.seg[SEG_CS].selector = (uint16_t)(stub_at >> 4);
	s.seg[SEG_CS].base = stub_at;
	s.rip = 0;
	svm_ops.set(v, &s);
}

static void take_entry(struct vcpu *v, const struct vcpu_state *s)
{
	struct e820_entry e;
	gpa_t at = { s->seg[SEG_ES].base + (uint16_t)v->gpr[RDI] };

	if (!gmem_read(v, at, &e, sizeof(e)))
		return;
	e820_add(&map, e.start, e.len, e.type);
}

static void hook_int15(struct vcpu *v)
{
	uint32_t old, ours = (uint32_t)(stub_at >> 4) << 16 | (uint32_t)(bios_stub_int15 - bios_stub);

	gmem_read(v, (gpa_t){ IVT_15 }, &old, sizeof(old));
	gmem_write(v, (gpa_t){ stub_at + (uint64_t)(bios_stub_old15 - bios_stub) }, &old, sizeof(old));
	gmem_write(v, (gpa_t){ IVT_15 }, &ours, sizeof(ours));
}

static void finish_map(struct vcpu *v)
{
	if (map.count == 0)
		fail("the BIOS has no memory map (INT 15h, E820h)");
	e820_reserve(&map, stub_at, 1024);
	e820_reserve(&map, own_start, own_len);
	hook_int15(v);
	map_done = true;
}

static void set16(uint64_t *reg, uint16_t value)
{
	*reg = (*reg & ~UINT64_C(0xffff)) | value;
}

/* EBX: the next entry, ES:EDI: where to, ECX: bytes there.  False: carry. */
static bool answer_e820(struct vcpu *v, const struct vcpu_state *s)
{
	uint32_t i = (uint32_t)v->gpr[RBX];

	if ((uint32_t)v->gpr[RDX] != SMAP || (uint32_t)v->gpr[RCX] < sizeof(map.entry[0]) ||
	    i >= map.count)
		return false;
	if (!gmem_write(v, (gpa_t){ s->seg[SEG_ES].base + (uint16_t)v->gpr[RDI] }, &map.entry[i],
			sizeof(map.entry[0])))
		return false;
	v->gpr[RAX] = SMAP;
	v->gpr[RCX] = sizeof(map.entry[0]);
	v->gpr[RBX] = i + 1 < map.count ? i + 1 : 0;
	return true;
}

/* KiB between 1 and 16 MiB in one piece, at most 15 MiB; 64 KiB blocks from 16 MiB on. */
static void answer_e801(struct vcpu *v, bool wide)
{
	uint64_t low = e820_ram_from(&map, MIB), high = e820_ram_from(&map, 16 * MIB);
	uint64_t kb = (low > 15 * MIB ? 15 * MIB : low) / 1024, blocks = high / 65536;

	if (!wide) {
		blocks = blocks > 0xffff ? 0xffff : blocks;
		set16(&v->gpr[RAX], (uint16_t)kb);
		set16(&v->gpr[RBX], (uint16_t)blocks);
		set16(&v->gpr[RCX], (uint16_t)kb);
		set16(&v->gpr[RDX], (uint16_t)blocks);
		return;
	}
	v->gpr[RAX] = v->gpr[RCX] = kb;
	v->gpr[RBX] = v->gpr[RDX] = blocks;
}

static void answer_int15(struct vcpu *v, const struct vcpu_state *s)
{
	uint16_t ax = (uint16_t)v->gpr[RAX], flags;
	/* on the stack: BP, then IP, CS, FLAGS of the INT */
	gpa_t at = { s->seg[SEG_SS].base + (uint16_t)(v->gpr[RSP] + 6) };
	bool carry = false;

	if (ax == 0xe820) {
		carry = !answer_e820(v, s);
		if (carry)
			set16(&v->gpr[RAX], BAD_FUNCTION << 8);
	} else if (ax == 0xe801 || ax == 0xe881) {
		answer_e801(v, ax == 0xe881);
	} else {
		uint64_t kb = e820_ram_from(&map, MIB) / 1024;

		set16(&v->gpr[RAX], (uint16_t)(kb > 0xffff ? 0xffff : kb));
	}
	if (!gmem_read(v, at, &flags, sizeof(flags)))
		return;
	flags = (uint16_t)(carry ? flags | RFLAGS_CF : flags & ~RFLAGS_CF);
	gmem_write(v, at, &flags, sizeof(flags));
}

static void start_boot_sector(struct vcpu *v)
{
	uint16_t signature = 0;

	gmem_read(v, (gpa_t){ BOOT_SECTOR + 510 }, &signature, sizeof(signature));
	if (signature != 0xaa55)
		fail("the disk's first sector is no boot sector (it ends with %04x, not aa55)",
		     signature);
	log_line("guest starts from the disk's boot sector");
	log_flush();
}

bool bios_call(struct vcpu *v, const struct vmexit *x)
{
	struct vcpu_state s;

	svm_ops.get(v, &s);
	if (s.cr0 & CR0_PE || !stub_at || s.seg[SEG_CS].base != stub_at ||
	    s.rip >= (uint64_t)(bios_stub_end - bios_stub))
		return false;
	switch ((uint16_t)v->gpr[RBP]) {
	case CALL_MAP:
		if (!map_done)
			take_entry(v, &s);
		break;
	case CALL_MAP_END:
		if (!map_done)
			finish_map(v);
		break;
	case CALL_BOOT:
		start_boot_sector(v);
		break;
	case CALL_NO_DISK:
		fail("the disk's boot sector cannot be read (INT 13h)");
	case CALL_INT15:
		answer_int15(v, &s);
		break;
	default:
		return false;
	}
	svm_ops.skip(v, x->next_rip);
	return true;
}
