/*
 * probe.S - what firmware and ports answer in real mode, a line each on COM1
 *
 * The same sectors run on the plain machine and under the hypervisor: the test compares the lines.
 * Numbers are hexadecimal. The last line is PROBE-DONE.
 */
#define BUFFER 0x6000			/* what firmware fills */
#define E820_MAX 64
#define SMAP 0x534d4150
#define FW_CFG 0x510

	.code16
	.text
	.globl stage

.macro say text
	call	print
	.asciz	"\text"
.endm
/* name=register of 16 bits, a space before it */
.macro show16 name, register
	push	\register
	say	" \name="
	call	hex16_pushed
.endm

stage:
	/* firmware's console writes the rest of its line in the timer interrupt */
	sti
	mov	$4, %cx
1:	hlt
	loop	1b
	say	"PROBE-UP drive="
	mov	boot_drive, %al
	call	hex8
	call	newline
	call	memory_e820
	call	memory_others
	call	disk
	call	ports
	call	processor
	call	pci
	say	"PROBE-DONE\n"
1:	hlt
	jmp	1b

/* ---- INT 15h: memory ------------------------------------------------------- */

memory_e820:
	xor	%ebx, %ebx
	movw	$0, count
1:	mov	$0xe820, %eax
	mov	$SMAP, %edx
	mov	$24, %ecx
	mov	$BUFFER, %di
	movl	$1, BUFFER + 20
	int	$0x15
	jc	2f
	cmp	$SMAP, %eax
	jne	2f
	incw	count
	push	%ebx
	push	%cx
	say	"E820 base="
	mov	BUFFER + 4, %eax
	call	hex32
	mov	BUFFER, %eax
	call	hex32
	say	" length="
	mov	BUFFER + 12, %eax
	call	hex32
	mov	BUFFER + 8, %eax
	call	hex32
	say	" type="
	mov	BUFFER + 16, %eax
	call	hex32
	pop	%cx
	show16	size, %cx
	call	newline
	pop	%ebx
	test	%ebx, %ebx
	jz	2f
	cmpw	$E820_MAX, count
	jb	1b
2:	say	"E820-END entries="
	mov	count, %ax
	call	hex16
	call	newline
	/* asked wrongly it must refuse, and leave the buffer alone */
	mov	$0xe820, %eax
	xor	%edx, %edx
	xor	%ebx, %ebx
	mov	$24, %ecx
	mov	$BUFFER, %di
	int	$0x15
	say	"E820-NOSMAP carry="
	call	carry
	call	newline
	ret

memory_others:
	xor	%cx, %cx
	xor	%dx, %dx
	mov	$0xe801, %ax
	int	$0x15
	pushf
	push	%dx
	push	%cx
	push	%bx
	push	%ax
	say	"E801 ax="
	call	hex16_pushed
	say	" bx="
	call	hex16_pushed
	say	" cx="
	call	hex16_pushed
	say	" dx="
	call	hex16_pushed
	say	" carry="
	popf
	call	carry
	call	newline

	mov	$0xe881, %eax
	int	$0x15
	pushf
	push	%eax
	push	%ebx
	say	"E881 ebx="
	pop	%eax
	call	hex32
	say	" eax="
	pop	%eax
	call	hex32
	say	" carry="
	popf
	call	carry
	call	newline

	mov	$0x8800, %ax
	int	$0x15
	pushf
	push	%ax
	say	"INT15-88 ax="
	call	hex16_pushed
	say	" carry="
	popf
	call	carry
	call	newline

	int	$0x12
	push	%ax
	say	"INT12 ax="
	call	hex16_pushed
	call	newline
	ret

/* ---- INT 13h: the disk ------------------------------------------------------ */

disk:
	mov	$0x08, %ah
	mov	boot_drive, %dl
	push	%es
	xor	%di, %di
	int	$0x13
	pop	%es
	pushf
	push	%dx
	push	%cx
	push	%ax
	say	"INT13-08 ax="
	call	hex16_pushed
	say	" cx="
	call	hex16_pushed
	say	" dx="
	call	hex16_pushed
	say	" carry="
	popf
	call	carry
	call	newline

	movw	$0x1e, BUFFER
	mov	$0x48, %ah
	mov	boot_drive, %dl
	mov	$BUFFER, %si
	int	$0x13
	pushf
	say	"INT13-48 sectors="
	mov	BUFFER + 20, %eax
	call	hex32
	mov	BUFFER + 16, %eax
	call	hex32
	say	" bytes="
	mov	BUFFER + 24, %ax
	call	hex16
	say	" carry="
	popf
	call	carry
	call	newline

	mov	$0x0201, %ax		/* cylinder 0, head 0, sector 1 */
	mov	$0x0001, %cx
	xor	%dh, %dh
	mov	boot_drive, %dl
	mov	$BUFFER, %bx
	int	$0x13
	pushf
	say	"INT13-02 sum="
	call	sum
	say	" carry="
	popf
	call	carry
	call	newline
	/* beyond the end of the disk */
	mov	$0x42, %ah
	mov	boot_drive, %dl
	mov	$beyond, %si
	int	$0x13
	say	"INT13-42-BEYOND carry="
	call	carry
	call	newline
	ret

