/*
 * serial.c - a 16550 UART, polled
 */
#include "hv/serial.h"

#include "hv/cpu/x86.h"

/* National PC16550D, table 2 */
enum { THR = 0, DLL = 0, DLM = 1, IER = 1, FCR = 2, IIR = 2, LCR = 3, MCR = 4, LSR = 5, SCR = 7 };
enum { LCR_8N1 = 0x03, LCR_DLAB = 0x80, FCR_ENABLE_AND_CLEAR = 0x07, MCR_DTR_RTS = 0x03 };
enum { LSR_THRE = 0x20, LSR_NOBODY = 0xff, IIR_FIFO = 0xc0, MCR_BITS = 0x1f, FIFO_BYTES = 16 };

static uint16_t base;
static unsigned fifo;

static void set_up(uint16_t port)
{
	outb(port + IER, 0);
	outb(port + LCR, LCR_DLAB | LCR_8N1);
	outb(port + DLL, 1);		/* 115200 baud */
	outb(port + DLM, 0);
	outb(port + LCR, LCR_8N1);
	outb(port + FCR, FCR_ENABLE_AND_CLEAR);
	outb(port + MCR, MCR_DTR_RTS);
	fifo = (inb(port + IIR) & IIR_FIFO) == IIR_FIFO ? FIFO_BYTES : 1;
}

bool serial_init(uint16_t port)
{
	outb(port + SCR, 0x5a);
	if (inb(port + SCR) != 0x5a)
		return false;
	set_up(port);
	base = port;
	return true;
}

uint16_t serial_port(void)
{
	return base;
}

unsigned serial_room(void)
{
	uint8_t lsr = base ? inb(base + LSR) : LSR_NOBODY;

	return lsr != LSR_NOBODY && lsr & LSR_THRE ? fifo : 0;
}

void serial_put(uint8_t byte)
{
	if (base)
		outb(base + THR, byte);
}

bool serial_check(void)
{
	if (!base || inb(base + LSR) == LSR_NOBODY ||
	    (inb(base + LCR) == LCR_8N1 && inb(base + IER) == 0 && (inb(base + MCR) & MCR_BITS) == MCR_DTR_RTS))
		return true;
	set_up(base);
	return false;
}
