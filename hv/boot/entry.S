/*
 * entry.S - Multiboot 1 (0.6.96): from the loader's 32-bit state to 64-bit C
 *
 * Runs where it was loaded, with the first 4 GiB mapped to themselves, only until
 * multiboot.c has moved the image.  Every address is taken relative to the instruction.
 */
#define MULTIBOOT_MAGIC		0x1badb002
#define MULTIBOOT_FLAGS		0x00000003	/* modules on pages; memory map */

#define CR0_KEEP		0x9ffffff3	/* not CD, NW, EM, TS */
#define CR0_SET			0x80000003	/* PG, MP, PE */
#define CR4_SET			0x00000620	/* PAE, OSFXSR, OSXMMEXCPT */
#define EFER			0xc0000080
#define EFER_SET		0x00000900	/* LME, NXE */
#define LARGE_RW		0x83		/* 2 MiB page, writable, present */

	.section .multiboot, "ax"
	.align 4
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	.long 0				/* the first call's stack */
#define FIRST_STACK	0x100010	/* behind that word; hv.ld puts this section first, at 1 MiB */

	.text
	.code32
	.globl multiboot_entry
	.hidden multiboot_entry
multiboot_entry:
	cli
	cld
	mov	%eax, %esi			/* loader's magic */
	mov	$FIRST_STACK, %esp
	call	1f
1:	pop	%ebp
	lea	boot_stack_top - 1b(%ebp), %esp
	lea	boot_pml4 - 1b(%ebp), %edi
	/* 2048 pages of 2 MiB in four tables */
	lea	0x1003(%edi), %eax
	mov	%eax, (%edi)
	lea	0x2003(%edi), %eax
	mov	%eax, 0x1000(%edi)
	add	$0x1000, %eax
	mov	%eax, 0x1008(%edi)
	add	$0x1000, %eax
	mov	%eax, 0x1010(%edi)
	add	$0x1000, %eax
	mov	%eax, 0x1018(%edi)
	lea	0x2000(%edi), %edx
	mov	$LARGE_RW, %eax
	mov	$2048, %ecx
2:	mov	%eax, (%edx)
	movl	$0, 4(%edx)
	add	$0x200000, %eax
	add	$8, %edx
	loop	2b

	/* CPUID 80000001h EDX bit 29: long mode */
	mov	%ebx, 4(%esp)			/* the loader's information */
	mov	$0x80000000, %eax
	cpuid
	cmp	$0x80000001, %eax
	jb	9f
	mov	$0x80000001, %eax
	cpuid
	bt	$29, %edx
	jnc	9f
	bt	$20, %edx			/* NX */
	jnc	9f
	mov	4(%esp), %ebx

	mov	%edi, %cr3
	mov	%cr4, %eax
	or	$CR4_SET, %eax
	mov	%eax, %cr4
	mov	$EFER, %ecx
	rdmsr
	or	$EFER_SET, %eax
	wrmsr
	mov	%cr0, %eax
	and	$CR0_KEEP, %eax
	or	$CR0_SET, %eax
	mov	%eax, %cr0
	lea	boot_gdt - 1b(%ebp), %eax
	mov	%eax, boot_gdtr + 2 - 1b(%ebp)
	lgdtl	boot_gdtr - 1b(%ebp)
	lea	long_mode - 1b(%ebp), %eax
	pushl	$8
	push	%eax
	lretl
	/* No long mode: say so on the first serial line, which needs no set-up under a loader. */
9:	lea	no_long_mode - 1b(%ebp), %esi
	mov	$0x3f8, %dx
10:	lodsb
	test	%al, %al
	jz	11f
	outb	%al, %dx
	jmp	10b
11:	cli
	hlt
	jmp	11b

	.code64
long_mode:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%esi, %edi
	mov	%ebx, %esi
	xor	%ebp, %ebp
	call	multiboot_main			/* (magic, information); does not return */
	ud2

/*
 * void switch_stack(void *top, void (*start)(void)): leave the old stack for good
 */
	.globl switch_stack
	.hidden switch_stack
switch_stack:
	mov	%rdi, %rsp
	xor	%ebp, %ebp
	call	*%rsi
	ud2

	.section .rodata
no_long_mode:
	.asciz	"sluice: this processor has no 64-bit mode with no-execute pages\r\n"

	.data
	.align 16
boot_gdt:
	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdtr:
	.word	23
	.long	0

	.bss
	.align 4096
boot_pml4:
	.skip	4096 * 6
	.skip	16384
boot_stack_top:
	.skip	16

	.section .note.GNU-stack, "", @progbits
