/*
 * native.c - run one instruction on this processor, in 64-, 32- or 16-bit code
 *
 * A breakpoint's handler puts the registers into its frame and returns into the instruction, with
 * TF set; what comes next, a single step or a fault, is the second signal, whose handler takes the
 * registers out and returns to where the breakpoint was.
 */
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/unit/native.h"

#define NO_SANITIZER	__attribute__((no_sanitize("address", "undefined")))

static const int greg_of[GPRS] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

static struct {
	struct guest_cpu *cpu;
	struct native_fault *fault;
	volatile bool running;
	gregset_t home;
} run;

NO_SANITIZER static void load(greg_t *g)
{
	const struct guest_cpu *cpu = run.cpu;

	for (unsigned i = 0; i < NGREG; i++)
		run.home[i] = g[i];
	for (unsigned i = 0; i < GPRS; i++)
		g[greg_of[i]] = cpu->gpr[i];
	g[REG_RIP] = cpu->rip;
	g[REG_EFL] = cpu->rflags | RFLAGS_TF;
	g[REG_CSGSFS] = (g[REG_CSGSFS] & 0x0000ffffffff0000) | cpu->seg[SEG_CS].selector |
			(uint64_t)cpu->seg[SEG_SS].selector << 48;
}

NO_SANITIZER static void store(greg_t *g)
{
	struct guest_cpu *cpu = run.cpu;

	for (unsigned i = 0; i < GPRS; i++)
		cpu->gpr[i] = g[greg_of[i]];
	cpu->rip = g[REG_RIP];
	cpu->rflags = g[REG_EFL];
	run.fault->vector = g[REG_TRAPNO];
	run.fault->error = g[REG_ERR];
	run.fault->cr2 = g[REG_CR2];
	for (unsigned i = 0; i < NGREG; i++)
		g[i] = run.home[i];
}

NO_SANITIZER static void on_signal(int number, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	/* the instruction's AC flag is still set */
	__asm__ volatile("pushfq; andq $~0x40000, (%%rsp); popfq" ::: "cc", "memory");
	if (run.running) {
		run.running = false;
		store(uc->uc_mcontext.gregs);
	} else if (number == SIGTRAP && run.cpu) {
		run.running = true;
		load(uc->uc_mcontext.gregs);
	} else {
		signal(number, SIG_DFL);	/* a fault of the test itself */
	}
}

static void catch_signals(void)
{
	static const int numbers[] = { SIGTRAP, SIGSEGV, SIGBUS, SIGILL };
	static uint8_t stack[1 << 18];
	static bool done;
	const stack_t s = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction a = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	if (done)
		return;
	done = true;
	if (sigaltstack(&s, NULL))
		abort();
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &a, NULL);
}

void native_run(struct guest_cpu *cpu, struct native_fault *fault)
{
	const bool legacy = !(cpu->seg[SEG_CS].attributes & SEGMENT_LONG);
	const uint16_t ds = cpu->seg[SEG_DS].selector, es = cpu->seg[SEG_ES].selector;
	const uint16_t gs = cpu->seg[SEG_GS].selector, none = 0;

	catch_signals();
	run.cpu = cpu;
	run.fault = fault;
	if (legacy)
		__asm__ volatile("mov %0, %%ds; mov %1, %%es; mov %2, %%gs"
				 :: "r"(ds), "r"(es), "r"(gs));
	__asm__ volatile("int3" ::: "memory");
	if (legacy)
		__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%gs" :: "r"(none));
	run.cpu = NULL;
}

void native_gs(uint64_t base)
{
	if (syscall(SYS_arch_prctl, ARCH_SET_GS, base))
		abort();
}

uint64_t native_fs(void)
{
	uint64_t base = 0;

	if (syscall(SYS_arch_prctl, ARCH_GET_FS, &base))
		abort();
	return base;
}

bool native_segment(unsigned entry, struct segment *s)
{
	const bool code = s->attributes & SEGMENT_CODE, pages = s->limit > 0xfffff;
	struct user_desc d = {
		.entry_number = entry,
		.base_addr = (unsigned)s->base,
		.limit = pages ? s->limit >> 12 : s->limit,
		.limit_in_pages = pages,
		.seg_32bit = !!(s->attributes & SEGMENT_BIG),
		.contents = code ? MODIFY_LDT_CONTENTS_CODE :
			    s->attributes & SEGMENT_EXPAND_DOWN ? MODIFY_LDT_CONTENTS_STACK :
			    MODIFY_LDT_CONTENTS_DATA,
		.read_exec_only = !(s->attributes & SEGMENT_WRITABLE),
		.useable = 1,
	};

	s->selector = entry << 3 | 7;
	return syscall(SYS_modify_ldt, 0x11, &d, sizeof(d)) == 0;
}

void native_selectors(struct guest_cpu *cpu)
{
	uint16_t cs, ss;

	__asm__("mov %%cs, %0; mov %%ss, %1" : "=r"(cs), "=r"(ss));
	for (unsigned i = 0; i < GUEST_SEGMENTS; i++)
		cpu->seg[i].selector = 0;
	cpu->seg[SEG_CS].selector = cs;
	cpu->seg[SEG_SS].selector = ss;
}
