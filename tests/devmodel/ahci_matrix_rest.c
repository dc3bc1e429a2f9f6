/*
 * ahci_matrix_rest.c - the matrix's rows of all other commands: the same as without a model, or refused
 */
#include "tests/devmodel/ahci_matrix.h"

#include <string.h>

#define BYTES_MAX	(16u << 10)

enum result { RESULT_SAME, RESULT_REFUSED };

struct other {
	const char *name;
	unsigned port;
	enum result result;
	struct ahci_driver_command c;
};

#define SMART(f)	.command = 0xb0, .features = (f), .lba = 0xc24f00
#define CDB(...)	.command = 0xa0, .cdb_len = 12, .cdb = { __VA_ARGS__ }
#define WRITES		.out = true

static const struct other others[] = {
	{ "NOP", 0, RESULT_SAME, { .command = 0x00 } },
	{ "CHECK POWER MODE", 0, RESULT_SAME, { .command = 0xe5 } },
	{ "IDLE IMMEDIATE", 0, RESULT_SAME, { .command = 0xe1 } },
	{ "STANDBY IMMEDIATE", 0, RESULT_SAME, { .command = 0xe0 } },
	{ "IDLE", 0, RESULT_SAME, { .command = 0xe3, .count = 12 } },
	{ "FLUSH CACHE", 0, RESULT_SAME, { .command = 0xe7 } },
	{ "FLUSH CACHE EXT", 0, RESULT_SAME, { .command = 0xea, .ext = true } },
	{ "SET FEATURES", 0, RESULT_SAME, { .command = 0xef, .features = 3, .count = 0x46 } },
	{ "SET MULTIPLE MODE", 0, RESULT_SAME, { .command = 0xc6, .count = 16 } },
	{ "READ NATIVE MAX ADDRESS EXT", 0, RESULT_SAME, { .command = 0x27, .ext = true } },
	{ "READ VERIFY SECTOR(S) EXT", 0, RESULT_SAME, { .command = 0x42, .ext = true, .lba = 7, .count = 9 } },
	{ "EXECUTE DEVICE DIAGNOSTIC", 0, RESULT_SAME, { .command = 0x90 } },
	{ "READ BUFFER", 0, RESULT_SAME, { .command = 0xe4, .len = 512 } },
	{ "WRITE BUFFER", 0, RESULT_SAME, { .command = 0xe8, WRITES, .len = 512 } },
	{ "READ BUFFER DMA", 0, RESULT_SAME, { .command = 0xe9, .len = 512 } },
	{ "WRITE BUFFER DMA", 0, RESULT_SAME, { .command = 0xeb, WRITES, .len = 512, .layout = LAYOUT_ODD } },
	{ "READ LOG EXT of SMART errors", 0, RESULT_SAME,
	  { .command = 0x2f, .ext = true, .lba = 3, .count = 2, .len = 1024 } },
	{ "READ LOG DMA EXT of link counters", 0, RESULT_SAME,
	  { .command = 0x47, .ext = true, .lba = 0x11, .count = 1, .len = 512 } },
	{ "READ LOG EXT of queued errors", 0, RESULT_SAME,
	  { .command = 0x2f, .ext = true, .lba = 0x10, .count = 1, .len = 512 } },
	{ "READ LOG EXT of no log", 0, RESULT_SAME,
	  { .command = 0x2f, .ext = true, .lba = 0x99, .count = 1, .len = 512 } },
	{ "WRITE LOG EXT to the host's log", 0, RESULT_SAME,
	  { .command = 0x3f, .ext = true, .lba = 0x80, .count = 1, WRITES, .len = 512 } },
	{ "SMART READ DATA", 0, RESULT_SAME, { SMART(0xd0), .len = 512 } },
	{ "SMART READ THRESHOLDS", 0, RESULT_SAME, { SMART(0xd1), .len = 512, .layout = LAYOUT_TINY } },
	{ "SMART ENABLE OPERATIONS", 0, RESULT_SAME, { SMART(0xd8) } },
	{ "SMART RETURN STATUS", 0, RESULT_SAME, { SMART(0xda) } },
	{ "SMART READ LOG", 0, RESULT_SAME,
	  { .command = 0xb0, .features = 0xd5, .lba = 0xc24f06, .count = 1, .len = 512 } },
	{ "IDENTIFY PACKET DEVICE of a disk", 0, RESULT_SAME, { .command = 0xa1, .len = 512 } },
	{ "IDENTIFY DEVICE of an ATAPI drive", 2, RESULT_SAME, { .command = 0xec, .len = 512 } },
	{ "TEST UNIT READY", 2, RESULT_SAME, { CDB(0x00) } },
	{ "INQUIRY", 2, RESULT_SAME, { CDB(0x12, 0, 0, 0, 36), .len = 36 } },
	{ "INQUIRY with more room", 2, RESULT_SAME, { CDB(0x12, 0, 0, 0, 96), .len = 96, .features = 1 } },
	{ "MODE SENSE(10)", 2, RESULT_SAME, { CDB(0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 32), .len = 32 } },
	{ "READ CAPACITY(10)", 2, RESULT_SAME, { CDB(0x25), .len = 8 } },
	{ "READ TOC", 2, RESULT_SAME, { CDB(0x43, 0, 0, 0, 0, 0, 0, 0, 20), .len = 20 } },
	{ "GET CONFIGURATION", 2, RESULT_SAME, { CDB(0x46, 0, 0, 0, 0, 0, 0, 0, 32), .len = 32 } },
	{ "GET EVENT STATUS NOTIFICATION", 2, RESULT_SAME, { CDB(0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8), .len = 8 } },
	{ "START STOP UNIT", 2, RESULT_SAME, { CDB(0x1b, 0, 0, 0, 2) } },
	{ "PREVENT ALLOW MEDIUM REMOVAL", 2, RESULT_SAME, { CDB(0x1e) } },
	{ "READ CD", 2, RESULT_SAME, { CDB(0xbe, 0, 0, 0, 0, 16, 0, 0, 2, 0x10), .len = 4096, .features = 1 } },
	{ "MODE SELECT(10)", 2, RESULT_SAME, { CDB(0x55, 0x10, 0, 0, 0, 0, 0, 0, 28), WRITES, .len = 28 } },
	{ "an ATAPI command that the drive does not know", 2, RESULT_SAME, { CDB(0x53) } },
	{ "REQUEST SENSE after it", 2, RESULT_SAME, { CDB(0x03, 0, 0, 0, 18), .len = 18 } },
	{ "READ(10) beyond the end", 2, RESULT_SAME,
	  { CDB(0x28, 0, 0, 0x10, 0, 0, 0, 0, 1), .len = 2048, .features = 1 } },
	{ "REQUEST SENSE after that", 2, RESULT_SAME, { CDB(0x03, 0, 0, 0, 18), .len = 18 } },
	{ "DATA SET MANAGEMENT", 0, RESULT_SAME,
	  { .command = 0x06, .ext = true, .features = 1, .count = 1, WRITES, .len = 512 } },
	{ "SECURITY SET PASSWORD", 0, RESULT_REFUSED, { .command = 0xf1, WRITES, .len = 512 } },
	{ "SECURITY ERASE PREPARE", 0, RESULT_REFUSED, { .command = 0xf3 } },
	{ "SECURITY FREEZE LOCK", 0, RESULT_REFUSED, { .command = 0xf5 } },
	{ "DOWNLOAD MICROCODE", 0, RESULT_REFUSED,
	  { .command = 0x92, .features = 7, .count = 4, WRITES, .len = 2048 } },
	{ "DOWNLOAD MICROCODE DMA", 0, RESULT_REFUSED,
	  { .command = 0x93, .features = 7, .count = 4, WRITES, .len = 2048 } },
	{ "SET MAX ADDRESS EXT", 0, RESULT_REFUSED, { .command = 0x37, .ext = true, .lba = 1000 } },
	{ "ACCESSIBLE MAX ADDRESS CONFIGURATION", 0, RESULT_REFUSED, { .command = 0x78, .ext = true, .features = 1 } },
	{ "SANITIZE DEVICE", 0, RESULT_REFUSED, { .command = 0xb4, .ext = true, .features = 0x11 } },
	{ "TRUSTED SEND", 0, RESULT_REFUSED, { .command = 0x5e, .count = 1, WRITES, .len = 512 } },
	{ "TRUSTED RECEIVE DMA", 0, RESULT_REFUSED, { .command = 0x5d, .count = 1, .len = 512 } },
	{ "WRITE UNCORRECTABLE EXT", 0, RESULT_REFUSED,
	  { .command = 0x45, .ext = true, .lba = 9, .features = 0x55, .count = 1 } },
	{ "SMART WRITE LOG of SCT", 0, RESULT_REFUSED,
	  { .command = 0xb0, .features = 0xd6, .lba = 0xc24fe0, .count = 1, WRITES, .len = 512 } },
	{ "WRITE LOG EXT of SCT", 0, RESULT_REFUSED,
	  { .command = 0x3f, .ext = true, .lba = 0xe0, .count = 1, WRITES, .len = 512 } },
	{ "SMART of the vendor", 0, RESULT_REFUSED, { SMART(0xe0) } },
	{ "a vendor's command", 0, RESULT_REFUSED, { .command = 0x80 } },
	{ "a reserved command", 0, RESULT_REFUSED, { .command = 0x12 } },
	{ "READ DMA QUEUED", 0, RESULT_REFUSED, { .command = 0xc7, .count = 1, .len = 512 } },
	{ "INITIALIZE DEVICE PARAMETERS", 0, RESULT_REFUSED, { .command = 0x91, .count = 63 } },
	{ "READ DMA by cylinder, head and sector", 0, RESULT_REFUSED,
	  { .command = 0xc8, .lba = 1, .count = 1, .len = 512, .chs = true } },
	{ "READ SECTOR(S) of an ATAPI drive", 2, RESULT_REFUSED, { .command = 0x20, .count = 1, .len = 512 } },
	{ "ATA PASS-THROUGH(16)", 2, RESULT_REFUSED, { CDB(0x85) } },
	{ "a vendor's ATAPI command", 2, RESULT_REFUSED, { CDB(0xee) } },
	{ "WRITE BUFFER by ATAPI", 2, RESULT_REFUSED, { CDB(0x3b, 5, 0, 0, 0, 0, 0, 2), WRITES, .len = 512 } },
	{ "SECURITY PROTOCOL OUT", 2, RESULT_REFUSED, { CDB(0xb5, 1), WRITES, .len = 512 } },
};

