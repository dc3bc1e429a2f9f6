/*
 * pci64.c - checks of configuration space and of what could move around a hypervisor: BARs, windows, ports, sleep
 */
#include "tests/endpoint/guest/acpi.h"
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/exits.h"
#include "tests/endpoint/guest/layout.h"
#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/trap.h"

#define COMMAND		0x04
#define  DECODE_IO	1
#define  DECODE_MEMORY	2
#define  MASTER		4
#define BAR(n)		(0x10u + 4 * (n))
#define ROM		0x30
#define CAPABILITIES	0x34
#define CLASS_HOST	0x0600
#define CLASS_ISA	0x0601
#define CLASS_BRIDGE	0x0604
#define Q35_HOST	0x29c08086
#define PCIEXBAR	0x60
#define PCIEXBAR_BASE	0xf0000000
#define RAM_PLACE	0x00800000u	/* free for the checks: RAM that nobody uses */
#define APIC		0xfee00000u
#define HPET		0xfed00000u
#define RCBA		0xf0
#define NOWHERE		0xffffffff
#define MASK(size)	((size) == 4 ? NOWHERE : (1u << 8 * (size)) - 1)

static uint32_t config_read(uint32_t where, unsigned size)
{
	outl(0xcf8, 0x80000000 | (where & ~3u));
	switch (size) {
	case 1:
		return inb(0xcfc + (where & 3));
	case 2:
		return inw(0xcfc + (where & 3));
	}
	return inl(0xcfc);
}

static void config_write(uint32_t where, unsigned size, uint32_t value)
{
	outl(0xcf8, 0x80000000 | (where & ~3u));
	switch (size) {
	case 1:
		outb(0xcfc + (where & 3), value);
		return;
	case 2:
		outw(0xcfc + (where & 3), value);
		return;
	}
	outl(0xcfc, value);
}

/* The first function of this class on buses 0 to 3; NOWHERE: none. */
static uint32_t find(uint16_t class)
{
	for (uint32_t f = 0; f < 0x400; f++) {
		if ((config_read(f << 8, 4) & 0xffff) != 0xffff && config_read(f << 8 | 8, 4) >> 16 == class)
			return f << 8;
	}
	return NOWHERE;
}

/* Of capability `id`; 0: none. */
static uint32_t capability(uint32_t where, uint8_t id)
{
	uint32_t at = config_read(where | CAPABILITIES, 1);

	for (unsigned n = 0; at >= 0x40 && n < 48; n++) {
		if (config_read(where | at, 1) == id)
			return at;
		at = config_read(where | (at + 1), 1) & 0xfc;
	}
	return 0;
}

static uint64_t ecam(void)
{
	return config_read(0, 4) == Q35_HOST && config_read(PCIEXBAR, 4) & 1 ? config_read(PCIEXBAR, 4) & PCIEXBAR_BASE : 0;
}

static const char *no_ecam(void)
{
	return ecam() ? NULL : "no configuration space in memory";
}

static const char *no_nic(void)
{
	return find(CLASS_ETHERNET) == NOWHERE ? "no e1000" : NULL;
}

static const char *no_disk(void)
{
	return find(CLASS_AHCI) == NOWHERE ? "no AHCI" : NULL;
}

static const char *no_bridge(void)
{
	return find(CLASS_BRIDGE) == NOWHERE ? "no bridge" : NULL;
}

/* ---- configuration space by its two ways -------------------------------------- */

/* Every width of CF8/CFC gives the same bytes; odd words and what crosses the dword only end. */
static const char *widths(void)
{
	for (uint32_t at = 0; at < 0x40; at += 4) {
		uint32_t whole = config_read(at, 4);

		for (unsigned i = 0; i < 4; i++) {
			if (config_read(at + i, 1) != (whole >> 8 * i & 0xff))
				return "a byte is another";
			if (i % 2 == 0 && config_read(at + i, 2) != (whole >> 8 * i & 0xffff))
				return "a word is another";
		}
	}
	outl(0xcf8, 0x80000000);
	(void)inw(0xcfd);
	(void)inw(0xcff);
	(void)inl(0xcfd);
	(void)inl(0xcf6);
	outw(0xcff, 0);
	outl(0xcf8, 0);			/* no function chosen */
	return inl(0xcfc) == NOWHERE ? NULL : "CFC answers without the enable bit";
}

