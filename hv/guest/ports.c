/*
 * ports.c - I/O ports that exit
 *
 * CF8h to CFFh: configuration mechanism #1 (PCI Local Bus 3.0, section 3.2.2.3.2), mediated.
 * 510h to 51Bh: QEMU's fw_cfg; its DMA would write anywhere, so that only its data port is the guest's.
 * The UART that the log goes to, whichever it is: for the guest there is none.
 * A20, sleep, drives without a model: legacy.h.
 */
#include "hv/guest/ports.h"

#include "hv/counters.h"
#include "hv/cpu/svm.h"
#include "hv/guest/devices.h"
#include "hv/guest/exits.h"
#include "hv/guest/legacy.h"
#include "hv/log.h"
#include "hv/panic.h"
#include "hv/pci.h"
#include "hv/serial.h"

enum { CONFIG_ADDRESS = 0xcf8, RESET_CONTROL = 0xcf9, CONFIG_DATA = 0xcfc };
enum { FW_CFG_DMA = 0x514, FW_CFG_DMA_BYTES = 8 };
#define CLASS_IDE	0x0101u		/* base and sub */
#define DRIVES_END	0x400u
#define CONFIG_ENABLE	0x80000000u
#define RESET_CPU	(1u << 2)

static uint32_t address;	/* CONFIG_ADDRESS as the guest wrote it */
static struct counter_device *pci, *reset, *console, *other, *pc;
static struct legacy legacy;
static bool drives_hidden;

/* An IDE controller that the command line wants shown has its ports too. */
static bool ide_is_shown(void)
{
	for (uint32_t n = 0; n < pci_count(); n++) {
		if (pci_nth(n)->class >> 8 == CLASS_IDE && !pci_is_hidden(pci_nth(n)))
			return true;
	}
	return false;
}

static void legacy_init(const struct acpi_report *r)
{
	pc = counters_device("ports-pc", 0);
	legacy.sleep = r->sleep;
	drives_hidden = !ide_is_shown();
	svm_trap_ports(0x60, 1, true);
	svm_trap_ports(0x64, 1, true);
	svm_trap_ports(0x92, 1, true);
	for (uint32_t i = 0; i < r->sleep.count; i++)
		svm_trap_ports(r->sleep.pm1[i].port + 1u, 1, true);
	for (uint32_t port = 0; drives_hidden && port < DRIVES_END; port++) {
		if (legacy_is_drive((uint16_t)port, 1))
			svm_trap_ports(port, 1, true);
	}
	if (r->sleep.elsewhere || !r->sleep.count)
		log_line("acpi: sleep is not guarded: its registers are in no port");
}

void ports_init(const struct acpi_report *r)
{
	legacy_init(r);
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
	pci_guest_write(v, bdf, offset, size, value);
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
	if (value & RESET_CPU)
		guest_ends("reset by port cf9");
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

/* Does the access touch one of [@first, @first + @count)? */
static bool touches(uint16_t port, unsigned size, uint16_t first, unsigned count)
{
	return port < first + count && port + size > first;
}

/* What legacy.h knows, and what shares an access with it. */
static uint32_t pc_port(const struct vcpu *v, uint16_t port, unsigned size, bool in, uint32_t value)
{
	const char *end;

	if (drives_hidden && legacy_is_drive(port, size)) {
		refuse(v, pc, OFFENCE_PORT, port, in);
		return LEGACY_NO_DRIVE;
	}
	counters_access(pc, port, !in);
	if (in)
		return size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
	if (!legacy_out(&legacy, port, size, &value))
		return refuse(v, pc, OFFENCE_PORT, port, in);
	end = legacy_end(&legacy, port, size, value);
	if (end)
		guest_ends(end);
	if (size == 1)
		outb(port, (uint8_t)value);
	else if (size == 2)
		outw(port, (uint16_t)value);
	else
		outl(port, value);
	return 0;
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
	if (serial_port() && touches(port, size, serial_port(), UART_PORTS))
		return refuse(v, console, OFFENCE_CONSOLE, port, in);
	if (devices_share(port, size))
		return refuse(v, other, OFFENCE_PORT, port, in);
	if (devices_port(v, port, size, in, &value))
		return value;
	if (!touches(port, size, CONFIG_ADDRESS, 8) && !touches(port, size, FW_CFG_DMA, FW_CFG_DMA_BYTES))
		return pc_port(v, port, size, in, value);
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
