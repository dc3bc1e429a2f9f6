/*
 * svm_run.S - void svm_run(uint64_t vmcb, uint64_t gpr[16], uint64_t host): VMRUN and back
 *
 * RAX and RSP of the guest are in its VMCB.  @host has what VMRUN does not keep (FS, GS, TR,
 * LDTR, the system-call registers), as svm_enable() saved it: ours never change.  GIF stays 0 but within VMRUN, so that nothing interrupts
 * the hypervisor; interrupts and NMIs wait for the guest.
 */
	.text
	.globl svm_run
	.hidden svm_run
svm_run:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdx
	push	%rdi
	push	%rsi
	mov	%rdi, %rax
	vmload	%rax
	mov	0x08(%rsi), %rcx
	mov	0x10(%rsi), %rdx
	mov	0x18(%rsi), %rbx
	mov	0x28(%rsi), %rbp
	mov	0x38(%rsi), %rdi
	mov	0x40(%rsi), %r8
	mov	0x48(%rsi), %r9
	mov	0x50(%rsi), %r10
	mov	0x58(%rsi), %r11
	mov	0x60(%rsi), %r12
	mov	0x68(%rsi), %r13
	mov	0x70(%rsi), %r14
	mov	0x78(%rsi), %r15
	mov	0x30(%rsi), %rsi
	vmrun	%rax
	vmsave	%rax			/* RAX is the host's again: the VMCB */
	push	%rsi
	mov	8(%rsp), %rsi
	mov	%rcx, 0x08(%rsi)
	mov	%rdx, 0x10(%rsi)
	mov	%rbx, 0x18(%rsi)
	mov	%rbp, 0x28(%rsi)
	mov	%rdi, 0x38(%rsi)
	mov	%r8, 0x40(%rsi)
	mov	%r9, 0x48(%rsi)
	mov	%r10, 0x50(%rsi)
	mov	%r11, 0x58(%rsi)
	mov	%r12, 0x60(%rsi)
	mov	%r13, 0x68(%rsi)
	mov	%r14, 0x70(%rsi)
	mov	%r15, 0x78(%rsi)
	pop	%rcx
	mov	%rcx, 0x30(%rsi)
	mov	16(%rsp), %rax
	vmload	%rax
	pop	%rsi
	pop	%rdi
	pop	%rdx
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	/* nothing of the guest is left in a register that C may read */
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	ret

	/*
	 * uint32_t svm_take_nmis(void): let those in that wait; how many came.
	 *
	 * exception.c counts them in RAX while RIP is between the two labels.
	 */
	.globl svm_take_nmis, nmi_window_start, nmi_window_end
	.hidden svm_take_nmis, nmi_window_start, nmi_window_end
svm_take_nmis:
	xor	%eax, %eax
	stgi
nmi_window_start:
	nop
nmi_window_end:
	clgi
	ret

	.section .note.GNU-stack, "", @progbits