/* 16-bit sum of the 512 bytes at BUFFER */
sum:
	mov	$BUFFER, %si
	mov	$256, %cx
	xor	%dx, %dx
1:	lodsw
	add	%ax, %dx
	loop	1b
	mov	%dx, %ax
	jmp	hex16

/* ---- ports and processor ---------------------------------------------------- */

ports:
	say	"PORTS"
	xor	%ax, %ax
	in	$0x92, %al
	show16	a20, %ax
	in	$0x61, %al
	show16	b61, %ax
	in	$0x64, %al
	show16	kbd, %ax
	in	$0x21, %al
	show16	pic, %ax
	call	newline
	say	"FW-CFG id="
	mov	$FW_CFG, %dx
	xor	%ax, %ax
	out	%ax, %dx
	inc	%dx
	mov	$4, %cx
1:	in	%dx, %al
	call	hex8
	loop	1b
	say	" features="
	mov	$FW_CFG, %dx
	mov	$1, %ax
	out	%ax, %dx
	inc	%dx
	in	%dx, %al
	call	hex8
	say	" dma="
	mov	$FW_CFG + 4, %dx
	in	%dx, %eax
	call	hex32
	call	newline
	say	"CMOS"
	mov	$0x30, %bl
1:	say	" "
	mov	%bl, %al
	out	%al, $0x70
	in	$0x71, %al
	call	hex8
	inc	%bl
	cmp	$0x36, %bl
	jb	1b
	call	newline
	ret

processor:
	mov	$1, %eax
	call	cpuid_line
	mov	$7, %eax
	call	cpuid_line
	mov	$0x40000000, %eax
	call	cpuid_line
	mov	$0x80000001, %eax
	call	cpuid_line
	mov	$0x8000000a, %eax
cpuid_line:
	xor	%ecx, %ecx
	push	%eax
	cpuid
	mov	%eax, BUFFER
	mov	%ebx, BUFFER + 4
	mov	%ecx, BUFFER + 8
	mov	%edx, BUFFER + 12
	say	"CPUID "
	pop	%eax
	call	hex32
	mov	$BUFFER, %si
	mov	$4, %cx
1:	say	" "
	lodsl
	call	hex32
	loop	1b
	jmp	newline

/* ---- PCI, by CF8/CFC: every function of bus 0 ------------------------------- */

pci:
	mov	$0x80000000, %ebx		/* bus, device, function; register 0 */
1:	xor	%cl, %cl
	call	pci_read
	cmp	$0xffff, %ax
	je	3f
	push	%eax
	say	"PCI "
	mov	%ebx, %eax
	shr	$8, %eax
	call	hex16
	say	" id="
	pop	%eax
	call	hex32
	say	" class="
	mov	$8, %cl
	call	pci_read
	call	hex32
	say	" bars="
	mov	$0x10, %cl
2:	call	pci_read
	call	hex32
	say	","
	add	$4, %cl
	cmp	$0x28, %cl
	jb	2b
	say	" irq="
	mov	$0x3c, %cl
	call	pci_read
	call	hex16
	call	newline
3:	add	$0x100, %ebx
	test	$0x10000, %ebx
	jz	1b
	ret

/* %eax = register %cl of function %ebx */
pci_read:
	mov	%ebx, %eax
	mov	%cl, %al
	mov	$0xcf8, %dx
	out	%eax, %dx
	mov	$0xcfc, %dx
	in	%dx, %eax
	ret

/* ---- printing: all registers but those of the argument are kept -------------- */

/* the text behind the call; flags are kept */
print:
	pushf
	pushal
	mov	%sp, %bp
	mov	34(%bp), %si			/* return address, behind 32 + 2 bytes */
1:	lodsb
	test	%al, %al
	jz	2f
	call	put
	jmp	1b
2:	mov	%si, 34(%bp)
	popal
	popf
	ret

newline:
	push	%ax
	mov	$'\n', %al
	call	put
	pop	%ax
	ret

/* '1' or '0' */
carry:
	push	%ax
	mov	$'0', %al
	adc	$0, %al
	call	put
	pop	%ax
	ret

/* the word on the stack below the return address, which it takes away */
hex16_pushed:
	push	%bp
	mov	%sp, %bp
	push	%ax
	mov	4(%bp), %ax
	call	hex16
	pop	%ax
	pop	%bp
	ret	$2

hex32:
	rol	$16, %eax
	call	hex16
	rol	$16, %eax
hex16:
	xchg	%al, %ah
	call	hex8
	xchg	%al, %ah
hex8:
	push	%ax
	push	%ax
	shr	$4, %al
	call	digit
	pop	%ax
	and	$15, %al
	call	digit
	pop	%ax
	ret
digit:
	add	$'0', %al
	cmp	$'9', %al
	jbe	put
	add	$'a' - '9' - 1, %al
put:
	push	%dx
	push	%ax
	mov	$0x3fd, %dx
1:	in	%dx, %al
	test	$0x20, %al
	jz	1b
	pop	%ax
	mov	$0x3f8, %dx
	out	%al, %dx
	pop	%dx
	ret

	.data
count:
	.word	0
	.balign	4
beyond:
	.byte	16, 0
	.word	1
	.word	BUFFER, 0
	.quad	0xfffffff0
