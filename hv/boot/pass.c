/*
 * pass.c - on-failure=pass: the disk's own system starts as if the hypervisor had not been there
 *
 * Until pass_is_over() only the hypervisor's own memory was written, which no map that the guest gets speaks of.
 */
#include "hv/boot/pass.h"

#include <stddef.h>
#include <string.h>

#include "hv/mem/paging.h"

#define PASS_PAGE	0x8000u		/* pass_code.S has it too: free between the firmware and the boot sector's */
#define PASS_WINDOW	2u

extern const uint8_t pass_code[], pass_code_end[];

static bool over;

void pass_is_over(void)
{
	over = true;
}

bool pass_is_possible(void)
{
	return !over;
}

void pass_boot(uint8_t drive)
{
	size_t len = (size_t)(pass_code_end - pass_code);
	/* gcc takes an address that it knows for an object of no size */
	uint8_t *page = (uint8_t *)(uintptr_t)PASS_PAGE;

	__asm__("" : "+r"(page));
	if (paging_is_entered()) {
		memcpy(window_map(PASS_WINDOW, (hpa_t){ PASS_PAGE }, WINDOW_RAM), pass_code, len);
		window_unmap(PASS_WINDOW);
		paging_step((gpa_t){ PASS_PAGE });
	} else {
		memcpy(page, pass_code, len);
	}
	__asm__ volatile("jmp *%0" : : "r"(page), "D"((uint64_t)drive) : "memory");
	__builtin_unreachable();
}
