/*
 * e1000_registers_test.c - accesses in every width and place, the allow-list, what registers do
 */
#include <string.h>

#include "tests/unit/e1000_registers_lab.h"
#include "tests/unit/unit.h"

#define I82540	0x100e
#define I82574	0x10d3

static void begin_82540(void)
{
	lab_clear();
	lab_attach(I82540);
}

static void begin_82574(void)
{
	lab_clear();
	lab_attach(I82574);
}

/* ---- widths and places ---- */

START_TEST(a_register_is_read_and_written_as_a_dword)
{
	DEVICE(STATUS) = 0x80080783;
	ck_assert_uint_eq(lab_read(E1000_STATUS), 0x80080783);
	lab_expect("R 00008\n");
	lab_write(E1000_TIPG, 0x00602008);
	lab_expect("W 00410 00602008\n");
	ck_assert_uint_eq(COUNTED(WIDTH) + COUNTED(REGISTER), 0);
}
END_TEST

START_TEST(a_narrow_read_gives_its_part)
{
	DEVICE(STATUS) = 0x83624120;
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(lab_read_size(E1000_STATUS + i, 1), 0x83624120 >> 8 * i & 0xff);
		lab_expect("R 00008\n");
	}
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(lab_read_size(E1000_STATUS + i, 2), 0x83624120 >> 8 * i & 0xffff);
		lab_expect("R 00008\n");
	}
	ck_assert_uint_eq(COUNTED(WIDTH), 0);
}
END_TEST

START_TEST(a_narrow_write_vanishes)
{
	for (unsigned i = 0; i < 4; i++) {
		lab_write_size(E1000_TDBAL + i, 1, 0xff);
		lab_write_size(E1000_TIPG + i, 1, 0xff);
		lab_write_size(E1000_TIPG + i, 2, 0xffff);
	}
	lab_expect("");
	ck_assert_uint_eq(COUNTED(WIDTH), 12);
	ck_assert_uint_eq(lab_read(E1000_TDBAL), 0);
}
END_TEST

START_TEST(an_access_across_registers_reads_0_and_writes_nothing)
{
	memset(lab.reg, 0xff, sizeof(lab.reg));
	ck_assert_uint_eq(lab_read_size(E1000_STATUS + 3, 2), 0);
	for (unsigned i = 1; i < 4; i++) {
		ck_assert_uint_eq(lab_read_size(E1000_STATUS + i, 4), 0);
		ck_assert_uint_eq(lab_read_size(E1000_STATUS + i, 8), 0);
		lab_write_size(E1000_TIPG + i, 4, 1);
		lab_write_size(E1000_TIPG + i, 8, 1);
	}
	lab_expect("");
	ck_assert_uint_eq(COUNTED(WIDTH), 13);
	ck_assert_uint_eq(COUNTED(REGISTER), 0);
}
END_TEST

START_TEST(eight_bytes_are_two_dwords_the_low_one_first)
{
	lab.reg[0x5400 / 4] = 0x12345678;
	lab.reg[0x5404 / 4] = 0x8000abcd;
	ck_assert_uint_eq(lab_read_size(0x5400, 8), 0x8000abcd12345678);
	lab_expect("R 05400\nR 05404\n");
	lab_write_size(0x540c, 8, 0x0123456789abcdef);
	lab_expect("W 0540c 89abcdef\nW 05410 01234567\n");
	lab_write_size(E1000_TDBAL, 8, 0x1111111122222220);
	ck_assert_uint_eq(lab_read(E1000_TDBAL), 0x22222220);
	ck_assert_uint_eq(lab_read(E1000_TDBAH), 0x11111111);
	ck_assert_uint_eq(COUNTED(WIDTH), 0);
}
END_TEST

START_TEST(of_eight_bytes_each_half_is_judged_by_itself)
{
	/* MDIC, and FLA that is refused before it */
	lab_write_size(E1000_FLA, 8, 0x0000000200000001);
	lab_expect("W 00020 00000002\n");
	ck_assert_uint_eq(COUNTED(REGISTER), 1);
	DEVICE(FLA) = 7;
	ck_assert_uint_eq(lab_read_size(E1000_FLA, 8), 0x0000000200000000);
	lab_expect("R 00020\n");
	ck_assert_uint_eq(COUNTED(REGISTER), 2);
}
END_TEST

