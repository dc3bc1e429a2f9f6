/*
 * fiber_switch.S - void fiber_switch(uintptr_t *from, uintptr_t to): leave this stack, go on on another
 *
 * What a function must keep (System V ABI for x86-64, section 3.2.1) lies on the stack that is left; its pointer is in
 * *from.
 */
	.text
	.globl fiber_switch
	.hidden fiber_switch
fiber_switch:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdi)
	mov	%rsi, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	/* A fiber begins, from fiber_switch(): RBX is its struct fiber, RBP 0, where backtraces end. */
	.globl fiber_start
	.hidden fiber_start
fiber_start:
	mov	%rbx, %rdi
	call	fiber_main
	ud2

	.section .note.GNU-stack,"",@progbits
