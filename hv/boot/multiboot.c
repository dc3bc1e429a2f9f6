/*
 * multiboot.c - take what the loader says, move the image below the top of RAM under 4 GiB
 *
 * Runs in the image as it was loaded, with the first 4 GiB mapped to themselves.  Nothing of
 * the loader is believed further than its own ranges allow: what cannot be is cut or refused.
 */
#include "hv/boot/multiboot.h"

#include <string.h>

#include "hv/boot/boot_info.h"
#include "hv/boot/place.h"
#include "hv/clock.h"
#include "hv/log.h"
#include "hv/model.h"
#include "hv/options.h"
#include "hv/panic.h"
#include "hv/pci.h"
#include "hv/serial.h"
#include "hv/start.h"

extern uint8_t image_start[], image_end[];

struct rela {			/* ELF64: relocation with addend */
	uint64_t offset, info, addend;
};
#define R_X86_64_RELATIVE	8
extern const struct rela image_rela[], image_rela_end[];

void multiboot_main(uint32_t magic, uint32_t info_at);
void switch_stack(void *top, void (*start)(void)) __attribute__((noreturn));

static void *low(uint32_t at)
{
	return (void *)(uintptr_t)at;
}

/* BIOS data area.  gcc takes an address below a page for a null pointer and an offset. */
static uint32_t base_memory_kb(void)
{
	uint16_t kb;

	__asm__ volatile("movw (%1), %0" : "=r"(kb) : "r"(UINT64_C(0x413)));
	return kb;
}

static void copy_text(char *to, size_t room, const char *from)
{
	size_t n = 0;

	for (; n < room - 1 && from[n]; n++)
		to[n] = from[n];
	to[n] = '\0';
}

/* Is the first word WORD=...?  Names and addresses have a dot or a slash before any such sign. */
static bool begins_with_option(const char *line)
{
	unsigned n = 0;

	while (n < BOOT_LINE_MAX && ((line[n] >= 'a' && line[n] <= 'z') || line[n] == '-'))
		n++;
	return line[n] == '=';
}

/* The command line begins with the image's name (iPXE: its address); GRUB 2 leaves that out. */
static const char *behind_name(const char *line)
{
	if (begins_with_option(line))
		return line;
	for (unsigned n = 0; n < BOOT_LINE_MAX && *line && *line != ' '; n++)
		line++;
	while (*line == ' ')
		line++;
	return line;
}

static void take_ram(struct boot_info *b, const struct mb_info *mb)
{
	uint32_t at = mb->mmap_addr, end = at + mb->mmap_length;

	if (!(mb->flags & MB_MMAP) || end < at)
		fail("the loader gives no memory map");
	while (at < end && end - at >= sizeof(struct mb_mmap)) {
		const struct mb_mmap *m = low(at);

		if (m->type == 1 && m->len > 0 && m->start + m->len > m->start &&
		    b->ram_count < BOOT_RAM_MAX)
			b->ram[b->ram_count++] = (struct boot_ram){ m->start, m->len };
		if (m->size > end - at - sizeof(m->size))
			break;
		at += m->size + (uint32_t)sizeof(m->size);
	}
}

static void take_modules(struct boot_info *b, const struct mb_info *mb)
{
	const struct mb_module *m = low(mb->mods_addr);

	if (!(mb->flags & MB_MODULES))
		return;
	for (uint32_t i = 0; i < mb->mods_count; i++) {
		struct boot_module *to = &b->modules[b->module_count];

		if (b->module_count == BOOT_MODULES_MAX) {
			b->modules_dropped = mb->mods_count - BOOT_MODULES_MAX;
			return;
		}
		if (m[i].end < m[i].start)
			fail("module %u of the loader ends before it starts", i);
		to->at.a = m[i].start;
		to->len = m[i].end - m[i].start;
		copy_text(to->name, sizeof(to->name), m[i].string ? low(m[i].string) : "");
		b->module_count++;
	}
}

/* Copy image and modules to @b->start, and make the copy's pointers its own. */
static void move(struct boot_info *b)
{
	uint64_t size = (uint64_t)(image_end - image_start);
	uint64_t delta = b->start.a - (uint64_t)image_start, at = b->start.a + size;

	for (uint32_t i = 0; i < b->module_count; i++) {
		struct boot_module *m = &b->modules[i];

		memcpy((void *)at, (const void *)m->at.a, m->len);
		m->at.a = at;
		at = (at + m->len + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
	}
	b->free.a = at;
	/* last, so that what was found out so far moves along */
	memcpy((void *)b->start.a, image_start, size);
	for (const struct rela *r = image_rela; r < image_rela_end; r++) {
		if ((uint32_t)r->info == R_X86_64_RELATIVE)
			*(uint64_t *)(r->offset + delta) = r->addend + delta;
	}
}

/* Before anything else is said: it decides where. */
static void take_options(void)
{
	char error[OPTIONS_ERROR];
	bool ok = options_read(boot.line, &options, error), measured = clock_init();

	if (!ok || options.console != CONSOLE_NONE)
		serial_init(options.console == CONSOLE_COM2 ? COM2 : COM1);
	if (!ok)
		fail("%s", error);
	log_level(options.log);
	if (!measured)
		log_line("clock: the PIT does not count; times are in TSC counts of a nanosecond");
}

static void place_image(struct boot_info *b)
{
	struct place_span taken[BOOT_MODULES_MAX + 1];
	uint64_t size = (uint64_t)(image_end - image_start), need = size + HV_MEMORY;
	uint32_t n = 0;

	taken[n++] = (struct place_span){ (uint64_t)image_start, size };
	for (uint32_t i = 0; i < b->module_count; i++) {
		taken[n++] = (struct place_span){ b->modules[i].at.a, b->modules[i].len };
		need += b->modules[i].len + PAGE_SIZE;
	}
	need += model_bytes(&options);
	need = (need + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
	b->start.a = place_find(b->ram, b->ram_count, taken, n, need, LARGE_PAGE);
	b->len = need;
	if (!b->start.a)
		fail("too little memory: %llu KiB in one piece below 4 GiB are needed",
		     (unsigned long long)need / 1024);
}

void multiboot_main(uint32_t magic, uint32_t info_at)
{
	const struct mb_info *mb = low(info_at);
	uint64_t delta;

	if (magic != MULTIBOOT_LOADED) {
		serial_init(COM1);
		fail("not loaded by a Multiboot loader (EAX is %x)", magic);
	}
	if (mb->flags & MB_LINE)
		copy_text(boot.line, sizeof(boot.line), behind_name(low(mb->cmdline)));
	take_options();
	boot.base_kb = base_memory_kb();
	take_ram(&boot, mb);
	take_modules(&boot, mb);
	place_image(&boot);
	move(&boot);
	delta = boot.start.a - (uint64_t)image_start;
	switch_stack(start_stack + delta + START_STACK, (void (*)(void))((uint64_t)start + delta));
}
