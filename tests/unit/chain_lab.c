/*
 * chain_lab.c - a driver's access and what follows it: as it comes the first time, and as it was kept
 */
#include "tests/unit/chain_lab.h"

#include <check.h>
#include <string.h>

#include "hv/guest/emulate.h"
#include "hv/guest/seen.h"

struct lab lab;
struct walks walks;
unsigned welcome;
uint64_t hidden;
static struct guest_cpu *const cpu = &lab.cpu;
static struct trail trail;

uint8_t *at(uint64_t gpa)
{
	return (uint8_t *)lab.ram + gpa;
}

static const void *view(void *host, gpa_t gpa)
{
	ck_assert_ptr_eq(host, &lab);
	return gpa.a / LAB_PAGE == hidden / LAB_PAGE ? NULL : at(gpa.a);
}

static bool is_unwelcome(void *host)
{
	ck_assert_ptr_eq(host, &lab);
	return welcome == 0 || welcome-- == 0;
}

void begin(void)
{
	static unsigned n;

	memset(seen_rows, 0, sizeof(seen_rows));
	memset(chains, 0, sizeof(chains));
	lab_init(&lab);
	lab_64(&lab);
	for (unsigned page = CODE; page < RAM + 2 * LAB_PAGE; page += LAB_PAGE)
		lab_map(&lab, page, page, LAB_P | LAB_W);
	lab.device[DEVICE / LAB_PAGE] = lab.device[DEVICE / LAB_PAGE + 1] = true;
	cpu->walks = &walks;
	hidden = UINT64_MAX;
	welcome = 100000;
	cpu->rip = CODE + 96 * (++n % 32);
	for (unsigned r = 0; r < GPRS; r++)
		cpu->gpr[r] = UINT64_C(0x1122334455667788) * (r + 1);
	cpu->gpr[RBX] = DEVICE;
	cpu->gpr[RSI] = RAM;
	cpu->gpr[RSP] = RAM + LAB_PAGE - 0x100;
	for (unsigned i = 0; i < LAB_PAGE; i++)
		*at(RAM + i) = (uint8_t)(i * 7 + 1);
}

unsigned slow(uint64_t gpa, bool write)
{
	uint64_t rip = cpu->rip;
	struct emulation e;
	unsigned reached;

	walks_begin(&walks);
	cpu->found = true;
	cpu->found_at.a = gpa;
	cpu->found_write = write;
	e.fetch.count = 0;
	e.fetch.in_page = false;
	ck_assert_int_eq(guest_emulate(cpu, &lab.bus, &e), GUEST_OK);
	reached = guest_cluster(cpu, &lab.bus, &e.fetch, rip, is_unwelcome, &trail);
	if (seen_keep(cpu, rip, &e.fetch, &e.insn) && reached)
		chain_keep(cpu, &lab.bus, &e.fetch, &e.insn, rip, e.linear, &trail);
	return reached;
}

int quick(uint64_t gpa, bool write)
{
	const struct chain_host host = { &lab.bus, view, is_unwelcome };
	struct vcpu_brief b = { .rip = cpu->rip, .rflags = cpu->rflags, .cr0 = cpu->cr0, .cr3 = cpu->cr3, .cr4 = cpu->cr4,
		.efer = cpu->efer, .dr7 = cpu->dr7, .cs_attributes = cpu->seg[SEG_CS].attributes, .cpl = cpu->cpl };
	struct seen_access a;
	unsigned reached;

	if (!seen_find(&b, cpu->gpr, (gpa_t){ gpa }, write, view, &lab, &a) || !seen_goes_on(&b, &a))
		return -1;
	reached = seen_go_on(&a, &b, cpu->gpr, (gpa_t){ gpa }, &host);
	cpu->rip = b.rip;
	cpu->rflags = b.rflags;
	return (int)reached;
}
