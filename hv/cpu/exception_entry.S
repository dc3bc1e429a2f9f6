/*
 * exception_entry.S - 32 ways into exception(), APM volume 2, section 8.9.3
 */
	.text
	.globl exception_entries
	.hidden exception_entries
	.align 16
exception_entries:
	.set n, 0
	.rept 32
	.align 16
	.if (n == 8) || ((n >= 10) && (n <= 14)) || (n == 17) || (n == 21) || (n == 29) || (n == 30)
	/* the processor has pushed an error code */
	.else
	push	$0
	.endif
	push	$n
	jmp	common
	.set n, n + 1
	.endr

common:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rbx
	push	%rbp
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %rdi
	cld
	call	exception
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

	/* void load_segments(void): the selectors of the new GDT; AX is the TSS's */
	.globl load_segments
	.hidden load_segments
load_segments:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$24, %eax
	ltr	%ax
	pop	%rax
	push	$8
	push	%rax
	lretq

	.section .note.GNU-stack, "", @progbits
