/*
 * trap.h - exceptions of the bare guest
 */
#ifndef ENDPOINT_GUEST_TRAP_H
#define ENDPOINT_GUEST_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#define TRAP_COUNT 34
#define TRAP_DB 1
#define TRAP_NMI 2
#define TRAP_UD 6
#define TRAP_NM 7
#define TRAP_DF 8
#define TRAP_GP 13
#define TRAP_PF 14
#define TRAP_MC 18

/* What trap.S pushes, lowest address first. */
struct trap_frame {
#ifdef __x86_64__
	unsigned long r15, r14, r13, r12, r11, r10, r9, r8;
#endif
	unsigned long di, si, bp, bx, dx, cx, ax;
	unsigned long vector, error;
	unsigned long ip, cs, flags;
#ifdef __x86_64__
	unsigned long sp, ss;
#endif
};

struct trap {
	bool taken;
	unsigned vector;
	unsigned long error, ip, address;	/* address: CR2 */
};

void trap_start(void);

/* Called instead of the usual way; NULL takes it away. It may change the frame. */
typedef void trap_hook_fn(struct trap_frame *frame);
void trap_hook(unsigned vector, trap_hook_fn *hook);

/* Run f(arg); an exception ends it. What happened; valid until the next call. */
const struct trap *try(void (*f)(void *), void *arg);

void trap_set_gate(unsigned vector, unsigned selector, unsigned type, void (*entry)(void));

#endif
