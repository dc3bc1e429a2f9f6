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
#define SLEEP_BYTES	16u		/* of a name and its package, as far as it matters */

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

/* Section 5.2.9: where FADT has the address of DSDT, and of the PM1 control registers */
enum { FADT_DSDT = 40, FADT_PM1A = 64, FADT_PM1B = 68, FADT_X_DSDT = 140, FADT_X_PM1A = 172, FADT_X_PM1B = 184 };
#define GAS_IO		1u	/* section 5.2.3.2: address space */
#define GAS_ADDRESS	4u
/* PCI Firmware 3.0, table 4-2: an entry has base, segment, first and last bus */
enum { MCFG_FIRST = 44, MCFG_ENTRY = 16 };
/* VT-d 3.3, sections 8.1 and 8.3; AMD IOMMU 3.05, section 5.2.2: structures, and their registers' address */
enum { IOMMU_FIRST = 48, DRHD = 0, IVHD = 0x10, IVHD_EXTENDED = 0x11, IVHD_ACPI = 0x40, IOMMU_BASE = 8 };

/* AML, section 20.2: what a sleep package's first two numbers are written with */
enum { ZERO_OP = 0x00, ONE_OP = 0x01, BYTE_PREFIX = 0x0a, PACKAGE_OP = 0x12 };

struct walk {
	const struct acpi_memory *m;
	struct acpi_report *r;
	/* what is done at each table; it returns false to end the walk */
	bool (*visit)(struct walk *w, uint64_t at);
	const char *signature;		/* looked for */
	uint64_t found;
	uint32_t length;
	uint8_t off[2], kept[2];	/* types of sleep for PM1a and PM1b: bits by number */
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
	return p[0] == NAME_OP && p[1] == '_' && p[2] == 'S' && p[3] >= '1' && p[3] <= '5' && p[4] == '_';
}

/* The next small number at @p, which @end is behind; -1: something else. */
static int take_number(const uint8_t **p, const uint8_t *end)
{
	if (*p < end && (**p == ZERO_OP || **p == ONE_OP))
		return *(*p)++;
	if (end - *p < 2 || **p != BYTE_PREFIX)
		return -1;
	*p += 2;
	return (*p)[-1];
}

/* Package (n) { for PM1a, for PM1b, ...: @p is behind the name. */
static void note_types(uint8_t types[2], const uint8_t *p, const uint8_t *end)
{
	if (end - p < 3 || *p != PACKAGE_OP || p[1] >> 6)	/* longer than 63 bytes it is none */
		return;
	p += 3;
	for (unsigned i = 0; i < 2; i++) {
		int type = take_number(&p, end);

		if (type < 0 || type > 7)
			return;
		types[i] |= (uint8_t)(1u << type);
	}
}

static void hide_sleep(struct walk *w, uint64_t at, uint32_t length)
{
	uint8_t part[CHUNK + SLEEP_BYTES];

	for (uint32_t done = sizeof(struct header); done + 5 <= length; done += CHUNK) {
		uint32_t n = length - done < sizeof(part) ? length - done : sizeof(part);

		if (!w->m->read(w->m->host, at + done, part, n))
			return;
		for (uint32_t i = 0; i + 5 <= n && i < CHUNK; i++) {
			if (!is_sleep(part + i))
				continue;
			note_types(part[i + 3] > '3' ? w->off : w->kept, part + i + 5, part + n);
			if (part[i + 3] <= '3')
				w->r->sleeps += put_byte(w, at, done + i + 2, 'X');
		}
	}
}

/* The guest may switch the machine off; where nobody knows how, it may not do what keeps memory. */
static uint8_t allowed(const struct walk *w, unsigned which)
{
	return w->off[which] ? w->off[which] & ~w->kept[which] : (uint8_t)~w->kept[which];
}

static void note_pm1(struct walk *w, uint64_t at, unsigned which)
{
	struct acpi_sleep *s = &w->r->sleep;

	if (at == 0)
		return;
	for (uint32_t i = 0; i < s->count; i++) {
		if (s->pm1[i].port == at)
			return;
	}
	if (at > UINT16_MAX || s->count == ACPI_PM1_MAX)
		s->elsewhere = true;
	else
		s->pm1[s->count++] = (struct acpi_pm1){ (uint16_t)at, (uint8_t)(1u << which) };
}

static void note_pm1_registers(struct walk *w, uint64_t at, uint32_t length)
{
	for (unsigned which = 0; which < 2; which++) {
		uint32_t plain = which ? FADT_PM1B : FADT_PM1A, x = which ? FADT_X_PM1B : FADT_X_PM1A, port = 0;
		uint64_t wide = 0;
		uint8_t space = 0;

		if (length >= plain + 4 && w->m->read(w->m->host, at + plain, &port, sizeof(port)))
			note_pm1(w, port, which);
		if (length < x + 12 || !w->m->read(w->m->host, at + x, &space, sizeof(space)) ||
		    !w->m->read(w->m->host, at + x + GAS_ADDRESS, &wide, sizeof(wide)) || wide == 0)
			continue;
		if (space == GAS_IO)
			note_pm1(w, wide, which);
		else
			w->r->sleep.elsewhere = true;
	}
}

static void note_ecam(struct walk *w, uint64_t at, uint32_t length)
{
	struct { uint64_t base; uint16_t segment; uint8_t first, last; uint32_t reserved; } e;

	for (uint32_t n = MCFG_FIRST; n + MCFG_ENTRY <= length; n += MCFG_ENTRY) {
		if (!w->m->read(w->m->host, at + n, &e, MCFG_ENTRY) || e.segment != 0 || e.first != 0)
			continue;
		w->r->ecam = e.base;
		w->r->ecam_len = ((uint64_t)e.last + 1) << 20;
	}
}

static void note_iommus(struct walk *w, uint64_t at, uint32_t length, bool dmar)
{
	struct { uint16_t dmar_type, length; uint32_t rest; uint64_t base; } e;

	for (uint32_t n = IOMMU_FIRST; n + sizeof(e) <= length; n += e.length) {
		uint8_t type;

		if (!w->m->read(w->m->host, at + n, &e, sizeof(e)) || e.length < 4)
			return;
		type = (uint8_t)e.dmar_type;
		if (dmar ? e.dmar_type != DRHD : type != IVHD && type != IVHD_EXTENDED && type != IVHD_ACPI)
			continue;
		if (w->r->iommu_count < ACPI_IOMMUS_MAX)
			w->r->iommu[w->r->iommu_count++] = e.base;
	}
}

static bool hide(struct walk *w, uint64_t at)
{
	uint64_t dsdt = 0;
	struct header h;

	if (!take_table(w, at, &h))
		return true;
	w->r->tables++;
	if (!memcmp(h.signature, "MCFG", 4)) {
		note_ecam(w, at, h.length);
	} else if (!memcmp(h.signature, "DMAR", 4) || !memcmp(h.signature, "IVRS", 4)) {
		note_iommus(w, at, h.length, h.signature[0] == 'D');
		w->r->iommus += put_byte(w, at, 0, 'X');
	} else if (!memcmp(h.signature, "SSDT", 4)) {
		hide_sleep(w, at, h.length);
	} else if (!memcmp(h.signature, "FACP", 4)) {
		note_pm1_registers(w, at, h.length);
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

	if (!walk(&w, ebda))
		return false;
	for (uint32_t i = 0; i < r->sleep.count; i++)
		r->sleep.pm1[i].allowed = allowed(&w, r->sleep.pm1[i].allowed > 1);
	return true;
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
