/*
 * ahci_registers_lab.c - the registers of a model between those of a device and command handling that only says it was
 * called
 */
#include "tests/unit/ahci_registers_lab.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

struct lab lab;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	lab.log_len += (uint32_t)vsnprintf(lab.log + lab.log_len, sizeof(lab.log) - lab.log_len, format, args);
	va_end(args);
	if (lab.log_len >= sizeof(lab.log))
		ck_abort_msg("the log is full");
}

void lab_forget_log(void)
{
	lab.log[lab.log_len = 0] = 0;
}

void lab_expect(const char *lines)
{
	ck_assert_str_eq(lab.log, lines);
	lab_forget_log();
}

/* ---- the device ---- */

/* An assertion of Check's is a write to a pipe: not one an access. */
static void check_offset(uint32_t offset)
{
	if (offset >= ABAR_BYTES || offset & 3)
		ck_abort_msg("the device has no register %x", offset);
	if (offset >= PORT_AT(0) && !(LAB_PORTS >> (offset - PORT_AT(0)) / PORT_BYTES & 1))
		ck_abort_msg("there is no port at %x", offset);
}

static bool is_port_register(uint32_t offset, uint32_t x)
{
	return offset >= PORT_AT(0) && offset % PORT_BYTES == x;
}

static uint32_t reg_read(void *host, uint32_t offset)
{
	uint32_t v = lab.reg[offset / 4];

	check_offset(offset);
	if (lab.log_reads)
		say("R %03x\n", offset);
	if (lab.gone_after && is_port_register(offset, lab.gone_at) && !--lab.gone_after)
		lab.gone = true;
	if (lab.gone)
		return UINT32_MAX;
	if (lab.now_ns < lab.ci_until_ns)
		return v;
	if (lab.ci_until_ns && (is_port_register(offset, PxCI) || is_port_register(offset, PxSACT)))
		return 0;
	if (offset == HBA_GHC && v & GHC_HR && lab.hr_reads && !--lab.hr_reads)
		lab.reg[offset / 4] &= ~GHC_HR;
	return v;
}

static void write_cmd(uint32_t port, uint32_t value)
{
	uint32_t *cmd = &DEVICE_PORT(port, PxCMD), stays = 0;

	if (lab.cr_stays >> port & 1)
		stays |= *cmd & PxCMD_CR;
	if (lab.fr_stays >> port & 1)
		stays |= *cmd & PxCMD_FR;
	*cmd = (value & ~(PxCMD_CR | PxCMD_FR)) | (value & PxCMD_ST ? PxCMD_CR : 0) |
	       (value & PxCMD_FRE ? PxCMD_FR : 0) | stays;
	if (!(value & PxCMD_ST) && !lab.ci_stays)
		DEVICE_PORT(port, PxCI) = DEVICE_PORT(port, PxSACT) = 0;
}

/* [10.4.3] */
static void write_ghc(uint32_t value)
{
	DEVICE(HBA_GHC) = value;
	if (!(value & GHC_HR))
		return;
	for (uint32_t n = 0; n < PORTS_MAX; n++) {
		DEVICE_PORT(n, PxCMD) = PxCMD_SUD | PxCMD_POD;
		DEVICE_PORT(n, PxIE) = DEVICE_PORT(n, PxIS) = DEVICE_PORT(n, PxCI) = DEVICE_PORT(n, PxSACT) = 0;
	}
	if (!lab.hr_reads)
		DEVICE(HBA_GHC) = 0;
}

static void reg_write(void *host, uint32_t offset, uint32_t value)
{
	check_offset(offset);
	say("W %03x %08x\n", offset, value);
	if (lab.gone)
		return;
	if (offset == HBA_GHC)
		write_ghc(value);
	else if (offset == HBA_IS || is_port_register(offset, PxIS) || is_port_register(offset, PxSERR))
		lab.reg[offset / 4] &= ~value;
	else if (is_port_register(offset, PxCMD))
		write_cmd((offset - PORT_AT(0)) / PORT_BYTES, value);
	else
		lab.reg[offset / 4] = value;
}

static uint64_t now_ns(void *host)
{
	return lab.now_ns += lab.step_ns;
}

/* ---- command handling ---- */

void port_issue(struct port *p, uint32_t bits) { say("issue %u %08x\n", p->index, bits); }
void port_push(struct port *p) { say("push %u\n", p->index); }
void port_judge_anew(struct port *p) { lab.judged_anew++; }

bool disk_is_searching(const struct disk *d) { return lab.searching; }

