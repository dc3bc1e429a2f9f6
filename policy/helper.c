/*
 * helper.c - the functions of helper.def: thin, on arguments that verify() has proven
 *
 * Pointers come as numbers: a context (always the judge's own), readable or writable memory
 * of the proven size, a map.  Rows of tables are below the tables' counts.
 */
#include <string.h>

#include "policy/judge_state.h"

#define HELPER(name) \
	static uint64_t name(struct judge *j, uint64_t a1, uint64_t a2, uint64_t a3, \
			     uint64_t a4, uint64_t a5)

static void *pointer(uint64_t a)
{
	return (void *)(uintptr_t)a;
}

static uint64_t copy_or_zero(const struct match_area_bytes *from, uint64_t offset, uint64_t to,
			     uint64_t len)
{
	if (offset > from->len || len > from->len - offset) {
		memset(pointer(to), 0, len);
		return 1;
	}
	if (len)
		memcpy(pointer(to), from->bytes + offset, len);
	return 0;
}

/* area, offset, buffer, size */
HELPER(hv_bytes)
{
	static const struct match_area_bytes nothing;

	return copy_or_zero(a2 < HV_AREAS ? area(j, a2) : &nothing, a3, a4, a5);
}

/* lba, offset within that sector, buffer, size */
HELPER(hv_sector)
{
	static const struct match_area_bytes nothing;
	const struct match_area_bytes *from = &nothing;
	uint64_t at = 0;

	if (!j->ctx_is_net && j->t->hook != HV_HOOK_DISK_CONTROL) {
		const struct disk_transfer *d = &j->t->disk;

		/* The whole of it must lie in the sector, and the sector in the transfer. */
		if (a2 >= d->first_lba && a2 - d->first_lba < d->sectors &&
		    a3 <= d->sector_size && a5 <= d->sector_size - a3 &&
		    !__builtin_mul_overflow(a2 - d->first_lba, d->sector_size, &at) &&
		    !__builtin_add_overflow(at, a3, &at))
			from = area(j, HV_AREA_DATA);
	}
	/* Without a sector there is nothing; a read of no bytes is nothing too. */
	if (from == &nothing) {
		memset(pointer(a4), 0, a5);
		return 1;
	}
	return copy_or_zero(from, at, a4, a5);
}

/* query, answer when unknown */
HELPER(hv_find)
{
	enum match_answer answer = ask(j, (uint32_t)a2);

	if (answer == MATCH_UNKNOWN) {
		j->now.unknown = true;
		return a3 & 1;
	}
	return answer == MATCH_YES;
}

/* set, key */
HELPER(hv_in)
{
	return set_has(j->p->sets, (uint32_t)a2, pointer(a3));
}

/* classifier, first row */
HELPER(hv_class)
{
	if (a3 > UINT32_MAX)
		return class_rows(j->p->classes, (uint32_t)a2);
	return class_lookup(j->p->classes, (uint32_t)a2, (uint32_t)a3, &j->ctx);
}

/* The sectors of a disk command, one range after another; false behind the last. */
static bool next_range(const struct judge *j, uint32_t i, uint64_t *lo, uint64_t *hi)
{
	const struct disk_transfer *d = &j->t->disk;
	uint64_t sectors;

	if (j->ctx_is_net)
		return false;
	if (j->t->hook == HV_HOOK_DISK_CONTROL) {
		if (i >= d->range_count)
			return false;
		*lo = d->ranges[i].lba;
		sectors = d->ranges[i].sectors;
	} else {
		if (i)
			return false;
		*lo = d->first_lba;
		sectors = d->sectors;
	}
	/* No sectors: lo > hi, which meets nothing. */
	if (sectors == 0) {
		*lo = 1;
		*hi = 0;
	} else if (__builtin_add_overflow(*lo, sectors - 1, hi)) {
		*hi = UINT64_MAX;
	}
	return true;
}

