/*
 * judge.c - a command before the policy, in one call or in several
 */
#include "devmodel/ahci/state.h"

#include <string.h>

#define RANGE_BYTES	8u
/* A call is to take no longer: other processors wait for it. */
#define SEARCH_NS	500000u

bool slot_is_direct(const struct port *p, const struct command *c)
{
	return c->bytes && c->meaning == MEANING_SECTORS && c->hook >= 0 &&
	       disk_need(p->hba->disk, (enum hv_hook)c->hook) != DISK_NEED_DATA;
}

static uint64_t now_ns(const struct ahci *h)
{
	return h->d->ops->now_ns(h->d->host);
}

static enum hv_verdict ask(struct ahci *h, struct slot *s, enum hv_hook hook, uint64_t at_ns, struct disk_trial *trial)
{
	enum hv_verdict v;
	bool rewritten;

	v = disk_judge(h->disk, hook, at_ns, &s->c.t, trial, &rewritten);
	if (rewritten)
		hba_count(h, AHCI_REWRITTEN);
	return v;
}

/*
 * As much of it as this call may search, or of what came before it, and a slice at least.  The time by which it took too
 * long is the guest's then.
 */
static enum hv_verdict search(struct ahci *h, struct slot *s, enum hv_hook hook)
{
	uint64_t began = now_ns(h), at = began;
	enum hv_verdict v;

	if (disk_rests(h->disk, began))
		return ask(h, s, hook, began, &s->trial);
	do {
		v = ask(h, s, hook, at, &s->trial);
		if (v != HV_WAIT)
			return v;
		h->burst += DISK_SLICE;
		at = now_ns(h);
	} while (h->burst < BURST_BYTES && at - began < SEARCH_NS);
	h->burst = BURST_BYTES;
	if (at - began > SEARCH_NS)
		disk_rest(h->disk, at + (at - began - SEARCH_NS));
	return HV_WAIT;
}

/* Whoever waits for all of it must not wait for the time. */
static enum hv_verdict search_all(struct ahci *h, struct slot *s, enum hv_hook hook)
{
	enum hv_verdict v;

	do {
		disk_rest(h->disk, 0);
		v = ask(h, s, hook, now_ns(h), &s->trial);
	} while (v == HV_WAIT);
	return v;
}

static enum hv_verdict judge(struct port *p, struct slot *s, enum hv_hook hook, bool now)
{
	struct ahci *h = p->hba;
	bool began = disk_is_under_way(&s->trial);
	enum hv_verdict v;

	if (now)
		return began ? search_all(h, s, hook) : ask(h, s, hook, now_ns(h), NULL);
	v = search(h, s, hook);
	if (v != HV_WAIT)
		return v;
	h->more = true;
	if (!began)
		hba_count(h, AHCI_IN_PARTS);
	return HV_WAIT;
}

/* ---- before the drive has it ---- */

/* What always fails was never decoded far enough to be judged otherwise. */
void slot_tell(struct port *p, struct command *c, enum ahci_counter why)
{
	bool rewritten;

	c->t.fails = why == AHCI_NO_ROW;
	if (c->t.fails || ata_hook(&c->t) == ATA_FAILS)
		disk_judge(p->hba->disk, HV_HOOK_DISK_CONTROL, now_ns(p->hba), &c->t, NULL, &rewritten);
}

/* LBA range entries: LBA in bits 47:0, sectors in bits 63:48; 0 sectors: no entry (ACS-3, section 7.5.9). */
static void find_ranges(const struct port *p, struct slot *s)
{
	const uint8_t *data = slot_data(p, s);
	struct disk_range *ranges = slot_ranges(p, s);
	uint32_t count = 0;

	for (uint64_t at = 0; at + RANGE_BYTES <= s->c.bytes && count <= JUDGE_MAX_RANGES; at += RANGE_BYTES) {
		uint64_t entry;

		memcpy(&entry, data + at, sizeof(entry));
		if (entry >> 48)
			ranges[count++] = (struct disk_range){ entry & (LBA_LIMIT_48 - 1), entry >> 48 };
	}
	s->c.t.ranges = ranges;
	s->c.t.range_count = count;
}

/* CFA ERASE SECTORS: COUNT of 0 is 256 (ACS-2, section 7.4). */
static void find_erased(struct command *c)
{
	c->erased = (struct disk_range){ c->t.lba, c->t.count ? c->t.count : 256 };
	c->t.ranges = &c->erased;
	c->t.range_count = 1;
}

static bool is_judged_later(const struct slot *s)
{
	return s->c.hook == HV_HOOK_DISK_READ && s->bounced && s->c.bytes && s->c.meaning == MEANING_SECTORS;
}

enum hv_verdict slot_judge_issue(struct port *p, struct slot *s)
{
	struct command *c = &s->c;

	if (c->hook < 0 || is_judged_later(s))
		return HV_PASS;
	if (c->hook != HV_HOOK_DISK_CONTROL &&
	    disk_need(p->hba->disk, (enum hv_hook)c->hook) == DISK_NEED_NOTHING)
		return HV_PASS;
	if (c->meaning == MEANING_RANGES)
		find_ranges(p, s);
	if (c->meaning == MEANING_ERASES)
		find_erased(c);
	if (c->hook == HV_HOOK_DISK_WRITE && s->bounced && c->bytes) {
		c->t.data = slot_data(p, s);
		c->t.data_len = (uint32_t)c->bytes;
	}
	return judge(p, s, (enum hv_hook)c->hook, false);
}

/* ---- the drive is done ---- */

enum hv_verdict slot_judge_done(struct port *p, struct slot *s, uint32_t len, bool now)
{
	if (s->c.hook != HV_HOOK_DISK_READ || s->c.meaning != MEANING_SECTORS)
		return HV_PASS;
	s->c.t.data = slot_data(p, s);
	s->c.t.data_len = len;
	return judge(p, s, HV_HOOK_DISK_READ, now);
}
