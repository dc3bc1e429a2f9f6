/*
 * clock.c - the time since the hypervisor came up, by the time-stamp counter
 */
#include "hv/clock.h"

#include "hv/cpu/x86.h"

/* Intel 8254, and port 61h of the PC */
enum { PIT_2 = 0x42, PIT_CONTROL = 0x43, PORT_61 = 0x61 };
enum { PIT_2_ONE_SHOT = 0xb0, P61_GATE = 1, P61_SPEAKER = 2, P61_OUT = 0x20 };
#define PIT_HZ		1193182u
#define MEASURE_TICKS	(PIT_HZ / 2000)	/* 0.5 ms: port 61h tells the end to a microsecond */
#define MEASURES	4u
#define PATIENCE	1000000u	/* reads of port 61h, a microsecond each: far more than 0.5 ms */
#define ASSUMED_HZ	UINT64_C(1000000000)

static uint64_t start, hz;
static uint64_t us_per_count;		/* 32.32 fixed point */

static uint64_t measure(void)
{
	uint8_t was = inb(PORT_61);
	uint64_t from, to;
	uint32_t n = 0;

	outb(PORT_61, (uint8_t)((was & ~P61_SPEAKER) | P61_GATE));
	outb(PIT_CONTROL, PIT_2_ONE_SHOT);
	outb(PIT_2, (uint8_t)MEASURE_TICKS);
	from = rdtsc();
	outb(PIT_2, (uint8_t)(MEASURE_TICKS >> 8));	/* which starts it */
	while (!(inb(PORT_61) & P61_OUT) && ++n < PATIENCE)
		cpu_relax();
	to = rdtsc();
	outb(PORT_61, was);
	return n < PATIENCE ? (to - from) * PIT_HZ / MEASURE_TICKS : 0;
}

/* Whatever holds us up meanwhile, SMM or an emulator that must wait, makes the counter look faster: the least is true. */
static uint64_t measure_some(void)
{
	uint64_t least = measure();

	for (unsigned n = 1; n < MEASURES && least; n++) {
		uint64_t again = measure();

		least = again < least ? again : least;
	}
	return least;
}

bool clock_init(void)
{
	uint64_t measured = measure_some();

	/* a counter below 1 MHz or that stands still is none */
	hz = measured >= 1000000 ? measured : ASSUMED_HZ;
	us_per_count = (UINT64_C(1000000) << 32) / hz;
	start = rdtsc();
	return hz == measured;
}

uint64_t clock_us(void)
{
	uint64_t now = rdtsc();

	if (!hz || now < start)
		return 0;
	return (uint64_t)((unsigned __int128)(now - start) * us_per_count >> 32);
}

uint64_t clock_hz(void)
{
	return hz;
}