static const char *both_ways(void)
{
	uint64_t base = ecam();

	for (uint32_t f = 0; f < 0x100; f++) {
		uint32_t end = config_read(f << 8, 4) == NOWHERE ? 4 : 0x40;

		for (uint32_t at = 0; at < end; at += 4) {
			uint64_t memory = base + ((uint64_t)f << 12) + at;
			uint32_t ports = config_read(f << 8 | at, 4);

			if (mmio_read(memory) != ports)
				return "CF8 and ECAM differ";
			if (*(volatile uint8_t *)(memory + 1) != (ports >> 8 & 0xff) ||
			    *(volatile uint16_t *)(memory + 2) != ports >> 16)
				return "a part read by ECAM differs";
		}
		if (end > 4 && *(volatile uint64_t *)(base + ((uint64_t)f << 12)) !=
			       (config_read(f << 8, 4) | (uint64_t)config_read(f << 8 | 4, 4) << 32))
			return "eight bytes by ECAM differ";
	}
	return NULL;
}

static const char *ecam_stays(void)
{
	uint64_t base = ecam();
	uint32_t was = config_read(PCIEXBAR, 4);

	config_write(PCIEXBAR, 4, (uint32_t)(base ^ 0x10000000) | 1);
	mmio_write(base + PCIEXBAR, (uint32_t)(base ^ 0x10000000) | 1);
	config_write(PCIEXBAR, 1, 0);
	if (config_read(PCIEXBAR, 4) != was)
		return "PCIEXBAR has changed";
	return mmio_read(base) == Q35_HOST ? NULL : "ECAM is elsewhere";
}

/* ---- registers that move memory, ports and windows ----------------------------- */

/* Every byte of these stays as it is. */
static const char *fixed(uint32_t where, const uint8_t *at, unsigned count)
{
	static char why[] = "register 00 changes";

	for (unsigned i = 0; i < count; i++) {
		uint32_t was = config_read(where | at[i], 1), now;

		config_write(where | at[i], 1, was ^ 0xff);
		now = config_read(where | at[i], 1);
		config_write(where | at[i], 1, was);
		if (now == was)
			continue;
		why[9] = "0123456789abcdef"[at[i] >> 4];
		why[10] = "0123456789abcdef"[at[i] & 15];
		return why;
	}
	return NULL;
}

/* Q35 datasheet, chapter 5: EPBAR, MCHBAR, PCIEXBAR, DMIBAR, PAM, remapping, SMRAM, ESMRAMC, TOM, TOLUD */
static const char *host_fixed(void)
{
	static const uint8_t at[] = {
		0x04, 0x40, 0x48, 0x60, 0x63, 0x68, 0x90, 0x91, 0x96, 0x98, 0x9a, 0x9d, 0x9e, 0xa0, 0xa2, 0xb0, 0xb1,
	};

	return fixed(find(CLASS_HOST), at, sizeof(at));
}

/* ICH9 datasheet, chapter 13: PMBASE, ACPI_CNTL, GPIOBASE, LPC decoding, GEN_PMCON, BIOS_CNTL, RCBA */
static const char *isa_fixed(void)
{
	static const uint8_t at[] = {
		0x04, 0x40, 0x41, 0x44, 0x48, 0x4c, 0x80, 0x82, 0x84, 0x88, 0xa0, 0xa2, 0xa4, 0xd0, 0xd8, 0xdc, 0xf0, 0xf1,
	};

	return fixed(find(CLASS_ISA), at, sizeof(at));
}

