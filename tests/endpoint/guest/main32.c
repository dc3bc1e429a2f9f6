/*
 * main32.c - checks in 32-bit protected mode: task switches and the two paging modes it has
 */
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/layout.h"
#include "tests/endpoint/guest/pci.h"
#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/trap.h"

#define DESCRIPTOR_TSS	0x89		/* present, available 32-bit TSS */
#define GATE_TASK	0x85
#define VECTOR_TASK	33
#define BAD_SEL		0xfff8		/* beyond the GDT */
#define TASK_STACK	512

/* Intel SDM vol. 3, figure 8-2 */
struct tss {
	uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs, ldt, iomap;
};

extern uint64_t gdt[];
void main32(void);
void task_called(void);
void task_jumped(void);
void task_faulted(void);

static struct tss tss_main, tss_other, tss_fault;
static uint32_t stack_other[TASK_STACK], stack_fault[TASK_STACK];
/* written by the tasks */
uint32_t task_seen, task_error, task_link;

__asm__(
"	.text\n"
"task_called:\n"
"	str	%ax\n"
"	movzwl	%ax, %eax\n"
"	mov	%eax, task_seen\n"
"	cpuid\n"			/* an exit in the middle */
"	iret\n"
"	jmp	task_called\n"
"task_jumped:\n"
"	str	%ax\n"
"	movzwl	%ax, %eax\n"
"	mov	%eax, task_seen\n"
"	ljmp	$0x28, $0\n"
"task_faulted:\n"
"	pop	task_error\n"
"	str	%ax\n"
"	movzwl	%ax, %eax\n"
"	mov	%eax, task_seen\n"
"	mov	tss_main_eip, %eax\n"	/* behind the instruction that faulted, of two bytes */
"	addl	$2, (%eax)\n"
"	iret\n"
"	jmp	task_faulted\n");
uint32_t *tss_main_eip = &tss_main.eip;

static void set_tss(unsigned selector, struct tss *tss)
{
	uint64_t base = (uint32_t)tss;

	gdt[selector / 8] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 | (uint64_t)DESCRIPTOR_TSS << 40 |
		(base >> 24) << 56;
}

static void set_task(unsigned selector, struct tss *tss, void (*entry)(void), uint32_t *stack)
{
	*tss = (struct tss){
		.eip = (uint32_t)entry, .eflags = 2, .esp = (uint32_t)(stack + TASK_STACK - 8), .cs = CODE32_SEL,
		.ss = DATA_SEL, .ds = DATA_SEL, .es = DATA_SEL, .fs = DATA_SEL, .gs = DATA_SEL,
		.cr3 = read_cr3(), .iomap = sizeof(*tss),
	};
	set_tss(selector, tss);
}

static uint16_t task_register(void)
{
	uint16_t selector;

	__asm__ volatile("str %0" : "=r"(selector));
	return selector;
}

static void set_tasks(void (*other)(void))
{
	set_task(TSS_OTHER_SEL, &tss_other, other, stack_other);
	set_task(TSS_FAULT_SEL, &tss_fault, task_faulted, stack_fault);
	task_seen = 0;
	task_error = 0;
}

/* What is wrong after a switch to `selector` and back. */
static const char *seen(unsigned selector)
{
	if (task_seen != selector)
		return "the task did not run";
	if (task_register() != TSS_MAIN_SEL)
		return "the task register is not back";
	if (!(read_cr0() & 8))
		return "CR0.TS is clear behind a task switch";
	return NULL;
}

static const char *switch_by_call(void)
{
	set_tasks(task_called);
	__asm__ volatile("lcall %0, $0" :: "i"(TSS_OTHER_SEL) : "memory", "cc");
	return seen(TSS_OTHER_SEL) ?: tss_other.link != TSS_MAIN_SEL ? "no back link" : NULL;
}

static const char *switch_by_jump(void)
{
	uint32_t kept = 0x5eed;

	set_tasks(task_jumped);
	__asm__ volatile("ljmp %1, $0" : "+b"(kept) : "i"(TSS_OTHER_SEL) : "memory", "cc");
	return seen(TSS_OTHER_SEL) ?: kept != 0x5eed ? "a register is lost" : NULL;
}

