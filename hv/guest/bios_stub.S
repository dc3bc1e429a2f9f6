/*
 * bios_stub.S - real-mode code in the last KiB of base memory: starts the guest, answers INT 15h
 *
 * Copied there by bios.c; all addresses are offsets from its start, CS is its segment.  A
 * VMMCALL asks the hypervisor; BP says what for.  Anywhere else VMMCALL is #UD.
 */
	.section .rodata
	.code16
	.globl bios_stub, bios_stub_end, bios_stub_int15, bios_stub_old15, bios_stub_drive
	.hidden bios_stub, bios_stub_end, bios_stub_int15, bios_stub_old15, bios_stub_drive

#define CALL_MAP	1	/* one E820 entry at ES:DI */
#define CALL_MAP_END	2
#define CALL_BOOT	3	/* the boot sector is at 0:7C00 */
#define CALL_NO_DISK	4
#define CALL_INT15	5	/* EAX... as the caller gave them */

	.align 16
bios_stub:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	mov	%ax, %es
	xor	%ax, %ax
	mov	%ax, %ss
	mov	$0x7c00, %sp
	sti
	/* the firmware's memory map, entry by entry */
	xor	%ebx, %ebx
1:	mov	$0xe820, %eax
	mov	$20, %ecx
	mov	$0x534d4150, %edx
	mov	$(buffer - bios_stub), %di
	int	$0x15
	jc	2f
	cmp	$0x534d4150, %eax
	jne	2f
	mov	$CALL_MAP, %bp
	vmmcall
	test	%ebx, %ebx
	jnz	1b
2:	mov	$CALL_MAP_END, %bp
	vmmcall
	/* the boot sector of the first disk, as the firmware would load it */
	mov	$3, %si
3:	xor	%ax, %ax
	mov	%ax, %es
	mov	$0x0201, %ax
	mov	$0x7c00, %bx
	mov	$0x0001, %cx
	mov	(bios_stub_drive - bios_stub), %dl
	xor	%dh, %dh
	int	$0x13
	jnc	4f
	xor	%ax, %ax
	mov	(bios_stub_drive - bios_stub), %dl
	int	$0x13			/* reset, and once more */
	dec	%si
	jnz	3b
	mov	$CALL_NO_DISK, %bp
	vmmcall
4:	mov	$CALL_BOOT, %bp
	vmmcall
	mov	(bios_stub_drive - bios_stub), %dl
	xor	%dh, %dh
	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %es
	xor	%bx, %bx
	xor	%cx, %cx
	xor	%si, %si
	xor	%di, %di
	xor	%bp, %bp
	ljmp	$0, $0x7c00

	.align 16
bios_stub_int15:
	cmp	$0xe820, %ax
	je	5f
	cmp	$0xe801, %ax
	je	5f
	cmp	$0xe881, %ax
	je	5f
	cmp	$0x88, %ah
	je	5f
	.byte	0xea			/* jmp far to who was there before */
bios_stub_old15:
	.long	0
5:	push	%bp
	mov	$CALL_INT15, %bp
	vmmcall
	pop	%bp
	iret

bios_stub_drive:
	.byte	0x80
	.align 4
buffer:	.skip	24
bios_stub_end:
	.code64

	.section .note.GNU-stack, "", @progbits
