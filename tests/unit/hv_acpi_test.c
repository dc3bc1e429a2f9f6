/*
 * hv_acpi_test.c - ACPI tables: IOMMUs and sleep states become unfindable, checksums stay right
 */
#include "hv/platform.h"
#include "tests/unit/unit.h"

#include <string.h>

#define MEMORY		0x110000u
#define RSDT		0x100000u
#define XSDT		0x100200u
#define FADT		0x101000u
#define DSDT		0x102000u
#define DMAR		0x104000u
#define IVRS		0x105000u
#define SSDT		0x106000u
#define MADT		0x107000u
#define HPET		0x108000u

static uint8_t memory[MEMORY];
static uint32_t writes;
static struct acpi_report r;

static bool read_memory(void *host, uint64_t at, void *to, uint32_t len)
{
	if (at > MEMORY || len > MEMORY - at)
		return false;
	memcpy(to, memory + at, len);
	return true;
}

static bool write_memory(void *host, uint64_t at, const void *from, uint32_t len)
{
	if (at > MEMORY || len > MEMORY - at)
		return false;
	writes++;
	memcpy(memory + at, from, len);
	return true;
}

static bool hide(void)
{
	const struct acpi_memory m = { NULL, read_memory, write_memory };

	writes = 0;
	return acpi_hide(&m, 0x9fc0, &r);
}

static uint8_t sum(uint32_t at, uint32_t len)
{
	uint8_t s = 0;

	while (len-- > 0)
		s = (uint8_t)(s + memory[at++]);
	return s;
}

static void put32(uint32_t at, uint32_t v)
{
	memcpy(memory + at, &v, 4);
}

static void seal(uint32_t at)
{
	uint32_t len;

	memcpy(&len, memory + at + 4, 4);
	memory[at + 9] = 0;
	memory[at + 9] = (uint8_t)(0 - sum(at, len));
}

static void table(uint32_t at, const char *signature, uint32_t len)
{
	memset(memory + at, 0, len);
	memcpy(memory + at, signature, 4);
	put32(at + 4, len);
	seal(at);
}

static void root_pointer(uint32_t at, uint8_t revision)
{
	memset(memory + at, 0, 36);
	memcpy(memory + at, "RSD PTR ", 8);
	memory[at + 15] = revision;
	put32(at + 16, RSDT);
	put32(at + 20, 36);
	put32(at + 24, revision < 2 ? 0 : XSDT);
	memory[at + 8] = (uint8_t)(0 - sum(at, 20));
	memory[at + 32] = (uint8_t)(0 - sum(at, 36));
}

/* @count entries of @size bytes. */
static void list(uint32_t at, const char *signature, uint32_t size, const uint32_t *to, uint32_t count)
{
	table(at, signature, 36 + size * count);
	for (uint32_t i = 0; i < count; i++)
		put32(at + 36 + size * i, to[i]);
	seal(at);
}

static void setup(void)
{
	static const uint32_t all[] = { FADT, DMAR, IVRS, SSDT };

	memset(memory, 0, sizeof(memory));
	root_pointer(0xf1230, 0);
	list(RSDT, "RSDT", 4, all, 4);
	table(FADT, "FACP", 244);
	put32(FADT + 40, DSDT);
	seal(FADT);
	table(DSDT, "DSDT", 5000);
	table(DMAR, "DMAR", 64);
	table(IVRS, "IVRS", 64);
	table(SSDT, "SSDT", 300);
}

static void is(uint32_t at, const char *text)
{
	uint32_t len;

	ck_assert_msg(!memcmp(memory + at, text, 4), "%.4s is not %s", (char *)memory + at, text);
	memcpy(&len, memory + at + 4, 4);
	ck_assert_uint_eq(sum(at, len), 0);
}

START_TEST(tables_of_iommus_are_renamed)
{
	ck_assert(hide());
	is(DMAR, "XMAR");
	is(IVRS, "XVRS");
	is(FADT, "FACP");
	ck_assert_uint_eq(r.iommus, 2);
	ck_assert_uint_eq(r.tables, 5);
	ck_assert_uint_eq(r.broken, 0);
	ck_assert_uint_eq(writes, 4);
	/* a second time there is nothing to do */
	ck_assert(hide());
	ck_assert_uint_eq(r.iommus, 0);
	ck_assert_uint_eq(writes, 0);
}
END_TEST