static uint8_t data[BYTES_MAX], got[2][BYTES_MAX];

/* Status, error and what the D2H FIS says, when it failed. */
static void check_same(const struct ahci_machine *m, const struct ahci_machine *plain, const struct other *o)
{
	const struct ahci_driver_slot *a = &m->driver.port[o->port].slot[0], *b = &plain->driver.port[o->port].slot[0];

	tap_case(a->prdbc == b->prdbc, "PRDBC %u for %u", a->prdbc, b->prdbc);
	tap_case(a->status == b->status && a->error == b->error && a->lba == b->lba,
		 "status %02x error %02x, for %02x %02x", a->status, a->error, b->status, b->error);
	tap_case(!memcmp(got[0], got[1], BYTES_MAX), "other bytes");
}

static void check_refused(struct ahci_machine *m, const struct other *o, unsigned before)
{
	const struct ahci_driver_slot *s = &m->driver.port[o->port].slot[0];
	unsigned after = o->c.cdb_len ? sim_ahci_count_opcode(m->sim, o->port, o->c.cdb[0]) :
					sim_ahci_count(m->sim, o->port, o->c.command);

	tap_case(after == before, "it reaches the drive");
	tap_case(s->status & STATUS_ERR && s->error & ERROR_ABRT, "status %02x, error %02x", s->status, s->error);
	for (uint32_t i = 0; i < o->c.len && !o->c.out; i++)
		tap_case(got[0][i] == DRIVER_CANARY, "byte %u came", i);
}

