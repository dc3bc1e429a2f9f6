/*
 * sim_ata_words.c - what a simulated drive says of itself: IDENTIFY data, logs, SMART
 *
 * It offers all that drives offer and a model may not: TCQ, security, firmware download, HPA, streams, NCQ SEND and
 * RECEIVE, NCQ queue management, trusted computing, SCT, WRITE UNCORRECTABLE, device statistics, sanitizing.
 */
#include "replay/sim_ahci_parts.h"

#include <string.h>

/* The sum of all bytes of a page is 0 (ACS-3, 7.12.7.81). */
void sim_sum_page(uint8_t *page)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < 511; i++)
		sum = (uint8_t)(sum + page[i]);
	page[511] = (uint8_t)-sum;
}

static void word(uint8_t *to, unsigned n, uint16_t v)
{
	sim_put16(to + 2 * n, v);
}

static void text(uint8_t *to, unsigned n, unsigned words, const char *s)
{
	for (unsigned i = 0; i < words * 2; i++)
		to[2 * n + (i ^ 1)] = *s ? (uint8_t)*s++ : ' ';
}

/* IDENTIFY DEVICE and IDENTIFY PACKET DEVICE have these in common (ACS-3, tables 45 and 51). */
static void common(uint8_t *to)
{
	text(to, 10, 10, "SIM-0001");
	text(to, 23, 4, "1.0");
	text(to, 27, 20, "Simulated drive of the tests");
	word(to, 49, 0x0f00);		/* IORDY, LBA, DMA */
	word(to, 53, 0x0006);
	word(to, 63, 0x0407);
	word(to, 64, 0x0003);
	word(to, 80, 0x03f0);
	word(to, 82, 0x7fff);
	word(to, 83, 0x7fff);
	word(to, 84, 0x7fff);
	word(to, 85, 0x7fff);
	word(to, 86, 0xbfff);
	word(to, 87, 0x7fff);
	word(to, 88, 0x207f);
	word(to, 93, 0);
}

static void geometry(const struct sim_drive *d, uint8_t *to)
{
	uint64_t n = d->c.sectors;
	uint32_t n28 = n > 0x0fffffff ? 0x0fffffff : (uint32_t)n;

	word(to, 60, (uint16_t)n28);
	word(to, 61, (uint16_t)(n28 >> 16));
	for (unsigned i = 0; i < 4; i++)
		word(to, 100 + i, (uint16_t)(n >> 16 * i));
	if (d->c.sector_size == 512 && !d->c.per_physical)
		return;
	word(to, 106, (uint16_t)(0x4000 | (d->c.per_physical ? 0x2000 | d->c.per_physical : 0) |
				 (d->c.sector_size > 512 ? 0x1000 : 0)));
	if (d->c.sector_size > 512) {
		word(to, 117, (uint16_t)(d->c.sector_size / 2));
		word(to, 118, (uint16_t)(d->c.sector_size / 2 >> 16));
	}
}

void sim_identify(const struct sim_drive *d, uint8_t *to)
{
	memset(to, 0, 512);
	common(to);
	word(to, 0, 0x0040);
	word(to, 1, 16383);
	word(to, 3, 16);
	word(to, 6, 63);
	word(to, 47, 0x8010);
	word(to, 48, 0x4001);		/* trusted computing */
	word(to, 59, 0x0110 | (1u << 12));	/* sanitize */
	word(to, 69, 0x4022);
	word(to, 75, d->c.no_ncq ? 0 : 31);
	word(to, 76, d->c.no_ncq ? 0x000e : 0x870e);	/* NCQ, priorities, unload, READ LOG DMA */
	word(to, 77, d->c.no_ncq ? 0 : 0x0060);	/* NCQ queue management, SEND and RECEIVE */
	word(to, 78, 0x00fd);
	word(to, 79, 0x0040);
	word(to, 119, 0x41fe);		/* WRITE UNCORRECTABLE, firmware in segments */
	word(to, 120, 0x41fe);
	word(to, 128, 0x0021);		/* security */
	word(to, 169, 0x0001);		/* TRIM */
	word(to, 206, 0x003d);		/* SCT */
	word(to, 217, 0x0001);
	word(to, 222, 0x107f);
	geometry(d, to);
	to[510] = 0xa5;
	sim_sum_page(to);
}

void sim_identify_packet(const struct sim_drive *d, uint8_t *to)
{
	memset(to, 0, 512);
	common(to);
	word(to, 0, (uint16_t)(0x8580 | d->c.packet_16));
	to[510] = 0xa5;
	sim_sum_page(to);
}

/* ACS-3, A.2: which logs have how many pages. */
static const struct { uint8_t log; uint16_t pages; } logs[] = {
	{ 0x00, 1 }, { 0x01, 1 }, { 0x02, 1 }, { 0x03, 2 }, { 0x04, 8 }, { 0x06, 1 }, { 0x07, 1 }, { 0x10, 1 },
	{ 0x11, 1 }, { 0x12, 1 }, { 0x13, 1 }, { 0x18, 1 }, { 0x21, 1 }, { 0x22, 1 }, { 0x30, 9 }, { 0x80, 16 },
	{ 0xa0, 16 }, { 0xe0, 1 }, { 0xe1, 1 },
};

static uint16_t pages_of(uint8_t log)
{
	for (unsigned i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		if (logs[i].log == log)
			return logs[i].pages;
	}
	return 0;
}

static void qword(uint8_t *to, unsigned at, uint64_t v)
{
	memcpy(to + at, &v, 8);
}

/* ACS-3, A.11: pages of the IDENTIFY DEVICE data log. */
static void identify_log(const struct sim_drive *d, uint16_t page, uint8_t *to)
{
	qword(to, 0, 1ull << 63 | (uint64_t)page << 16 | 1);
	switch (page) {
	case 0:
		to[8] = 9;
		for (uint8_t i = 0; i < 9; i++)
			to[9 + i] = i;
		break;
	case 1:
		sim_identify(d, to);
		break;
	case 2:
		qword(to, 8, 1ull << 63 | d->c.sectors);
		break;
	default:
		for (unsigned at = 8; at < 128; at += 8)
			qword(to, at, 1ull << 63 | 0x7fffffffffff);
	}
}

bool sim_log_page(const struct sim_drive *d, uint8_t log, uint16_t page, uint8_t *to)
{
	if (page >= pages_of(log))
		return false;
	memset(to, 0, 512);
	switch (log) {
	case 0x00:
		to[0] = 1;
		for (unsigned i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
			sim_put16(to + 2 * logs[i].log, logs[i].log ? logs[i].pages : 1);
		break;
	case 0x10:
		memcpy(to, d->error_log, 512);
		if (!d->ncq_failed) {
			memset(to, 0, 512);
			to[0] = 0x80;	/* NQ: no queued command failed */
			sim_sum_page(to);
		}
		break;
	case 0x30:
		identify_log(d, page, to);
		break;
	default:
		memset(to, log ^ 0x5a, 512);
		to[0] = 1;
		to[1] = (uint8_t)page;
		sim_sum_page(to);
	}
	return true;
}

void sim_smart_data(uint8_t *to)
{
	memset(to, 0, 512);
	to[0] = 0x10;
	to[2] = 9;			/* power-on hours */
	to[5] = to[6] = 100;
	to[7] = 42;
	to[362] = 0x82;
	to[367] = 0x7b;
	to[368] = 3;
	sim_sum_page(to);
}
