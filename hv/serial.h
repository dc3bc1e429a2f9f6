/*
 * serial.h - a 16550 UART, polled: the hypervisor's console
 *
 * The guest never reaches it (guest/ports.c).  Nothing here waits.
 */
#ifndef HV_SERIAL_H
#define HV_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

#define COM1	0x3f8
#define COM2	0x2f8
#define UART_PORTS	8u

/* 115200 8n1.  False when no UART answers at @port; then nothing is ever sent. */
bool serial_init(uint16_t port);
/* The first of its ports; 0: there is none. */
uint16_t serial_port(void);
/* How many bytes it takes now: 0, or what its FIFO holds. */
unsigned serial_room(void);
/* To be called for so many bytes. */
void serial_put(uint8_t byte);
/* Are its settings still ours?  False: somebody (firmware) changed them, and they are set again. */
bool serial_check(void);

#endif