START_TEST(nothing_is_beyond_the_end_of_the_bar)
{
	static const struct { uint32_t offset; unsigned size; } beyond[] = {
		{ 0x20000, 1 }, { 0x20000, 4 }, { 0x1fffc, 8 }, { 0x1fffe, 4 }, { 0x1ffff, 2 }, { UINT32_MAX - 3, 4 },
		{ UINT32_MAX, 1 }, { UINT32_MAX - 3, 8 }, { 0x80000008, 4 },
	};

	for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		ck_assert_uint_eq(lab_read_size(beyond[i].offset, beyond[i].size), 0);
		lab_write_size(beyond[i].offset, beyond[i].size, UINT64_MAX);
		ck_assert_uint_eq(COUNTED(WIDTH), 2 * i + 2);
	}
	/* the last one of all is there, and refused as packet buffer memory */
	ck_assert_uint_eq(lab_read_size(0x1fffc, 4), 0);
	ck_assert_uint_eq(lab_read_size(0x1fff8, 8), 0);
	ck_assert_uint_eq(COUNTED(REGISTER), 3);
	lab_expect("");
}
END_TEST

static void add_widths(Suite *s)
{
	TCase *tc = unit_case(s, "widths");

	tcase_add_checked_fixture(tc, begin_82540, lab_end);
	tcase_add_test(tc, a_register_is_read_and_written_as_a_dword);
	tcase_add_test(tc, a_narrow_read_gives_its_part);
	tcase_add_test(tc, a_narrow_write_vanishes);
	tcase_add_test(tc, an_access_across_registers_reads_0_and_writes_nothing);
	tcase_add_test(tc, eight_bytes_are_two_dwords_the_low_one_first);
	tcase_add_test(tc, of_eight_bytes_each_half_is_judged_by_itself);
	tcase_add_test(tc, nothing_is_beyond_the_end_of_the_bar);
}

/* ---- the allow-list ---- */

/*
 * Once more, and by name: what a register of the guest's does.  The manuals' tables (8254x manual, table 13-2; 82574
 * datasheet, section 10.1.1.4), without what is refused.
 */