START_TEST(sleep_states_are_renamed_wherever_they_lie)
{
	/* the first and last place, across the pieces in which the table is read, and not S4 or S5 */
	static const uint32_t at[] = { 36, 36 + 250, 36 + 252 * 3 - 2, 5000 - 5 };
	static const char *const names[] = { "\x08_S1_", "\x08_S2_", "\x08_S3_", "\x08_S3_" };

	for (unsigned i = 0; i < 4; i++)
		memcpy(memory + DSDT + at[i], names[i], 5);
	memcpy(memory + DSDT + 1000, "\x08_S4_", 5);
	memcpy(memory + DSDT + 1100, "\x08_S5_", 5);
	memcpy(memory + DSDT + 1200, "\x08_S0_", 5);
	memcpy(memory + DSDT + 1300, "\x10_S3_", 5);
	seal(DSDT);
	memcpy(memory + SSDT + 100, "\x08_S3_", 5);
	seal(SSDT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleeps, 5);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(memory[DSDT + at[i] + 2], 'X');
	ck_assert(!memcmp(memory + DSDT + 1000, "\x08_S4_", 5));
	ck_assert(!memcmp(memory + DSDT + 1100, "\x08_S5_", 5));
	ck_assert(!memcmp(memory + DSDT + 1200, "\x08_S0_", 5));
	ck_assert(!memcmp(memory + DSDT + 1300, "\x10_S3_", 5));
	ck_assert(!memcmp(memory + SSDT + 100, "\x08_X3_", 5));
	is(DSDT, "DSDT");
	is(SSDT, "SSDT");
}
END_TEST

START_TEST(every_place_in_a_table_is_looked_at)
{
	for (uint32_t at = 36; at + 5 <= 1100; at++) {
		setup();
		table(DSDT, "DSDT", 1100);
		memcpy(memory + DSDT + at, "\x08_S3_", 5);
		seal(DSDT);
		ck_assert(hide());
		ck_assert_msg(r.sleeps == 1 && memory[DSDT + at + 2] == 'X', "at %u", at);
		is(DSDT, "DSDT");
	}
}
END_TEST

static void put64(uint32_t at, uint64_t v)
{
	memcpy(memory + at, &v, 8);
}

static void put_sleep(uint32_t at, char state, const char *package, uint32_t len)
{
	memcpy(memory + at, "\x08_S?_\x12", 6);
	memory[at + 3] = (uint8_t)state;
	memcpy(memory + at + 6, package, len);
}

/* The types that PM1a and PM1b may be given, after what is in DSDT. */
static void types(uint8_t a, uint8_t b)
{
	seal(DSDT);
	put32(FADT + 64, 0x604);
	put32(FADT + 68, 0x704);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleep.count, 2);
	ck_assert_uint_eq(r.sleep.pm1[0].port, 0x604);
	ck_assert_uint_eq(r.sleep.pm1[1].port, 0x704);
	ck_assert_uint_eq(r.sleep.pm1[0].allowed, a);
	ck_assert_uint_eq(r.sleep.pm1[1].allowed, b);
}

START_TEST(the_types_of_s4_and_s5_are_allowed)
{
	put_sleep(DSDT + 100, '3', "\x06\x04\x0a\x05\x0a\x05\x00\x00", 8);
	put_sleep(DSDT + 200, '4', "\x06\x04\x0a\x06\x01\x00\x00", 7);
	put_sleep(DSDT + 300, '5', "\x06\x04\x00\x0a\x07\x00\x00", 7);
	types(1u << 6 | 1u << 0, 1u << 1 | 1u << 7);
	/* one that is also a type of S3 is not */
	put_sleep(DSDT + 400, '1', "\x06\x04\x0a\x06\x0a\x06\x00\x00", 8);
	types(1u << 0, 1u << 1 | 1u << 7);
}
END_TEST

