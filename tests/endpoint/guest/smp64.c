/*
 * smp64.c - checks of a second processor: it starts, stops by INIT, starts again; INIT has no other way
 */
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/trap.h"
#include "tests/endpoint/guest/x86.h"

#define APIC		0xfee00000
#define APIC_ID		0x20
#define APIC_LDR	0xd0
#define APIC_SVR	0xf0
#define  SVR_ENABLE	0x1ff
#define APIC_ICR	0x300
#define APIC_ICR_HIGH	0x310
#define APIC_LINT1	0x360
#define  ICR_NMI	0x4400
#define  ICR_INIT	0x4500
#define  ICR_STARTUP	0x4600
#define  ICR_LOGICAL	0x800
#define  ICR_OTHERS	0xc0000
#define  LVT_MASKED	0x10000
#define SPINS		20000000
#define PAUSES		100
#define MANY		200
#define CODE		0x7000		/* a page of low memory for its first steps */
#define CODE_AGAIN	0x6000

/* What real-mode code does there: see code[]. */
struct seen {
	volatile uint32_t starts, beats, nmis;
};

#define SEEN		((struct seen *)0x5000)

/* Counts its start, and goes on counting. */
static const uint8_t code[] = {
	0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x5c,	/* cli; xor ax,ax; ds = ss = 0; sp = 5c00h */
	0xf0, 0x66, 0xff, 0x06, 0x00, 0x50,	/* lock incl [5000h] */
	0xf0, 0x66, 0xff, 0x06, 0x04, 0x50,	/* 1: lock incl [5004h] */
	0xf3, 0x90,				/* pause */
	0xeb, 0xf6,				/* jmp 1b */
};
#define NMI_CODE	0x5800
static const uint8_t nmi_code[] = {
	0xf0, 0x66, 0x2e, 0xff, 0x06, 0x08, 0x50,	/* lock incl cs:[5008h] */
	0xcf,					/* iret */
};

static void ipi(uint32_t high, uint32_t low)
{
	mmio_write(APIC + APIC_ICR_HIGH, high);
	mmio_write(APIC + APIC_ICR, low);
}

static bool reaches(volatile uint32_t *counter, uint32_t value)
{
	for (unsigned i = 0; i < SPINS; i++) {
		if (*counter >= value)
			return true;
		__asm__ volatile("pause");
	}
	return false;
}

static void pause_long(void)
{
	for (volatile unsigned i = 0; i < 1000000; i++)
		;
}

static bool beats(void)
{
	return reaches(&SEEN->beats, SEEN->beats + 100);
}

/* A busy machine takes its time: it may still run for a while. */
static bool stops(void)
{
	for (unsigned i = 0; i < PAUSES; i++) {
		uint32_t now = SEEN->beats;

		pause_long();
		if (SEEN->beats == now)
			return true;
	}
	return false;
}

static void place(void)
{
	uint8_t *to = (uint8_t *)CODE, *again = (uint8_t *)CODE_AGAIN, *nmi = (uint8_t *)NMI_CODE;

	for (unsigned i = 0; i < sizeof(code); i++)
		to[i] = again[i] = code[i];
	for (unsigned i = 0; i < sizeof(nmi_code); i++)
		nmi[i] = nmi_code[i];
	*SEEN = (struct seen){0};
	mmio_write(8, NMI_CODE);			/* vector 2: IP, CS 0 */
}

static const char *starts_and_stops(void)
{
	place();
	mmio_write(APIC + APIC_SVR, SVR_ENABLE);
	ipi(0, ICR_OTHERS | ICR_INIT);
	ipi(0, ICR_OTHERS | ICR_STARTUP | CODE >> 12);
	if (!reaches(&SEEN->starts, 1) || !beats())
		return "it does not start";
	ipi(0, ICR_OTHERS | ICR_STARTUP | CODE >> 12);
	pause_long();
	if (SEEN->starts != 1)
		return "a second start-up IPI starts it again";
	ipi(1 << 24, ICR_INIT);
	pause_long();
	if (!stops())
		return "INIT does not stop it";
	if (arg("hv")) {		/* QEMU 7.2 starts it by that somewhere */
		ipi(1 << 24, ICR_NMI);
		pause_long();
		if (SEEN->nmis)
			return "it takes an NMI while it waits for its start";
	}
	ipi(1 << 24, ICR_STARTUP | CODE_AGAIN >> 12);
	if (!reaches(&SEEN->starts, 2) || !beats())
		return "it does not start again";
	return NULL;
}

/* As fast as they are taken: none twice, none lost. */
static const char *takes_nmis(void)
{
	if (!beats())
		return "it does not run";
	SEEN->nmis = 0;
	for (uint32_t i = 1; i <= MANY; i++) {
		ipi(1 << 24, ICR_NMI);
		if (!reaches(&SEEN->nmis, i)) {
			say("NMIS sent=%u taken=%u\n", i, SEEN->nmis);
			return "one is lost";
		}
	}
	ipi(2 << 24, ICR_NMI);			/* nobody's */
	pause_long();
	if (SEEN->nmis != MANY)
		return "one came twice";
	return beats() ? NULL : "it does not go on";
}

static volatile unsigned taken;

static void note_nmi(struct trap_frame *frame)
{
	taken++;
}

/* Logical destinations are what LDR says. */
static const char *logical(void)
{
	trap_hook(TRAP_NMI, note_nmi);
	taken = 0;
	mmio_write(APIC + APIC_LDR, 0x20u << 24);
	SEEN->nmis = 0;
	ipi(0x20u << 24, ICR_LOGICAL | ICR_NMI);
	pause_long();
	ipi(0x40u << 24, ICR_LOGICAL | ICR_NMI);
	pause_long();
	trap_hook(TRAP_NMI, NULL);
	return taken == 1 && SEEN->nmis == 0 ? NULL : "it went elsewhere";
}

static const char *second_processor(void)
{
	const char *wrong = starts_and_stops();

	if (!wrong)
		wrong = takes_nmis();
	if (!wrong)
		wrong = logical();
	ipi(1 << 24, ICR_INIT);
	return wrong;
}

/* Each of these is an INIT of this processor where nobody looks. */
static const char *one_way(void)
{
	mmio_write(APIC + APIC_ICR_HIGH, mmio_read(APIC + APIC_ID));
	mmio_write(APIC + APIC_ICR + 4, ICR_INIT);
	mmio_write(APIC + APIC_ICR + 8, ICR_INIT);
	mmio_write(APIC + APIC_ICR + 12, ICR_INIT);
	*(volatile uint16_t *)(uintptr_t)(APIC + APIC_ICR) = ICR_INIT;
	*(volatile uint64_t *)(uintptr_t)(APIC + APIC_ICR) = ICR_INIT;
	mmio_write(APIC, ICR_INIT);		/* an interrupt message to processor 0 */
	mmio_write(APIC + 4, ICR_INIT);
	mmio_write(APIC + 0xff000, ICR_INIT);	/* to everybody */
	mmio_write(APIC + APIC_LINT1, 0x500);
	if (!(mmio_read(APIC + APIC_LINT1) & LVT_MASKED))
		return "a local vector may send one";
	mmio_write(APIC + APIC_LINT1, 0x400);
	mmio_write(APIC + APIC_ID, 5u << 24);
	return mmio_read(APIC + APIC_ID) >> 24 == 0 ? NULL : "the processor's name changes";
}

const struct check smp_checks[] = {
	{"second-processor", ASKED, second_processor, NULL},
	{"init-has-one-way", HV_ONLY, one_way, NULL},
};
const size_t smp_check_count = sizeof(smp_checks) / sizeof(smp_checks[0]);
