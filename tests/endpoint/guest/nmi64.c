/*
 * nmi64.c - checks of NMI and machine check: taken once each, blocked until IRET, waking HLT
 */
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/exits.h"
#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/trap.h"

#define APIC		0xfee00000
#define APIC_SVR	0xf0
#define  SVR_ENABLE	0x1ff		/* with vector FFh */
#define APIC_ICR	0x300
#define  ICR_SELF_NMI	0x44400		/* shorthand self, assert, delivery mode NMI */
#define IOAPIC		0xfec00000
#define  IOAPIC_DATA	0x10
#define  REDIRECTION	0x10
#define  PIT_PIN	2		/* IRQ 0 by the MADT's override */
#define  ENTRY_NMI	0x400
#define  ENTRY_MASKED	0x10000
#define RTC_SECONDS	0
#define MSR_MCG_STATUS	0x17a
#define MSR_MCG_CTL	0x17b
#define MSR_MC0_CTL	0x400
#define MSR_MC0_STATUS	0x401
#define  MCG_CAP_CTL	(1 << 8)
#define SPINS		1000000

static volatile unsigned taken, taken_inside, total_checks;
static volatile bool again;
static uint64_t check_status;

static void send_nmi(void)
{
	mmio_write(APIC + APIC_ICR, ICR_SELF_NMI);
}

static void note_nmi(struct trap_frame *frame)
{
	taken++;
	if (!again)
		return;
	again = false;
	send_nmi();
	cause_exits();			/* none of which may end the blocking */
	for (volatile unsigned i = 0; i < 1000; i++)
		;
	taken_inside = taken;
}

static void listen(void)
{
	taken = 0;
	again = false;
	mmio_write(APIC + APIC_SVR, SVR_ENABLE);
	trap_hook(TRAP_NMI, note_nmi);
}

static void spin(void)
{
	for (unsigned i = 0; i < SPINS && !taken; i++)
		__asm__ volatile("pause");
	for (volatile unsigned i = 0; i < 1000; i++)
		;
}

static const char *self_nmi(void)
{
	for (unsigned i = 0; i < 20; i++) {
		listen();
		send_nmi();
		spin();
		trap_hook(TRAP_NMI, NULL);
		if (taken != 1)
			return taken ? "taken more than once" : "not taken";
	}
	return NULL;
}

static const char *blocked_nmi(void)
{
	listen();
	again = true;
	send_nmi();
	spin();
	trap_hook(TRAP_NMI, NULL);
	if (taken_inside != 1)
		return "a second one came before IRET";
	return taken == 2 ? NULL : "the second one did not come behind IRET";
}

static void ioapic_write(unsigned index, uint32_t value)
{
	mmio_write(IOAPIC, index);
	mmio_write(IOAPIC + IOAPIC_DATA, value);
}

/* The timer of 18.2 Hz as NMI wakes a processor that halts with interrupts off. */
static const char *nmi_wakes(void)
{
	listen();
	ioapic_write(REDIRECTION + 2 * PIT_PIN + 1, 0);
	ioapic_write(REDIRECTION + 2 * PIT_PIN, ENTRY_NMI);
	/* a hypervisor below may end a HLT, as may an SMI */
	for (unsigned i = 0; i < 10000 && taken < 3; i++)
		__asm__ volatile("cli; hlt");
	ioapic_write(REDIRECTION + 2 * PIT_PIN, ENTRY_MASKED);
	trap_hook(TRAP_NMI, NULL);
	return taken >= 3 ? NULL : "HLT ended without one";
}

static uint8_t seconds(void)
{
	outb(0x70, RTC_SECONDS);
	return inb(0x71);
}

/* Two ends of a second: between one and two seconds. */
static void wait_second(void)
{
	for (unsigned i = 0; i < 2; i++) {
		uint8_t now = seconds();

		while (seconds() == now)
			;
	}
}

/* The rig sends one from outside: `READY NAME` is its sign. */
static const char *foreign_nmi(void)
{
	listen();
	say("READY nmi-from-outside\n");
	for (unsigned i = 0; i < 10 && !taken; i++)
		wait_second();
	wait_second();
	trap_hook(TRAP_NMI, NULL);
	return taken == 1 ? NULL : taken ? "taken more than once" : "not taken";
}

static void note_machine_check(struct trap_frame *frame)
{
	total_checks++;
	check_status = rdmsr(MSR_MC0_STATUS);
	wrmsr(MSR_MC0_STATUS, 0);
	wrmsr(MSR_MCG_STATUS, 0);
}

static const char *machine_check(void)
{
	trap_hook(TRAP_MC, note_machine_check);
	total_checks = 0;
	if (rdmsr(MSR_MCG_CAP) & MCG_CAP_CTL)
		wrmsr(MSR_MCG_CTL, ~0ull);
	wrmsr(MSR_MC0_CTL, ~0ull);
	write_cr4(read_cr4() | CR4_MCE);
	say("READY machine-check\n");
	for (unsigned i = 0; i < 10 && !total_checks; i++)
		wait_second();
	write_cr4(read_cr4() & ~CR4_MCE);
	trap_hook(TRAP_MC, NULL);
	if (total_checks != 1)
		return total_checks ? "taken more than once" : "not taken";
	return check_status >> 61 == 5 ? NULL : "the bank's status is another";
}

const struct check nmi_checks[] = {
	{"nmi-to-self", 0, self_nmi, NULL},
	{"nmi-blocked-until-iret", 0, blocked_nmi, NULL},
	{"nmi-wakes-hlt", 0, nmi_wakes, NULL},
	{"nmi-from-outside", ASKED, foreign_nmi, NULL},
	{"machine-check", ASKED, machine_check, NULL},
};
const size_t nmi_check_count = sizeof(nmi_checks) / sizeof(nmi_checks[0]);
