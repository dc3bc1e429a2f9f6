/*
 * ahci_lab.c - the AHCI model between a guest that writes lists and tables by hand, and a device that does as told
 */
#include "tests/unit/ahci_lab.h"

#include <stdio.h>
#include <stdlib.h>

#include "compiler/hvc.h"

struct lab lab;
static uint8_t arena_bytes[8 << 20] __attribute__((aligned(16)));
static struct hvc_result compiled;
static uint64_t *map;

/* ---- what the model is given ---- */

static bool is_port(uint32_t offset, uint32_t x)
{
	return offset >= PORT_AT(0) && offset % PORT_BYTES == x;
}

static uint32_t reg_read(void *host, uint32_t offset)
{
	lab.reg_reads++;
	if (lab.on_read)
		lab.on_read(offset);
	return lab.gone ? UINT32_MAX : lab.reg[offset / 4];
}

static void write_cmd(unsigned port, uint32_t value)
{
	uint32_t stays = lab.cr_stays >> port & 1 ? REG(port, PxCMD) & PxCMD_CR : 0;

	REG(port, PxCMD) = (value & ~(PxCMD_CR | PxCMD_FR)) | (value & PxCMD_ST ? PxCMD_CR : 0) |
			   (value & PxCMD_FRE ? PxCMD_FR : 0) | stays;
	if (!(value & PxCMD_ST))
		REG(port, PxCI) = REG(port, PxSACT) = 0;
}

static void reg_write(void *host, uint32_t offset, uint32_t value)
{
	unsigned port = (offset - PORT_AT(0)) / PORT_BYTES;

	lab.reg_writes++;
	if (lab.on_write)
		lab.on_write(offset, value);
	if (offset == HBA_IS || is_port(offset, PxIS))
		lab.reg[offset / 4] &= ~value;
	else if (is_port(offset, PxCI) || is_port(offset, PxSACT))
		lab.reg[offset / 4] |= value;
	else if (is_port(offset, PxCMD))
		write_cmd(port, value);
	else
		lab.reg[offset / 4] = value;
	if (!is_port(offset, PxCI))
		return;
	if (!value || value & (value - 1))
		ck_abort_msg("PxCI is written with %x", value);
	if (!(REG(port, PxCMD) & PxCMD_ST))
		ck_abort_msg("PxCI is written while ST is 0");
	REG(port, PxTFD) = STATUS_BSY;
	if (port == 0)
		lab.issued[lab.issues++ % sizeof(lab.issued)] = (uint8_t)__builtin_ctz(value);
}

static bool is_ram(uint64_t at, uint32_t len)
{
	if (at > RAM_BYTES || len > RAM_BYTES - at)
		return false;
	return at + len <= HOLE || at >= HOLE + HOLE_BYTES;
}

static bool guest_read(void *host, gpa_t at, void *to, uint32_t len)
{
	if (!len)
		ck_abort_msg("no bytes are read");
	if (!is_ram(at.a, len))
		return false;
	lab.reads++;
	memcpy(to, lab.ram + at.a, len);
	if (lab.after_read)
		lab.after_read(at.a, len);
	return true;
}

static bool guest_write(void *host, gpa_t at, const void *from, uint32_t len)
{
	if (!len)
		ck_abort_msg("no bytes are written");
	if (!is_ram(at.a, len))
		return false;
	lab.writes++;
	memcpy(lab.ram + at.a, from, len);
	if (lab.after_write)
		lab.after_write(at.a, len);
	return true;
}

bool lab_write_no_data(void *host, gpa_t at, const void *from, uint32_t len)
{
	return len <= sizeof(((struct received *)0)->dsfis) && guest_write(host, at, from, len);
}

static bool guest_dma(void *host, gpa_t at, uint32_t len, dma_t *out)
{
	out->a = RAM_BUS + at.a;
	return is_ram(at.a, len) && (at.a >= lab.no_dma_to || at.a + len <= lab.no_dma_from);
}

static uint64_t now_ns(void *host)
{
	return lab.now += 1000;
}

/* ---- set-up ---- */

static void note_event(void *arg, const struct policy_event *e)
{
	lab.events++;
	snprintf(lab.event, sizeof(lab.event), "%s %llu", e->rule, (unsigned long long)e->transfer->disk.first_lba);
}

static struct arena arena;