START_TEST(where_nobody_knows_s5_only_the_others_are_refused)
{
	types(0xff, 0xff);
	put_sleep(DSDT + 100, '3', "\x06\x04\x01\x0a\x05\x00\x00", 7);
	types(0xfd, 0xdf);
}
END_TEST

START_TEST(packages_that_are_none_say_nothing)
{
	put_sleep(DSDT + 100, '5', "\x06\x04\x0c\x05\x00\x00\x00", 7);	/* a dword */
	types(0xff, 0xff);
	put_sleep(DSDT + 100, '5', "\x06\x04\x0a\x08\x0a\x05\x00", 7);	/* more than 3 bits */
	types(0xff, 0xff);
	put_sleep(DSDT + 100, '5', "\x46\x04\x0a\x05\x0a\x05\x00", 7);	/* too long */
	types(0xff, 0xff);
	put_sleep(DSDT + 100, '5', "\x06\x04\x0a\x07\x0c\x05\x00", 7);	/* only the first */
	types(0x80, 0xff);
	memory[DSDT + 105] = 0x11;						/* a buffer */
	types(0xff, 0xff);
	memset(memory + DSDT + 100, 0, 64);
	/* cut by the table's end */
	for (uint32_t n = 1; n <= 7; n++) {
		put_sleep(DSDT + 5000 - 5 - n, '5', "\x06\x04\x0a\x05\x0a\x05\x00", n - 1);
		put32(FADT + 64, 0x604);
		types(n >= 5 ? 0x20 : 0xff, n >= 7 ? 0x20 : 0xff);
		memset(memory + DSDT + 4900, 0, 120);
	}
}
END_TEST

START_TEST(sleep_packages_are_read_wherever_they_lie)
{
	for (uint32_t at = 36; at + 13 <= 1100; at++) {
		setup();
		table(DSDT, "DSDT", 1100);
		put_sleep(DSDT + at, '5', "\x06\x04\x0a\x05\x0a\x06\x00", 7);
		types(0x20, 0x40);
	}
}
END_TEST

START_TEST(sleep_registers_are_where_fadt_says)
{
	ck_assert(hide());
	ck_assert_uint_eq(r.sleep.count, 0);
	ck_assert(!r.sleep.elsewhere);
	put32(FADT + 64, 0x604);
	memory[FADT + 172] = 1;			/* the same again */
	put64(FADT + 176, 0x604);
	memory[FADT + 184] = 1;
	put64(FADT + 188, 0xffff);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleep.count, 2);
	ck_assert_uint_eq(r.sleep.pm1[1].port, 0xffff);
	ck_assert(!r.sleep.elsewhere);
	put64(FADT + 188, 0x10000);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleep.count, 1);
	ck_assert(r.sleep.elsewhere);
	put64(FADT + 188, 0);
	seal(FADT);
	ck_assert(hide());
	ck_assert(!r.sleep.elsewhere);
	memory[FADT + 172] = 0;			/* in memory */
	put64(FADT + 176, 0xfed80804);
	seal(FADT);
	ck_assert(hide());
	ck_assert(r.sleep.elsewhere);
	memory[FADT + 172] = 1;
	put64(FADT + 176, 0x900);
	put32(FADT + 64, 0);
	put32(FADT + 4, 184);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleep.count, 1);
	put32(FADT + 4, 183);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleep.count, 0);
	/* an old table ends before them */
	put32(FADT + 64, 0x604);
	put32(FADT + 4, 68);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleep.count, 1);
	ck_assert(!r.sleep.elsewhere);
	put32(FADT + 4, 67);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleep.count, 0);
}
END_TEST