/* set of sectors */
HELPER(hv_overlaps)
{
	const struct set_table *sets = j->p->sets;
	uint64_t lo, hi;

	for (uint32_t i = 0; next_range(j, i, &lo, &hi); i++)
		if (set_meets(sets, (uint32_t)a2, lo, hi))
			return 1;
	return 0;
}

/* first and last sector */
HELPER(hv_overlaps_range)
{
	uint64_t lo, hi;

	if (a2 > a3)
		return 0;
	for (uint32_t i = 0; next_range(j, i, &lo, &hi); i++)
		if (lo <= hi && lo <= a3 && a2 <= hi)
			return 1;
	return 0;
}

/* log */
HELPER(hv_log)
{
	if (j->log_run[a2] == j->run)
		return 0;
	j->log_run[a2] = j->run;
	j->noted_logs[j->now.noted_logs++] = (uint32_t)a2;
	return 0;
}

/* counter */
HELPER(hv_count)
{
	j->counters[a2]++;
	return 0;
}

/* rewrite */
HELPER(hv_rewrite)
{
	struct noted_rewrite *n;

	if (j->rewrite_run[a2] == j->run)
		return 0;
	j->rewrite_run[a2] = j->run;
	n = &j->noted_rewrites[j->now.noted_rewrites++];
	n->row = (uint32_t)a2;
	n->order = j->now.order++;
	return 0;
}

/*
 * May this field of this transfer be set so?  False when nothing is to be noted: the
 * transfer lacks the field, or the rewrite is refused.
 */
static bool may_set(struct judge *j, uint64_t field, uint64_t family)
{
	const struct field_info *f;

	if (!j->ctx_is_net || field >= HV_FIELDS || !hv_field_table[field].rewritable) {
		j->now.refused = true;
		return false;
	}
	f = &hv_field_table[field];
	if (!field_is_present(&j->ctx, field))
		return false;
	if (f->type == FIELD_IP ? family != j->ctx.ip_version :
	    f->type == FIELD_IP4 ? family != 4 : family != 0) {
		j->now.refused = true;
		return false;
	}
	return true;
}

/* field | family << 16, high word, low word */
HELPER(hv_set_field)
{
	uint64_t field = a2 & 0xffff, family = a2 >> 16;
	struct noted_field *n = j->noted_fields;
	unsigned bits;

	if (!may_set(j, field, family))
		return 0;
	while (n < j->noted_fields + j->now.noted_fields && n->field != field)
		n++;
	if (n == j->noted_fields + j->now.noted_fields)
		j->now.noted_fields++;
	bits = hv_field_table[field].bits;
	n->field = field;
	n->family = family;
	n->hi = family == 6 ? a3 : 0;
	n->lo = family == 6 ? a4 : a4 & (UINT64_MAX >> (64 - (family == 4 ? 32 : bits)));
	n->order = j->now.order++;
	return 0;
}

/* severity, text, size */
HELPER(hv_event)
{
	note_own_event(j, a2 > HVB_ALERT ? HVB_ALERT : (uint32_t)a2, pointer(a3), a4);
	return 0;
}

HELPER(hv_map_lookup)
{
	return (uintptr_t)map_lookup(pointer(a1), pointer(a2));
}

HELPER(hv_map_update)
{
	return (int64_t)map_update(pointer(a1), pointer(a2), pointer(a3));
}

HELPER(hv_map_delete)
{
	return (int64_t)map_delete(pointer(a1), pointer(a2));
}

/* rule */
HELPER(hv_hit)
{
	struct rule_stats *r = &j->rules[a2];

	if (j->rule_run[a2] == j->run)
		return 0;
	j->rule_run[a2] = j->run;
	r->hits++;
	r->last = j->t->number;
	if (r->hits == 1)
		r->first = j->t->number;
	r->bytes += transfer_bytes(j->t);
	j->now.matched = true;
	return 0;
}

helper_fn *const helper_table[] = {
#define HV_HELPER(id, name, ...) [id] = name,
#include "policy/helper.def"
#undef HV_HELPER
};
