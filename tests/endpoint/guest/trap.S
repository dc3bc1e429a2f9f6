/*
 * trap.S - exception entries of both stages, and try_run(): a call that survives a fault
 */
	.text
#ifdef __x86_64__
#define WORD .quad
#define A rax
#else
#define WORD .long
#define A eax
#endif

.macro entry vector, has_error
trap_\vector:
	.if !\has_error
	push	$0
	.endif
	push	$\vector
	jmp	trap_common
.endm
	entry	0, 0
	entry	1, 0
	entry	2, 0
	entry	3, 0
	entry	4, 0
	entry	5, 0
	entry	6, 0
	entry	7, 0
	entry	8, 1
	entry	9, 0
	entry	10, 1
	entry	11, 1
	entry	12, 1
	entry	13, 1
	entry	14, 1
	entry	15, 0
	entry	16, 0
	entry	17, 1
	entry	18, 0
	entry	19, 0
	entry	20, 0
	entry	21, 1
	entry	22, 0
	entry	23, 0
	entry	24, 0
	entry	25, 0
	entry	26, 0
	entry	27, 0
	entry	28, 0
	entry	29, 1
	entry	30, 1
	entry	31, 0
	entry	32, 0
	entry	33, 0

#ifdef __x86_64__
trap_common:
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
	call	trap_taken
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

/* int try_run(void (*f)(void *), void *arg) */
	.globl	try_run, try_recover
try_run:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	pushfq
	mov	%rsp, try_sp
	mov	%rdi, %rax
	mov	%rsi, %rdi
	sub	$8, %rsp
	call	*%rax
	add	$8, %rsp
	xor	%eax, %eax
	jmp	1f
try_recover:
	mov	try_sp, %rsp
	mov	$1, %eax
1:	popfq
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
#else
trap_common:
	push	%eax
	push	%ecx
	push	%edx
	push	%ebx
	push	%ebp
	push	%esi
	push	%edi
	cld
	push	%esp
	call	trap_taken
	add	$4, %esp
	pop	%edi
	pop	%esi
	pop	%ebp
	pop	%ebx
	pop	%edx
	pop	%ecx
	pop	%eax
	add	$8, %esp
	iret

	.globl	try_run, try_recover
try_run:
	mov	4(%esp), %eax
	mov	8(%esp), %edx
	push	%ebx
	push	%ebp
	push	%esi
	push	%edi
	pushf
	mov	%esp, try_sp
	push	%edx
	call	*%eax
	add	$4, %esp
	xor	%eax, %eax
	jmp	1f
try_recover:
	mov	try_sp, %esp
	mov	$1, %eax
1:	popf
	pop	%edi
	pop	%esi
	pop	%ebp
	pop	%ebx
	ret
#endif

	.data
	.balign	8
try_sp:
	WORD	0
	.globl	trap_entries
trap_entries:
	.irp	vector, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33
	WORD	trap_\vector
	.endr