/* to and from the device; from it alone; 0, and a write is counted; neither of them as it is */
enum kind { PASSES, READS, EMPTY, OWN };
static const char *const kind_name[] = { "passes", "reads", "empty", "own" };
enum { X = 1, P = 2, XP = 3 };		/* 8254x, 82574 */
static const struct { uint32_t first, last; unsigned families; enum kind kind; } allowed[] = {
	{ 0x00000, 0x00004, XP, OWN },		/* CTRL, CTRL_DUP */
	{ 0x00008, 0x00008, XP, PASSES },	/* STATUS */
	{ 0x00010, 0x00010, XP, OWN },		/* EECD */
	{ 0x00014, 0x00014, XP, PASSES },	/* EERD */
	{ 0x00018, 0x00018, XP, OWN },		/* CTRL_EXT */
	{ 0x00020, 0x00020, XP, PASSES },	/* MDIC */
	{ 0x00028, 0x00030, XP, OWN },		/* FCAL, FCAH, FCT */
	{ 0x00038, 0x00038, XP, PASSES },	/* VET */
	{ 0x000c0, 0x000c0, XP, OWN },		/* ICR */
	{ 0x000c4, 0x000c4, XP, PASSES },	/* ITR */
	{ 0x000c8, 0x000c8, XP, OWN },		/* ICS */
	{ 0x000d0, 0x000d0, XP, OWN },		/* IMS */
	{ 0x000d8, 0x000d8, XP, OWN },		/* IMC */
	{ 0x000e0, 0x000e0, P, PASSES },	/* IAM */
	{ 0x00100, 0x00100, XP, OWN },		/* RCTL */
	{ 0x00170, 0x00170, XP, PASSES },	/* FCTTV */
	{ 0x00178, 0x00178, XP, PASSES },	/* TXCW */
	{ 0x00180, 0x00180, XP, READS },	/* RXCW */
	{ 0x00400, 0x00400, XP, OWN },		/* TCTL */
	{ 0x00410, 0x00410, XP, PASSES },	/* TIPG */
	{ 0x00458, 0x00458, XP, PASSES },	/* AIT */
	{ 0x00e00, 0x00e00, XP, PASSES },	/* LEDCTL */
	{ 0x00f00, 0x00f00, P, PASSES },	/* EXTCNF_CTRL */
	{ 0x00f08, 0x00f08, P, READS },		/* EXTCNF_SIZE */
	{ 0x00f10, 0x00f10, P, PASSES },	/* POEMB */
	{ 0x01000, 0x01000, XP, PASSES },	/* PBA */
	{ 0x01008, 0x01008, P, PASSES },	/* PBS */
	{ 0x01010, 0x01010, P, READS },		/* EEMNGCTL */
	{ 0x02160, 0x02160, XP, PASSES },	/* FCRTL */
	{ 0x02168, 0x02168, XP, PASSES },	/* FCRTH */
	{ 0x02170, 0x02170, P, PASSES },	/* PSRCTL */
	{ 0x02800, 0x02808, XP, OWN }, { 0x02810, 0x02810, XP, OWN }, { 0x02818, 0x02818, XP, OWN },
	{ 0x02820, 0x02820, XP, PASSES },	/* RDTR */
	{ 0x02828, 0x02828, XP, OWN },		/* RXDCTL */
	{ 0x0282c, 0x0282c, XP, PASSES },	/* RADV */
	{ 0x02900, 0x02908, P, OWN }, { 0x02910, 0x02910, P, OWN }, { 0x02918, 0x02918, P, OWN },
	{ 0x02928, 0x02928, P, OWN },
	{ 0x02c00, 0x02c00, XP, PASSES },	/* RSRPD */
	{ 0x02c08, 0x02c08, P, PASSES },	/* RAID */
	{ 0x03000, 0x03004, XP, PASSES },	/* TXDMAC, KABGTXD */
	{ 0x03800, 0x03808, XP, OWN }, { 0x03810, 0x03810, XP, OWN }, { 0x03818, 0x03818, XP, OWN },
	{ 0x03820, 0x03820, XP, PASSES },	/* TIDV */
	{ 0x03828, 0x03828, XP, OWN },		/* TXDCTL */
	{ 0x0382c, 0x0382c, XP, PASSES },	/* TADV */
	{ 0x03830, 0x03830, X, PASSES },	/* TSPMT */
	{ 0x03840, 0x03840, P, PASSES },	/* TARC0 */
	{ 0x03900, 0x03908, P, OWN }, { 0x03910, 0x03910, P, OWN }, { 0x03918, 0x03918, P, OWN },
	{ 0x03928, 0x03928, P, OWN },
	{ 0x03940, 0x03940, P, PASSES },	/* TARC1 */
	{ 0x04000, 0x04124, XP, READS },	/* statistics */
	{ 0x05000, 0x05000, XP, OWN },		/* RXCSUM */
	{ 0x05008, 0x05008, P, OWN },		/* RFCTL */
	{ 0x05200, 0x053fc, XP, PASSES },	/* MTA */
	{ 0x05400, 0x0547c, XP, PASSES },	/* RAL, RAH: 16 */
	{ 0x05600, 0x057fc, XP, PASSES },	/* VFTA */
	{ 0x05800, 0x05800, XP, PASSES }, { 0x05808, 0x05808, XP, PASSES }, { 0x05810, 0x05810, XP, PASSES },
	{ 0x05818, 0x05818, P, OWN },		/* MRQC */
	{ 0x05820, 0x05820, XP, OWN },		/* MANC */
	{ 0x05838, 0x05838, XP, PASSES },	/* IPAV */
	{ 0x05840, 0x05858, XP, PASSES },	/* IP4AT */
	{ 0x05860, 0x05860, P, PASSES },	/* MANC2H */
	{ 0x05880, 0x0588c, XP, PASSES },	/* IP6AT */
	{ 0x05890, 0x058ac, P, PASSES },	/* MDEF */
	{ 0x05900, 0x05900, XP, EMPTY },	/* WUPL */
	{ 0x05a00, 0x05a7c, XP, EMPTY },	/* WUPM: a frame that was not judged */
	{ 0x05b00, 0x05b00, P, OWN },		/* GCR */
	{ 0x05b30, 0x05b30, P, READS },		/* FACTPS */
	{ 0x05b50, 0x05b50, P, PASSES },	/* SWSM */
	{ 0x05b54, 0x05b54, P, READS },		/* FWSM */
	{ 0x05b5c, 0x05b5c, P, PASSES },	/* SW_FW_SYNC */
	{ 0x05b64, 0x05b64, P, PASSES },	/* GCR2 */
	{ 0x05c00, 0x05ca4, P, PASSES },	/* RETA, RSSRK */
	{ 0x05f00, 0x05f28, XP, PASSES },	/* FFLT */
	{ 0x05f40, 0x05f40, P, PASSES },	/* FCRTV */
	{ 0x09000, 0x093fc, XP, PASSES },	/* FFMT */
	{ 0x09800, 0x09bfc, XP, PASSES },	/* FFVT */
	{ 0x0b600, 0x0b610, P, PASSES },	/* SYSTIM, TIMINCA, TIMADJ */
	{ 0x0b614, 0x0b614, P, OWN },		/* TSYNCTXCTL */
	{ 0x0b618, 0x0b61c, P, PASSES },	/* TXSTMP */
	{ 0x0b620, 0x0b620, P, OWN },		/* TSYNCRXCTL */
	{ 0x0b624, 0x0b638, P, PASSES },	/* RXSTMP and what is stamped */
};

