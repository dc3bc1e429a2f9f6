/*
 * fuzz_reader.c - every reader on hostile bytes: no byte outside, no end that is not told
 *
 * The first byte chooses the format, so that each is reached without its magic number as well.
 */
#include <stdlib.h>
#include <string.h>

#include "replay/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touch what an item points at, and change what may be changed. */
static unsigned touch(struct item *item)
{
	unsigned sum = 0;
	uint32_t i;

	if (!item->is_transfer || item->t.hook <= HV_HOOK_NET_IN) {
		for (i = 0; i < item->raw_len; i++)
			sum += item->raw[i];
		if (item->is_transfer && item->t.net.captured)
			memset(item->t.net.frame, 0x5a, item->t.net.captured);
		return sum;
	}
	for (i = 0; i < item->t.disk.range_count; i++)
		sum += (unsigned)item->t.disk.ranges[i].sectors;
	if (item->t.disk.data_len)
		memset(item->t.disk.data, 0xa5, item->t.disk.data_len);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct locals locals;
	static volatile unsigned sink;
	struct fault f = { 0 };
	struct reader r;
	struct item item;
	const char *bad;
	int n = -1, len;

	if (!size)
		return 0;
	if (!locals.count && locals_add(&locals, "10.0.0.1,fe80::1,02:00:00:00:00:01", &bad, &len))
		abort();
	memset(&item, 0, sizeof(item));
	if (!reader_open_memory(&r, data + 1, size - 1, data[0] % READER_FORMATS, &locals, &f))
		while ((n = reader_next(&r, &item)) > 0)
			sink += touch(&item);
	if ((n < 0) != fault_is_set(&f))
		abort();		/* an error without words, or words without an error */
	reader_close(&r);
	return 0;
}
