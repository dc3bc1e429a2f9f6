/*
 * hv_svm_test.c - which processors the hypervisor starts on; no emulator locks SVM as a firmware does
 */
#include "hv/cpu/svm_features.h"
#include "tests/unit/unit.h"

static struct svm_features good(void)
{
	return (struct svm_features){
		.max_extended = CPUID_SVM, .extended_ecx = 1u << 2, .asids = 2, .edx = SVM_NESTED_PAGES,
	};
}

static const char *why(const struct svm_features *f)
{
	const char *w = svm_why_not(f);

	return w ? w : "";
}

START_TEST(svm_with_nested_paging_and_two_address_spaces_is_enough)
{
	struct svm_features f = good();

	ck_assert_ptr_null(svm_why_not(&f));
	f.vm_cr = VM_CR_LOCK | VM_CR_R_INIT;	/* locked as it is: on */
	ck_assert_ptr_null(svm_why_not(&f));
}
END_TEST

START_TEST(a_processor_without_svm_is_told)
{
	struct svm_features f = good();

	f.max_extended = CPUID_SVM - 1;
	ck_assert_str_eq(why(&f), "the processor has no AMD SVM");
	f = good();
	f.extended_ecx = ~(1u << 2);
	ck_assert_str_eq(why(&f), "the processor has no AMD SVM");
}
END_TEST

START_TEST(svm_switched_off_by_the_firmware_is_told)
{
	struct svm_features f = good();

	f.vm_cr = VM_CR_SVMDIS;
	ck_assert_str_eq(why(&f), "SVM is switched off by the firmware: switch it on in its set-up");
	f.vm_cr |= VM_CR_LOCK;
	ck_assert_str_eq(why(&f), "SVM is switched off by the firmware: switch it on in its set-up");
}
END_TEST

START_TEST(what_svm_lacks_is_told)
{
	struct svm_features f = good();

	f.edx = ~(uint32_t)SVM_NESTED_PAGES;
	ck_assert_str_eq(why(&f), "the processor has no nested paging");
	f = good();
	f.asids = 1;
	ck_assert_str_eq(why(&f), "the processor has no address space for a guest");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_svm");
	TCase *tc = tcase_create("features");

	tcase_add_test(tc, svm_with_nested_paging_and_two_address_spaces_is_enough);
	tcase_add_test(tc, a_processor_without_svm_is_told);
	tcase_add_test(tc, svm_switched_off_by_the_firmware_is_told);
	tcase_add_test(tc, what_svm_lacks_is_told);
	suite_add_tcase(s, tc);
	return s;
}
