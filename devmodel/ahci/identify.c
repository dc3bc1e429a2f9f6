/*
 * identify.c - what a drive says of itself
 *
 * Features whose commands always fail, or whose part of a FIS is never passed on, are not offered: native queuing's
 * other commands, tagged queuing, streaming, zones, duration limits, elements that are taken out of use, device sleep
 * (PxDEVSLP is not offered), notification (PxSNTF is not).
 */
#include "devmodel/ahci/identify.h"

#include <string.h>

#define PAGE			512u

/* Words of IDENTIFY DEVICE data (ACS-3, section 7.12.7). */
#define WORD_CONFIG		0u	/* bit 15: no ATA device */
#define  CONFIG_NOT_ATA			0x8000u
#define  CONFIG_CFA			0x848au	/* what CompactFlash has there */
#define WORD_CAPABILITIES	49u
#define  CAPABILITIES_LBA		0x0200u
#define WORD_SECTORS_28		60u
#define WORD_ADDITIONAL		69u
#define  ADDITIONAL_EXTENDED		0x0008u	/* the extended number of sectors is valid */
#define WORD_COMMANDS_2		83u
#define  COMMANDS_2_48_BIT		0x0400u
#define WORD_SECTORS_48		100u
#define WORD_SECTOR_SIZE	106u
#define  SECTOR_SIZE_LONG		0x1000u	/* logical sectors of more than 512 bytes */
#define WORD_SECTOR_WORDS	117u
#define WORD_SECTORS_EXTENDED	230u
#define INTEGRITY_AT		510u	/* byte */
#define  INTEGRITY_SIGNATURE		0xa5u
#define CHECKSUM_AT		511u

/* Bits 15:14 of words 83, 84, 87, 106, 119 are 01 where the word means anything. */
#define VALID_MASK		0xc000u
#define VALID			0x4000u

#define LOG_DIRECTORY		0x00u
#define LOG_IDENTIFY		0x30u
#define LOG_IDENTIFY_COPY	1u	/* its page with the IDENTIFY DEVICE data */

enum { DEVICE = 1, PACKET = 2, BOTH = DEVICE | PACKET };

/* What is not offered, in IDENTIFY data (SATA 3.x, section 13.2, for words 76 to 79). */
static const struct word_edit {
	uint8_t word, of;
	uint16_t clear;
} word_edits[] = {
	{ 49, PACKET, 0xe000 },		/* interleaved DMA, tagged queuing, overlap */
	{ 69, DEVICE, 0x0003 },		/* zones */
	{ 77, DEVICE, 0x0070 },		/* NCQ SEND and RECEIVE, NCQ queue management, NCQ streaming */
	{ 78, DEVICE, 0x0b80 },		/* rebuild assist, hybrid information, device sleep, NCQ autosense */
	{ 78, PACKET, 0x0020 },		/* asynchronous notification */
	{ 79, DEVICE, 0x0b00 },		/* and that these are enabled */
	{ 79, PACKET, 0x0020 },
	{ 82, BOTH,   0x0180 },		/* SERVICE interrupt, release interrupt */
	{ 83, DEVICE, 0x0002 },		/* READ, WRITE DMA QUEUED */
	{ 84, DEVICE, 0x0690 },		/* stream's URG bits, WRITE DMA QUEUED FUA EXT, streaming */
	{ 85, BOTH,   0x0180 },
	{ 86, DEVICE, 0x0002 },
	{ 87, DEVICE, 0x0690 },
};

#define BIT(n) (1ull << (n))

/* In the IDENTIFY DEVICE data log (ACS-3, section A.11; ACS-5 for the later ones). */
static const struct log_edit {
	uint8_t page;
	uint16_t at;
	uint64_t clear;
} log_edits[] = {
	/* supported capabilities: ZERO EXT, sense data of queued commands that succeed, streaming */
	{ 3, 8, BIT(48) | BIT(47) | BIT(10) },
	{ 3, 104, BIT(1) | BIT(0) },			/* zones */
	{ 3, 152, BIT(2) | BIT(1) | BIT(0) },		/* physical elements */
	{ 3, 168, BIT(1) | BIT(0) },			/* command duration limits and guidelines */
	/* Serial ATA: rebuild assist, hybrid information, device sleep (two), autosense, SEND and RECEIVE, queue
	   management, streaming */
	{ 8, 8, BIT(29) | BIT(27) | BIT(26) | BIT(25) | BIT(24) | BIT(17) | BIT(16) | BIT(15) },
	{ 8, 16, BIT(13) | BIT(12) | BIT(10) },		/* enabled: hybrid information, rebuild assist, device sleep */
};

