/*
 * reader_libpcap_test.c - our reader against libpcap, record by record, on every capture of $DATA
 */
#include <dirent.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/reader.h"
#include "tests/unit/unit.h"

/* The next transfer, or what ended them. */
static int next_transfer(struct reader *r, struct item *item)
{
	int n;

	while ((n = reader_next(r, item)) > 0 && !item->is_transfer)
		;
	return n;
}

static void compare(struct reader *r, pcap_t *peer, const char *path)
{
	const u_char *bytes;
	struct pcap_pkthdr *h;
	struct item item;
	unsigned long count = 0;
	uint64_t seconds;
	uint32_t wire_len;
	bool fraction_is_possible;
	int ours, theirs;

	for (;;) {
		theirs = pcap_next_ex(peer, &h, &bytes);
		ours = next_transfer(r, &item);
		if (theirs != 1 || ours != 1)
			break;
		count++;
		/* libpcap takes the 32 bits for signed: 2038 becomes 1901 there */
		seconds = (uint32_t)h->ts.tv_sec;
		fraction_is_possible = h->ts.tv_usec >= 0 && h->ts.tv_usec < 1000000000;
		/* it takes a wire length below the captured one as it stands */
		wire_len = h->len > h->caplen ? h->len : h->caplen;
		ck_assert_msg(item.t.net.captured == h->caplen && item.t.net.wire_len == wire_len &&
			      (item.t.time_ns == seconds * 1000000000u + (uint64_t)h->ts.tv_usec ||
			       !fraction_is_possible) &&
			      !memcmp(item.t.net.frame, bytes, h->caplen),
			      "%s: record %lu differs", path, count);
	}
	ck_assert_msg((theirs == PCAP_ERROR_BREAK) == (ours == 0), "%s: after %lu: libpcap %d (%s), "
		      "we %d (%s)", path, count, theirs, pcap_geterr(peer), ours, r->fault->text);
}

static void one_file(const char *path)
{
	static const struct locals none;
	char error[PCAP_ERRBUF_SIZE];
	struct fault f = { 0 };
	struct reader r;
	pcap_t *peer = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
							       error);

	if (peer && pcap_datalink(peer) == DLT_EN10MB) {
		ck_assert_msg(!reader_open(&r, path, READER_AUTO, &none, &f), "%s", f.text);
		compare(&r, peer, path);
		reader_close(&r);
	}
	if (peer)
		pcap_close(peer);
}

START_TEST(every_capture_reads_as_libpcap_reads_it)
{
	const char *data = getenv("DATA");
	struct dirent *entry;
	char path[4096];
	DIR *dir;

	if (!data)
		return;
	snprintf(path, sizeof(path), "%s/pcap", data);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/pcap/%s", data, entry->d_name);
		one_file(path);
	}
	closedir(dir);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("reader_libpcap");

	tcase_add_test(unit_case(s, "libpcap"), every_capture_reads_as_libpcap_reads_it);
	return s;
}
