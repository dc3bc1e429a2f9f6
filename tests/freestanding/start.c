/*
 * start.c - policy/ alone: no libc, no compiler run time, general registers only
 *
 * _start() loads the module that hvc made of policy.hvrule, judges three frames, and ends
 * with the number of the first step that went wrong, 0 when none did.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/judge.h"

extern const uint8_t module_start[], module_end[];

__asm__(".section .rodata\n"
	".balign 16\n"
	".globl module_start\n"
	"module_start: .incbin \"" MODULE "\"\n"
	".globl module_end\n"
	"module_end:\n"
	".text\n");

/* All that policy/ asks of its house. */
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

void *memcpy(void *to, const void *from, size_t n)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t n)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	if ((uintptr_t)d - (uintptr_t)s >= n)
		return memcpy(to, from, n);
	for (; n; n--)
		((volatile uint8_t *)d)[n - 1] = s[n - 1];
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	void *start = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

static uint8_t memory[4 << 20] __attribute__((aligned(16)));
static unsigned events;

static void on_event(void *arg, const struct policy_event *e)
{
	events++;
}

/* UDP 10.0.0.1 -> 10.0.0.2, 5000 -> 53, "Hello 123-4"; the last byte decides. */
static uint8_t frame[] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
	0x45, 0, 0, 39, 0, 1, 0, 0, 64, 17, 0x66, 0xc3, 10, 0, 0, 1, 10, 0, 0, 2,
	0x13, 0x88, 0, 53, 0, 19, 0, 0, 'H', 'e', 'l', 'l', 'o', ' ', '1', '2', '3', '-', 'x',
};

static enum hv_verdict judge_frame(struct judge *j)
{
	struct transfer t = { .number = 1, .hook = HV_HOOK_NET_IN,
			      .net = { frame, sizeof(frame), sizeof(frame) } };
	struct judgement out;

	judge_transfer(j, &t, &out);
	return out.verdict;
}

static int run(void)
{
	struct policy_error e;
	struct policy *p;
	struct judge *j;
	struct arena a;

	arena_init(&a, memory, sizeof(memory));
	if (policy_load(&a, module_start, (size_t)(module_end - module_start), &p, &e))
		return 1;
	if (judge_create(&a, p, on_event, NULL, &j, &e))
		return 2;
	if (judge_frame(j) != HV_PASS || events != 1)
		return 3;
	if (memcmp(frame + 42, "xxxxx 123-x", 11))
		return 4;
	frame[sizeof(frame) - 1] = '4';
	if (judge_frame(j) != HV_PASS)
		return 5;
	/* three digits, a dash and two digits */
	memcpy(frame + 42, "12 hello-99", 11);
	memcpy(frame + 44, "3-45", 4);
	if (judge_frame(j) != HV_DROP || events != 2)
		return 6;
	frame[27] = 9;
	if (judge_frame(j) != HV_DROP || events != 4 - 1)
		return 7;
	return judge_counter(j, JUDGE_TRANSFERS) == 4 ? 0 : 8;
}

/* The entry's stack is a multiple of 16, a function's is 8 off: align it afresh. */
__attribute__((noreturn, used, force_align_arg_pointer)) void _start(void);
void _start(void)
{
	int status = run();

	__asm__ volatile("syscall" : : "a"(60), "D"(status) : "rcx", "r11", "memory");
	__builtin_unreachable();
}