static const char *expected(uint32_t offset, unsigned family)
{
	for (unsigned i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (offset >= allowed[i].first && offset <= allowed[i].last && allowed[i].families & family)
			return kind_name[allowed[i].kind];
	}
	return "refused";
}

/* What it is like, by an access each way: MARK is a value that has no bit of reset or enabling in it. */
#define MARK	0x00080410u

static const char *seen(uint32_t offset)
{
	uint64_t counted = COUNTED(REGISTER);
	bool reads, writes, empty;
	uint64_t value;

	lab.reg[offset / 4] = MARK;
	lab.reads = 0;
	value = lab_read(offset);
	reads = value == MARK && lab.reads == 1;
	empty = value == 0 && lab.reads == 0;
	lab.reg[offset / 4] = 0;
	lab_write(offset, MARK);
	writes = lab.reg[offset / 4] == MARK;
	lab.reg[offset / 4] = 0;
	if (COUNTED(REGISTER) == counted + 2)
		return reads || writes || lab.reads > 1 ? "refused, but not quite" : "refused";
	if (COUNTED(REGISTER) == counted + 1)
		return writes ? "half refused" : reads ? "reads" : empty ? "empty" : "half refused";
	return reads && writes ? "passes" : "own";
}

static void check_allowed(unsigned family, uint32_t from, uint32_t to)
{
	lab.quiet = true;
	for (uint32_t offset = from; offset < to; offset += 4) {
		const char *want = expected(offset, family), *is = seen(offset);

		/* the model looks at some, and lets the value through all the same */
		if (!strcmp(want, "own") && !strcmp(is, "passes"))
			continue;
		if (strcmp(want, is))
			ck_abort_msg("%05x of %s is %s, not %s", offset, lab.n->family->name, is, want);
	}
}

START_TEST(of_the_8254x_each_register_is_what_the_list_says)
{
	check_allowed(X, 0, E1000_BAR0_BYTES);
}
END_TEST

START_TEST(of_the_82574_each_register_is_what_the_list_says)
{
	check_allowed(P, 0, E1000_BAR0_BYTES);
}
END_TEST

