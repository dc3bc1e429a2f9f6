/*
 * debug64.c - checks of breakpoints and single steps, also over instructions that exit
 */
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/exits.h"
#include "tests/endpoint/guest/trap.h"

#define DR7_L0		(1 << 0)
#define DR7_L1		(1 << 2)
#define DR7_FIXED	(1 << 10)
#define DR7_RW0_IO	(2 << 16)
#define DR7_RW1_WRITE	(1 << 20)
#define DR7_LEN1_4	(3 << 22)
#define DR6_B0		(1 << 0)
#define DR6_B1		(1 << 1)
#define DR6_BS		(1 << 14)
#define DR6_CLEAR	0xffff0ff0
#define FLAGS_RF	(1 << 16)
#define PORT_POST	0x80
#define STEPS_MAX	32

static volatile unsigned hits;
static unsigned long hit_ip[STEPS_MAX], hit_dr6[STEPS_MAX];

static void note_hit(struct trap_frame *frame)
{
	if (hits < STEPS_MAX) {
		hit_ip[hits] = frame->ip;
		hit_dr6[hits] = read_dr6();
	}
	hits++;
	write_dr6(DR6_CLEAR);
	frame->flags |= FLAGS_RF;
}

static void listen(void)
{
	hits = 0;
	write_dr7(DR7_FIXED);
	write_dr6(DR6_CLEAR);
	trap_hook(TRAP_DB, note_hit);
}

static void stop_listening(void)
{
	write_dr7(DR7_FIXED);
	trap_hook(TRAP_DB, NULL);
}

static const char *registers_kept(void)
{
	write_dr0(0x1000);
	write_dr1(0x7fff12345678ul);
	write_dr7(DR7_FIXED);
	cause_exits();
	if (read_dr0() != 0x1000 || read_dr1() != 0x7fff12345678ul)
		return "an address is lost";
	if (read_dr7() != DR7_FIXED)
		return "DR7 is another";
	return NULL;
}

__attribute__((noinline)) static void breakpoint_here(void)
{
	__asm__ volatile("nop");
}

static const char *code_breakpoint(void)
{
	listen();
	write_dr0((unsigned long)breakpoint_here);
	write_dr7(DR7_FIXED | DR7_L0);
	cause_exits();
	breakpoint_here();
	cause_exits();
	breakpoint_here();
	stop_listening();
	if (hits != 2)
		return "it was not hit once a call";
	if (hit_ip[0] != (unsigned long)breakpoint_here)
		return "hit at another address";
	return hit_dr6[0] & DR6_B0 ? NULL : "DR6 does not say so";
}

static const char *data_watchpoint(void)
{
	static volatile uint32_t word __attribute__((aligned(8)));

	listen();
	write_dr1((unsigned long)&word);
	write_dr7(DR7_FIXED | DR7_L1 | DR7_RW1_WRITE | DR7_LEN1_4);
	(void)word;
	cause_exits();
	word = 1;
	stop_listening();
	if (hits != 1)
		return "a write was not hit once";
	return hit_dr6[0] & DR6_B1 ? NULL : "DR6 does not say so";
}

static const char *port_breakpoint(void)
{
	listen();
	write_cr4(read_cr4() | CR4_DE);
	write_dr0(PORT_POST);
	write_dr7(DR7_FIXED | DR7_L0 | DR7_RW0_IO);
	outb(PORT_POST, 0);
	stop_listening();
	write_cr4(read_cr4() & ~CR4_DE);
	if (hits != 1)
		return "a write to the port was not hit once";
	return hit_dr6[0] & DR6_B0 ? NULL : "DR6 does not say so";
}

extern const uint8_t behind_cpuid[], behind_rdmsr[], behind_in[];

static bool stepped(const uint8_t *ip)
{
	unsigned found = 0;

	for (unsigned i = 0; i < hits && i < STEPS_MAX; i++)
		found += hit_ip[i] == (unsigned long)ip && (hit_dr6[i] & DR6_BS);
	return found == 1;
}

/* A single step traps behind an instruction, also where a hypervisor did the instruction. */
static const char *single_step(void)
{
	listen();
	__asm__ volatile(
		"pushfq\n"
		"orq	$0x100, (%%rsp)\n"
		"popfq\n"
		"xor	%%eax, %%eax\n"
		"cpuid\n"
		"behind_cpuid:\n"
		"mov	$0xc0000080, %%ecx\n"
		"rdmsr\n"
		"behind_rdmsr:\n"
		"mov	$0xcf8, %%edx\n"
		"in	%%dx, %%eax\n"
		"behind_in:\n"
		"nop\n"
		"pushfq\n"
		"andq	$~0x100, (%%rsp)\n"
		"popfq\n"
		"nop\n" ::: "eax", "ebx", "ecx", "edx", "cc", "memory");
	stop_listening();
	if (!stepped(behind_cpuid))
		return "no step behind CPUID";
	if (!stepped(behind_rdmsr))
		return "no step behind RDMSR";
	return stepped(behind_in) ? NULL : "no step behind IN";
}

const struct check debug_checks[] = {
	{"debug-registers-outlive-exits", 0, registers_kept, NULL},
	{"code-breakpoint", 0, code_breakpoint, NULL},
	{"data-watchpoint", 0, data_watchpoint, NULL},
	{"port-breakpoint", 0, port_breakpoint, NULL},
	{"single-step-over-exits", 0, single_step, NULL},
};
const size_t debug_check_count = sizeof(debug_checks) / sizeof(debug_checks[0]);
