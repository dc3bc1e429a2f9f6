/*
 * serial.h - a 16550 UART, polled: the hypervisor's console
 */
#ifndef HV_SERIAL_H
#define HV_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

#define COM1	0x3f8
#define COM2	0x2f8

/* 115200 8n1.  False when no UART answers at @port; then nothing is ever sent. */
bool serial_init(uint16_t port);
/* Room for one byte?  Never waits. */
bool serial_ready(void);
void serial_put(uint8_t byte);

#endif
