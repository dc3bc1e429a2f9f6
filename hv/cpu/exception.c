/*
 * exception.c - faults of the hypervisor itself
 */
#include "hv/cpu/exception.h"

#include <stddef.h>

#include "hv/cpu/x86.h"
#include "hv/log.h"
#include "hv/mem/pages.h"
#include "hv/mem/paging.h"
#include "hv/panic.h"
#include "hv/start.h"

#define VECTORS		32u
#define ENTRY_BYTES	16u
#define FRAMES_MAX	16u
#define SELECTOR_CODE	8u
#define SELECTOR_TSS	24u
#define STACK_PAGES	2u

enum { IST_NMI = 1, IST_DF, IST_MC, IST_COUNT = 3 };

/* As exception_entry.S pushes it, the lowest first. */
struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* APM volume 2, figure 12-8 */
struct tss {
	uint32_t reserved1;
	uint64_t rsp[3], reserved2, ist[7], reserved3;
	uint16_t reserved4, iomap;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "APM volume 2, figure 12-8");

/* APM volume 2, section 4.8.3 */
struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

struct tables {
	uint64_t gdt[5];	/* null, code, data, TSS (two) */
	struct tss tss;
	struct gate idt[VECTORS];
};

struct pseudo_descriptor {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

extern const uint8_t exception_entries[], ap_wait_start[], ap_wait_end[], nmi_window_start[],
	nmi_window_end[];
void load_segments(void);
void exception(struct frame *f);

/* A stack with a guard page below; returns its top. */
static uint64_t new_stack(void)
{
	uint8_t *pages = pages_alloc(STACK_PAGES + 1);

	paging_guard(pages);
	return (uint64_t)pages + (STACK_PAGES + 1) * PAGE_SIZE;
}

static void set_gate(struct gate *g, const uint8_t *entry, uint8_t ist)
{
	uint64_t at = (uint64_t)entry;

	*g = (struct gate){
		.offset_low = (uint16_t)at, .selector = SELECTOR_CODE, .ist = ist, .type = 0x8e,
		.offset_middle = (uint16_t)(at >> 16), .offset_high = (uint32_t)(at >> 32),
	};
}

void exceptions_init(void)
{
	struct tables *t = pages_alloc(1);
	struct pseudo_descriptor gdtr = { sizeof(t->gdt) - 1, (uint64_t)t->gdt };
	struct pseudo_descriptor idtr = { sizeof(t->idt) - 1, (uint64_t)t->idt };
	uint64_t tss = (uint64_t)&t->tss;

	t->gdt[1] = UINT64_C(0x00af9b000000ffff);
	t->gdt[2] = UINT64_C(0x00cf93000000ffff);
	t->gdt[3] = (sizeof(t->tss) - 1) | (tss & 0xffffff) << 16 | UINT64_C(0x89) << 40 |
		    (tss >> 24 & 0xff) << 56;
	t->gdt[4] = tss >> 32;
	t->tss.iomap = sizeof(t->tss);
	for (unsigned i = 0; i < IST_COUNT; i++)
		t->tss.ist[i] = new_stack();
	for (unsigned i = 0; i < VECTORS; i++)
		set_gate(&t->idt[i], exception_entries + (size_t)i * ENTRY_BYTES,
			 i == VECTOR_NMI ? IST_NMI : i == VECTOR_DF ? IST_DF : i == VECTOR_MC ? IST_MC : 0);
	__asm__ volatile("lgdt %0; lidt %1" : : "m"(gdtr), "m"(idtr) : "memory");
	load_segments();
}

static bool telling;

static void backtrace(uint64_t rbp)
{
	const struct boot_info *b = &boot;

	for (unsigned i = 0; i < FRAMES_MAX; i++) {
		const uint64_t *f = (const uint64_t *)rbp;

		if (rbp % 8 || rbp < b->start.a || rbp - b->start.a > b->len - 16)
			return;
		last_words("  called from %lx", f[1] - b->start.a);
		rbp = f[0];
	}
}

void exception(struct frame *f)
{
	if (f->vector == VECTOR_NMI) {
		if (f->rip >= (uint64_t)ap_wait_start && f->rip < (uint64_t)ap_wait_end)
			f->rip = (uint64_t)ap_wait_end;
		else if (f->rip >= (uint64_t)nmi_window_start && f->rip <= (uint64_t)nmi_window_end)
			f->rax++;
		return;
	}
	/* a frame pointer of anything may lead into a guard page */
	if (__atomic_exchange_n(&telling, true, __ATOMIC_RELAXED))
		panic("another exception while one was told");
	last_words("exception %lu, error %lx, at %lx (+%lx), cr2 %lx", f->vector, f->error, f->rip,
		 f->rip - boot.start.a, read_cr2());
	last_words("  rax %lx rbx %lx rcx %lx rdx %lx", f->rax, f->rbx, f->rcx, f->rdx);
	last_words("  r8 %lx r9 %lx r10 %lx r11 %lx", f->r8, f->r9, f->r10, f->r11);
	last_words("  r12 %lx r13 %lx r14 %lx r15 %lx rflags %lx", f->r12, f->r13, f->r14, f->r15, f->rflags);
	last_words("  rsi %lx rdi %lx rbp %lx rsp %lx", f->rsi, f->rdi, f->rbp, f->rsp);
	backtrace(f->rbp);
	panic("an exception in the hypervisor");
}