static void compare(struct ahci_machine *m, struct ahci_machine *plain, const struct other *o)
{
	struct ahci_driver_command c = o->c;
	enum driver_state state, expected;
	unsigned before = c.cdb_len ? sim_ahci_count_opcode(m->sim, o->port, c.cdb[0])
				    : sim_ahci_count(m->sim, o->port, c.command);

	c.data = data;
	memset(got, 0, sizeof(got));
	state = ahci_driver_do(&m->driver, o->port, &c, got[0]);
	expected = ahci_driver_do(&plain->driver, o->port, &c, got[1]);
	plain->complaints = 0;
	if (o->result == RESULT_SAME) {
		tap_case(state == expected, "state %u for %u", state, expected);
		check_same(m, plain, o);
	} else {
		tap_case(state == DRIVER_FAILED, "state %u", state);
		check_refused(m, o, before);
	}
	matrix_check(m, o->name);
}

/* What the drive offers and the model does not, of IDENTIFY data. */
static void test_identify(struct ahci_machine *m)
{
	struct ahci_driver_command c = { .command = 0xec, .len = 512 };
	uint8_t sum = 0;

	for (unsigned port = 0; port < 2; port++) {
		const uint8_t *w = got[0];

		tap_case(ahci_driver_do(&m->driver, port, &c, got[0]) == DRIVER_DONE, "it fails");
		for (unsigned i = 0; i < 512; i++)
			sum = (uint8_t)(sum + w[i]);
		tap_case(sum == 0, "checksum");
		tap_case(w[2 * 76 + 1] & 1, "NCQ is not offered");
		tap_case(!(w[2 * 77] & 0x60), "NCQ SEND or queue management is offered");
		tap_case(!(w[2 * 83] & 2), "TCQ is offered");
		tap_case(w[200] == (ahci_drives[port].sectors & 0xff) &&
				 w[205] == (ahci_drives[port].sectors >> 40 & 0xff),
			 "sectors");
	}
	tap_claim("IDENTIFY DEVICE offers NCQ, and no more of it than is judged");
}

