/*
 * mode.S - from the boot sector to 32-bit C, and from there to long mode
 */
#include "tests/endpoint/guest/layout.h"

	.code16
	.section .text16, "ax"
	.globl stage
stage:
	/* firmware's console writes the rest of its line in the timer interrupt */
	sti
	mov	$4, %cx
1:	hlt
	loop	1b
	cli
	/* mask both interrupt controllers: no check wants the timer */
	mov	$0xff, %al
	out	%al, $0x21
	out	%al, $0xa1
	in	$0x92, %al
	or	$2, %al
	and	$0xfe, %al
	out	%al, $0x92
	lgdt	gdt_pointer
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$CODE32_SEL, $start32

	.balign	8
gdt_pointer:
	.word	GDT_ENTRIES * 8 - 1
	.long	gdt

	.code32
	.text
start32:
	mov	$DATA_SEL, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	xor	%ax, %ax
	mov	%ax, %fs
	mov	%ax, %gs
	mov	$STACK_TOP, %esp
	mov	$bss_start, %edi
	mov	$bss_end, %ecx
	sub	%edi, %ecx
	xor	%eax, %eax
	rep stosb
	call	main32
	/* page tables: 4 GiB as they are, the scratch area in small pages */
	mov	$TABLES_ADDR, %edi
	mov	$8 * 4096 / 4, %ecx
	xor	%eax, %eax
	rep stosl
	movl	$TABLES_ADDR + 0x1003, TABLES_ADDR
	mov	$TABLES_ADDR + 0x1000, %edi
	mov	$TABLES_ADDR + 0x2003, %eax
	mov	$4, %ecx
1:	mov	%eax, (%edi)
	add	$0x1000, %eax
	add	$8, %edi
	loop	1b
	mov	$TABLES_ADDR + 0x2000, %edi
	mov	$0x83, %eax
	mov	$2048, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b
	movl	$TABLES_ADDR + 0x6003, TABLES_ADDR + 0x2000 + 8 * (SCRATCH_ADDR >> 21)
	mov	$TABLES_ADDR + 0x6000, %edi
	mov	$SCRATCH_ADDR + 3, %eax
	mov	$512, %ecx
1:	mov	%eax, (%edi)
	add	$0x1000, %eax
	add	$8, %edi
	loop	1b
	mov	%cr4, %eax
	or	$0x620, %eax			/* PAE, OSFXSR, OSXMMEXCPT */
	mov	%eax, %cr4
	mov	$TABLES_ADDR, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx		/* EFER: LME, NXE */
	rdmsr
	or	$0x900, %eax
	wrmsr
	mov	$0x80010033, %eax		/* PG, WP, NE, ET, MP, PE */
	mov	%eax, %cr0
	ljmp	$CODE64_SEL, $STAGE64_ADDR

	.data
	.balign	8
	.globl	gdt
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff		/* CODE32 */
	.quad	0x00cf93000000ffff		/* DATA */
	.quad	0x00af9b000000ffff		/* CODE64 */
	.quad	0x00009b000000ffff		/* CODE16 */
	.fill	GDT_ENTRIES - 5, 8, 0

	.section .stage64, "a"
	.incbin	STAGE64_BIN
