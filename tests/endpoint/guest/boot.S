/*
 * boot.S - boot sector of the bare guests: loads the rest of the image behind itself, in real mode
 *
 * LBA 0 is this, LBA 1 is text from the test (ARGS), from LBA 2 on follows code. Linked at 7C00h.
 */
#define CHUNK_SECTORS 32

	.code16
	.section .boot, "ax"
	.globl boot_start, boot_drive
boot_start:
	cli
	ljmp	$0, $1f
1:	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$0x7c00, %sp
	sti
	cld
	mov	%dl, boot_drive
	/* COM1: 115200 baud, 8 bits, no parity; no interrupts */
	mov	$0x3f9, %dx
	xor	%al, %al
	out	%al, %dx
	mov	$0x3fb, %dx
	mov	$0x80, %al
	out	%al, %dx
	mov	$0x3f8, %dx
	mov	$1, %al
	out	%al, %dx
	inc	%dx
	xor	%al, %al
	out	%al, %dx
	mov	$0x3fb, %dx
	mov	$3, %al
	out	%al, %dx
	mov	$image_sectors, %cx
load:
	mov	$CHUNK_SECTORS, %ax
	cmp	%ax, %cx
	jae	1f
	mov	%cx, %ax
1:	mov	%ax, packet_count
	push	%cx
	push	%ax
	mov	$0x42, %ah
	mov	boot_drive, %dl
	mov	$packet, %si
	int	$0x13
	jc	failed
	pop	%ax
	pop	%cx
	add	%ax, packet_lba
	sub	%ax, %cx
	shl	$5, %ax				/* paragraphs in that many sectors */
	add	%ax, packet_segment
	test	%cx, %cx
	jnz	load
	jmp	stage

failed:
	mov	%ah, %al
	mov	$0x3f8, %dx
	add	$'0', %al
	out	%al, %dx
	mov	$'!', %al
	out	%al, %dx
1:	hlt
	jmp	1b

	.balign	4
packet:
	.byte	16, 0
packet_count:
	.word	0
	.word	0
packet_segment:
	.word	0x7e0
packet_lba:
	.quad	1
boot_drive:
	.byte	0

	.org	boot_start + 510
	.word	0xaa55

	.section .args, "a"
	.fill	512, 1, 0
