/*
 * sha256_test.c - SHA-256 against the vectors of FIPS 180-4 and of NIST's CAVP
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sha256.h"
#include "tests/unit/unit.h"

static const char *hex(const void *data, size_t len, size_t step)
{
	static char out[2 * SHA256_SIZE + 1];
	uint8_t digest[SHA256_SIZE];
	struct sha256 s;

	sha256_init(&s);
	for (size_t at = 0; at < len; at += step)
		sha256_update(&s, (const uint8_t *)data + at, len - at < step ? len - at : step);
	sha256_final(&s, digest);
	for (unsigned i = 0; i < SHA256_SIZE; i++)
		sprintf(out + 2 * i, "%02x", digest[i]);
	return out;
}

START_TEST(the_standards_vectors_come_out)
{
	static const struct { const char *text, *digest; } vectors[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	};

	for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		ck_assert_str_eq(hex(vectors[i].text, strlen(vectors[i].text), 64),
				 vectors[i].digest);
}
END_TEST

START_TEST(a_million_letters_come_out)
{
	char *a = malloc(1000000);

	memset(a, 'a', 1000000);
	ck_assert_str_eq(hex(a, 1000000, 4096),
			 "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(a);
}
END_TEST

START_TEST(how_the_bytes_are_cut_does_not_matter)
{
	uint8_t data[300];
	char whole[2 * SHA256_SIZE + 1];

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = i * 7;
	for (size_t len = 0; len <= sizeof(data); len++) {
		strcpy(whole, hex(data, len, sizeof(data)));
		for (size_t step = 1; step < 130; step += 7)
			ck_assert_str_eq(hex(data, len, step), whole);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("sha256");
	TCase *tc = unit_case(s, "sha256");

	tcase_add_test(tc, the_standards_vectors_come_out);
	tcase_add_test(tc, a_million_letters_come_out);
	tcase_add_test(tc, how_the_bytes_are_cut_does_not_matter);
	return s;
}
