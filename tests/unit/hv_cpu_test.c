/*
 * hv_cpu_test.c - what the guest may know of its processor, and which of its registers it may use
 */
#include "hv/guest/cpuid.h"
#include "hv/guest/msr_list.h"
#include "tests/unit/unit.h"

#define ALL	UINT32_MAX

static struct cpuid seen;

/* The answer to all ones. */
static void ask(uint32_t leaf, uint32_t subleaf, uint64_t cr4)
{
	seen = cpuid_filter(leaf, subleaf, (struct cpuid){ ALL, ALL, ALL, ALL }, cr4);
}

static void is(uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	ck_assert_uint_eq(seen.eax, eax);
	ck_assert_uint_eq(seen.ebx, ebx);
	ck_assert_uint_eq(seen.ecx, ecx);
	ck_assert_uint_eq(seen.edx, edx);
}

START_TEST(leaf_1_has_no_x2apic_and_its_own_osxsave)
{
	ask(1, 0, CR4_OSXSAVE);
	is(ALL, ALL, ALL & ~(1u << 21), ALL);
	ask(1, 0, ~(uint64_t)CR4_OSXSAVE);
	is(ALL, ALL, ALL & ~(1u << 21 | 1u << 27), ALL);
	seen = cpuid_filter(1, 0, (struct cpuid){ 0 }, CR4_OSXSAVE);
	is(0, 0, 1u << 27, 0);
}
END_TEST

START_TEST(leaf_7_has_no_cet_and_its_own_ospke)
{
	ask(7, 0, CR4_PKE);
	is(ALL, ALL, ALL & ~(1u << 7), ALL & ~(1u << 20));
	ask(7, 0, 0);
	is(ALL, ALL, ALL & ~(1u << 7 | 1u << 4), ALL & ~(1u << 20));
	ask(7, 1, 0);
	is(ALL, ALL, ALL, ALL);
}
END_TEST

START_TEST(leaf_d_has_no_supervisor_state)
{
	ask(0xd, 0, 0);
	is(ALL, ALL, ALL, ALL);
	ask(0xd, 1, 0);
	is(ALL, ALL, 0, 0);
	ask(0xd, 11, 0);
	is(0, 0, 0, 0);
	ask(0xd, 2, 0);
	is(0, 0, 0, 0);
	seen = cpuid_filter(0xd, 2, (struct cpuid){ 256, 576, 0, 0 }, 0);
	is(256, 576, 0, 0);
	seen = cpuid_filter(0xd, 9, (struct cpuid){ 8, 2688, 2, 0 }, 0);
	is(8, 2688, 2, 0);
}
END_TEST

START_TEST(virtualization_sampling_and_encryption_are_not_there)
{
	ask(0x80000001, 0, 0);
	is(ALL, ALL, ALL & ~(1u << 2 | 1u << 10 | 1u << 12), ALL);
	ask(0x8000000a, 0, 0);
	is(0, 0, 0, 0);
	ask(0x8000001b, 0, 0);
	is(0, 0, 0, 0);
	ask(0x8000001f, 0, 0);
	is(0, 0, 0, 0);
}
END_TEST

START_TEST(other_leaves_are_the_processors)
{
	static const uint32_t leaves[] = { 0, 2, 6, 0xb, 0x40000000, 0x80000000, 0x80000008, 0x8000001a, 0x8000001c, 0x8000001e };

	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		ask(leaves[i], 0, 0);
		is(ALL, ALL, ALL, ALL);
	}
}
END_TEST

START_TEST(the_list_is_in_order_without_overlap)
{
	uint32_t n = 0;
	uint64_t behind = 0;

	for (; msr_list(n); n++) {
		ck_assert_uint_ge(msr_list(n)->first, behind);
		ck_assert_uint_ge(msr_list(n)->last, msr_list(n)->first);
		ck_assert_int_ne(msr_list(n)->access, MSR_REFUSED);
		behind = (uint64_t)msr_list(n)->last + 1;
	}
	ck_assert_uint_gt(n, 20);
}
END_TEST

START_TEST(ranges_end_where_they_say)
{
	ck_assert_int_eq(msr_access(0x173), MSR_REFUSED);
	ck_assert_int_eq(msr_access(0x174), MSR_WRITE);
	ck_assert_int_eq(msr_access(0x176), MSR_WRITE);
	ck_assert_int_eq(msr_access(0x177), MSR_REFUSED);
	ck_assert_int_eq(msr_access(0), MSR_REFUSED);
	ck_assert_int_eq(msr_access(ALL), MSR_REFUSED);
}
END_TEST

START_TEST(what_leads_around_us_is_not_written)
{
	/* memory, SMM, microcode, ECAM, APIC, x2APIC, SVM, I/O traps, IBS, MMIO configuration, encryption */
	static const uint32_t refused[] = {
		0xc0010016, 0xc0010019, 0xc001001a, 0xc001001d, 0xc0010050, 0xc0010054, 0xc0010056, 0xc0010058, 0xc0010111,
		0xc0010112, 0xc0010113, 0xc0010114, 0xc0010115, 0xc0010116, 0xc0010117, 0xc0010118, 0xc0010131, 0xc0011030,
		0xc001103a, 0x79, 0x800, 0x830, 0x8ff, 0xc0000080, 0x8b, 0x10, 0xc0000410, 0xc0002000, 0x6a0, 0x6a2, 0x6a8,
	};

	for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ck_assert_msg(!msr_accepts(refused[i], 0, 0), "%x", refused[i]);
}
END_TEST

START_TEST(some_keep_their_value_ignore_another_or_stay_zero)
{
	static const uint32_t kept[] = { 0x1b, 0xc0010010, 0xc0010015 };

	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(msr_access(kept[i]), MSR_KEEP);
		ck_assert(msr_accepts(kept[i], 0xfee00900, 0xfee00900));
		ck_assert(!msr_accepts(kept[i], 0xfee00800, 0xfee00900));
	}
	ck_assert_int_eq(msr_access(0xda0), MSR_ZERO);
	ck_assert(msr_accepts(0xda0, 0, 0));
	ck_assert(!msr_accepts(0xda0, 1u << 11, 1u << 11));
	ck_assert_int_eq(msr_access(0xc001001f), MSR_IGNORE);
	ck_assert(msr_accepts(0xc001001f, UINT64_C(1) << 46, 0));
	ck_assert_int_eq(msr_access(0xc0010020), MSR_IGNORE);
	ck_assert(msr_accepts(0xc0010020, 0x1000, 0));
	ck_assert_int_eq(msr_access(0xc0011029), MSR_IGNORE);
	ck_assert_int_eq(msr_access(0xc001102e), MSR_REFUSED);
	ck_assert(msr_accepts(0x277, 1, 0));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_cpu");
	TCase *tc = unit_case(s, "processor");

	tcase_add_test(tc, leaf_1_has_no_x2apic_and_its_own_osxsave);
	tcase_add_test(tc, leaf_7_has_no_cet_and_its_own_ospke);
	tcase_add_test(tc, leaf_d_has_no_supervisor_state);
	tcase_add_test(tc, virtualization_sampling_and_encryption_are_not_there);
	tcase_add_test(tc, other_leaves_are_the_processors);
	tcase_add_test(tc, the_list_is_in_order_without_overlap);
	tcase_add_test(tc, ranges_end_where_they_say);
	tcase_add_test(tc, what_leads_around_us_is_not_written);
	tcase_add_test(tc, some_keep_their_value_ignore_another_or_stay_zero);
	return s;
}