START_TEST(ecam_is_where_mcfg_says)
{
	ck_assert(hide());
	ck_assert_uint_eq(r.ecam_len, 0);
	table(SSDT, "MCFG", 44 + 32);
	put64(SSDT + 44, 0xc0000000);
	memory[SSDT + 52] = 1;			/* another segment */
	memory[SSDT + 55] = 255;
	put64(SSDT + 60, 0xe0000000);
	memory[SSDT + 71] = 63;
	seal(SSDT);
	ck_assert(hide());
	ck_assert_uint_eq(r.ecam, 0xe0000000);
	ck_assert_uint_eq(r.ecam_len, UINT64_C(64) << 20);
	memory[SSDT + 70] = 1;			/* not from bus 0 */
	seal(SSDT);
	ck_assert(hide());
	ck_assert_uint_eq(r.ecam_len, 0);
	memory[SSDT + 70] = 0;
	put32(SSDT + 4, 44 + 31);		/* cut */
	seal(SSDT);
	ck_assert(hide());
	ck_assert_uint_eq(r.ecam_len, 0);
}
END_TEST

START_TEST(registers_of_iommus_are_told)
{
	table(DMAR, "DMAR", 48 + 24 + 16 + 16);
	memcpy(memory + DMAR + 48, "\x01\x00\x18\x00", 4);		/* RMRR */
	put64(DMAR + 56, 0x1111000);
	memcpy(memory + DMAR + 72, "\x00\x00\x10\x00", 4);		/* DRHD */
	put64(DMAR + 80, 0xfed90000);
	memcpy(memory + DMAR + 88, "\x00\x00\x10\x00", 4);
	put64(DMAR + 96, 0xfed91000);
	seal(DMAR);
	table(IVRS, "IVRS", 48 + 4 * 16);
	for (unsigned i = 0; i < 4; i++) {
		static const uint8_t kinds[] = { 0x20, 0x10, 0x11, 0x40 };

		memory[IVRS + 48 + 16 * i] = kinds[i];
		memory[IVRS + 49 + 16 * i] = 0xb0;
		memory[IVRS + 50 + 16 * i] = 16;
		put64(IVRS + 56 + 16 * i, 0xfed80000 + 0x1000 * i);
	}
	seal(IVRS);
	ck_assert(hide());
	ck_assert_uint_eq(r.iommu_count, 5);
	ck_assert_uint_eq(r.iommu[0], 0xfed90000);
	ck_assert_uint_eq(r.iommu[1], 0xfed91000);
	ck_assert_uint_eq(r.iommu[2], 0xfed81000);
	ck_assert_uint_eq(r.iommu[4], 0xfed83000);
}
END_TEST

START_TEST(more_iommus_than_places_and_lists_that_do_not_end)
{
	table(DMAR, "DMAR", 48 + 16 * 10);
	for (unsigned i = 0; i < 10; i++)
		memory[DMAR + 50 + 16 * i] = 16;
	seal(DMAR);
	ck_assert(hide());
	ck_assert_uint_eq(r.iommu_count, ACPI_IOMMUS_MAX);
	table(DMAR, "DMAR", 48 + 16 * 3);
	memory[DMAR + 50] = 16;
	memory[DMAR + 66] = 3;			/* shorter than its own head */
	memory[DMAR + 82] = 16;
	seal(DMAR);
	ck_assert(hide());
	ck_assert_uint_eq(r.iommu_count, 1);
	table(DMAR, "DMAR", 48 + 16 + 15);
	memory[DMAR + 50] = memory[DMAR + 66] = 16;
	seal(DMAR);
	ck_assert(hide());
	ck_assert_uint_eq(r.iommu_count, 1);
	table(DMAR, "DMAR", 48 + 16 * 2);
	memory[DMAR + 50] = 4;
	memory[DMAR + 54] = 16;
	seal(DMAR);
	ck_assert(hide());
	ck_assert_uint_eq(r.iommu_count, 2);
}
END_TEST

START_TEST(the_extended_list_is_walked_too)
{
	static const uint32_t some[] = { IVRS };
	static const uint32_t fadt[] = { FADT };

	list(RSDT, "RSDT", 4, fadt, 1);
	list(XSDT, "XSDT", 8, some, 1);
	root_pointer(0xf1230, 2);
	ck_assert(hide());
	ck_assert_uint_eq(r.iommus, 1);
	is(IVRS, "XVRS");
	is(DMAR, "DMAR");
}
END_TEST

