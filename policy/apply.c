/*
 * apply.c - rewrites are written: in their order, a later one wins, none sees what others wrote
 *
 * Extents that plan.c has kept are written as they stand.  When there were more than it keeps,
 * matches are searched for again:
 *
 *	a frame		in a copy of it, one rewrite after the other
 *	sectors		all rewrites abreast, byte after byte, overwriting what all of them have
 *			read.  For as many bytes as a literal is long it is known who wrote
 *			each one: an earlier rewrite leaves it alone.
 */
#include "policy/judge_state.h"

#include <string.h>

#include "policy/rewrite.h"

/* A transfer that is being written. */
struct writer {
	struct judge *j;
	struct rewriting content;	/* of the frame */
	bool in_content;		/* its checksums are not what they should be */
	const struct noted_field *field;	/* the next one */
	const struct hvb_rewrite *row;	/* whose matches come */
	uint32_t note;			/* its place among the noted ones */
	uint32_t base;			/* of its area within the frame or the data */
};

int create_apply(struct arena *a, struct judge *j)
{
	const struct policy *p = j->p;
	bool frames = false;
	uint32_t longest = 0;

	j->walks = arena_alloc(a, p->rewrite_count, sizeof(*j->walks));
	for (uint32_t i = 0; i < p->rewrite_count && j->walks; i++) {
		uint32_t query = p->rewrites[i].query, len = match_query_longest(p->matches, query);

		if (match_query_area(p->matches, query) != HV_AREA_DATA) {
			frames = true;
			continue;
		}
		if (len > longest)
			longest = len;
		if (match_walk_create(a, p->matches, query, &j->walks[i].walk))
			return POLICY_ENOMEM;
	}
	while (j->turn_mask + 1 < longest)
		j->turn_mask = 2 * j->turn_mask + 1;
	j->extents_kept = p->rewrite_count ? EXTENTS_KEPT : 0;
	j->extents = arena_alloc(a, j->extents_kept, sizeof(*j->extents));
	j->original = arena_alloc(a, frames ? NET_FRAME_MAX : 0, 1);
	j->turn = arena_alloc(a, p->rewrite_count ? j->turn_mask + 1 : 0, sizeof(*j->turn));
	return j->walks && j->extents && j->original && j->turn ? 0 : POLICY_ENOMEM;
}

/* ---- frames ---- */

static void write_field(struct writer *w, const struct noted_field *n)
{
	struct judge *j = w->j;
	struct net_transfer *net = &j->t->net;

	if (w->in_content)
		rewrite_end(&w->content);
	w->in_content = false;
	/* Absent, or of the other family: hv_set_field() has looked, nothing is left to do. */
	if (in_this_frame(j, n->field))
		(void)rewrite_field(net->frame, net->captured, &j->packet, &j->ctx, n->field,
				    n->family, n->hi, n->lo);
}

/* The noted field that is next in order and not before @from, or NULL. */
static const struct noted_field *next_field(const struct judge *j, uint32_t from)
{
	const struct noted_field *best = NULL;

	for (uint32_t i = 0; i < j->now.noted_fields; i++) {
		const struct noted_field *n = &j->noted_fields[i];

		if (n->order >= from && (!best || n->order < best->order))
			best = n;
	}
	return best;
}

static void write_fields_before(struct writer *w, uint32_t order)
{
	while (w->field && w->field->order < order) {
		write_field(w, w->field);
		w->field = next_field(w->j, w->field->order + 1);
	}
}

static void write_content(struct writer *w, const struct hvb_rewrite *row, uint32_t start,
			  uint32_t len)
{
	struct judge *j = w->j;
	const uint8_t *bytes = j->p->bytes + row->bytes_first;
	struct net_transfer *net = &j->t->net;

	if (!j->ctx_is_net) {
		rewrite_fill(j->t->disk.data + start, len, bytes, row->bytes_count);
		match_worked(j->match, len);
		return;
	}
	if (!w->in_content)
		rewrite_begin(&w->content, net->frame, net->captured, &j->packet, &j->ctx);
	w->in_content = true;
	rewrite_bytes(&w->content, start, len, bytes, row->bytes_count);
}

static void write_kept(struct writer *w)
{
	const struct judge *j = w->j;

	for (uint32_t i = 0; i < j->now.extents; i++) {
		const struct extent *e = &j->extents[i];

		write_fields_before(w, e->order);
		write_content(w, &j->p->rewrites[e->row], e->start, e->len);
	}
}