static const char *pirq_routed(void)
{
	uint32_t isa = find(CLASS_ISA), was = config_read(isa | 0x60, 1), now;

	config_write(isa | 0x60, 1, was ^ 0x80);
	now = config_read(isa | 0x60, 1);
	config_write(isa | 0x60, 1, was);
	return now == (was ^ 0x80) ? NULL : "PIRQA's routing does not change";
}

static const char *no_rcba(void)
{
	uint32_t isa = find(CLASS_ISA);

	return isa != NOWHERE && config_read(isa | RCBA, 4) & 1 ? NULL : "no RCBA";
}

static const char *rcba_read_only(void)
{
	uint64_t d31ir = (config_read(find(CLASS_ISA) | RCBA, 4) & ~0x3fffu) + 0x3140;
	uint32_t was = mmio_read(d31ir), now;

	mmio_write(d31ir, was ^ 0x11);
	now = mmio_read(d31ir);
	mmio_write(d31ir, was);
	return now == was ? NULL : "a chipset register changes";
}

static void smram_write(void *arg)
{
	outl(0xcf8, 0x8000009c);
	outb(0xcfd, 0x4a);		/* D_OPEN, G_SMRAME, compatible SMRAM */
}

static const char *smram_closed(void)
{
	uint32_t before = *(volatile uint32_t *)0xa8000, after;

	smram_write(NULL);
	after = *(volatile uint32_t *)0xa8000;
	if (config_read(0x9d, 1) & 0x40)
		return "D_OPEN can be set";
	return before == after ? NULL : "something else is at A8000h";
}

/* ---- bridges -------------------------------------------------------------------- */

static const char *bridge_fixed(void)
{
	static const uint8_t at[] = {
		0x18, 0x19, 0x1a, 0x1c, 0x1d, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x2c, 0x30, 0x32,
	};
	uint32_t bridge = find(CLASS_BRIDGE);
	const char *wrong = fixed(bridge, at, sizeof(at));

	if (wrong)
		return wrong;
	config_write(bridge | 0x18, 4, 0x00050500);
	return (config_read(bridge | 0x18, 4) & 0x00ffff00) == 0x00050500 ? "the bus gets another number" : NULL;
}

static const char *bridge_reset(void)
{
	uint32_t bridge = find(CLASS_BRIDGE), was = config_read(bridge | 0x3e, 1);

	config_write(bridge | 0x3e, 1, was | 0x42);
	if (config_read(bridge | 0x3e, 1) & 0x40)
		return "what is behind it can be reset";
	if (!(config_read(bridge | 0x3e, 1) & 2))
		return "SERR cannot be forwarded";
	config_write(bridge | 0x3e, 1, was);
	return NULL;
}

/* The rig plugs a network card in behind the root port. */
static const char *hot_plug(void)
{
	uint32_t bus = config_read(find(CLASS_BRIDGE) | 0x19, 1) << 16;

	if (config_read(bus, 4) != NOWHERE)
		return "something is there already";
	say("READY hot-plug\n");
	for (unsigned i = 0; i < 2000; i++) {
		uint32_t id = config_read(bus, 4);

		if (id != NOWHERE && arg("hv"))
			return "it shows";
		if (id != NOWHERE)
			return NULL;
		for (volatile unsigned n = 0; n < 20000; n++)
			;
	}
	return arg("hv") ? NULL : "it does not come";
}

/* ---- BARs -------------------------------------------------------------------------- */

static uint32_t nic, nic_bar, nic_status;

static void take_nic(void)
{
	nic = find(CLASS_ETHERNET);
	nic_bar = config_read(nic | BAR(0), 4) & ~15u;
	config_write(nic | COMMAND, 2, config_read(nic | COMMAND, 2) | DECODE_MEMORY);
	nic_status = mmio_read(nic_bar + E1000_STATUS);
}

