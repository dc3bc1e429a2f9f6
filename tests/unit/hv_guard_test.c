/*
 * hv_guard_test.c - which PCI functions the guest sees, and what it may write there
 */
#include "hv/pci_guard.h"
#include "tests/unit/unit.h"

#include <string.h>

#define ALL	UINT32_MAX
#define MIB	(UINT64_C(1) << 20)
#define GIB	(UINT64_C(1) << 30)
#define DECODE	PCI_COMMAND_DECODE

static struct options o;
static enum pci_model model;

static enum pci_fate decide(uint32_t id, uint32_t class)
{
	return pci_decide(0x0018, id, class, &o, &model);
}

/* ---- what is shown ---- */

START_TEST(devices_with_a_model_are_modelled)
{
	o = (struct options){ 0 };
	ck_assert_int_eq(decide(0x29228086, 0x010601), PCI_MODELLED);
	ck_assert_int_eq(model, PCI_AHCI);
	ck_assert_int_eq(decide(0x12341234, 0x010601), PCI_MODELLED);
	ck_assert_int_eq(decide(0x100e8086, 0x020000), PCI_MODELLED);
	ck_assert_int_eq(model, PCI_E1000);
	ck_assert_int_eq(decide(0x100f8086, 0x020000), PCI_MODELLED);
	ck_assert_int_eq(decide(0x10d38086, 0x020000), PCI_MODELLED);
	/* another maker's, another kind, another chip */
	ck_assert_int_eq(decide(0x100e1022, 0x020000), PCI_HIDDEN_NETWORK);
	ck_assert_int_eq(model, PCI_NO_MODEL);
	ck_assert_int_eq(decide(0x100e8086, 0x028000), PCI_HIDDEN_NETWORK);
	ck_assert_int_eq(decide(0x10d48086, 0x020000), PCI_HIDDEN_NETWORK);
	ck_assert_int_eq(decide(0x29228086, 0x010600), PCI_HIDDEN_STORAGE);
}
END_TEST

