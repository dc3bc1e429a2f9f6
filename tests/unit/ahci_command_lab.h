/*
 * ahci_command_lab.h - commands as a driver puts them into its memory, for tests of their decoding
 */
#ifndef TESTS_AHCI_COMMAND_LAB_H
#define TESTS_AHCI_COMMAND_LAB_H

#include <string.h>

#include "devmodel/ahci/command.h"

/* One command: change what must be other, then decode. */
struct asked {
	struct header header;
	struct drive drive;
	unsigned slot;
	struct table table;
};

/* A 48-bit disk of 512-byte sectors, LBA set, in slot 5. */
static inline struct asked ask(uint8_t command)
{
	struct asked a = {
		.header.flags = 5, .slot = 5,
		.drive = { .identified = true, .sector_size = 512, .total_sectors = 1ull << 40 },
	};

	a.table.cfis[0] = FIS_H2D;
	a.table.cfis[1] = FIS_C;
	a.table.cfis[2] = command;
	a.table.cfis[7] = DEVICE_LBA;
	if (command == 0xa0)
		a.header.flags |= HEADER_A;
	if (command == 0x60 || command == 0x61)
		a.table.cfis[12] = (uint8_t)(a.slot << 3);
	return a;
}

/* Register H2D FIS, SATA 3.x, figure 199 */
static inline void ask_lba(struct asked *a, uint64_t lba)
{
	static const uint8_t at[] = { 4, 5, 6, 8, 9, 10 };

	for (unsigned i = 0; i < sizeof(at); i++)
		a->table.cfis[at[i]] = (uint8_t)(lba >> 8 * i);
}

static inline void ask_lba28(struct asked *a, uint32_t lba)
{
	ask_lba(a, lba & 0xffffff);
	a->table.cfis[7] = (uint8_t)((a->table.cfis[7] & 0xf0) | lba >> 24);
}

static inline void ask_count(struct asked *a, uint16_t count)
{
	a->table.cfis[12] = (uint8_t)count;
	a->table.cfis[13] = (uint8_t)(count >> 8);
}

static inline void ask_features(struct asked *a, uint16_t features)
{
	a->table.cfis[3] = (uint8_t)features;
	a->table.cfis[11] = (uint8_t)(features >> 8);
}

static inline bool is_queued_code(uint8_t command)
{
	return command == 0x60 || command == 0x61;
}

/* How many sectors or blocks, wherever this command has its number. */
static inline void ask_sectors(struct asked *a, uint16_t n)
{
	if (is_queued_code(a->table.cfis[2]))
		ask_features(a, n);
	else
		ask_count(a, n);
}

/* An ATAPI command; the rest of @bytes is zero. */
static inline struct asked ask_packet(const uint8_t *cdb, unsigned bytes)
{
	struct asked a = ask(0xa0);

	memcpy(a.table.acmd, cdb, bytes);
	a.drive = (struct drive){ .atapi = true, .identified = true, .sector_size = 2048 };
	return a;
}

static inline enum ahci_counter decode(const struct asked *a, struct command *c)
{
	memset(c, 0xa5, sizeof(*c));
	return command_decode(&a->header, &a->table, a->slot, &a->drive, c);
}

#endif
