/*
 * fault.c - faults on purpose, in test images alone
 */
#include "hv/fault.h"

#ifdef FAULT_TEST

#include "hv/log.h"
#include "hv/mem/pages.h"
#include "hv/mem/paging.h"

#define GUEST_PAGE	0x100000u
#define OPCODE_RET	0xc3

extern uint8_t image_start[];

static volatile uint8_t sink;

/* The compiler must not know what is called, read or how deep it goes. */
static void *hidden(uint64_t at)
{
	void *p = (void *)at;

	__asm__("" : "+r"(p));
	return p;
}

static uint64_t deeper(uint64_t n)
{
	volatile uint8_t room[256];

	room[n % sizeof(room)] = (uint8_t)n;
	return n == UINT64_MAX ? 0 : deeper(n + 1) + room[n % sizeof(room)];
}

static __attribute__((noinline)) void smash(uint64_t n)
{
	volatile uint8_t room[16];

	for (uint64_t i = 0; i < n; i++)
		((volatile uint8_t *)hidden((uint64_t)room))[i] = 0x5a;
	sink = room[0];
}

static void call(void *at)
{
	((void (*)(void))at)();
}

void fault_test(enum fault what)
{
	static const char text[] = "a constant";
	uint8_t *page = pages_alloc(1);

	page[0] = OPCODE_RET;
	if (what != FAULT_NONE)
		log_line("fault %u on purpose", what);
	log_flush();
	switch (what) {
	case FAULT_NONE:
		return;
	case FAULT_WRITE_TEXT:
		*(volatile uint8_t *)image_start = 0;
		break;
	case FAULT_WRITE_RODATA:
		*(volatile uint8_t *)hidden((uint64_t)text) = 0;
		break;
	case FAULT_EXEC_DATA:
		call(page);
		break;
	case FAULT_NULL:
		sink = *(volatile uint8_t *)hidden(0);
		break;
	case FAULT_STACK:
		sink = (uint8_t)deeper(0);
		break;
	case FAULT_SMASH:
		smash(64);
		break;
	case FAULT_GUEST:
		sink = *(volatile uint8_t *)hidden(GUEST_PAGE);
		break;
	case FAULT_SMAP:
		paging_user(page);
		sink = page[0];
		break;
	case FAULT_SMEP:
		paging_user(page);
		call(page);
		break;
	case FAULT_UD:
		__asm__ volatile("ud2");
		break;
	}
	log_line("fault %u did not come", what);
	log_flush();
}

#else

void fault_test(enum fault what)
{
}

#endif
