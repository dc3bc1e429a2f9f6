/*
 * e1000_registers_lab.c - the register file between an array of registers and queues that only say they were called
 */
#include "tests/unit/e1000_registers_lab.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devmodel/e1000/pool.h"
#include "tests/unit/unit.h"

struct lab lab;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list args;

	if (lab.quiet)
		return;
	va_start(args, format);
	lab.log_len += (uint32_t)vsnprintf(lab.log + lab.log_len, sizeof(lab.log) - lab.log_len, format, args);
	va_end(args);
	if (lab.log_len >= sizeof(lab.log))
		ck_abort_msg("the log is full");
}

void lab_expect(const char *lines)
{
	ck_assert_str_eq(lab.log, lines);
	lab.log[lab.log_len = 0] = 0;
}

/* ---- the device ---- */

/* An assertion of Check's is a write to a pipe: not one an access. */
static void check_offset(uint32_t offset)
{
	if (offset >= E1000_BAR0_BYTES || offset & 3)
		ck_abort_msg("the device has no register %x", offset);
}

static uint32_t read_eerd(void)
{
	uint32_t v = DEVICE(EERD), word;

	if (!(v & EERD_START) || ++lab.eerd_reads < lab.eerd_wait)
		return v;
	word = v >> lab.eerd_shift & 0xff;
	return (v & ~EERD_START) | lab.eerd_done | (uint32_t)lab.nvm[word] << EERD_DATA_SHIFT;
}

static uint32_t reg_read(void *host, uint32_t offset)
{
	uint32_t v;

	check_offset(offset);
	v = offset == E1000_EERD ? read_eerd() : lab.reg[offset / 4];
	say("R %05x\n", offset);
	lab.reads++;
	if (offset == E1000_ICR)
		DEVICE(ICR) = 0;
	if (offset == E1000_TDH && lab.head_moves) {
		lab.head_moves--;
		DEVICE(TDH)++;
	}
	return v;
}

static void reg_write(void *host, uint32_t offset, uint32_t value)
{
	check_offset(offset);
	say("W %05x %08x\n", offset, value);
	if (offset == E1000_EERD)
		lab.eerd_reads = 0;
	if (offset == E1000_IMS)
		DEVICE(IMS) |= value;
	else if (offset == E1000_IMC)
		DEVICE(IMS) &= ~value;
	else
		lab.reg[offset / 4] = value;
}

/* ---- the queues ---- */

void rx_create(struct e1000 *n) { say("rx_create\n"); }
void rx_start(struct e1000 *n) { say("rx_start %08x\n", n->rctl); }
void rx_stop(struct e1000 *n) { say("rx_stop %08x\n", n->rctl); }
void rx_forget(struct e1000 *n) { say("rx_forget\n"); }
void rx_reset(struct e1000 *n) { say("rx_reset\n"); }
void rx_collect(struct e1000 *n, bool announce) { say("rx_collect %d\n", announce); }
bool rx_is_waiting(const struct e1000 *n) { return lab.rx_waits; }
uint32_t rx_rctl(const struct e1000 *n, uint32_t rctl) { return (rctl & RCTL_EN) | RCTL_SECRC; }

void rx_poll(struct e1000 *n) { say("rx_poll\n"); }
bool rx_is_stalled(const struct e1000 *n) { return lab.rx_stalls; }
void tx_create(struct e1000 *n, unsigned q) { say("tx_create %u\n", q); }
void tx_start(struct e1000 *n) { say("tx_start %08x\n", n->tctl); }
void tx_stop(struct e1000 *n) { say("tx_stop\n"); }
void tx_forget(struct e1000 *n, unsigned q) { say("tx_forget %u\n", q); }
void tx_reset(struct e1000 *n) { say("tx_reset\n"); }
void tx_kick(struct e1000 *n, unsigned q) { say("tx_kick %u\n", q); }
void tx_complete(struct e1000 *n, unsigned q) { say("tx_complete %u\n", q); }
bool tx_is_waiting(const struct e1000 *n, unsigned q) { return lab.tx_waits[q]; }
void tx_poll(struct e1000 *n, unsigned q) { say("tx_poll %u\n", q); }
bool tx_is_stalled(const struct e1000 *n, unsigned q) { return lab.tx_stalls[q]; }
bool tx_is_under_way(const struct e1000 *n, unsigned q) { return lab.tx_runs[q]; }

/* ---- the open page ---- */

static void open_page(void *host, uint32_t offset, uint8_t *page)
{
	ck_assert_uint_eq(offset, OPEN_PAGE);
	ck_assert(!page || page == lab.d.pool.at + POOL_OPEN_PAGE);
	if (!page && lab.at_close)
		lab.at_close();
	lab.page = page;
	say(page ? "open\n" : "close\n");
}

static uint32_t *word_at(uint32_t offset)
{
	ck_assert_ptr_nonnull(lab.page);
	return (uint32_t *)(lab.page + (offset - OPEN_PAGE));
}

void lab_store(uint32_t offset, uint32_t value)
{
	*word_at(offset) = value;
}

uint32_t lab_load(uint32_t offset)
{
	return *word_at(offset);
}

/* ---- set-up ---- */

void lab_clear(void)
{
	memset(&lab, 0, sizeof(lab));
	lab.eerd_done = 1u << 4;
	lab.eerd_shift = 8;
	for (uint32_t i = 0; i < 256; i++)
		lab.nvm[i] = (uint16_t)(0x8001u * i + 0x1234);
}

void lab_attach(uint16_t device)
{
	void *memory;

	lab.ops = (struct devmodel_ops){ .reg_read = reg_read, .reg_write = reg_write };
	lab.d = (struct devmodel){ .ops = &lab.ops };
	if (lab.opens) {
		lab.ops.open_page = open_page;
		lab.d.pool = (struct dma_memory){ .at = aligned_alloc(4096, E1000_POOL_BYTES), .len = E1000_POOL_BYTES };
		ck_assert_ptr_nonnull(lab.d.pool.at);
	}
	ck_assert_uint_eq(e1000_size() % 16, 0);
	free(lab.n);
	memory = calloc(1, e1000_size());
	lab.n = e1000_attach(memory, e1000_family(device), &lab.d, &lab.net);
	ck_assert_ptr_eq(lab.n, memory);
	if (!lab.keep)
		lab.log[lab.log_len = 0] = 0;
}

void lab_end(void)
{
	free(lab.n);
	free(lab.d.pool.at);
	lab.n = NULL;
	lab.d.pool.at = NULL;
}

uint64_t lab_read_size(uint32_t offset, unsigned size)
{
	uint64_t v = 0x5555aaaa5555aaaa;

	e1000_access(lab.n, offset, size, false, &v);
	return v;
}

void lab_write_size(uint32_t offset, unsigned size, uint64_t value)
{
	e1000_access(lab.n, offset, size, true, &value);
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
