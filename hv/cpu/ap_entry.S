/*
 * ap_entry.S - a processor's way from its start-up IPI to 64-bit C, and how it waits there
 *
 * The part up to ap_trampoline_end is copied to a page of low memory, which is mapped to itself
 * (readable, executable) in the hypervisor's tables until all processors have left it.
 */
#define CR0_KEEP	0x9ffffff3	/* as entry.S */
#define CR0_SET		0x80010003	/* and WP */
#define CR4_SET		0x00000620
#define EFER		0xc0000080
#define EFER_SET	0x00000900

	.section .rodata
	.globl ap_trampoline, ap_trampoline_end, ap_trampoline_data
	.hidden ap_trampoline, ap_trampoline_end, ap_trampoline_data
	.align 16
	.code16
ap_trampoline:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	(gdtr - ap_trampoline)
	mov	%cr4, %eax
	or	$CR4_SET, %eax
	mov	%eax, %cr4
	mov	(cr3 - ap_trampoline), %eax
	mov	%eax, %cr3
	mov	$EFER, %ecx
	rdmsr
	or	$EFER_SET, %eax
	wrmsr
	mov	%cr0, %eax
	and	$CR0_KEEP, %eax
	or	$CR0_SET, %eax
	mov	%eax, %cr0
	ljmpl	*(far - ap_trampoline)
	.code64
ap_64:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	counter(%rip), %rdx
	mov	$1, %edi
	lock xadd %edi, (%rdx)		/* which processor are we? */
	cmp	limit(%rip), %edi
	jae	1f
	mov	%edi, %eax
	imul	stack_bytes(%rip), %rax
	add	stacks(%rip), %rax	/* stack 0 is nobody's: its end is processor 1's start */
	add	stack_bytes(%rip), %rax
	mov	%rax, %rsp
	xor	%ebp, %ebp
	mov	main(%rip), %rax
	call	*%rax
1:	cli
	hlt
	jmp	1b

	.align 8
	/* struct trampoline of smp.c */
ap_trampoline_data:
gdt:	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdtr:	.word	23
	.long	0			/* page + gdt */
	.word	0
cr3:	.quad	0
far:	.long	0			/* page + ap_64 */
	.word	8, 0
main:	.quad	0
counter:
	.quad	0
stacks:	.quad	0
stack_bytes:
	.quad	0
limit:	.long	0
offset_64:
	.long	ap_64 - ap_trampoline
	.align 8
ap_trampoline_end:

	/*
	 * void ap_wait(const uint32_t *flag): sleep until *flag is not 0, or until an NMI.
	 *
	 * One that comes between the look and the HLT would be slept over, so
	 * exception.c takes every NMI from in here to ap_wait_end.
	 */
	.text
	.globl ap_wait, ap_wait_start, ap_wait_end
	.hidden ap_wait, ap_wait_start, ap_wait_end
ap_wait:
	stgi
ap_wait_start:
	cmpl	$0, (%rdi)
	jne	ap_wait_end
	hlt
ap_wait_end:
	clgi
	ret

	.section .note.GNU-stack, "", @progbits