/* As a driver does it: decoding off meanwhile; as others do: not. */
static const char *sized(void)
{
	take_nic();
	for (unsigned off = 0; off < 2; off++) {
		uint32_t command = config_read(nic | COMMAND, 2), size;

		if (off)
			config_write(nic | COMMAND, 2, command & ~DECODE_MEMORY);
		config_write(nic | BAR(0), 4, NOWHERE);
		size = ~(config_read(nic | BAR(0), 4) & ~15u) + 1;
		config_write(nic | BAR(0), 4, nic_bar);
		config_write(nic | COMMAND, 2, command);
		if (size != 0x20000)
			return "another size than 128 KiB";
		if (config_read(nic | COMMAND, 2) != command)
			return "the command register is another";
		if (mmio_read(nic_bar + E1000_STATUS) != nic_status)
			return "the device has not come back";
	}
	return NULL;
}

static const char *moved(void)
{
	uint32_t to;

	take_nic();
	to = nic_bar ^ 0x01000000;		/* free: firmware fills the hole from its top */
	for (unsigned way = 0; way < 2; way++) {
		if (way)
			config_write(nic | BAR(0), 4, to);
		else				/* by bytes */
			for (unsigned i = 0; i < 4; i++)
				config_write(nic | (BAR(0) + i), 1, to >> 8 * i);
		if (mmio_read(to + E1000_STATUS) != nic_status)
			return "it is not at its new place";
		if (mmio_read(nic_bar + E1000_STATUS) == nic_status)
			return "it is at its old place";
		config_write(nic | BAR(0), 4, nic_bar);
		if (mmio_read(nic_bar + E1000_STATUS) != nic_status)
			return "it does not come back";
	}
	return NULL;
}

/* A BAR over something else: that stays what it was, the BAR reads as written, and the device comes back. */
static const char *not_over(uint64_t place)
{
	volatile uint32_t *at = (volatile uint32_t *)(unsigned long)place;
	uint32_t was = at[0], there = at[E1000_STATUS / 4], command = config_read(nic | COMMAND, 2), now;

	config_write(nic | BAR(0), 4, (uint32_t)place);
	now = at[E1000_STATUS / 4];
	if (config_read(nic | BAR(0), 4) != (uint32_t)place || config_read(nic | COMMAND, 2) != command) {
		config_write(nic | BAR(0), 4, nic_bar);
		return "the registers do not read as written";
	}
	config_write(nic | BAR(0), 4, nic_bar);
	if (now != there || at[0] != was)
		return "something else is there";
	return mmio_read(nic_bar + E1000_STATUS) == nic_status ? NULL : "the device does not come back";
}

static const char *over_ram(void)
{
	volatile uint32_t *ram = (volatile uint32_t *)(unsigned long)RAM_PLACE;
	const char *wrong;

	take_nic();
	ram[0] = 0x12345678;
	ram[2] = 0x9abcdef0;
	wrong = not_over(RAM_PLACE);
	return wrong ? wrong : ram[2] == 0x9abcdef0 ? NULL : "RAM has changed";
}

static const char *over_hpet(void)
{
	take_nic();
	return not_over(HPET);
}

static const char *over_ecam(void)
{
	take_nic();
	return not_over(ecam());
}

static const char *over_disk(void)
{
	uint32_t disk = find(CLASS_AHCI);

	take_nic();
	return not_over((config_read(disk | BAR(5), 4) & ~0x1ffffu));
}

static const char *no_hidden_range(void)
{
	return arg_value("hidden") ? no_nic() : "the test did not say where it is";
}

/* The hypervisor's memory: neither seen through the BAR, nor laid bare when the BAR goes. */
static const char *over_hypervisor(void)
{
	const char *text = arg_value("hidden");
	uint64_t first = take_hex(&text);
	const char *wrong;

	take_nic();
	wrong = not_over(first);
	if (wrong)
		return wrong;
	for (uint64_t at = first; at < first + 0x20000; at += 4096)
		if (mmio_read(at) != NOWHERE)
			return "it is laid bare";
	return NULL;
}