/*
 * Logs of what is not offered: sense data of queued commands, NCQ non-data, NCQ SEND and RECEIVE, hybrid information,
 * rebuild assist, command duration limits, errors of write and read streams.
 */
static const uint8_t hidden_logs[] = { 0x0f, 0x12, 0x13, 0x14, 0x15, 0x18, 0x21, 0x22 };

/* ---- words ---- */

static uint16_t word(const uint8_t *data, unsigned n)
{
	return (uint16_t)(data[2 * n] | data[2 * n + 1] << 8);
}

static uint64_t words(const uint8_t *data, unsigned n, unsigned count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 16 | word(data, n + count);
	return value;
}

static bool has(const uint8_t *data, unsigned n, uint16_t bit)
{
	return (word(data, n) & (VALID_MASK | bit)) == (VALID | bit);
}

static uint64_t big_endian(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *at++;
	return value;
}

static uint8_t sum_of(const uint8_t *data, uint32_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *data++);
	return sum;
}

/* ---- learn ---- */

static bool is_sector_size(uint64_t bytes)
{
	return bytes >= SECTOR_BYTES_MIN && bytes <= SECTOR_BYTES_MAX;
}

static uint64_t identified_sectors(const uint8_t *data)
{
	if (!has(data, WORD_COMMANDS_2, COMMANDS_2_48_BIT))
		return words(data, WORD_SECTORS_28, 2);
	if (word(data, WORD_ADDITIONAL) & ADDITIONAL_EXTENDED)
		return words(data, WORD_SECTORS_EXTENDED, 4);
	return words(data, WORD_SECTORS_48, 4);
}

bool identify_learn(const uint8_t data[512], struct drive *drive)
{
	uint64_t size = PAGE, sectors = identified_sectors(data);

	if (data[INTEGRITY_AT] == INTEGRITY_SIGNATURE && sum_of(data, PAGE) != 0)
		return false;
	if (word(data, WORD_CONFIG) & CONFIG_NOT_ATA && word(data, WORD_CONFIG) != CONFIG_CFA)
		return false;
	if (!(word(data, WORD_CAPABILITIES) & CAPABILITIES_LBA))
		return false;
	if (has(data, WORD_SECTOR_SIZE, SECTOR_SIZE_LONG))
		size = 2 * words(data, WORD_SECTOR_WORDS, 2);
	if (!is_sector_size(size) || sectors > LBA_LIMIT_48)
		return false;
	drive->identified = true;
	drive->sector_size = (uint32_t)size;
	drive->total_sectors = sectors;
	return true;
}

/* READ CAPACITY(10) has 32 bits of the last LBA, READ CAPACITY(16) 64; the size is behind (SBC-3, section 5.15). */
bool capacity_learn(const struct command *c, const uint8_t *data, uint32_t len, struct drive *drive)
{
	unsigned bytes = c->t.cdb_len == 16 ? 8 : 4;
	uint64_t last, size;

	if (len < bytes + 4)
		return false;
	last = big_endian(data, bytes);
	size = big_endian(data + bytes, 4);
	if (!is_sector_size(size) || last >= LBA_LIMIT_48)
		return false;
	drive->sector_size = (uint32_t)size;
	/* All ones: more than 32 bits can say. */
	drive->total_sectors = bytes == 4 && last == UINT32_MAX ? 0 : last + 1;
	return true;
}

/* ---- edit ---- */