static void load(const char *text)
{
	static struct judge *judge;
	static struct policy *policy;
	struct hvc_options o = { .plain = false };
	struct policy_error err;

	hvc_compile_text("lab.hvrule", text, strlen(text), &o, &compiled);
	if (compiled.status)
		diags_print(&compiled.diags, stderr);
	ck_assert_int_eq(compiled.status, 0);
	arena_init(&arena, arena_bytes, sizeof(arena_bytes));
	ck_assert_int_eq(policy_load(&arena, compiled.module, compiled.module_len, &policy, &err), 0);
	ck_assert_int_eq(judge_create(&arena, policy, note_event, NULL, &judge, &err), 0);
	lab.disk = (struct disk){ .judge = judge, .policy = policy, .transfers = &lab.transfers };
}

void lab_parts(uint32_t slice)
{
	struct policy_error err;
	struct judge *beside;

	ck_assert_int_eq(judge_create_beside(&arena, lab.disk.judge, &beside, &err), 0);
	disk_parts_begin(&lab.parts, &lab.disk, beside, slice);
}

static void start(unsigned port)
{
	struct port *p = P(port);

	p->clb = LIST_AT(port);
	p->fb = FIS_AT(port);
	p->drive = (struct drive){ .identified = true, .sector_size = 512, .total_sectors = 1u << 30 };
	REG(port, PxSIG) = SIG_ATA;
	REG(port, PxTFD) = 0x50;
	lab_write(port, PxIE, UINT32_MAX);
	lab_write(port, PxCMD, PxCMD_SUD | PxCMD_FRE);
	lab_write(port, PxCMD, PxCMD_SUD | PxCMD_FRE | PxCMD_ST);
	p->drive.atapi = false;
}

void lab_begin(const char *policy, uint32_t bounce_bytes)
{
	memset(&lab, 0, sizeof(lab));
	load(policy ? policy : "policy \"p\" version 1; on net in default pass { a: udp.dport == 1 -> drop; }");
	lab.ram = calloc(1, RAM_BYTES);
	lab.pool = calloc(1, AHCI_POOL_BYTES);
	lab.bounce_bytes = calloc(1, bounce_bytes);
	lab.medium = calloc(1, LAB_BOUNCE_MAX);
	map = malloc(bounce_map_bytes(bounce_bytes));
	bounce_init(&lab.bounce, (struct dma_memory){ lab.bounce_bytes, { BOUNCE_BUS }, bounce_bytes }, map);
	lab.ops = (struct devmodel_ops){ .reg_read = reg_read, .reg_write = reg_write, .guest_read = guest_read,
					 .guest_write = guest_write, .guest_dma = guest_dma, .now_ns = now_ns };
	lab.d = (struct devmodel){ .ops = &lab.ops, .pool = { lab.pool, { POOL_BUS }, AHCI_POOL_BYTES } };
	lab.reg[HBA_CAP / 4] = CAP_S64A | CAP_SNCQ | CAP_NCS | (LAB_PORTS - 1);
	lab.reg[HBA_GHC / 4] = GHC_AE | GHC_IE;
	lab.reg[HBA_PI / 4] = (1u << LAB_PORTS) - 1;
	lab.sector_size = 512;
	lab.h = ahci_attach(calloc(1, ahci_size()), &lab.d, &lab.disk, &lab.bounce, 3, ~0u);
	ck_assert_ptr_nonnull(lab.h);
	for (unsigned port = 0; port < LAB_PORTS; port++)
		start(port);
	lab.reg_reads = lab.reg_writes = 0;
}

void lab_end(void)
{
	hvc_free(&compiled);
	compiled = (struct hvc_result){ 0 };
	free(lab.h);
	free(lab.ram);
	free(lab.pool);
	free(lab.bounce_bytes);
	free(lab.medium);
	free(map);
	lab.h = NULL;
}

void lab_unknown(unsigned port)
{
	P(port)->drive = (struct drive){ 0 };
}

void lab_atapi(unsigned port)
{
	REG(port, PxSIG) = SIG_ATAPI;
	P(port)->drive = (struct drive){ .atapi = true };
}

/* ---- the guest ---- */

uint32_t lab_access(uint32_t offset, bool write, uint32_t value)
{
	uint64_t v = value;

	ahci_access(lab.h, offset, 4, write, &v);
	return (uint32_t)v;
}