START_TEST(what_must_not_be_reached_reads_0_and_is_not_written)
{
	static const struct { const char *name; uint32_t offset; } denied[] = {
		{ "RAL of the 82542", 0x40 }, { "RDTR of the 82542", 0x108 }, { "RDBAL of the 82542", 0x110 },
		{ "RDT of the 82542", 0x128 }, { "TDBAL of the 82542", 0x420 }, { "TDT of the 82542", 0x438 },
		{ "VFTA of the 82542", 0x600 }, { "MTA of the 82542", 0x200 }, { "RDFH of the 82542", 0x8000 },
		{ "TDFH of the 82542", 0x8010 }, { "FLA", 0x1c }, { "EEWR", 0x102c }, { "FLSWCTL", 0x1030 },
		{ "FLSWDATA", 0x1034 }, { "FLOP", 0x103c }, { "FLOL", 0x1100 }, { "FLASHT", 0x1028 }, { "EEARBC", 0x1024 },
		{ "PBM", 0x10000 }, { "PBM's end", 0x1fffc }, { "RDFH", 0x2410 }, { "RDFT", 0x2418 }, { "RDFPC", 0x2430 },
		{ "TDFH", 0x3410 }, { "TDFT", 0x3418 }, { "TDFPC", 0x3430 }, { "EIAC", 0xdc },
		{ "IVAR", 0xe4 }, { "EITR", 0xe8 }, { "EITR4", 0xf8 }, { "PBACL", 0x5b68 }, { "ERT", 0x2008 },
		{ "HICR", 0x8f00 }, { "host interface", 0x8800 }, { "FTFT", 0x9400 }, { "GSCL_1", 0x5b10 },
	};

	memset(lab.reg, 0xff, sizeof(lab.reg));
	for (unsigned i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		ck_assert_msg(lab_read(denied[i].offset) == 0, "%s is read", denied[i].name);
		lab_write(denied[i].offset, 0x12345678);
		ck_assert_msg(lab.log_len == 0, "%s is reached: %s", denied[i].name, lab.log);
		ck_assert_uint_eq(COUNTED(REGISTER), 2 * i + 2);
	}
}
END_TEST

START_TEST(bits_that_are_not_the_guests_do_not_reach_the_device)
{
	lab_write(E1000_CTRL_EXT, 0xffffffff);
	lab_expect("W 00018 7effffff\n");
	lab_write(0x5820, 0xffffffff);
	lab_expect("W 05820 ffff7ffc\n");
	lab_write(0x5b00, 0xffffffff);
	lab_expect("W 05b00 ffffffc0\n");
	lab_write(0xb614, 0xffffffff);
	lab_expect("W 0b614 ffffffef\n");
	lab_write(0xb620, 0xffffffff);
	lab_expect("W 0b620 ffffffef\n");
	lab_write(E1000_TCTL, 0xfffffffd);
	lab_expect("W 00400 ffbffffd\n");
	ck_assert_uint_eq(COUNTED(REGISTER), 0);
}
END_TEST

START_TEST(a_driver_that_asks_for_hashes_is_told_that_there_are_none)
{
	DEVICE(MRQC) = 1;
	lab_write(E1000_MRQC, 0x00370001);
	ck_assert_uint_eq(lab_read(E1000_MRQC), 0);
	lab_expect("");
	ck_assert_uint_eq(COUNTED(REGISTER), 0);
}
END_TEST

static void add_list(Suite *s)
{
	TCase *old = unit_case(s, "list 8254x"), *pcie = unit_case(s, "list 82574");

	tcase_add_checked_fixture(old, begin_82540, lab_end);
	tcase_add_test(old, of_the_8254x_each_register_is_what_the_list_says);
	tcase_add_test(old, what_must_not_be_reached_reads_0_and_is_not_written);
	tcase_add_checked_fixture(pcie, begin_82574, lab_end);
	tcase_add_test(pcie, of_the_82574_each_register_is_what_the_list_says);
	tcase_add_test(pcie, what_must_not_be_reached_reads_0_and_is_not_written);
	tcase_add_test(pcie, a_driver_that_asks_for_hashes_is_told_that_there_are_none);
	tcase_add_test(pcie, bits_that_are_not_the_guests_do_not_reach_the_device);
}

/* ---- the I/O window ---- */

static uint32_t port_in(uint32_t offset, unsigned size)
{
	uint32_t v = 0x5555aaaa;

	e1000_port(lab.n, offset, size, false, &v);
	return v;
}

static void port_out(uint32_t offset, unsigned size, uint32_t value)
{
	e1000_port(lab.n, offset, size, true, &value);
}