/* With decoding switched on there, and with the address written while it is off. */
static const char *over_hypervisor_late(void)
{
	const char *text = arg_value("hidden");
	uint64_t first = take_hex(&text);
	uint32_t command, seen;

	take_nic();
	command = config_read(nic | COMMAND, 2);
	config_write(nic | COMMAND, 2, command & ~DECODE_MEMORY);
	config_write(nic | BAR(0), 4, (uint32_t)first);
	config_write(nic | COMMAND, 1, command | DECODE_MEMORY);
	seen = mmio_read(first);
	mmio_write(first + 0x100, 0);
	config_write(nic | BAR(0), 4, nic_bar);
	if (seen != NOWHERE)
		return "it is seen";
	return mmio_read(nic_bar + E1000_STATUS) == nic_status ? NULL : "the device does not come back";
}

/* Many places: what is trapped for them must not use up the hypervisor. */
static const char *everywhere(void)
{
	take_nic();
	for (uint64_t to = 0xc0000000; to < 0xf0000000; to += 0x600000)
		config_write(nic | BAR(0), 4, (uint32_t)to);
	config_write(nic | BAR(0), 4, nic_bar);
	return mmio_read(nic_bar + E1000_STATUS) == nic_status ? NULL : "the device does not come back";
}

/* AHCI's index and data in BAR 4, where firmware put them and elsewhere. */
static const char *index_data(void)
{
	uint32_t disk = find(CLASS_AHCI), bar = config_read(disk | BAR(4), 4) & ~3u;
	uint32_t abar = config_read(disk | BAR(5), 4) & ~15u, to = bar ^ 0x1000;

	config_write(disk | COMMAND, 2, config_read(disk | COMMAND, 2) | DECODE_IO | DECODE_MEMORY);
	outl(bar + 0x10, AHCI_VS);
	if (inl(bar + 0x14) != mmio_read(abar + AHCI_VS))
		return "they do not give the version";
	config_write(disk | BAR(4), 4, to | 1);
	outl(to + 0x10, AHCI_VS);
	if (inl(to + 0x14) != mmio_read(abar + AHCI_VS))
		return "they are not at their new place";
	config_write(disk | BAR(4), 4, bar | 1);
	return NULL;
}

/* What begins below a BAR's ports, or ends above them, must not reach the device past its model. */
static const char *port_shared(void)
{
	uint32_t disk = find(CLASS_AHCI), bar = config_read(disk | BAR(4), 4) & ~3u;

	config_write(disk | COMMAND, 2, config_read(disk | COMMAND, 2) | DECODE_IO);
	if (inl(bar - 1) != NOWHERE)
		return "an access from below reaches them";
	return inl(bar + 0x1f) == NOWHERE ? NULL : "an access that ends above reaches them";
}

/* The keyboard controller, the PIT, CF8: ports that no BAR may take. */
static const char *port_over(void)
{
	uint32_t disk = find(CLASS_AHCI), bar = config_read(disk | BAR(4), 4) & ~3u, id;

	config_write(disk | BAR(4), 4, 0xce0 | 1);	/* 32 ports, CF8 among them */
	id = config_read(disk, 4);
	config_write(disk | BAR(4), 4, bar | 1);
	return id == config_read(disk, 4) && id != NOWHERE ? NULL : "configuration space is gone";
}

/* ---- what of a modelled function is not the guest's --------------------------------- */

static const char *legacy_mode(void)
{
	static const uint8_t at[] = { 0x08, 0x09, 0x0a, 0x0e, 0x2c, 0x40, 0x42, 0x90, 0x91, 0x94, 0xa0, 0xa4 };
	uint32_t disk = find(CLASS_AHCI);
	const char *wrong = fixed(disk, at, sizeof(at));

	if (wrong)
		return wrong;
	return config_read(disk | 8, 4) >> 8 == 0x010601 ? NULL : "it is no AHCI any more";
}

static const char *no_rom(void)
{
	take_nic();
	config_write(nic | ROM, 4, NOWHERE);
	return config_read(nic | ROM, 4) ? "the option ROM has an address" : NULL;
}