uint32_t lab_read(unsigned port, uint32_t offset)
{
	return lab_access(PORT_AT(port) + offset, false, 0);
}

void lab_write(unsigned port, uint32_t offset, uint32_t value)
{
	lab_access(PORT_AT(port) + offset, true, value);
}

struct header *lab_header(unsigned port, unsigned slot)
{
	return (struct header *)(lab.ram + LIST_AT(port)) + slot;
}

struct prd *lab_prd(unsigned slot, uint32_t i)
{
	return (struct prd *)(lab.ram + TABLE_AT(slot) + sizeof(struct table)) + i;
}

struct received *lab_received(unsigned port)
{
	return (struct received *)(lab.ram + FIS_AT(port));
}

static void put_fis(uint8_t *fis, const struct ask *a)
{
	memset(fis, 0, 64);
	fis[0] = FIS_H2D;
	fis[1] = FIS_C;
	fis[2] = a->command;
	fis[3] = (uint8_t)a->features;
	fis[7] = a->device ? a->device : DEVICE_LBA;
	for (unsigned i = 0; i < 3; i++) {
		fis[4 + i] = (uint8_t)(a->lba >> 8 * i);
		fis[8 + i] = (uint8_t)(a->lba >> 8 * (i + 3));
	}
	fis[11] = (uint8_t)(a->features >> 8);
	fis[12] = (uint8_t)a->count;
	fis[13] = (uint8_t)(a->count >> 8);
}

void lab_put(unsigned port, unsigned slot, struct ask a)
{
	struct header *h = lab_header(port, slot);
	uint64_t at = a.at ? a.at : BUFFER_AT(slot);
	uint32_t prds = a.bytes ? a.prds ? a.prds : 1 : 0, each;

	put_fis(lab.ram + TABLE_AT(slot), &a);
	*h = (struct header){ .flags = (uint16_t)(5 | a.flags | (a.out ? HEADER_W : 0)), .prdtl = (uint16_t)prds,
			      .ctba = TABLE_AT(slot), .prdbc = 0xeeeeeeee };
	if (a.cdb) {
		h->flags |= HEADER_A;
		memcpy(lab.ram + TABLE_AT(slot) + 64, a.cdb, 16);
	}
	for (uint32_t i = 0; i < prds; i++) {
		each = i + 1 < prds ? (a.bytes / prds) & ~1u : a.bytes;
		*lab_prd(slot, i) = (struct prd){ .dba = (uint32_t)at, .dbau = (uint32_t)(at >> 32), .dbc = each - 1 };
		at += each;
		a.bytes -= i + 1 < prds ? each : 0;
	}
}

void lab_ask(unsigned port, unsigned slot, struct ask a)
{
	lab_put(port, slot, a);
	if (a.command == 0x60 || a.command == 0x61)
		lab_write(port, PxSACT, 1u << slot);
	lab_write(port, PxCI, 1u << slot);
}

void lab_restart(unsigned port)
{
	lab_write(port, PxCMD, PxCMD_SUD | PxCMD_FRE);
	ck_assert(!(lab_read(port, PxCMD) & PxCMD_CR));
	lab_write(port, PxCMD, PxCMD_SUD | PxCMD_FRE | PxCMD_ST);
}

struct ask lab_queued(unsigned slot, bool out, uint64_t lba, uint32_t sectors)
{
	return (struct ask){ .command = out ? 0x61 : 0x60, .features = (uint16_t)sectors,
			     .count = (uint16_t)(slot << 3), .lba = lba, .bytes = sectors * 512, .out = out };
}

struct ask lab_dma(bool out, uint64_t lba, uint32_t sectors)
{
	return (struct ask){ .command = out ? 0x35 : 0x25, .count = (uint16_t)sectors, .lba = lba,
			     .bytes = sectors * 512, .out = out };
}

uint8_t lab_byte(uint64_t lba, uint32_t i)
{
	lba += i / 512;
	if (lab.fill && i % 512 < sizeof(lab.fill))
		return ((const uint8_t *)&lab.fill)[i % 512];
	return (uint8_t)(1 + (lba * 31 + i * 7 + (i >> 8)) % 255);
}

void lab_expect_data(unsigned slot, uint64_t lba, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		if (lab.ram[BUFFER_AT(slot) + i] != lab_byte(lba, i))
			ck_abort_msg("slot %u, byte %u of %u", slot, i, len);
	}
	ck_assert_uint_eq(lab.ram[BUFFER_AT(slot) + len], 0);
}

