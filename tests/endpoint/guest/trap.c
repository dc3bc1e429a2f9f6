/*
 * trap.c - IDT and exceptions of the bare guest, the same source for 32 and 64 bits
 */
#include "tests/endpoint/guest/layout.h"
#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/trap.h"
#include "tests/endpoint/guest/x86.h"

#define GATE_INTERRUPT 0x8e

struct gate {
	uint16_t low, selector;
	uint8_t ist, type;
	uint16_t middle;
#ifdef __x86_64__
	uint32_t high, zero;
#endif
};

#ifdef __x86_64__
#define CODE_SEL CODE64_SEL
#else
#define CODE_SEL CODE32_SEL
#endif

int try_run(void (*f)(void *), void *arg);
void try_recover(void);
void trap_taken(struct trap_frame *frame);
extern void (*const trap_entries[TRAP_COUNT])(void);

static struct gate idt[TRAP_COUNT];
static trap_hook_fn *hooks[TRAP_COUNT];
static struct trap last;
static bool trying;

void trap_set_gate(unsigned vector, unsigned selector, unsigned type, void (*entry)(void))
{
	unsigned long address = (unsigned long)entry;

	idt[vector] = (struct gate){
		.low = address, .selector = selector, .type = type, .middle = address >> 16,
#ifdef __x86_64__
		.high = address >> 32,
#endif
	};
}

void trap_start(void)
{
	for (unsigned i = 0; i < TRAP_COUNT; i++)
		trap_set_gate(i, CODE_SEL, GATE_INTERRUPT, trap_entries[i]);
	load_idt(idt, sizeof(idt) - 1);
}

void trap_hook(unsigned vector, trap_hook_fn *hook)
{
	hooks[vector] = hook;
}

void trap_taken(struct trap_frame *frame)
{
	if (hooks[frame->vector]) {
		hooks[frame->vector](frame);
		return;
	}
	if (!trying) {
		say("\nFATAL exception %u error %lx at %lx address %lx\n", (unsigned)frame->vector, frame->error,
		    frame->ip, read_cr2());
		halt_forever();
	}
	last = (struct trap){
		.taken = true, .vector = frame->vector, .error = frame->error, .ip = frame->ip, .address = read_cr2(),
	};
	trying = false;
	frame->ip = (unsigned long)try_recover;
}

const struct trap *try(void (*f)(void *), void *arg)
{
	last = (struct trap){.taken = false};
	trying = true;
	try_run(f, arg);
	trying = false;
	return &last;
}
