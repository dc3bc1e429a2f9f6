/*
 * serial.c - a 16550 UART, polled
 */
#include "hv/serial.h"

#include "hv/cpu/x86.h"

/* National PC16550D, table 2 */
enum { THR = 0, DLL = 0, DLM = 1, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5, SCR = 7 };
enum { LCR_8N1 = 0x03, LCR_DLAB = 0x80, FCR_ENABLE_AND_CLEAR = 0x07, MCR_DTR_RTS = 0x03 };
enum { LSR_THRE = 0x20 };

static uint16_t base;

bool serial_init(uint16_t port)
{
	outb(port + SCR, 0x5a);
	if (inb(port + SCR) != 0x5a)
		return false;
	outb(port + IER, 0);
	outb(port + LCR, LCR_DLAB | LCR_8N1);
	outb(port + DLL, 1);		/* 115200 baud */
	outb(port + DLM, 0);
	outb(port + LCR, LCR_8N1);
	outb(port + FCR, FCR_ENABLE_AND_CLEAR);
	outb(port + MCR, MCR_DTR_RTS);
	base = port;
	return true;
}

bool serial_ready(void)
{
	return base && inb(base + LSR) & LSR_THRE;
}

void serial_put(uint8_t byte)
{
	if (base)
		outb(base + THR, byte);
}
