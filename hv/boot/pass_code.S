/*
 * pass_code.S - from 64-bit mode back to the BIOS's real mode, and on to the disk's boot sector
 *
 * Copied to PASS_PAGE, which is mapped to itself.  DIL is the drive.  APM volume 2, sections 14.7 and 14.8, backwards.
 */
#define PASS_PAGE	0x8000
#define AT(label)	(label - pass_code + PASS_PAGE)
#define CR0_REAL	0x10			/* ET */
#define CR0_PROTECTED	0x11
#define EFER		0xc0000080
#define SECTOR		0x7c00

	.section .rodata
	.globl pass_code, pass_code_end
	.hidden pass_code, pass_code_end
	.align 16
	.code64
pass_code:
	cli
	cld
	lgdt	gdtr(%rip)
	lea	far(%rip), %rax
	ljmpl	*(%rax)

	.code32
code32:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$CR0_PROTECTED, %eax
	mov	%eax, %cr0			/* paging off: EFER.LMA goes */
	xor	%eax, %eax
	mov	%eax, %cr4
	mov	%eax, %cr3
	mov	$EFER, %ecx
	xor	%edx, %edx
	wrmsr
	ljmpl	$24, $AT(code16)

	.code16
code16:
	lidtw	AT(idtr)
	mov	$32, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	%ax, %fs
	mov	%ax, %gs
	mov	$CR0_REAL, %eax
	mov	%eax, %cr0
	ljmpw	$0, $AT(real)
real:
	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	%ax, %fs
	mov	%ax, %gs
	mov	$SECTOR, %sp
	mov	%edi, %edx
	xor	%dh, %dh
	sti
	mov	$3, %si
1:	push	%dx
	mov	$0x0201, %ax
	mov	$SECTOR, %bx
	mov	$0x0001, %cx
	int	$0x13
	pop	%dx
	jnc	2f
	push	%dx
	xor	%ax, %ax
	int	$0x13				/* reset, and once more */
	pop	%dx
	dec	%si
	jnz	1b
	jmp	3f
2:	cmpw	$0xaa55, SECTOR + 510
	jne	3f
	xor	%bx, %bx
	xor	%cx, %cx
	xor	%si, %si
	xor	%di, %di
	xor	%bp, %bp
	ljmpw	$0, $SECTOR
3:	int	$0x18				/* the BIOS says what it has to say about that */
4:	hlt
	jmp	4b

	.align 8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff		/* 32-bit code */
	.quad	0x00cf93000000ffff		/* data */
	.quad	0x00009b000000ffff		/* 16-bit code and data */
	.quad	0x000093000000ffff
gdtr:	.word	39
	.quad	AT(gdt)
far:	.long	AT(code32)
	.word	8
idtr:	.word	0x3ff
	.long	0
pass_code_end:
	.code64

	.section .note.GNU-stack, "", @progbits