/* A rule that names a guarded command lets it through. */
static void test_named(void)
{
	struct ahci_machine *m = ahci_machine_new(NULL, MATRIX_NAME "on disk control default drop {\n"
		"a: ata.command == 0xf5 -> pass;\nb: ata.command in { 0xe4, 0xef } -> pass;\n"
		"c: ata.command == 0x92 -> drop silently;\n}\n", 0);
	struct ahci_driver_config config = { 0 };
	struct ahci_driver_command c = { .command = 0xf5 };

	ahci_driver_start(&m->driver, &config);
	tap_case(ahci_driver_do(&m->driver, 0, &c, NULL) == DRIVER_DONE && sim_ahci_count(m->sim, 0, 0xf5) == 1,
		 "FREEZE LOCK");
	c = (struct ahci_driver_command){ .command = 0xe4, .len = 512 };
	tap_case(ahci_driver_do(&m->driver, 0, &c, got[0]) == DRIVER_DONE, "READ BUFFER");
	c = (struct ahci_driver_command){ .command = 0xe8, .out = true, .len = 512, .data = data };
	tap_case(ahci_driver_do(&m->driver, 0, &c, NULL) == DRIVER_FAILED && !sim_ahci_count(m->sim, 0, 0xe8),
		 "WRITE BUFFER");
	c = (struct ahci_driver_command){
		.command = 0x92, .features = 7, .count = 1, .out = true, .len = 512, .data = data
	};
	tap_case(ahci_driver_do(&m->driver, 0, &c, NULL) == DRIVER_DONE && !sim_ahci_count(m->sim, 0, 0x92),
		 "firmware");
	matrix_check(m, "named");
	ahci_machine_free(m);
	tap_claim("control commands: named by a pass, dropped by default, silently");
}

/* Ranges of a TRIM in several blocks, some empty, against a guard. */
static void test_trim(void)
{
	struct ahci_machine *m = ahci_machine_new(NULL, MATRIX_NAME "on disk control default pass {\n"
		"a: disk.range overlaps { 1000..1999 } -> drop;\n}\n", 0);
	struct ahci_driver_config config = { 0 };
	static const struct { uint64_t lba, sectors; bool drops; } ranges[] = {
		{ 0x345678, 1, false }, { 999, 2, true }, { 2000, 1, false }, { 998, 1, false },
	};
	struct ahci_driver_command c = { .command = 0x06, .ext = true, .features = 1, .count = 2, .out = true,
					 .len = 1024, .data = data, .layout = LAYOUT_ODD };
	uint8_t sector[512];

	ahci_driver_start(&m->driver, &config);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t range = ranges[i].lba | ranges[i].sectors << 48;
		enum driver_state state;

		memset(data, 0, 1024);
		memcpy(data + 1000, &range, 8);
		state = ahci_driver_do(&m->driver, 0, &c, NULL);
		tap_case(state == (ranges[i].drops ? DRIVER_FAILED : DRIVER_DONE), "trim %u: state %u", i, state);
		sim_ahci_medium_read(m->sim, 0, ranges[i].lba, sector, 512);
		tap_case((sector[7] == 0 && sector[511] == 0) != ranges[i].drops, "trim %u: the sector", i);
	}
	tap_case(sim_ahci_count(m->sim, 0, 0x06) == 3, "%u reach the drive", sim_ahci_count(m->sim, 0, 0x06));
	matrix_check(m, "trim");
	ahci_machine_free(m);
	tap_claim("TRIM: its ranges are judged, in whichever block they stand");
}

void matrix_rest(void)
{
	struct ahci_driver_config config = { 0 };
	struct ahci_machine *plain[2] = { ahci_machine_new(NULL, NULL, 0), ahci_machine_new(NULL, NULL, 0) };
	struct ahci_machine *m[2] = { ahci_machine_new(NULL, verdicts[0].policy, 0),
				      ahci_machine_new(NULL, verdicts[2].policy, 0) };

	matrix_fill(data, sizeof(data), 9);
	memset(data, 0, 512);		/* a TRIM of nothing */
	for (unsigned i = 0; i < 2; i++) {
		config.high = i;
		ahci_driver_start(&m[i]->driver, &config);
		ahci_driver_start(&plain[i]->driver, &config);
	}
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		compare(m[0], plain[0], &others[i]);
		compare(m[1], plain[1], &others[i]);
		tap_claim("%s %s", others[i].name,
			  others[i].result == RESULT_SAME ? "is as without a model" : "is refused");
	}
	test_identify(m[0]);
	test_named();
	test_trim();
	for (unsigned i = 0; i < 2; i++) {
		ahci_machine_free(m[i]);
		ahci_machine_free(plain[i]);
	}
}
