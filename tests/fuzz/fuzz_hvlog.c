/*
 * fuzz_hvlog.c - bytes of a serial port, in pieces: nothing but printable lines comes out of hvlog
 *
 * The first byte says how: bit 0 JSON, the rest the length of the pieces.  Lines whose CRC is "????" get the right
 * one, so that what is behind it is reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/hvlog_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint16_t crc16(uint16_t crc, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len * 8; i++) {
		uint16_t bit = (uint16_t)((uint8_t)bytes[i / 8] >> (7 - i % 8) & 1);

		crc = (uint16_t)(crc >> 15 != bit ? crc << 1 ^ 0x1021 : crc << 1);
	}
	return crc;
}

static void mend(char *bytes, size_t size)
{
	char *at = bytes, *end = bytes + size, digits[5];

	while ((at = memmem(at, (size_t)(end - at), "sluice: [", 9)) != NULL) {
		char *head = at += 9, *stop = head, *mark;

		while (stop < end && *stop != '\r' && *stop != '\n')
			stop++;
		mark = memmem(head, (size_t)(stop - head), " \?\?\?\?] ", 7);
		if (!mark)
			continue;
		snprintf(digits, sizeof(digits), "%04x", crc16(crc16(0xffff, head, (size_t)(mark - head)), mark + 7,
			 (size_t)(stop - mark) - 7));
		memcpy(mark + 1, digits, 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hvlog_counters counters;
	struct hvlog_splitter splitter = { .len = 0 };
	struct hvlog_view v = { .counters = &counters };
	struct hvlog_block *block;
	char *bytes, *out = NULL;
	size_t step, len = 0;

	if (size == 0)
		return 0;
	bytes = malloc(size);
	memcpy(bytes, data + 1, size - 1);
	mend(bytes, size - 1);
	memset(&counters, 0, sizeof(counters));
	v.out = open_memstream(&out, &len);
	v.json = data[0] & 1;
	v.file = data[0] & 1 ? "x" : NULL;
	step = (data[0] >> 1) + 1u;
	for (size_t at = 0; at < size - 1; at += step)
		hvlog_feed(&splitter, bytes + at, size - 1 - at < step ? size - 1 - at : step, hvlog_view_line, &v);
	hvlog_finish(&splitter, hvlog_view_line, &v);
	hvlog_view_end(&v);
	block = hvlog_counters_last(&counters);
	if (block) {
		hvlog_table(v.out, block);
		hvlog_block_json(v.out, block, v.file);
	}
	fclose(v.out);
	for (size_t i = 0; i < len; i++) {
		if (out[i] != '\n' && (out[i] < ' ' || out[i] > '~'))
			abort();
	}
	free(out);
	free(bytes);
	return 0;
}