START_TEST(the_extended_address_of_dsdt_counts)
{
	memcpy(memory + DSDT + 50, "\x08_S3_", 5);
	seal(DSDT);
	put32(FADT + 40, 0x107000);
	put32(FADT + 140, DSDT);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleeps, 1);
	/* a table that ends with it, and one that ends before */
	memory[DSDT + 52] = 'S';
	seal(DSDT);
	put32(FADT + 4, 148);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleeps, 1);
	memory[DSDT + 52] = 'S';
	seal(DSDT);
	put32(FADT + 4, 147);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleeps, 0);
	put32(FADT + 40, DSDT);
	put32(FADT + 4, 43);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleeps, 0);
	put32(FADT + 4, 44);
	seal(FADT);
	ck_assert(hide());
	ck_assert_uint_eq(r.sleeps, 1);
}
END_TEST

START_TEST(the_root_pointer_is_found_at_both_ends_of_both_places)
{
	static const uint32_t at[] = { 0x9fc00, 0x9fc00 + 1024 - 32, 0xe0000, 0xffff0 - 16 };

	for (unsigned i = 0; i < 4; i++) {
		memset(memory + 0xf1230, 0, 36);
		root_pointer(at[i], 0);
		ck_assert_msg(hide(), "at %x", at[i]);
		memset(memory + at[i], 0, 36);
	}
	ck_assert(!hide());
}
END_TEST

START_TEST(a_root_pointer_that_does_not_add_up_is_none)
{
	memory[0xf1230 + 10]++;
	ck_assert(!hide());
	root_pointer(0xf1230, 2);
	list(XSDT, "XSDT", 8, NULL, 0);
	ck_assert(hide());
	memory[0xf1230 + 33]++;
	ck_assert(!hide());
}
END_TEST

START_TEST(what_is_broken_is_left_alone)
{
	static const uint32_t where[] = { FADT, DMAR, 0, MEMORY - 8, 0xfffffff0, SSDT };

	memory[DMAR + 20]++;			/* its checksum is wrong now */
	list(RSDT, "RSDT", 4, where, 6);
	ck_assert(hide());
	ck_assert(!memcmp(memory + DMAR, "DMAR", 4));
	ck_assert_uint_eq(r.iommus, 0);
	ck_assert_uint_eq(r.broken, 3);
	ck_assert_uint_eq(r.tables, 3);
	setup();
	put32(DMAR + 4, 35);			/* shorter than its header */
	ck_assert(hide());
	ck_assert_uint_eq(r.broken, 1);
	setup();
	put32(DMAR + 4, (1u << 20) + 1);
	ck_assert(hide());
	ck_assert_uint_eq(r.broken, 1);
	setup();
	memory[RSDT + 9]++;
	ck_assert(hide());
	ck_assert_uint_eq(r.tables, 0);
}
END_TEST

START_TEST(a_list_without_end_ends)
{
	static uint32_t many[100];

	for (unsigned i = 0; i < 100; i++)
		many[i] = RSDT;			/* also a list that has itself */
	list(RSDT, "RSDT", 4, many, 100);
	ck_assert(hide());
	ck_assert_uint_eq(r.tables, 64);
}
END_TEST

/* ---- what the tables tell ---- */

static const struct acpi_memory reader = { NULL, read_memory, write_memory };
static struct platform p;
static uint32_t madt_end;

static void entry(const void *bytes, uint32_t len)
{
	memcpy(memory + MADT + madt_end, bytes, len);
	madt_end += len;
	put32(MADT + 4, madt_end);
	seal(MADT);
}

static void processor(uint8_t id, uint32_t flags)
{
	const uint8_t e[8] = { 0, 8, 1, id, (uint8_t)flags, 0, 0, 0 };

	entry(e, sizeof(e));
}

static void x2apic(uint32_t id, uint8_t flags)
{
	const uint8_t e[16] = { 9, 16, 0, 0, (uint8_t)id, (uint8_t)(id >> 8), 0, 0, flags };

	entry(e, sizeof(e));
}