START_TEST(classes_on_the_list_are_shown_and_no_others)
{
	static const uint32_t shown[] = {
		0x030000, 0x038000, 0x040300, 0x050000, 0x060000, 0x060100, 0x060400, 0x068000, 0x070002, 0x070103, 0x070200,
		0x080000, 0x080200, 0x080300, 0x080401, 0x088000, 0x090000, 0x0a0000, 0x0c0300, 0x0c0330, 0x0c0500, 0x118000,
	};
	static const struct { uint32_t class; enum pci_fate fate; } hidden[] = {
		{ 0x010100, PCI_HIDDEN_STORAGE }, { 0x010802, PCI_HIDDEN_STORAGE }, { 0x018000, PCI_HIDDEN_STORAGE },
		{ 0x080501, PCI_HIDDEN_STORAGE }, { 0x020000, PCI_HIDDEN_NETWORK }, { 0x0d1100, PCI_HIDDEN_NETWORK },
		{ 0x080600, PCI_HIDDEN_IOMMU }, { 0x000000, PCI_HIDDEN_OTHER }, { 0x00ff00, PCI_HIDDEN_OTHER },
		{ 0x070300, PCI_HIDDEN_OTHER }, { 0x078000, PCI_HIDDEN_OTHER }, { 0x080100, PCI_HIDDEN_OTHER },
		{ 0x0c0000, PCI_HIDDEN_OTHER }, { 0x0c0400, PCI_HIDDEN_OTHER }, { 0x0c0600, PCI_HIDDEN_OTHER },
		{ 0x0b4000, PCI_HIDDEN_OTHER }, { 0x0e0000, PCI_HIDDEN_OTHER }, { 0x100000, PCI_HIDDEN_OTHER },
		{ 0x110100, PCI_HIDDEN_OTHER }, { 0x120000, PCI_HIDDEN_OTHER }, { 0xff0000, PCI_HIDDEN_OTHER },
	};

	o = (struct options){ 0 };
	for (unsigned i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		ck_assert_int_eq(decide(0x00011af4, shown[i]), PCI_SHOWN);
	for (unsigned i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		ck_assert_int_eq(decide(0x00011af4, hidden[i].class), hidden[i].fate);
}
END_TEST

START_TEST(the_command_line_names_exceptions)
{
	o = (struct options){ .shown = { 0x0010, 0x0018 }, .shown_count = 2 };
	ck_assert_int_eq(decide(0x00011af4, 0x020000), PCI_SHOWN);
	ck_assert_int_eq(decide(0x00011af4, 0x080600), PCI_HIDDEN_IOMMU);	/* never */
	o.shown_count = 1;
	ck_assert_int_eq(decide(0x00011af4, 0x020000), PCI_HIDDEN_NETWORK);
	o = (struct options){ .hidden = { 0x0018 }, .hidden_count = 1 };
	ck_assert_int_eq(decide(0x00011af4, 0x0c0330), PCI_HIDDEN_ASKED);
	ck_assert_int_eq(decide(0x100e8086, 0x020000), PCI_HIDDEN_ASKED);
	ck_assert_int_eq(decide(0x29188086, 0x060100), PCI_SHOWN);	/* what is behind a bridge needs it */
	o.hidden_count = 0;
	ck_assert_int_eq(decide(0x00011af4, 0x0c0330), PCI_SHOWN);
}
END_TEST

START_TEST(kinds_come_from_class_and_header)
{
	ck_assert_int_eq(pci_kind_of(0x060000, 0), PCI_HOST);
	ck_assert_int_eq(pci_kind_of(0x060100, 0), PCI_CHIPSET);
	ck_assert_int_eq(pci_kind_of(0x068000, 0), PCI_CHIPSET);
	ck_assert_int_eq(pci_kind_of(0x060400, 1), PCI_BRIDGE);
	ck_assert_int_eq(pci_kind_of(0x020000, 1), PCI_BRIDGE);
	ck_assert_int_eq(pci_kind_of(0x020000, 0), PCI_DEVICE);
}
END_TEST

/* ---- what may be written ---- */

static struct pci_function f;

static void function(enum pci_kind kind, enum pci_fate fate, uint32_t id)
{
	f = (struct pci_function){
		.bdf = 0x0018, .id = id, .kind = kind, .fate = fate, .msi_bytes = 24, .msi64 = true, .express_bytes = 0x3c,
		.cap = { { 0x01, 0x40 }, { 0x05, 0x50 }, { 0x10, 0x80 }, { 0x11, 0xf0 } }, .cap_count = 4,
	};
}

START_TEST(nothing_of_a_host_bridge_is_written)
{
	function(PCI_HOST, PCI_SHOWN, 0x29c08086);
	for (uint16_t at = 0; at < 0x1000; at += 4)
		ck_assert_uint_eq(guard_writable(&f, at), 0);
}
END_TEST

START_TEST(of_an_isa_bridge_interrupts_are_routed)
{
	function(PCI_CHIPSET, PCI_SHOWN, 0x29188086);
	f.cap_count = 0;
	for (uint16_t at = 0; at < 0x1000; at += 4)
		ck_assert_uint_eq(guard_writable(&f, at), at == 0x60 || at == 0x68 ? ALL : at == 0x3c ? 0xff : 0);
	f.id = 0x790e1022;
	for (uint16_t at = 0; at < 0x1000; at += 4)
		ck_assert_uint_eq(guard_writable(&f, at), at == 0x3c ? 0xff : 0);
}
END_TEST

START_TEST(a_bridge_keeps_its_buses_and_windows)
{
	function(PCI_BRIDGE, PCI_SHOWN, 0x000c1b36);
	ck_assert_uint_eq(guard_writable(&f, 0x00), 0);
	ck_assert_uint_eq(guard_writable(&f, 0x04), ALL);
	ck_assert_uint_eq(guard_writable(&f, 0x0c), 0xffff);
	ck_assert_uint_eq(guard_writable(&f, 0x10), ALL);
	ck_assert_uint_eq(guard_writable(&f, 0x14), ALL);
	ck_assert_uint_eq(guard_writable(&f, 0x18), 0xff000000);
	ck_assert_uint_eq(guard_writable(&f, 0x1c), 0xffff0000);
	for (uint16_t at = 0x20; at < 0x38; at += 4)
		ck_assert_uint_eq(guard_writable(&f, at), 0);
	ck_assert_uint_eq(guard_writable(&f, 0x38), ALL);
	ck_assert_uint_eq(guard_writable(&f, 0x3c), 0xffbf00ff);
	ck_assert_uint_eq(guard_writable(&f, 0x40), 0);		/* power */
	ck_assert_uint_eq(guard_writable(&f, 0x44), 0);
	ck_assert_uint_eq(guard_writable(&f, 0x50), 0xffff0000);
	ck_assert_uint_eq(guard_writable(&f, 0x54), ALL);
	ck_assert_uint_eq(guard_writable(&f, 0x64), ALL);
	ck_assert_uint_eq(guard_writable(&f, 0x68), 0);		/* behind MSI */
	ck_assert_uint_eq(guard_writable(&f, 0x88), ALL);
	ck_assert_uint_eq(guard_writable(&f, 0x90), ALL & ~0x10u);
	ck_assert_uint_eq(guard_writable(&f, 0x98), ALL);
	ck_assert_uint_eq(guard_writable(&f, 0xb8), ALL);
	ck_assert_uint_eq(guard_writable(&f, 0xbc), 0);		/* behind PCI Express */
	ck_assert_uint_eq(guard_writable(&f, 0x100), ALL);
	f.express_bytes = 0x24;
	ck_assert_uint_eq(guard_writable(&f, 0xa4), 0);
}
END_TEST

START_TEST(of_a_modelled_function_only_what_a_driver_needs)
{
	function(PCI_DEVICE, PCI_MODELLED, 0x10d38086);
	for (uint16_t at = 0; at < 0x1000; at += 4) {
		uint32_t want = at >= 0x10 && at < 0x28 ? ALL : 0;

		want |= at == 0x04 ? 0xffff0557 : at == 0x0c ? 0xffff : at == 0x3c ? 0xff : 0;
		want |= at == 0x44 ? 0x8103 : at == 0x50 ? 0xffff0000 : at > 0x50 && at < 0x68 ? ALL : 0;
		want |= at == 0x88 ? ALL & ~0x8000u : 0;
		ck_assert_msg(guard_writable(&f, at) == want, "register %x: %x", at, guard_writable(&f, at));
	}
	f.model = PCI_AHCI;
	ck_assert_uint_eq(guard_writable(&f, 0x90), 0x003f0000);
	f.id = 0x00011234;
	ck_assert_uint_eq(guard_writable(&f, 0x90), 0);
}
END_TEST

START_TEST(a_modelled_function_is_put_to_sleep_and_woken)
{
	function(PCI_DEVICE, PCI_MODELLED, 0x10d38086);
	f.model = PCI_E1000;
	for (uint16_t at = 0x40; at < 0x50; at += 4) {
		ck_assert_uint_eq(guard_writable(&f, at), at == 0x44 ? 0x8103 : 0);
		ck_assert_int_eq(guard_is_power(&f, at), at == 0x44);
	}
	ck_assert_uint_eq(guard_seen(&f, 0x40, 0xc8225001), 0xc8225001);
	f.model = PCI_AHCI;
	ck_assert(guard_is_power(&f, 0x44));
	ck_assert_uint_eq(guard_seen(&f, 0x40, 0xc8225001), 0xc8225001);
	f.fate = PCI_SHOWN;
	ck_assert(!guard_is_power(&f, 0x44));
	f.fate = PCI_MODELLED;
	f.cap_count = 0;
	ck_assert(!guard_is_power(&f, 4));
	ck_assert(!guard_is_power(&f, 0x44));
}
END_TEST

START_TEST(others_are_the_guests_but_for_extended_registers)
{
	function(PCI_DEVICE, PCI_SHOWN, 0x11111234);
	for (uint16_t at = 0; at < 0x1000; at += 4)
		ck_assert_uint_eq(guard_writable(&f, at), at < 0x100 ? ALL : 0);
}
END_TEST

START_TEST(an_msi_goes_to_local_apics)
{
	function(PCI_DEVICE, PCI_MODELLED, 0x10d38086);
	ck_assert(guard_msi(&f, 0x54, 0xfee00000));
	ck_assert(guard_msi(&f, 0x54, 0xfeeffffc));
	ck_assert(!guard_msi(&f, 0x54, 0xfed00000));
	ck_assert(!guard_msi(&f, 0x54, 0xfef00000));
	ck_assert(!guard_msi(&f, 0x54, 0x1e400000));
	ck_assert(guard_msi(&f, 0x58, 0));
	ck_assert(!guard_msi(&f, 0x58, 1));
	ck_assert(guard_msi(&f, 0x5c, 0x4041));
	ck_assert(guard_msi(&f, 0x84, 0x1e400000));		/* elsewhere */
	f.msi64 = false;
	ck_assert(guard_msi(&f, 0x58, 0x4041));			/* its data */
	f.fate = PCI_SHOWN;
	ck_assert(!guard_msi(&f, 0x54, 0x1e400000));
	f.cap_count = 0;
	f.msi64 = true;
	ck_assert(guard_msi(&f, 0x54, 0x1e400000));
	ck_assert(guard_msi(&f, 4, 0));			/* the registers at 4 and 8 are not its */
	ck_assert(guard_msi(&f, 8, 1));
}
END_TEST

/* Neither by its data, nor by what stands where other kinds of the capability have theirs. */
START_TEST(an_msi_is_no_init)
{
	function(PCI_DEVICE, PCI_MODELLED, 0x10d38086);
	ck_assert(!guard_msi(&f, 0x5c, 0x0500));
	ck_assert(!guard_msi(&f, 0x5c, 0xc541));
	for (uint32_t mode = 0; mode < 8; mode++)
		ck_assert_int_eq(guard_msi(&f, 0x5c, mode << 8 | 0x41), mode != 5);
	ck_assert(guard_msi(&f, 0x60, 0x0500));			/* masks */
	f.msi64 = false;
	f.msi_bytes = 12;
	ck_assert(!guard_msi(&f, 0x58, 0x0541));
	ck_assert(guard_msi(&f, 0x58, 0x0441));
	ck_assert(guard_msi(&f, 0x5c, 0x0500));			/* behind it */
	f.fate = PCI_SHOWN;
	ck_assert(!guard_msi(&f, 0x58, 0x0500));
}
END_TEST

/* ---- what is read ---- */

START_TEST(index_and_data_are_in_a_bar_of_ports_or_nowhere)
{
	unsigned bar;

	function(PCI_DEVICE, PCI_MODELLED, 0x29228086);
	f.bar[4].io = true;
	f.size[4] = 32;
	f.size[5] = 4096;
	ck_assert_uint_eq(guard_pair(&f, 0x48, &bar), 0x10);
	ck_assert_uint_eq(bar, 4);
	ck_assert_uint_eq(guard_pair(&f, 0x08, &bar), 0);
	ck_assert_uint_eq(guard_pair(&f, 0x68, &bar), 0x18);			/* the last that fits */
	ck_assert_uint_eq(guard_pair(&f, 0x78, &bar), GUARD_NO_PAIR);
	ck_assert_uint_eq(guard_pair(&f, 0xffffff8, &bar), GUARD_NO_PAIR);
	ck_assert_uint_eq(guard_pair(&f, 0x49, &bar), GUARD_NO_PAIR);		/* in memory */
	ck_assert_uint_eq(guard_pair(&f, 0x44, &bar), GUARD_NO_PAIR);		/* no BAR 0 */
	for (uint32_t at = 0; at < 16; at++)
		ck_assert(guard_pair(&f, 0x40 | at, &bar) == GUARD_NO_PAIR || at == 8);
	f.bar[0].io = true;
	f.size[0] = 8;
	ck_assert_uint_eq(guard_pair(&f, 0x04, &bar), 0);
	ck_assert_uint_eq(bar, 0);
}
END_TEST

START_TEST(capabilities_that_are_hidden_lead_on)
{
	function(PCI_DEVICE, PCI_MODELLED, 0x10d38086);
	ck_assert_uint_eq(guard_seen(&f, 0x40, 0x00235001), 0x00235001);
	ck_assert_uint_eq(guard_seen(&f, 0x50, 0x00808005), 0x00808005);
	ck_assert_uint_eq(guard_seen(&f, 0x80, 0x0002f010), 0x0002f010);
	ck_assert_uint_eq(guard_seen(&f, 0xf0, 0x80040011), 0x00000000);
	ck_assert_uint_eq(guard_seen(&f, 0x84, ALL), ALL & ~0x10000000u);
	ck_assert_uint_eq(guard_seen(&f, 0x88, ALL), ALL);
	ck_assert_uint_eq(guard_seen(&f, 0x30, 0xfeb80001), 0);
	f.kind = PCI_BRIDGE;
	f.fate = PCI_SHOWN;
	ck_assert_uint_eq(guard_seen(&f, 0x40, 0x00235001), 0x00005000);
	ck_assert_uint_eq(guard_seen(&f, 0x84, ALL), ALL);
	ck_assert_uint_eq(guard_seen(&f, 0x30, 0x00120034), 0x00120034);
	f.kind = PCI_DEVICE;
	ck_assert_uint_eq(guard_seen(&f, 0x40, 0x00235001), 0x00235001);
	ck_assert_uint_eq(guard_seen(&f, 0x30, 0xfeb80001), 0xfeb80001);
	f.withheld = PCI_COMMAND_MEMORY;
	ck_assert_uint_eq(guard_seen(&f, 0x04, 0x00100405), 0x00100407);
	ck_assert_uint_eq(guard_seen(&f, 0x08, 0x00100405), 0x00100405);
}
END_TEST

START_TEST(extended_capabilities_that_grow_are_null)
{
	ck_assert_uint_eq(guard_seen_header(0x14010001), 0x14010001);
	ck_assert_uint_eq(guard_seen_header(0x14010010), 0x14010000);
	ck_assert_uint_eq(guard_seen_header(0x14010015), 0x14010000);
	ck_assert_uint_eq(guard_seen_header(0x14010024), 0x14010000);
	ck_assert_uint_eq(guard_seen_header(0x1401001e), 0x1401001e);
}
END_TEST

/* ---- where BARs are ---- */

static struct guard_registers r;
static struct pci_bar place[PCI_PLACES];

static void bars(void)
{
	function(PCI_DEVICE, PCI_SHOWN, 0x11111234);
	f.size[0] = 0x20000;			/* 32 bits */
	f.size[1] = 0x20;			/* ports */
	f.bar[1].io = true;
	f.size[2] = 0x4000;			/* 64 bits */
	f.wide[2] = true;
	f.size[PCI_ROM_PLACE] = 0x10000;
	r = (struct guard_registers){
		.bar = { 0xfebc0008, 0xc041, 0x8000400c, 0x12, 0, 0, 0xfeb80000 }, .command = DECODE,
	};
}

START_TEST(registers_are_found)
{
	function(PCI_DEVICE, PCI_SHOWN, 0);
	ck_assert_uint_eq(guard_bar(&f, 0x0c), PCI_PLACES);
	ck_assert_uint_eq(guard_bar(&f, 0x10), 0);
	ck_assert_uint_eq(guard_bar(&f, 0x24), 5);
	ck_assert_uint_eq(guard_bar(&f, 0x28), PCI_PLACES);
	ck_assert_uint_eq(guard_bar(&f, 0x30), PCI_ROM_PLACE);
	ck_assert_uint_eq(guard_bar(&f, 0x38), PCI_PLACES);
	ck_assert_uint_eq(guard_bar_at(&f, 2), 0x18);
	ck_assert_uint_eq(guard_bar_at(&f, PCI_ROM_PLACE), 0x30);
	f.kind = PCI_BRIDGE;
	ck_assert_uint_eq(guard_bar(&f, 0x14), 1);
	ck_assert_uint_eq(guard_bar(&f, 0x18), PCI_PLACES);
	ck_assert_uint_eq(guard_bar(&f, 0x38), PCI_ROM_PLACE);
	ck_assert_uint_eq(guard_bar(&f, 0x30), PCI_PLACES);
}
END_TEST

START_TEST(places_follow_size_width_and_decoding)
{
	bars();
	guard_places(&f, &r, place);
	ck_assert_uint_eq(place[0].at, 0xfebc0000);
	ck_assert_uint_eq(place[0].len, 0x20000);
	ck_assert(place[1].io && place[1].at == 0xc040 && place[1].len == 0x20);
	ck_assert(!place[2].io && place[2].at == 0x1280004000 && place[2].len == 0x4000);
	ck_assert_uint_eq(place[3].len, 0);
	ck_assert_uint_eq(place[PCI_ROM_PLACE].len, 0);		/* not enabled */
	r.bar[PCI_ROM_PLACE] |= 1;
	r.bar[0] = 0xfebdffff;					/* bits that the device has not */
	r.bar[1] = 0xffffc05d;
	guard_places(&f, &r, place);
	ck_assert_uint_eq(place[0].at, 0xfebc0000);
	ck_assert_uint_eq(place[1].at, 0xc040);
	ck_assert(place[PCI_ROM_PLACE].at == 0xfeb80000 && place[PCI_ROM_PLACE].len == 0x10000);
	r.command = PCI_COMMAND_IO;
	guard_places(&f, &r, place);
	ck_assert(!place[0].len && place[1].len && !place[2].len && !place[PCI_ROM_PLACE].len);
	r.command = PCI_COMMAND_MEMORY;
	guard_places(&f, &r, place);
	ck_assert(place[0].len && !place[1].len && place[2].len && place[PCI_ROM_PLACE].len);
}
END_TEST

static struct guard_spans spans;

static uint16_t withheld(void)
{
	guard_places(&f, &r, place);
	return guard_withheld(&f, place, &spans, &f, 1);
}

START_TEST(no_bar_over_what_is_forbidden)
{
	bars();
	spans.count = 0;
	ck_assert(guard_forbid(&spans, 0x10000, 0xffff0000 - 0x10000, false));
	ck_assert_uint_eq(withheld(), PCI_COMMAND_MEMORY);
	spans.count = 0;
	guard_forbid(&spans, 0xfeba0000, 0x20000, false);	/* ends where it starts */
	guard_forbid(&spans, 0xfebe0000, 0x1000, false);	/* starts where it ends */
	guard_forbid(&spans, 0xc000, 0x40, true);
	guard_forbid(&spans, 0xc060, 0x40, true);
	guard_forbid(&spans, 0xc040, 0x20, false);		/* memory, not ports */
	guard_forbid(&spans, 0xfebc0000, 0x20000, true);
	ck_assert_uint_eq(withheld(), 0);
	guard_forbid(&spans, 0xfebdffff, 1, false);
	ck_assert_uint_eq(withheld(), PCI_COMMAND_MEMORY);
	spans.count--;
	guard_forbid(&spans, 0xfebb0000, 0x10001, false);
	ck_assert_uint_eq(withheld(), PCI_COMMAND_MEMORY);
	spans.count--;
	guard_forbid(&spans, 0xc05f, 1, true);
	ck_assert_uint_eq(withheld(), PCI_COMMAND_IO);
	/* there already: firmware's choice stays */
	guard_places(&f, &r, f.bar);
	ck_assert_uint_eq(withheld(), 0);
	r.bar[1] += 0x10000;					/* the same port */
	ck_assert_uint_eq(withheld(), 0);
	f.bar[1].len = 0;
	ck_assert_uint_eq(withheld(), PCI_COMMAND_IO);
	r.command = PCI_COMMAND_MEMORY;
	ck_assert_uint_eq(withheld(), 0);
	f.bar[1].len = 0x20;
	f.bar[1].at = 0;
	r.command = PCI_COMMAND_IO;
	ck_assert_uint_eq(withheld(), PCI_COMMAND_IO);
}
END_TEST

START_TEST(the_end_of_the_address_space_is_no_way_round)
{
	bars();
	spans.count = 0;
	guard_forbid(&spans, UINT64_MAX - 0xfff, 0x1000, false);
	r.bar[2] = 0xfffffffc;					/* sizing, decoding on */
	r.bar[3] = ALL;
	ck_assert_uint_eq(withheld(), PCI_COMMAND_MEMORY);
	spans.count = 0;
	ck_assert_uint_eq(withheld(), 0);
	f.fate = PCI_MODELLED;					/* nobody can trap it there */
	ck_assert_uint_eq(withheld(), PCI_COMMAND_MEMORY);
	r.bar[2] = 0xffffc004;
	r.bar[3] = 0x7f;
	ck_assert_uint_eq(withheld(), 0);
	f.size[2] = 0x8000;
	ck_assert_uint_eq(withheld(), 0);
	r.bar[3] = 0x80;
	r.bar[2] = 4;
	ck_assert_uint_eq(withheld(), PCI_COMMAND_MEMORY);
	r.command = 0;
	ck_assert_uint_eq(withheld(), 0);
	r.command = DECODE;
	f.size[2] = UINT64_C(1) << 40;
	r.bar[3] = 0;
	r.bar[0] = r.bar[1] = 0;
	f.size[0] = f.size[1] = 0;
	ck_assert_uint_eq(withheld(), PCI_COMMAND_MEMORY);
}
END_TEST

START_TEST(models_share_no_place)
{
	struct pci_function all[2];

	bars();
	spans.count = 0;
	all[0] = f;
	all[1] = (struct pci_function){ .bdf = 0x0020, .bar = { [5] = { 0xfebd0000, 0x1000, false } } };
	guard_places(&f, &r, place);
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 2), 0);	/* neither is modelled */
	all[1].fate = PCI_MODELLED;
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 2), PCI_COMMAND_MEMORY);
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 1), 0);
	all[1].bar[5].at = 0xfebe0000;
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 2), 0);
	all[1].bar[5] = (struct pci_bar){ 0xfebd0000, 0, false };
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 2), 0);
	all[1].bar[5] = (struct pci_bar){ 0xc050, 8, false };
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 2), 0);
	all[1].bar[5].io = true;
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 2), PCI_COMMAND_IO);
	all[1].fate = PCI_SHOWN;
	f.fate = PCI_MODELLED;
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 2), PCI_COMMAND_IO);
	/* its own old place is no obstacle */
	all[1].bar[5].len = 0;
	all[0].fate = PCI_MODELLED;
	all[0].bar[0] = (struct pci_bar){ 0xfebd0000, 0x20000, false };
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 2), 0);
	/* but two of its own */
	r.bar[2] = 0xfebd0004;
	r.bar[3] = 0;
	guard_places(&f, &r, place);
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 2), PCI_COMMAND_MEMORY);
	f.fate = PCI_SHOWN;
	all[0].fate = PCI_SHOWN;
	ck_assert_uint_eq(guard_withheld(&f, place, &spans, all, 2), 0);
}
END_TEST

