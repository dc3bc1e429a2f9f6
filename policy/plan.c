/*
 * plan.c - rewrites: found on the original bytes, decided before anything is written
 */
#include "policy/judge_state.h"

/* What match_each() needs to know of the rewrite whose matches it reports. */
struct finder {
	struct judge *j;
	struct noted_rewrite note;
	uint32_t base;		/* of the area within the frame or the data */
	uint32_t area_len;
};

/* A bound was reached: the transfer is dropped, and its events say why. */
static void give_up(struct judge *j, uint32_t rule)
{
	j->now.unknown = true;
	j->now.refused = true;
	j->now.rewrite_unknown = true;
	j->now.unknown_rule = rule;
}

static void take_extent(void *arg, const struct match_extent *m)
{
	struct finder *f = arg;
	struct judge *j = f->j;

	/* not there at all: an error of the search, never of the data */
	if (m->start > f->area_len || m->len > f->area_len - m->start) {
		j->now.refused = true;
		return;
	}
	if (j->now.extents == j->extents_kept) {
		j->now.search_again = true;
		return;
	}
	j->extents[j->now.extents++] = (struct extent){
		.start = f->base + m->start, .len = m->len,
		.row = f->note.row, .order = f->note.order,
	};
}

static void find_extents(struct judge *j, struct noted_rewrite note)
{
	const struct hvb_rewrite *w = &j->p->rewrites[note.row];
	const struct match_area_bytes *bytes =
		area(j, match_query_area(j->p->matches, w->query) % HV_AREAS);
	struct finder f = { .j = j, .note = note, .area_len = bytes->len };

	if (f.area_len == 0)
		return;
	if (j->ctx_is_net)
		f.base = (uint32_t)(bytes->bytes - j->t->net.frame);
	if (match_each(j->match, w->query, take_extent, &f) == MATCH_UNKNOWN ||
	    (j->now.search_again && j->ctx_is_net && j->t->net.captured > NET_FRAME_MAX))
		give_up(j, w->rule);
}

bool in_this_frame(const struct judge *j, uint8_t field)
{
	return j->packet.frag != FRAG_LATER || field < HV_F_TCP_SPORT;
}

bool plan_rewrites(struct judge *j)
{
	bool changes = false;

	if (j->now.noted_rewrites)
		give_areas(j);
	for (uint32_t i = 0; i < j->now.noted_rewrites && !j->now.refused; i++)
		find_extents(j, j->noted_rewrites[i]);
	/* A reassembled datagram's checksum would cover bytes that are in no frame in hand. */
	if (j->now.extents && j->ctx_is_net && j->packet.frag != FRAG_NONE)
		j->now.refused = true;
	for (uint32_t i = 0; i < j->now.noted_fields; i++)
		changes |= in_this_frame(j, j->noted_fields[i].field);
	return !j->now.refused && (changes || j->now.extents);
}