static void ioapic(uint32_t at, uint8_t gsi)
{
	const uint8_t e[12] = { 1, 12, 0, 0, (uint8_t)at, (uint8_t)(at >> 8), (uint8_t)(at >> 16),
				(uint8_t)(at >> 24), gsi, 0, 0, 0 };

	entry(e, sizeof(e));
}

static void read_platform(void)
{
	memset(&p, 0xa5, sizeof(p));
	platform_read(&reader, 0x9fc0, &p);
}

static void timers_setup(void)
{
	static const uint32_t all[] = { DMAR, MADT, HPET };
	uint64_t base = 0xfed00000;

	setup();
	list(RSDT, "RSDT", 4, all, 3);
	table(MADT, "APIC", 44);
	table(HPET, "HPET", 56);
	memcpy(memory + HPET + 44, &base, 8);
	seal(HPET);
	madt_end = 44;
}

START_TEST(a_table_is_found_by_its_name)
{
	uint64_t at = 0;
	uint32_t len = 0;

	ck_assert(acpi_find(&reader, 0x9fc0, "APIC", &at, &len));
	ck_assert_uint_eq(at, MADT);
	ck_assert_uint_eq(len, 44);
	ck_assert(!acpi_find(&reader, 0x9fc0, "MCFG", &at, &len));
	memory[MADT + 40]++;			/* not whole any more */
	ck_assert(!acpi_find(&reader, 0x9fc0, "APIC", &at, &len));
	memset(memory + 0xf1230, 0, 36);
	ck_assert(!acpi_find(&reader, 0x9fc0, "HPET", &at, &len));
}
END_TEST

START_TEST(the_first_table_of_a_name_counts)
{
	static const uint32_t two[] = { SSDT, HPET };
	uint64_t at;
	uint32_t len;

	table(SSDT, "HPET", 60);
	list(RSDT, "RSDT", 4, two, 2);
	ck_assert(acpi_find(&reader, 0x9fc0, "HPET", &at, &len));
	ck_assert_uint_eq(at, SSDT);
	/* and the short list before the long one */
	list(XSDT, "XSDT", 8, two + 1, 1);
	root_pointer(0xf1230, 2);
	ck_assert(acpi_find(&reader, 0x9fc0, "HPET", &at, &len));
	ck_assert_uint_eq(at, SSDT);
}
END_TEST

START_TEST(enabled_processors_are_counted)
{
	processor(0, 1);
	processor(7, 1);
	processor(8, 0);		/* could be plugged in */
	processor(9, 2);
	x2apic(254, 1);
	x2apic(255, 1);			/* beyond what xAPIC reaches */
	x2apic(0x1ff, 1);
	x2apic(11, 0);
	x2apic(7, 1);			/* again */
	read_platform();
	ck_assert_uint_eq(p.processors, 3);
	ck_assert_uint_eq(p.apic_id[0], 0);
	ck_assert_uint_eq(p.apic_id[1], 7);
	ck_assert_uint_eq(p.apic_id[2], 254);
}
END_TEST

START_TEST(more_processors_than_places_are_counted_on)
{
	for (uint8_t i = 0; i < 34; i++)
		processor(i, 1);
	read_platform();
	ck_assert_uint_eq(p.processors, 34);
	ck_assert_uint_eq(p.apic_id[31], 31);
}
END_TEST

START_TEST(ioapics_are_told_with_their_first_pin)
{
	ioapic(0xfec00000, 0);
	ioapic(0xfec01000, 24);
	ioapic(0, 48);
	ioapic(0xfec02010, 48);
	ioapic(0xfec03000, 48);
	ioapic(0xfec04000, 72);
	ioapic(0xfec05000, 96);		/* no place */
	read_platform();
	ck_assert_uint_eq(p.ioapic_count, 4);
	ck_assert_uint_eq(p.ioapic[0].at, 0xfec00000);
	ck_assert_uint_eq(p.ioapic[0].gsi, 0);
	ck_assert_uint_eq(p.ioapic[1].gsi, 24);
	ck_assert_uint_eq(p.ioapic[2].at, 0xfec03000);
	ck_assert_uint_eq(p.ioapic[3].at, 0xfec04000);
}
END_TEST