static const char *switch_by_interrupt(void)
{
	set_tasks(task_called);
	trap_set_gate(VECTOR_TASK, TSS_OTHER_SEL, GATE_TASK, NULL);
	__asm__ volatile("int %0" :: "i"(VECTOR_TASK) : "memory", "cc");
	return seen(TSS_OTHER_SEL);
}

static const char *switch_by_exception(void)
{
	set_tasks(task_called);
	trap_set_gate(TRAP_GP, TSS_FAULT_SEL, GATE_TASK, NULL);
	__asm__ volatile("movl %0, %%fs" :: "a"(BAD_SEL) : "memory", "cc");	/* 8E E0: two bytes */
	trap_start();
	return seen(TSS_FAULT_SEL) ?: task_error != BAD_SEL ? "another error code on the task's stack" : NULL;
}

/* What the checks of paging read: a device's register, physically. */
static uint32_t device_register(void)
{
	uint32_t bar = pci_bar(CLASS_AHCI, 5);

	return bar ? bar + AHCI_VS : 0;
}

static const char *no_device(void)
{
	return device_register() ? NULL : "there is no AHCI controller";
}

/* With these tables on: memory and the device's register, by two ways each. */
static const char *paging(uint32_t tables, uint32_t cr4, uint32_t alias)
{
	uint32_t old_cr4 = read_cr4();
	uint32_t at = device_register();
	uint32_t want = mmio_read(at), same, other, memory;
	uint32_t want_memory = *(volatile uint32_t *)STAGE64_ADDR;

	write_cr4(old_cr4 | cr4);
	write_cr3(tables);
	write_cr0(read_cr0() | CR0_PG);
	same = mmio_read(at);
	other = mmio_read((at & 0x1fffff) | alias);
	memory = *(volatile uint32_t *)STAGE64_ADDR;
	write_cr0(read_cr0() & ~CR0_PG);
	write_cr4(old_cr4);
	if (memory != want_memory)
		return "memory reads otherwise";
	if (same != want)
		return "the device reads otherwise where it lies";
	return other != want ? "the device reads otherwise at another address" : NULL;
}

#define ALIAS 0x40000000	/* where the device's page appears a second time */

static const char *paging_32(void)
{
	uint32_t *directory = (uint32_t *)SCRATCH_ADDR;
	uint32_t *table = directory + 1024;
	uint32_t page = device_register() & ~0xfff;

	for (uint32_t i = 0; i < 1024; i++) {
		directory[i] = i << 22 | 0x83;
		table[i] = 0;
	}
	/* two levels: the device's page at its place within 2 MiB */
	directory[ALIAS >> 22] = (uint32_t)table | 3;
	table[(page & 0x1fffff) >> 12] = page | 0x13;
	return paging((uint32_t)directory, CR4_PSE, ALIAS);
}

static const char *paging_pae(void)
{
	uint64_t *pointers = (uint64_t *)SCRATCH_ADDR;
	uint64_t *directory = pointers + 512;
	uint64_t *table = directory + 4 * 512;
	uint32_t page = device_register() & ~0xfff;

	for (uint32_t i = 0; i < 4; i++)
		pointers[i] = (uint32_t)(directory + 512 * i) | 1;
	for (uint32_t i = 0; i < 2048; i++)
		directory[i] = (uint64_t)i << 21 | 0x83;
	for (uint32_t i = 0; i < 512; i++)
		table[i] = 0;
	directory[ALIAS >> 21] = (uint32_t)table | 3;
	table[(page & 0x1fffff) >> 12] = page | 0x13;
	return paging((uint32_t)pointers, CR4_PAE, ALIAS);
}

static const struct check checks[] = {
	{"task-switch-by-call-and-iret", 0, switch_by_call, NULL},
	{"task-switch-by-jump", 0, switch_by_jump, NULL},
	{"task-switch-by-interrupt", 0, switch_by_interrupt, NULL},
	{"task-switch-by-exception-with-error-code", 0, switch_by_exception, NULL},
	{"device-page-in-32-bit-paging", 0, paging_32, no_device},
	{"device-page-in-pae-paging", 0, paging_pae, no_device},
};

void main32(void)
{
	totals_start();
	say("GUEST-UP\n");
	trap_start();
	set_task(TSS_MAIN_SEL, &tss_main, NULL, stack_other);
	__asm__ volatile("ltr %w0" :: "r"(TSS_MAIN_SEL));
	CHECKS(checks);
	__asm__ volatile("clts");
}