START_TEST(as_many_ranges_as_there_is_room)
{
	spans.count = 0;
	for (unsigned i = 0; i < GUARD_SPANS_MAX; i++)
		ck_assert(guard_forbid(&spans, i * MIB, MIB, false));
	ck_assert(!guard_forbid(&spans, GIB, MIB, false));
	ck_assert_uint_eq(spans.count, GUARD_SPANS_MAX);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_guard");
	TCase *tc = unit_case(s, "guard");

	tcase_add_test(tc, devices_with_a_model_are_modelled);
	tcase_add_test(tc, classes_on_the_list_are_shown_and_no_others);
	tcase_add_test(tc, the_command_line_names_exceptions);
	tcase_add_test(tc, kinds_come_from_class_and_header);
	tcase_add_test(tc, nothing_of_a_host_bridge_is_written);
	tcase_add_test(tc, of_an_isa_bridge_interrupts_are_routed);
	tcase_add_test(tc, a_bridge_keeps_its_buses_and_windows);
	tcase_add_test(tc, of_a_modelled_function_only_what_a_driver_needs);
	tcase_add_test(tc, a_modelled_function_is_put_to_sleep_and_woken);
	tcase_add_test(tc, others_are_the_guests_but_for_extended_registers);
	tcase_add_test(tc, an_msi_goes_to_local_apics);
	tcase_add_test(tc, an_msi_is_no_init);
	tcase_add_test(tc, index_and_data_are_in_a_bar_of_ports_or_nowhere);
	tcase_add_test(tc, capabilities_that_are_hidden_lead_on);
	tcase_add_test(tc, extended_capabilities_that_grow_are_null);
	tcase_add_test(tc, registers_are_found);
	tcase_add_test(tc, places_follow_size_width_and_decoding);
	tcase_add_test(tc, no_bar_over_what_is_forbidden);
	tcase_add_test(tc, the_end_of_the_address_space_is_no_way_round);
	tcase_add_test(tc, models_share_no_place);
	tcase_add_test(tc, as_many_ranges_as_there_is_room);
	return s;
}