static const char *no_msix(void)
{
	return capability(find(CLASS_ETHERNET), 0x11) || capability(find(CLASS_AHCI), 0x11) ? "there is MSI-X" : NULL;
}

static const char *no_msi(void)
{
	return capability(find(CLASS_AHCI), 5) ? NULL : "no MSI";
}

static const char *msi_address(void)
{
	uint32_t disk = find(CLASS_AHCI), at = disk | (capability(disk, 5) + 4), was = config_read(at, 4);

	config_write(at, 4, 0xfee01000);
	if (config_read(at, 4) != 0xfee01000)
		return "a local APIC's address is refused";
	config_write(at, 4, RAM_PLACE);
	config_write(at + 3, 1, 0x12);
	if (config_read(at, 4) != 0xfee01000)
		return "it can be in RAM";
	config_write(at + 4, 4, 1);
	if (config_read(at + 4, 4) != 0)
		return "it can be above 4 GiB";
	config_write(at, 4, was);
	return NULL;
}

static const char *msi_init(void)
{
	uint32_t disk = find(CLASS_AHCI), cap = disk | capability(disk, 5), was, at;

	at = cap + (config_read(cap, 4) & 1u << 23 ? 12 : 8);
	was = config_read(at, 4);
	config_write(at, 2, 0x0041);
	if (config_read(at, 2) != 0x0041)
		return "a vector is refused";
	config_write(at, 2, 0x0500);
	config_write(at + 1, 1, 0x05);
	if (config_read(at, 2) != 0x0041)
		return "its message can be an INIT";
	config_write(at, 2, was & 0xffff);
	return NULL;
}

/* ---- ports -------------------------------------------------------------------------- */

static bool a20_is_on(void)
{
	volatile uint32_t *low = (volatile uint32_t *)(unsigned long)SCRATCH_ADDR, *high = low + 0x100000 / 4;

	*low = 0x11111111;
	*high = 0x22222222;
	return *low == 0x11111111;
}

/* Masking an address bit would be the hypervisor's too. */
static const char *a20(void)
{
	uint8_t was = inb(0x92);

	outb(0x92, was & ~3);
	if (!a20_is_on())
		return "port 92h switches it off";
	outw(0x91, (was & ~3) << 8);
	if (!a20_is_on())
		return "a word to port 91h switches it off";
	outb(0x64, 0xd1);
	outb(0x60, 0xdd);
	if (!a20_is_on())
		return "the keyboard controller switches it off";
	outb(0x64, 0xdd);
	if (!a20_is_on())
		return "the keyboard controller's DDh switches it off";
	outb(0x92, was);
	return NULL;
}

static void fw_cfg_dma(void *arg)
{
	volatile uint32_t *access = arg;

	/* FWCfgDmaAccess, big-endian: read, 4 bytes, into the word behind it */
	access[0] = 0x02000000 | 0x08000000;
	access[1] = 0x04000000;
	access[2] = 0;
	access[3] = __builtin_bswap32((uint32_t)(unsigned long)(access + 4));
	access[4] = 0x5a5a5a5a;
	outl(0x514, 0);
	outl(0x518, __builtin_bswap32((uint32_t)(unsigned long)access));
}

static const char *no_fw_cfg_dma(void)
{
	volatile uint32_t *memory = (volatile uint32_t *)(unsigned long)RAM_PLACE;

	fw_cfg_dma((void *)memory);
	return memory[4] == 0x5a5a5a5a ? NULL : "it has written memory";
}

/* PM1 control: S3 asked for without the tables.  Where it is done, the machine sleeps and the rig sees it. */
static const char *sleep(void)
{
	const uint8_t *fadt = acpi_table("FACP");
	uint16_t port = fadt ? acpi_u32(fadt, 64) : 0;

	if (!port)
		return "no PM1 control register";
	for (unsigned type = 1; type < 4; type++) {		/* QEMU: 1 is S3; 0 is off, 2 would be S4 */
		if (type == 2)
			continue;
		outw(port, (inw(port) & 0x03ff) | type << 10 | 0x2000);
		outb(port + 1, type << 2 | 0x20);
		outl(port - 2, (uint32_t)((inw(port) & 0x03ff) | type << 10 | 0x2000) << 16);
	}
	return NULL;
}

