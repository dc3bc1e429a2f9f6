/*
 * ports.c - I/O ports that exit
 *
 * CF8h to CFFh: configuration mechanism #1 (PCI Local Bus 3.0, section 3.2.2.3.2), mediated.
 * 510h to 51Bh: QEMU's fw_cfg; its DMA would write anywhere, so that only its data port is the guest's.
 */
#include "hv/guest/ports.h"

#include "hv/cpu/svm.h"
#include "hv/guest/devices.h"
#include "hv/log.h"
#include "hv/panic.h"
#include "hv/pci.h"

enum { CONFIG_ADDRESS = 0xcf8, RESET_CONTROL = 0xcf9, CONFIG_DATA = 0xcfc };
enum { FW_CFG_DMA = 0x514, FW_CFG_DMA_BYTES = 8 };
#define CONFIG_ENABLE	0x80000000u
#define RESET_CPU	(1u << 2)

static uint32_t address;	/* CONFIG_ADDRESS as the guest wrote it */
static uint64_t refused;

void ports_init(void)
{
	svm_trap_ports(CONFIG_ADDRESS, 8, true);
	svm_trap_ports(FW_CFG_DMA, FW_CFG_DMA_BYTES, true);
}

static uint32_t config_data(uint16_t port, unsigned size, bool in, uint32_t value)
{
	uint16_t bdf = (uint16_t)(address >> 8), offset = (uint16_t)((address & 0xfc) + port - CONFIG_DATA);

	if (!(address & CONFIG_ENABLE))
		return UINT32_MAX;
	if (in)
		return pci_guest_read(bdf, offset, size);
	if (pci_guest_write(bdf, offset, size, value))
		devices_moved(pci_at(bdf));
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
		log_flush();
	}
	outb(port, (uint8_t)value);
	return 0;
}

static uint32_t access(uint16_t port, unsigned size, bool in, uint32_t value)
{
	if (port >= CONFIG_ADDRESS && port < CONFIG_DATA)
		return config_address(port, size, in, value);
	if (port >= CONFIG_DATA && port + size <= CONFIG_DATA + 4)
		return config_data(port, size, in, value);
	if (devices_port(port, size, in, &value))
		return value;
	if (refused++ < 4)
		log_line("guest: %s of port %x refused", in ? "read" : "write", port);
	return UINT32_MAX;
}

void ports_exit(struct vcpu *v, const struct vmexit *x)
{
	uint64_t mask = x->io.size == 4 ? UINT32_MAX : (UINT64_C(1) << 8 * x->io.size) - 1;
	uint32_t value;

	/* No driver reads configuration space by INS. */
	if (x->io.string) {
		refused++;
		svm_ops.inject(v, VECTOR_GP, true, 0);
		return;
	}
	value = access(x->io.port, x->io.size, x->io.in, (uint32_t)(v->gpr[RAX] & mask));
	if (x->io.in && x->io.size == 4)
		v->gpr[RAX] = value;
	else if (x->io.in)
		v->gpr[RAX] = (v->gpr[RAX] & ~mask) | (value & mask);
	svm_ops.skip(v, x->next_rip);
}

uint64_t ports_refused(void)
{
	return refused;
}