void lab_expect_nothing(unsigned slot, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		if (lab.ram[BUFFER_AT(slot) + i])
			ck_abort_msg("slot %u, byte %u is %02x", slot, i, lab.ram[BUFFER_AT(slot) + i]);
	}
}

void lab_expect_clear(void)
{
	for (uint32_t i = 256; i < lab.bounce.memory.len; i++) {
		if (lab.bounce_bytes[i])
			ck_abort_msg("bounce memory, byte %u is %02x", i, lab.bounce_bytes[i]);
	}
}

void lab_fill(unsigned slot, uint64_t lba, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		lab.ram[BUFFER_AT(slot) + i] = lab_byte(lba, i);
}

bool lab_line(void)
{
	for (unsigned port = 0; port < LAB_PORTS; port++) {
		if (REG(port, PxIS) & REG(port, PxIE))
			return true;
	}
	return false;
}

/* ---- the device ---- */

uint8_t *dev_memory(uint64_t bus, uint32_t len)
{
	if (bus >= POOL_BUS && bus - POOL_BUS <= AHCI_POOL_BYTES - len)
		return lab.pool + (bus - POOL_BUS);
	if (bus >= BOUNCE_BUS && bus - BOUNCE_BUS + len <= lab.bounce.memory.len)
		return lab.bounce_bytes + (bus - BOUNCE_BUS);
	if (bus >= RAM_BUS && is_ram(bus - RAM_BUS, len))
		return lab.ram + (bus - RAM_BUS);
	ck_abort_msg("the device reaches for %llx", (unsigned long long)bus);
}

const struct header *dev_header(unsigned port, unsigned slot)
{
	uint64_t at = (uint64_t)REG(port, PxCLBU) << 32 | REG(port, PxCLB);

	return (const struct header *)dev_memory(at + slot * sizeof(struct header), sizeof(struct header));
}

static const struct table *dev_table(unsigned port, unsigned slot)
{
	const struct header *h = dev_header(port, slot);
	uint64_t at = (uint64_t)h->ctbau << 32 | h->ctba;

	ck_assert_uint_eq(at % TABLE_ALIGN, 0);
	return (const struct table *)dev_memory(at, (uint32_t)sizeof(struct table) + h->prdtl * 16u);
}

const uint8_t *dev_fis(unsigned port, unsigned slot)
{
	return dev_table(port, slot)->cfis;
}

const struct prd *dev_prds(unsigned port, unsigned slot)
{
	return dev_table(port, slot)->prd;
}

struct received *lab_pool_received(unsigned port)
{
	uint64_t at = (uint64_t)REG(port, PxFBU) << 32 | REG(port, PxFB);

	return (struct received *)dev_memory(at, RECEIVED_BYTES);
}

static bool is_queued(unsigned port, unsigned slot)
{
	return dev_fis(port, slot)[2] == 0x60 || dev_fis(port, slot)[2] == 0x61;
}

static uint64_t fis_lba(const uint8_t *fis)
{
	uint64_t lba = 0;

	for (unsigned i = 0; i < 3; i++)
		lba |= (uint64_t)fis[4 + i] << 8 * i | (uint64_t)fis[8 + i] << 8 * (i + 3);
	return lba;
}

static uint16_t identify_word(unsigned n)
{
	switch (n) {
	case 0: return 0x0040;
	case 49: return 0x0300;
	case 83: return 0x4402;		/* TCQ too */
	case 86: return 0x4400;
	case 60: case 100: return 0x1000;
	case 106: return lab.sector_size == 512 ? 0x4000 : 0x5000;
	case 117: return (uint16_t)(lab.sector_size == 512 ? 0 : lab.sector_size / 2);
	}
	return 0;
}

static uint8_t read_byte(const uint8_t *fis, uint32_t i)
{
	if (fis[2] == ATA_IDENTIFY)
		return (uint8_t)(identify_word(i / 2 % 256) >> (i & 1 ? 8 : 0));
	return lab_byte(fis_lba(fis), i);
}