static void edit_words(unsigned of, uint8_t *data, uint32_t len)
{
	bool whole = len >= PAGE && data[INTEGRITY_AT] == INTEGRITY_SIGNATURE;
	uint8_t before = whole ? sum_of(data, PAGE) : 0;

	for (unsigned i = 0; i < sizeof(word_edits) / sizeof(*word_edits); i++) {
		const struct word_edit *e = &word_edits[i];

		if (!(e->of & of) || 2u * e->word + 2 > len)
			continue;
		data[2 * e->word] &= (uint8_t)~e->clear;
		data[2 * e->word + 1] &= (uint8_t)(~e->clear >> 8);
	}
	/* A sum that was wrong stays wrong: that is the drive's to answer for. */
	if (whole)
		data[CHECKSUM_AT] = (uint8_t)(data[CHECKSUM_AT] + before - sum_of(data, PAGE));
}

static void edit_identify_page(uint64_t page, uint8_t *data, uint32_t len)
{
	if (page == LOG_IDENTIFY_COPY)
		edit_words(DEVICE, data, len);
	for (unsigned i = 0; i < sizeof(log_edits) / sizeof(*log_edits); i++)
		if (log_edits[i].page == page)
			for (unsigned b = 0; b < 8 && log_edits[i].at + b < len; b++)
				data[log_edits[i].at + b] &= (uint8_t)~(log_edits[i].clear >> 8 * b);
}

/* One word a log: the number of its pages. */
static void edit_directory(uint8_t *data, uint32_t len)
{
	for (unsigned i = 0; i < sizeof(hidden_logs); i++)
		for (unsigned at = 2u * hidden_logs[i]; at < 2u * hidden_logs[i] + 2; at++)
			if (at < len)
				data[at] = 0;
}

static bool is_hidden(uint8_t log)
{
	for (unsigned i = 0; i < sizeof(hidden_logs); i++)
		if (hidden_logs[i] == log)
			return true;
	return false;
}

/* ACS-3, section 7.24.3: LBA 7:0 is the log, 39:32 and 15:8 its first page; SMART READ LOG begins at page 0. */
static void edit_log(const struct command *c, uint8_t *data, uint32_t len)
{
	uint64_t page = c->t.command == ATA_SMART ? 0 : (c->t.lba >> 32 & 0xff) << 8 | (c->t.lba >> 8 & 0xff);
	uint8_t log = (uint8_t)c->t.lba;

	if (is_hidden(log))
		memset(data, 0, len);
	for (uint32_t at = 0; at < len; at += PAGE, page++) {
		uint32_t part = len - at < PAGE ? len - at : PAGE;

		if (log == LOG_IDENTIFY)
			edit_identify_page(page, data + at, part);
		if (log == LOG_DIRECTORY && page == 0)
			edit_directory(data + at, part);
	}
}

void identify_edit(const struct command *c, uint8_t *data, uint32_t len)
{
	switch (c->meaning) {
	case MEANING_IDENTIFY:
		edit_words(DEVICE, data, len);
		break;
	case MEANING_IDENTIFY_PACKET:
		edit_words(PACKET, data, len);
		break;
	case MEANING_LOG:
		edit_log(c, data, len);
		break;
	}
}

/* ---- what the model says itself ---- */

void ncq_error_log(uint8_t tag, uint8_t status, uint8_t error, const struct command *c, uint8_t log[512])
{
	memset(log, 0, PAGE);
	log[0] = tag & 0x1f;
	log[2] = status;
	log[3] = error;
	log[4] = (uint8_t)c->t.lba;
	log[5] = (uint8_t)(c->t.lba >> 8);
	log[6] = (uint8_t)(c->t.lba >> 16);
	log[7] = c->device;
	log[8] = (uint8_t)(c->t.lba >> 24);
	log[9] = (uint8_t)(c->t.lba >> 32);
	log[10] = (uint8_t)(c->t.lba >> 40);
	log[12] = (uint8_t)c->t.count;
	log[13] = (uint8_t)(c->t.count >> 8);
	log[CHECKSUM_AT] = (uint8_t)-sum_of(log, CHECKSUM_AT);
}

void sense_data(uint8_t key, uint8_t asc, uint8_t ascq, uint8_t sense[18])
{
	memset(sense, 0, 18);
	sense[0] = 0x70;	/* of the current command, fixed format */
	sense[2] = key & 0xf;
	sense[7] = 10;		/* bytes behind this one */
	sense[12] = asc;
	sense[13] = ascq;
}
