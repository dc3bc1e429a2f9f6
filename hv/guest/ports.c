/*
 * ports.c - I/O ports that exit
 *
 * CF8h to CFFh: configuration mechanism #1 (PCI Local Bus 3.0, section 3.2.2.3.2), mediated.
 * 510h to 51Bh: QEMU's fw_cfg; its DMA would write anywhere, so that only its data port is the guest's.
 * The UART that the log goes to, whichever it is: for the guest there is none.
 */
#include "hv/guest/ports.h"

#include "hv/counters.h"
#include "hv/cpu/svm.h"
#include "hv/guest/devices.h"
#include "hv/guest/exits.h"
#include "hv/log.h"
#include "hv/panic.h"
#include "hv/pci.h"
#include "hv/serial.h"

enum { CONFIG_ADDRESS = 0xcf8, RESET_CONTROL = 0xcf9, CONFIG_DATA = 0xcfc };
enum { FW_CFG_DMA = 0x514, FW_CFG_DMA_BYTES = 8 };
#define CONFIG_ENABLE	0x80000000u
#define RESET_CPU	(1u << 2)

static uint32_t address;	/* CONFIG_ADDRESS as the guest wrote it */
static struct counter_device *pci, *reset, *console, *other;

void ports_init(void)
{
	pci = counters_device("ports-pci", 0);
	reset = counters_device("ports-reset", 0);
	console = counters_device("ports-console", 0);
	other = counters_device("ports-other", 0);
	if (serial_port())
		svm_trap_ports(serial_port(), UART_PORTS, true);
	svm_trap_ports(CONFIG_ADDRESS, 8, true);
	svm_trap_ports(FW_CFG_DMA, FW_CFG_DMA_BYTES, true);
}

static uint32_t config_data(const struct vcpu *v, uint16_t port, unsigned size, bool in, uint32_t value)
{
	uint16_t bdf = (uint16_t)(address >> 8), offset = (uint16_t)((address & 0xfc) + port - CONFIG_DATA);

	if (!(address & CONFIG_ENABLE))
		return UINT32_MAX;
	devices_config(v, bdf, offset, !in);
	if (in)
		return pci_guest_read(bdf, offset, size);
	if (pci_guest_write(bdf, offset, size, value))
		devices_moved(v, pci_at(bdf));
	return 0;
}

/* A byte at CF9h is the chipset's reset control; the register at CF8h is a dword and nothing less. */
static uint32_t config_address(uint16_t port, unsigned size, bool in, uint32_t value)
{
	if (port == CONFIG_ADDRESS && size == 4) {
		if (in)
			return address;
		address = value;
		return 0;
	}
	if (port != RESET_CONTROL || size != 1)
		return UINT32_MAX;
	if (in)
		return inb(port);
	if (value & RESET_CPU) {
		log_line("guest: reset by port cf9");
		guest_ends("reset by port cf9");
	}
	outb(port, (uint8_t)value);
	return 0;
}

static uint32_t refuse(const struct vcpu *v, struct counter_device *d, enum offence kind, uint16_t port,
		       bool in)
{
	counters_access(d, port, !in);
	counters_offence(v->index, kind);
	log_guest(kind, "%s of port %x refused", in ? "read" : "write", port);
	return UINT32_MAX;
}

static uint32_t access(const struct vcpu *v, uint16_t port, unsigned size, bool in, uint32_t value)
{
	if (port >= CONFIG_ADDRESS && port < CONFIG_DATA) {
		counters_access(port == RESET_CONTROL ? reset : pci, port, !in);
		return config_address(port, size, in, value);
	}
	if (port >= CONFIG_DATA && port + size <= CONFIG_DATA + 4) {
		counters_access(pci, port, !in);
		return config_data(v, port, size, in, value);
	}
	if (devices_port(port, size, in, &value))
		return value;
	if (serial_port() && port >= serial_port() && port - serial_port() < (int)UART_PORTS)
		return refuse(v, console, OFFENCE_CONSOLE, port, in);
	return refuse(v, other, OFFENCE_PORT, port, in);
}

void ports_exit(struct vcpu *v, const struct vmexit *x)
{
	uint64_t mask = x->io.size == 4 ? UINT32_MAX : (UINT64_C(1) << 8 * x->io.size) - 1;
	uint32_t value;

	/* No driver reads configuration space by INS. */
	if (x->io.string) {
		refuse(v, other, OFFENCE_PORT, x->io.port, x->io.in);
		svm_ops.inject(v, VECTOR_GP, true, 0);
		return;
	}
	value = access(v, x->io.port, x->io.size, x->io.in, (uint32_t)(v->gpr[RAX] & mask));
	if (x->io.in && x->io.size == 4)
		v->gpr[RAX] = value;
	else if (x->io.in)
		v->gpr[RAX] = (v->gpr[RAX] & ~mask) | (value & mask);
	svm_ops.skip(v, x->next_rip);
}
