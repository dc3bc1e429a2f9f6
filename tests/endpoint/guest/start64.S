/*
 * start64.S - first instructions in long mode
 */
#include "tests/endpoint/guest/layout.h"

	.section .text.first, "ax"
	.globl	stage64_start
stage64_start:
	mov	$DATA_SEL, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$STACK_TOP, %esp
	mov	$bss_start, %edi
	mov	$bss_end, %ecx
	sub	%edi, %ecx
	xor	%eax, %eax
	rep stosb
	call	main64
1:	hlt
	jmp	1b
