/*
 * acpi.c - the firmware's tables, in place
 */
#include "hv/acpi.h"

#include <stddef.h>
#include <string.h>

#define BIOS_START	0xe0000u
#define BIOS_END	0x100000u
#define EBDA_BYTES	1024u
#define RSDP_STEP	16u
#define RSDP_V1		20u		/* bytes under the first checksum */
#define RSDP_V2		36u
#define TABLES_MAX	64u
#define TABLE_MAX	(1u << 20)	/* bytes; a longer one is left alone */
#define CHUNK		256u
#define NAME_OP		0x08		/* AML, section 20.2.5.1 */

/* Section 5.2.6 */
struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct header) == ACPI_HEADER, "ACPI 6.5, table 5.4");

/* Section 5.2.5.3 */
struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum2, reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct rsdp) == RSDP_V2, "ACPI 6.5, table 5.3");

/* Section 5.2.9: where FADT has the address of DSDT. */
enum { FADT_DSDT = 40, FADT_X_DSDT = 140 };

struct walk {
	const struct acpi_memory *m;
	struct acpi_report *r;
	/* what is done at each table; it returns false to end the walk */
	bool (*visit)(struct walk *w, uint64_t at);
	const char *signature;		/* looked for */
	uint64_t found;
	uint32_t length;
};

static uint8_t sum_of(const void *bytes, uint32_t len)
{
	const uint8_t *b = bytes;
	uint8_t sum = 0;

	while (len-- > 0)
		sum = (uint8_t)(sum + *b++);
	return sum;
}

static bool find_rsdp(const struct acpi_memory *m, uint32_t from, uint32_t to, struct rsdp *out)
{
	for (uint32_t at = from; at + RSDP_V1 <= to; at += RSDP_STEP) {
		if (!m->read(m->host, at, out, RSDP_V1) || memcmp(out->signature, "RSD PTR ", 8) ||
		    sum_of(out, RSDP_V1))
			continue;
		if (out->revision < 2) {
			out->xsdt = 0;
			return true;
		}
		if (m->read(m->host, at, out, RSDP_V2) && !sum_of(out, RSDP_V2))
			return true;
	}
	return false;
}

/* A header that can be believed, of a table whose checksum is right. */
static bool take_table(struct walk *w, uint64_t at, struct header *h)
{
	uint8_t sum = 0, part[CHUNK];

	if (!at || !w->m->read(w->m->host, at, h, sizeof(*h)) || h->length < sizeof(*h) ||
	    h->length > TABLE_MAX) {
		w->r->broken += at != 0;
		return false;
	}
	for (uint32_t done = 0, n; done < h->length; done += n) {
		n = h->length - done < CHUNK ? h->length - done : CHUNK;
		if (!w->m->read(w->m->host, at + done, part, n)) {
			w->r->broken++;
			return false;
		}
		sum = (uint8_t)(sum + sum_of(part, n));
	}
	w->r->broken += sum != 0;
	return sum == 0;
}

/* The byte at @offset of the table at @at becomes @value, and the checksum follows. */
static bool put_byte(struct walk *w, uint64_t at, uint32_t offset, uint8_t value)
{
	uint64_t sum_at = at + offsetof(struct header, checksum);
	uint8_t was, sum;

	if (!w->m->read(w->m->host, at + offset, &was, 1) || !w->m->read(w->m->host, sum_at, &sum, 1))
		return false;
	sum = (uint8_t)(sum + was - value);
	return w->m->write(w->m->host, at + offset, &value, 1) && w->m->write(w->m->host, sum_at, &sum, 1);
}

/* Name (\_S1 ...: five bytes of AML that data could only hold by chance. */
static bool is_sleep(const uint8_t *p)
{
	return p[0] == NAME_OP && p[1] == '_' && p[2] == 'S' && p[3] >= '1' && p[3] <= '3' && p[4] == '_';
}

static void hide_sleep(struct walk *w, uint64_t at, uint32_t length)
{
	uint8_t part[CHUNK];

	for (uint32_t done = sizeof(struct header), n; done + 5 <= length; done += n - 4) {
		n = length - done < CHUNK ? length - done : CHUNK;
		if (!w->m->read(w->m->host, at + done, part, n))
			return;
		for (uint32_t i = 0; i + 5 <= n; i++) {
			if (is_sleep(part + i))
				w->r->sleeps += put_byte(w, at, done + i + 2, 'X');
		}
	}
}

static bool hide(struct walk *w, uint64_t at)
{
	uint64_t dsdt = 0;
	struct header h;

	if (!take_table(w, at, &h))
		return true;
	w->r->tables++;
	if (!memcmp(h.signature, "DMAR", 4) || !memcmp(h.signature, "IVRS", 4)) {
		w->r->iommus += put_byte(w, at, 0, 'X');
	} else if (!memcmp(h.signature, "DSDT", 4) || !memcmp(h.signature, "SSDT", 4)) {
		hide_sleep(w, at, h.length);
	} else if (!memcmp(h.signature, "FACP", 4)) {
		/* the extended address, where there is one, counts */
		if (h.length >= FADT_X_DSDT + 8)
			w->m->read(w->m->host, at + FADT_X_DSDT, &dsdt, 8);
		if (!dsdt && h.length >= FADT_DSDT + 4)
			w->m->read(w->m->host, at + FADT_DSDT, &dsdt, 4);
		if (take_table(w, dsdt, &h) && !memcmp(h.signature, "DSDT", 4)) {
			w->r->tables++;
			hide_sleep(w, dsdt, h.length);
		}
	}
	return true;
}

static bool compare(struct walk *w, uint64_t at)
{
	struct header h;

	if (!take_table(w, at, &h) || memcmp(h.signature, w->signature, 4))
		return true;
	w->found = at;
	w->length = h.length;
	return false;
}

/* RSDT or XSDT, entries of @size bytes. */
static void visit_all(struct walk *w, uint64_t root, uint32_t size)
{
	struct header h;
	uint32_t count;

	if (w->found || !take_table(w, root, &h))
		return;
	count = (h.length - (uint32_t)sizeof(h)) / size;
	for (uint32_t i = 0; i < count && i < TABLES_MAX; i++) {
		uint64_t at = 0;

		if (w->m->read(w->m->host, root + sizeof(h) + (uint64_t)i * size, &at, size) && !w->visit(w, at))
			return;
	}
}

/* Both lists: a guest may read either. */
static bool walk(struct walk *w, uint16_t ebda)
{
	uint32_t ebda_at = (uint32_t)ebda << 4;
	struct rsdp rsdp;

	memset(w->r, 0, sizeof(*w->r));
	if (!find_rsdp(w->m, ebda_at, ebda_at + EBDA_BYTES, &rsdp) &&
	    !find_rsdp(w->m, BIOS_START, BIOS_END, &rsdp))
		return false;
	visit_all(w, rsdp.rsdt, 4);
	visit_all(w, rsdp.xsdt, 8);
	return true;
}

bool acpi_hide(const struct acpi_memory *m, uint16_t ebda, struct acpi_report *r)
{
	struct walk w = { .m = m, .r = r, .visit = hide };

	return walk(&w, ebda);
}

bool acpi_find(const struct acpi_memory *m, uint16_t ebda, const char signature[4], uint64_t *at,
	       uint32_t *len)
{
	struct acpi_report r;
	struct walk w = { .m = m, .r = &r, .visit = compare, .signature = signature };

	if (!walk(&w, ebda) || !w.found)
		return false;
	*at = w.found;
	*len = w.length;
	return true;
}