START_TEST(entries_that_do_not_fit_end_the_list)
{
	static const uint8_t none[2] = { 0, 0 }, empty[2] = { 5, 2 }, one[2] = { 0, 1 }, longer[4] = { 0, 9, 0, 3 };
	static const uint8_t shorter[7] = { 0, 7, 1, 5, 1, 0, 0 };

	processor(1, 1);
	entry(shorter, 7);		/* too short for what it says, and passed over */
	entry(empty, 2);
	processor(2, 1);
	entry(none, 2);
	processor(3, 1);
	read_platform();
	ck_assert_uint_eq(p.processors, 2);
	timers_setup();
	entry(one, 2);
	processor(3, 1);
	read_platform();
	ck_assert_uint_eq(p.processors, 0);
	timers_setup();
	processor(4, 1);
	entry(longer, 4);		/* beyond the table's end */
	read_platform();
	ck_assert_uint_eq(p.processors, 1);
}
END_TEST

START_TEST(the_hpet_is_where_its_table_says)
{
	uint64_t high = UINT64_C(0x1fed00000), odd = 0xfed00400;

	read_platform();
	ck_assert_uint_eq(p.hpet, 0xfed00000);
	ck_assert_uint_eq(p.processors, 0);
	memory[HPET + 40] = 1;		/* in ports */
	seal(HPET);
	read_platform();
	ck_assert_uint_eq(p.hpet, 0);
	timers_setup();
	memcpy(memory + HPET + 44, &high, 8);
	seal(HPET);
	read_platform();
	ck_assert_uint_eq(p.hpet, 0);
	memcpy(memory + HPET + 44, &odd, 8);
	seal(HPET);
	read_platform();
	ck_assert_uint_eq(p.hpet, 0);
	timers_setup();
	put32(HPET + 4, 55);
	seal(HPET);
	read_platform();
	ck_assert_uint_eq(p.hpet, 0);
	memset(memory + 0xf1230, 0, 36);
	read_platform();
	ck_assert_uint_eq(p.hpet, 0);
	ck_assert_uint_eq(p.ioapic_count, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_acpi");
	TCase *tc = unit_case(s, "tables");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, tables_of_iommus_are_renamed);
	tcase_add_test(tc, sleep_states_are_renamed_wherever_they_lie);
	tcase_add_test(tc, every_place_in_a_table_is_looked_at);
	tcase_add_test(tc, the_types_of_s4_and_s5_are_allowed);
	tcase_add_test(tc, where_nobody_knows_s5_only_the_others_are_refused);
	tcase_add_test(tc, packages_that_are_none_say_nothing);
	tcase_add_test(tc, sleep_packages_are_read_wherever_they_lie);
	tcase_add_test(tc, sleep_registers_are_where_fadt_says);
	tcase_add_test(tc, ecam_is_where_mcfg_says);
	tcase_add_test(tc, registers_of_iommus_are_told);
	tcase_add_test(tc, more_iommus_than_places_and_lists_that_do_not_end);
	tcase_add_test(tc, the_extended_list_is_walked_too);
	tcase_add_test(tc, the_extended_address_of_dsdt_counts);
	tcase_add_test(tc, the_root_pointer_is_found_at_both_ends_of_both_places);
	tcase_add_test(tc, a_root_pointer_that_does_not_add_up_is_none);
	tcase_add_test(tc, what_is_broken_is_left_alone);
	tcase_add_test(tc, a_list_without_end_ends);
	tc = unit_case(s, "platform");
	tcase_add_checked_fixture(tc, timers_setup, NULL);
	tcase_add_test(tc, a_table_is_found_by_its_name);
	tcase_add_test(tc, the_first_table_of_a_name_counts);
	tcase_add_test(tc, enabled_processors_are_counted);
	tcase_add_test(tc, more_processors_than_places_are_counted_on);
	tcase_add_test(tc, ioapics_are_told_with_their_first_pin);
	tcase_add_test(tc, entries_that_do_not_fit_end_the_list);
	tcase_add_test(tc, the_hpet_is_where_its_table_says);
	return s;
}