static const char *no_drives(void)
{
	static const uint16_t status[] = { 0x1f7, 0x177, 0x3f6, 0x376 };

	outb(0x1f6, 0xa0);
	outb(0x1f7, 0xec);			/* IDENTIFY DEVICE */
	for (unsigned i = 0; i < sizeof(status) / sizeof(status[0]); i++)
		if (inb(status[i]) != 0x7f)
			return "an IDE channel answers";
	return inb(0x3f4) == 0x7f ? NULL : "a floppy controller answers";
}

/* ---- IOMMUs: dmar=, ivrs= where the test knows of registers --------------------------- */

static const char *no_iommu(void)
{
	return arg_value("iommu") ? NULL : "the test did not say where one is";
}

static const char *iommu_hidden(void)
{
	const char *text = arg_value("iommu");
	uint64_t at = take_hex(&text);

	for (unsigned i = 0; i < 0x1000; i += 0x100)
		if (mmio_read(at + i) != NOWHERE)
			return "its registers are read";
	return NULL;
}

const struct check pci_checks[] = {
	{"config-widths", 0, widths, NULL},
	{"config-both-ways", 0, both_ways, no_ecam},
	{"pciexbar-stays", HV_ONLY, ecam_stays, no_ecam},
	{"host-bridge-is-read-only", HV_ONLY, host_fixed, NULL},
	{"isa-bridge-moves-nothing", HV_ONLY, isa_fixed, NULL},
	{"isa-bridge-routes-interrupts", 0, pirq_routed, NULL},
	{"rcba-is-read-only", HV_ONLY, rcba_read_only, no_rcba},
	{"smram-stays-closed", HV_ONLY, smram_closed, no_ecam},
	{"bridge-buses-and-windows-stay", HV_ONLY, bridge_fixed, no_bridge},
	{"bridge-resets-nothing", HV_ONLY, bridge_reset, no_bridge},
	{"hot-plug", ASKED, hot_plug, NULL},
	{"bar-size", 0, sized, no_nic},
	{"bar-moves", 0, moved, no_nic},
	{"bar-over-ram", 0, over_ram, no_nic},
	{"bar-over-hpet", HV_ONLY, over_hpet, no_nic},
	{"bar-over-ecam", HV_ONLY, over_ecam, no_ecam},
	{"bar-over-another", HV_ONLY, over_disk, no_nic},
	{"bar-over-hypervisor", HV_ONLY, over_hypervisor, no_hidden_range},
	{"bar-over-hypervisor-late", HV_ONLY, over_hypervisor_late, no_hidden_range},
	{"bar-everywhere", 0, everywhere, no_nic},
	{"index-and-data-ports", 0, index_data, no_disk},
	{"port-bar-is-not-shared", HV_ONLY, port_shared, no_disk},
	{"port-bar-over-config", HV_ONLY, port_over, no_disk},
	{"ahci-stays-ahci", HV_ONLY, legacy_mode, no_disk},
	{"no-option-rom", HV_ONLY, no_rom, no_nic},
	{"no-msi-x", HV_ONLY, no_msix, NULL},
	{"msi-goes-to-apics", HV_ONLY, msi_address, no_msi},
	{"msi-sends-no-init", HV_ONLY, msi_init, no_msi},
	{"a20-stays-on", HV_ONLY, a20, NULL},
	{"fw-cfg-dma-does-nothing", HV_ONLY, no_fw_cfg_dma, NULL},
	{"sleep-with-memory-refused", HV_ONLY, sleep, NULL},
	{"drives-without-model", HV_ONLY, no_drives, NULL},
	{"iommu-registers-hidden", ASKED | HV_ONLY, iommu_hidden, no_iommu},
};
const size_t pci_check_count = sizeof(pci_checks) / sizeof(pci_checks[0]);