void dev_move(unsigned port, unsigned slot, uint32_t bytes)
{
	struct header *h = (struct header *)dev_header(port, slot);
	const struct table *t = dev_table(port, slot);
	uint32_t done = 0, part;

	for (uint32_t i = 0; i < h->prdtl && done < bytes; i++, done += part) {
		uint64_t at = (uint64_t)t->prd[i].dbau << 32 | t->prd[i].dba;
		uint8_t *m;

		part = (t->prd[i].dbc & PRD_DBC) + 1;
		part = part < bytes - done ? part : bytes - done;
		m = dev_memory(at, part);
		if (h->flags & HEADER_W)
			memcpy(lab.medium + done, m, part);
		for (uint32_t k = 0; k < part && !(h->flags & HEADER_W); k++)
			m[k] = read_byte(t->cfis, done + k);
	}
	if (h->flags & HEADER_W)
		lab.medium_len = done;
	if (!is_queued(port, slot))
		h->prdbc = done;
}

static void d2h(unsigned port, uint8_t status, uint8_t error)
{
	struct received *r = lab_pool_received(port);

	memset(r->rfis, 0, sizeof(r->rfis));
	r->rfis[0] = FIS_D2H;
	r->rfis[1] = FIS_I;
	r->rfis[2] = status;
	r->rfis[3] = error;
	REG(port, PxTFD) = status | (uint32_t)error << 8;
	REG(port, PxIS) |= PxIS_DHRS;
}

static void sdb(unsigned port, uint32_t sact, uint8_t status, uint8_t error)
{
	struct received *r = lab_pool_received(port);

	r->sdbfis[0] = FIS_SDB;
	r->sdbfis[1] = FIS_I;
	r->sdbfis[2] = status & SDB_STATUS;
	r->sdbfis[3] = error;
	memcpy(r->sdbfis + 4, &sact, sizeof(sact));
	REG(port, PxTFD) = status | (uint32_t)error << 8;
	REG(port, PxIS) |= PxIS_SDBS;
}

void dev_accept(unsigned port, unsigned slot)
{
	REG(port, PxCI) &= ~(1u << slot);
	REG(port, PxTFD) = 0x50;
}

void dev_end(unsigned port, unsigned slot)
{
	const uint8_t *fis = dev_fis(port, slot);
	struct received *r = lab_pool_received(port);

	lab.carried_out[fis[2]]++;
	REG(port, PxCI) &= ~(1u << slot);
	if (is_queued(port, slot)) {
		REG(port, PxSACT) &= ~(1u << slot);
		sdb(port, 1u << slot, 0x50, 0);
	} else if (fis[2] == 0x20 || fis[2] == 0x24 || fis[2] == 0x2f || fis[2] == ATA_IDENTIFY) {
		memset(r->psfis, 0, sizeof(r->psfis));
		r->psfis[0] = FIS_PIO_SETUP;
		r->psfis[1] = FIS_I | FIS_D;
		r->psfis[15] = 0x50;
		REG(port, PxTFD) = 0x50;
		REG(port, PxIS) |= PxIS_PSS;
	} else {
		d2h(port, 0x50, 0);
	}
}

void dev_do(unsigned port, unsigned slot)
{
	dev_move(port, slot, UINT32_MAX);
	dev_end(port, slot);
}

void dev_fail(unsigned port, unsigned slot, uint32_t is, bool keeps)
{
	REG(port, PxIS) |= is;
	if (!keeps)
		REG(port, PxCI) &= ~(1u << slot);
	if (is_queued(port, slot))
		sdb(port, 0, 0x41, 0x40);
	else if (is & PxIS_TFES)
		d2h(port, 0x51, 0x40);
}

void lab_expect_refused(unsigned slot)
{
	ck_assert_int_eq(P(0)->slot[slot].state, SLOT_NUDGED);
	ck_assert_uint_eq(dev_fis(0, slot)[2], ATA_CHECK_POWER_MODE);
	dev_do(0, slot);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x451);
	ck_assert_int_eq(P(0)->slot[slot].state, SLOT_FAILED);
	ck_assert_uint_eq(lab.bounce.taken, 0);
}

void lab_expect_issued(const char *slots)
{
	ck_assert_uint_eq(lab.issues, strlen(slots));
	for (uint32_t i = 0; i < lab.issues; i++)
		ck_assert_int_eq(lab.issued[i], slots[i] - 'A');
}

TCase *lab_case(Suite *s, const char *name, void (*begin)(void))
{
	TCase *c = unit_case(s, name);

	tcase_add_checked_fixture(c, begin, lab_end);
	return c;
}