static void take_again(void *arg, const struct match_extent *m)
{
	struct writer *w = arg;

	write_content(w, w->row, w->base + m->start, m->len);
}

static void write_frame(struct writer *w)
{
	struct judge *j = w->j;
	struct net_transfer *net = &j->t->net;

	memcpy(j->original, net->frame, net->captured);
	for (unsigned i = HV_AREA_FRAME; i <= HV_AREA_PAYLOAD; i++)
		if (area(j, i)->len)
			match_area(j->match, i, j->original + (j->areas[i].bytes - net->frame),
				   j->areas[i].len);
	for (uint32_t i = 0; i < j->now.noted_rewrites; i++) {
		const struct match_area_bytes *in;

		w->row = &j->p->rewrites[j->noted_rewrites[i].row];
		in = area(j, match_query_area(j->p->matches, w->row->query) % HV_AREAS);
		w->base = in->len ? (uint32_t)(in->bytes - net->frame) : 0;
		write_fields_before(w, j->noted_rewrites[i].order);
		(void)match_each(j->match, w->row->query, take_again, w);	/* known since plan.c */
	}
}

/* ---- sectors ---- */

/*
 * When a match is written, of all matches: by its rewrite, then its end (of 32 bits); a regex
 * behind literals that end where it does.  Never 0, which is before all.
 */
#define TURN_REWRITE	33u
#define TURN_END	1u

static uint64_t turn(const struct writer *w, const struct match_extent *m, bool regex)
{
	return (uint64_t)w->note << TURN_REWRITE | (uint64_t)(m->start + m->len) << TURN_END | regex;
}

static void write_literal(void *arg, const struct match_extent *m)
{
	const struct writer *w = arg;
	struct judge *j = w->j;
	const uint8_t *bytes = j->p->bytes + w->row->bytes_first;
	uint64_t mine = turn(w, m, false);

	for (uint32_t i = 0, k = 0; i < m->len; i++) {
		uint64_t *last = &j->turn[(m->start + i) & j->turn_mask];

		if (*last <= mine) {
			*last = mine;
			j->t->disk.data[m->start + i] = bytes[k];
		}
		if (++k == w->row->bytes_count)
			k = 0;
	}
}

/* The byte that was read last, of a match of a regex.  It is written before its literals are, so
 * that whoever has written the byte by now comes before it. */
static void write_regex(const struct writer *w, const struct match_extent *m, uint32_t at)
{
	struct judge *j = w->j;

	j->turn[at & j->turn_mask] = turn(w, m, true);
	j->t->disk.data[at] = j->p->bytes[w->row->bytes_first + (at - m->start) % w->row->bytes_count];
}

static struct rewrite_walk *walk_of(const struct judge *j, uint32_t note)
{
	return &j->walks[j->noted_rewrites[note].row];
}

static void choose(struct writer *w, uint32_t note)
{
	w->note = note;
	w->row = &w->j->p->rewrites[w->j->noted_rewrites[note].row];
}

static void write_sectors(struct writer *w)
{
	struct judge *j = w->j;
	uint32_t len = area(j, HV_AREA_DATA)->len, count = j->now.noted_rewrites;

	for (uint32_t n = 0; n < count; n++)
		match_walk_begin(walk_of(j, n)->walk, j->match, write_literal, w);
	for (uint32_t at = 0; at < len; at++) {
		if (at % MATCH_BLOCK == 0)
			match_worked(j->match, MATCH_BLOCK);
		j->turn[at & j->turn_mask] = 0;
		for (uint32_t n = 0; n < count; n++)
			walk_of(j, n)->over = match_walk_read(walk_of(j, n)->walk, at);
		/* all have read it */
		for (uint32_t n = 0; n < count; n++) {
			choose(w, n);
			if (walk_of(j, n)->over)
				write_regex(w, walk_of(j, n)->over, at);
			match_walk_literals(walk_of(j, n)->walk, at + 1);
		}
	}
}

void apply_rewrites(struct judge *j)
{
	struct writer w = { .j = j, .field = next_field(j, 0) };

	if (!j->now.search_again)
		write_kept(&w);
	else if (j->ctx_is_net)
		write_frame(&w);
	else
		write_sectors(&w);
	write_fields_before(&w, UINT32_MAX);
	if (w.in_content)
		rewrite_end(&w.content);
}