START_TEST(the_window_reaches_the_register_that_IOADDR_names)
{
	port_out(0, 4, E1000_STATUS);
	ck_assert_uint_eq(port_in(0, 4), E1000_STATUS);
	DEVICE(STATUS) = 0x80080783;
	ck_assert_uint_eq(port_in(4, 4), 0x80080783);
	port_out(0, 4, E1000_TIPG);
	port_out(4, 4, 0x602008);
	lab_expect("R 00008\nW 00410 00602008\n");
}
END_TEST

START_TEST(the_window_reaches_no_ring_of_the_devices)
{
	port_out(0, 4, E1000_TDBAL);
	port_out(4, 4, 0xdead0000);
	lab_expect("tx_forget 0\n");
	ck_assert_uint_eq(lab_read(E1000_TDBAL), 0xdead0000);
	ck_assert_uint_eq(port_in(4, 4), 0xdead0000);
	port_out(0, 4, E1000_FLA);
	port_out(4, 4, 1);
	ck_assert_uint_eq(port_in(4, 4), 0);
	ck_assert_uint_eq(COUNTED(REGISTER), 2);
	lab_expect("");
}
END_TEST

START_TEST(the_window_has_the_widths_that_registers_have)
{
	DEVICE(STATUS) = 0x83624120;
	port_out(0, 4, E1000_STATUS);
	ck_assert_uint_eq(port_in(0, 1), E1000_STATUS);
	ck_assert_uint_eq(port_in(1, 2), 0);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(port_in(4 + i, 1), 0x83624120 >> 8 * i & 0xff);
	ck_assert_uint_eq(port_in(6, 2), 0x8362);
	ck_assert_uint_eq(COUNTED(WIDTH), 0);
	port_out(0, 2, 0xffff);
	port_out(0, 1, 0xff);
	port_out(4, 2, 0xffff);
	port_out(7, 1, 0xff);
	port_out(1, 4, 0xff);
	ck_assert_uint_eq(port_in(3, 2), 0);
	ck_assert_uint_eq(port_in(6, 4), 0);
	ck_assert_uint_eq(COUNTED(WIDTH), 7);
	ck_assert_uint_eq(port_in(0, 4), E1000_STATUS);
	ck_assert_uint_eq(DEVICE(STATUS), 0x83624120);
}
END_TEST

START_TEST(the_window_has_no_flash_and_nothing_between_registers)
{
	static const uint32_t at[] = { 0x20000, 0x80000, UINT32_MAX, E1000_STATUS + 1, E1000_STATUS + 2, E1000_TIPG + 3 };

	memset(lab.reg, 0xff, sizeof(lab.reg));
	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		port_out(0, 4, at[i]);
		ck_assert_uint_eq(port_in(0, 4), at[i]);
		ck_assert_uint_eq(port_in(4, 4), 0);
		port_out(4, 4, 1);
		ck_assert_uint_eq(COUNTED(REGISTER), 2 * i + 2);
	}
	lab_expect("");
}
END_TEST

START_TEST(the_window_is_two_dwords_long)
{
	ck_assert_uint_eq(port_in(8, 4), 0);
	ck_assert_uint_eq(port_in(0x3c, 1), 0);
	port_out(8, 4, 1);
	port_out(UINT32_MAX - 3, 4, 1);
	ck_assert_uint_eq(COUNTED(REGISTER), 4);
	ck_assert_uint_eq(port_in(0, 4), 0);
	lab_expect("");
}
END_TEST

static void add_window(Suite *s)
{
	TCase *tc = unit_case(s, "window");

	tcase_add_checked_fixture(tc, begin_82540, lab_end);
	tcase_add_test(tc, the_window_reaches_the_register_that_IOADDR_names);
	tcase_add_test(tc, the_window_reaches_no_ring_of_the_devices);
	tcase_add_test(tc, the_window_has_the_widths_that_registers_have);
	tcase_add_test(tc, the_window_has_no_flash_and_nothing_between_registers);
	tcase_add_test(tc, the_window_is_two_dwords_long);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_registers");

	add_widths(s);
	add_list(s);
	add_window(s);
	return s;
}
