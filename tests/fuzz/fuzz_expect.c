/*
 * fuzz_expect.c - files of expected verdicts: any text, compared with a few verdicts
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <stdio.h>
#include <unistd.h>

#include "replay/expect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("expect", 0);
	struct fault f = { 0 };
	struct expect e;
	struct expect_cursor c;
	char path[64];
	uint64_t i;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!expect_load(&e, path, &f) && !expect_begin(&c, &e, "a", 0)) {
		for (i = 1; i < 8; i++) {
			struct judged j = { i, (enum hv_hook)(i % HV_HOOKS),
					    (enum outcome)(i % OUTCOMES), i % 2 ? "-" : "a,b" };

			expect_check(&c, &j);
		}
		expect_finish(&c);
		free(c.text);
	}
	expect_free(&e);
	close(fd);
	return 0;
}
