/*
 * price64.c - what an exit costs: instructions that exit, alone and with pages that are touched behind them
 *
 * With `alone=price` nothing else runs.  bench_exit.py has the names.  The HPET is the clock: of all that a guest
 * has, hypervisor and emulator leave its pace alone.
 */
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/layout.h"
#include "tests/endpoint/guest/pci.h"
#include "tests/endpoint/guest/print.h"

#define HPET_PERIOD	0xfed00004	/* femtoseconds a tick */
#define HPET_CFG	0xfed00010
#define HPET_COUNTER	0xfed000f0
#define APIC_EOI	0xfee000b0
#define ROUNDS		50u
#define TIMES		40u		/* a round: a millisecond or two, so that some go by undisturbed */
#define PAGES		100u
#define PAGE		4096u
#define FS_A_NS		1000000u

static uint32_t status;			/* the network card's register */

static void nothing(void)
{
}

static void cpuid_once(void)
{
	cpuid(0, 0);
}

/* Nothing is in service: it does nothing but to arrive. */
static void write_eoi(void)
{
	mmio_write(APIC_EOI, 0);
}

static void read_status(void)
{
	mmio_read(status);
}

/* No exit, and all of the TLB gone. */
static void load_cr3(void)
{
	write_cr3(read_cr3());
}

static void touch(void)
{
	for (volatile uint8_t *at = (uint8_t *)SCRATCH_ADDR; at < (uint8_t *)SCRATCH_ADDR + PAGES * PAGE; at += PAGE)
		++*at;
}

/* Nanoseconds that one takes, in the fastest round. */
static uint32_t price(void (*exits)(void), void (*then)(void))
{
	uint32_t best = UINT32_MAX;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint32_t from = mmio_read(HPET_COUNTER), ticks;

		for (unsigned i = 0; i < TIMES; i++) {
			exits();
			then();
		}
		ticks = mmio_read(HPET_COUNTER) - from;
		if (ticks < best)
			best = ticks;
	}
	return (uint32_t)((uint64_t)best * mmio_read(HPET_PERIOD) / FS_A_NS / TIMES);
}

static const char *prices(void)
{
	static const struct {
		const char *name;
		void (*exits)(void);
	} rows[] = { { "cpuid", cpuid_once }, { "local-apic", write_eoi }, { "network-card", read_status }, { "cr3", load_cr3 },
			{ "nothing", nothing } };

	status = pci_bar(CLASS_ETHERNET, 0) + E1000_STATUS;
	if (status == E1000_STATUS)
		return "there is no network card";
	mmio_write(HPET_CFG, mmio_read(HPET_CFG) | 1);
	touch();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t alone = price(rows[i].exits, nothing);

		say("PRICE %s alone=%u touching=%u\n", rows[i].name, alone, price(rows[i].exits, touch));
	}
	return NULL;
}

const struct check price_checks[] = { { "prices", 0, prices, NULL } };
const size_t price_check_count = sizeof(price_checks) / sizeof(price_checks[0]);