void disk_forget(const struct disk *d, struct disk_trial *trial)
{
	lab.forgotten += trial->state;
	trial->state = 0;
}

void port_look(struct port *p)
{
	say("look %u\n", p->index);
	if (lab.on_look)
		lab.on_look(p);
}

bool port_is_behind(struct port *p)
{
	return p->behind;
}

void port_catch_up(struct port *p) { say("catch up %u\n", p->index); }
void port_clear_received(struct port *p) {}

void hba_look(struct ahci *h)
{
	say("look all\n");
	if (lab.on_look)
		lab.on_look(&h->port[0]);
}

void slot_release(struct port *p, struct slot *s)
{
	say("give %x %x\n", s->at, s->len);
	if (s->seen)
		ck_abort_msg("what is in bounce memory would stay there");
	lab.given += s->len;
	s->len = 0;
}

bool room_hold(struct port *p, uint32_t slots)
{
	say("hold %x\n", slots);
	for (; slots; slots &= slots - 1)
		p->slot[__builtin_ctz(slots)].len = 0;
	p->held_count = 1;
	return true;
}

void room_let_go(struct port *p, uint32_t bits)
{
	if (p->held_count)
		say("let go all but %x\n", bits);
	p->held_count = bits ? p->held_count : 0;
}

void command_nudge(struct table *t, uint16_t *flags)
{
	t->cfis[2] = ATA_CHECK_POWER_MODE;
	*flags = 5;
}

/* ---- set-up ---- */

void lab_clear(void)
{
	memset(&lab, 0, sizeof(lab));
	lab.pool_bus = LAB_POOL;
	DEVICE(HBA_CAP) = 0xff37ff3f;
	DEVICE(HBA_GHC) = GHC_AE;
	DEVICE(HBA_PI) = LAB_PORTS;
	DEVICE(HBA_VS) = 0x00010301;
	DEVICE(HBA_CAP2) = 0x3f;
	for (uint32_t n = 0; n < PORTS_MAX; n++) {
		DEVICE_PORT(n, PxSIG) = n == 1 ? SIG_ATAPI : SIG_ATA;
		DEVICE_PORT(n, PxCMD) = PxCMD_SUD | PxCMD_POD;
		DEVICE_PORT(n, PxTFD) = 0x50;
		DEVICE_PORT(n, PxSSTS) = 0x123;
	}
}

void lab_attach(void)
{
	void *memory;

	lab.ops = (struct devmodel_ops){ .reg_read = reg_read, .reg_write = reg_write, .now_ns = now_ns };
	lab.d = (struct devmodel){ .ops = &lab.ops, .pool = { lab.pool, { lab.pool_bus }, AHCI_POOL_BYTES } };
	lab.bounce = (struct bounce){ .memory = { lab.bounce_bytes, { lab.bounce_bus }, LAB_BOUNCE } };
	ck_assert_uint_eq(ahci_size() % 16, 0);
	free(lab.h);
	memory = malloc(ahci_size());
	memset(memory, 0xee, ahci_size());
	lab.h = ahci_attach(memory, &lab.d, &lab.disk, &lab.bounce, 3, 0x10);
	if (lab.h)
		ck_assert_ptr_eq(lab.h, memory);
	else
		free(memory);
}

void lab_end(void)
{
	free(lab.h);
	lab.h = NULL;
}

uint64_t lab_read_size(uint32_t offset, unsigned size)
{
	uint64_t v = 0x5555aaaa5555aaaa;

	ahci_access(lab.h, offset, size, false, &v);
	return v;
}

void lab_write_size(uint32_t offset, unsigned size, uint64_t value)
{
	ahci_access(lab.h, offset, size, true, &value);
}

uint32_t lab_read(uint32_t offset)
{
	uint64_t v = lab_read_size(offset, 4);

	if (v > UINT32_MAX)
		ck_abort_msg("%x has more than a dword", offset);
	return (uint32_t)v;
}

void lab_write(uint32_t offset, uint32_t value)
{
	lab_write_size(offset, 4, value);
}

struct slot *lab_slot(unsigned slot, enum slot_state state, uint32_t at, uint32_t len)
{
	struct slot *s = &PORT(0)->slot[slot];

	s->state = state;
	s->fetched = true;
	s->at = at;
	s->len = len;
	s->seen = true;
	if (state == SLOT_OUT || state == SLOT_NUDGED)
		PORT(0)->out |= 1u << slot;
	PORT(0)->ci |= 1u << slot;
	return s;
}
