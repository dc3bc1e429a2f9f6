/*
 * judge.c - one transfer: the context, the program, the verdict, what follows from it
 */
#include "policy/judge.h"

#include <string.h>

#include "policy/ata.h"
#include "policy/judge_state.h"

const char *const judge_counter_name[JUDGE_COUNTERS] = {
	[JUDGE_TRANSFERS] = "transfers",
	[JUDGE_PASSED] = "passed",
	[JUDGE_DROPPED] = "dropped",
	[JUDGE_SILENT] = "dropped silently",
	[JUDGE_MALFORMED] = "malformed packets",
	[JUDGE_FRAG_DROPPED] = "fragments dropped",
	[JUDGE_FRAG_EVICTED] = "fragmented datagrams forgotten",
	[JUDGE_GUARDED] = "guarded commands dropped",
	[JUDGE_UNKNOWN] = "bounded searches",
	[JUDGE_REWRITTEN] = "rewritten",
	[JUDGE_REWRITE_REFUSED] = "rewrites refused",
	[JUDGE_EVENTS] = "events",
	[JUDGE_SUPPRESSED] = "events suppressed",
};

#define PRESENT(f)	((uint64_t)1 << HV_F_##f)

static bool is_net(enum hv_hook hook)
{
	return hook == HV_HOOK_NET_OUT || hook == HV_HOOK_NET_IN;
}

static bool follows_fragments(const struct policy *p, enum hv_hook hook)
{
	return p->needs[hook] & (HVB_NEED_TRANSPORT | HVB_NEED_CONTENT);
}

/* What outlives a transfer: judges beside each other have it in common. */
static int create_shared(struct arena *a, struct judge *j)
{
	const struct policy *p = j->p;
	bool frags = false;

	j->rules = arena_alloc(a, p->rule_count, sizeof(*j->rules));
	j->logs = arena_alloc(a, p->log_count, sizeof(*j->logs));
	j->counters = arena_alloc(a, p->counter_count, sizeof(*j->counters));
	j->tally = arena_alloc(a, JUDGE_COUNTERS, sizeof(*j->tally));
	j->own_limit = arena_alloc(a, 1, sizeof(*j->own_limit));
	if (!j->rules || !j->logs || !j->counters || !j->tally || !j->own_limit)
		return POLICY_ENOMEM;
	for (unsigned h = HV_HOOK_NET_OUT; h <= HV_HOOK_NET_IN; h++)
		frags |= p->has_hook[h] && follows_fragments(p, h);
	return frags ? frag_table_create(a, JUDGE_MAX_DATAGRAMS, &j->frags) : 0;
}

static void share(struct judge *j, const struct judge *with)
{
	j->rules = with->rules;
	j->logs = with->logs;
	j->counters = with->counters;
	j->tally = with->tally;
	j->own_limit = with->own_limit;
	j->frags = with->frags;
}

static int create_tables(struct arena *a, struct judge *j)
{
	const struct policy *p = j->p;

	j->rule_run = arena_alloc(a, p->rule_count, sizeof(*j->rule_run));
	j->log_run = arena_alloc(a, p->log_count, sizeof(*j->log_run));
	j->rewrite_run = arena_alloc(a, p->rewrite_count, sizeof(*j->rewrite_run));
	j->noted_rewrites = arena_alloc(a, p->rewrite_count, sizeof(*j->noted_rewrites));
	j->noted_logs = arena_alloc(a, p->log_count + JUDGE_MAX_MODULE_EVENTS,
				    sizeof(*j->noted_logs));
	j->own = arena_alloc(a, JUDGE_MAX_MODULE_EVENTS, sizeof(*j->own));
	return j->rule_run && j->log_run && j->rewrite_run && j->noted_rewrites && j->noted_logs &&
	       j->own ? 0 : POLICY_ENOMEM;
}

void judge_add_entropy(struct judge *j, uint64_t e0, uint64_t e1)
{
	uint64_t key[4];	/* of maps, of fragments */

	_Static_assert(sizeof(key) == HVB_DIGEST_SIZE, "all of the digest");
	memcpy(key, j->p->digest, sizeof(key));
	for (unsigned i = 0; i < 4; i++)
		key[i] ^= i & 1 ? e1 : e0;
	for (uint32_t i = 0; i < j->p->map_count; i++)
		map_seed(j->p->maps[i], (const uint8_t *)key);
	if (j->frags)
		frag_table_key(j->frags, key[2], key[3]);
}

/* @with: what it shares its tables with, or NULL. */
static int create(struct arena *a, const struct judge *like, const struct judge *with,
		  struct judge **out, struct policy_error *err)
{
	struct judge *j = arena_alloc(a, 1, sizeof(*j));

	if (!j)
		goto no_memory;
	j->p = like->p;
	j->events = like->events;
	j->events_arg = like->events_arg;
	j->ctx.size = sizeof(j->ctx);
	if (with)
		share(j, with);
	else if (create_shared(a, j))
		goto no_memory;
	if (create_tables(a, j) || create_apply(a, j))
		goto no_memory;
	if (j->p->matches) {
		int rc = match_state_create(a, j->p->matches, &j->match, err);

		if (rc)
			return rc;
	}
	*out = j;
	return 0;
no_memory:
	return policy_fail(err, POLICY_ENOMEM, "", POLICY_NO_INSN,
			   "the arena is too small for the judge");
}

int judge_create(struct arena *a, const struct policy *p, event_fn *events, void *arg,
		 struct judge **out, struct policy_error *err)
{
	const struct judge like = { .p = p, .events = events, .events_arg = arg };
	int rc = create(a, &like, NULL, out, err);

	if (!rc)
		judge_add_entropy(*out, 0, 0);
	return rc;
}

int judge_create_beside(struct arena *a, const struct judge *first, struct judge **out,
			struct policy_error *err)
{
	return create(a, first, first, out, err);
}

void judge_set_pause(struct judge *j, uint32_t bytes, void (*pause)(void *arg), void *arg)
{
	if (j->match)
		match_set_pause(j->match, bytes, pause, arg);
}

void judge_reset(struct judge *j)
{
	const struct policy *p = j->p;

	if (j->frags) {
		j->tally[JUDGE_FRAG_EVICTED] += frag_table_evicted(j->frags);
		frag_table_reset(j->frags);
		j->tally[JUDGE_FRAG_EVICTED] -= frag_table_evicted(j->frags);
	}
	for (uint32_t i = 0; i < p->log_count; i++)
		j->logs[i].began = false;
	j->own_limit->began = false;
	for (uint32_t i = 0; i < p->map_count; i++)
		map_clear(p->maps[i]);
	for (uint32_t i = 0; i < p->region_count; i++) {
		const struct data_region *r = &p->regions[i];

		if (r->writable && p->initial[i])
			memcpy(r->base, p->initial[i], r->size);
		else if (r->writable)
			memset(r->base, 0, r->size);
	}
}

/* ---- context ---- */

/* Words of the other family of hooks must read 0. */
static __attribute__((noinline)) void switch_family(struct judge *j, bool net)
{
	memset(&j->ctx, 0, sizeof(j->ctx));
	j->ctx.size = sizeof(j->ctx);
	memset(&j->packet, 0, sizeof(j->packet));
	j->ctx_is_net = net;
}

static void begin(struct judge *j, struct transfer *t)
{
	if (j->ctx_is_net != is_net(t->hook))
		switch_family(j, is_net(t->hook));
	j->t = t;
	j->run++;
	j->ctx.hook = t->hook;
	j->ctx.transfer = t->number;
	j->ctx.time_ns = t->time_ns;
	j->now = (struct run_state){ 0 };
}

/* False: a fragment that must not pass. */
static bool fill_net(struct judge *j)
{
	const struct net_transfer *n = &j->t->net;
	struct packet *p = &j->packet;
	bool follow = follows_fragments(j->p, j->t->hook);

	packet_parse(n->frame, n->captured, n->wire_len, j->t->time_ns,
		     follow ? j->frags : NULL, &j->ctx, p);
	return !follow || p->frag <= FRAG_LATER;
}

static void take_range(struct hv_ctx *c, uint64_t lba, uint64_t sectors)
{
	uint64_t last;

	if (!sectors)
		return;
	if (__builtin_add_overflow(lba, sectors - 1, &last))
		last = UINT64_MAX;
	if (lba < c->disk_first)
		c->disk_first = lba;
	if (last > c->disk_last)
		c->disk_last = last;
}

static void fill_ends(struct hv_ctx *c, const struct disk_transfer *d, bool control)
{
	c->disk_first = UINT64_MAX;
	c->disk_last = 0;
	if (!control)
		take_range(c, d->first_lba, d->sectors);
	for (uint32_t i = 0; control && i < d->range_count; i++)
		take_range(c, d->ranges[i].lba, d->ranges[i].sectors);
}

static void fill_disk(struct judge *j)
{
	const struct disk_transfer *d = &j->t->disk;
	struct hv_ctx *c = &j->ctx;
	bool control = j->t->hook == HV_HOOK_DISK_CONTROL;

	c->present = PRESENT(DISK_UNIT) | PRESENT(DISK_PORT) | PRESENT(DISK_SECTOR_SIZE) |
		     PRESENT(ATA_COMMAND) | PRESENT(ATA_FEATURES) | PRESENT(ATA_LBA) |
		     PRESENT(ATA_COUNT);
	c->disk_lba = control ? 0 : d->first_lba;
	c->disk_sectors = control ? 0 : d->sectors;
	if (control || __builtin_mul_overflow(d->sectors, d->sector_size, &c->disk_bytes))
		c->disk_bytes = 0;
	else
		c->present |= PRESENT(DISK_BYTES);
	if (!control)
		c->present |= PRESENT(DISK_LBA) | PRESENT(DISK_SECTORS);
	if (!control || d->range_count)
		c->present |= PRESENT(DISK_RANGE);
	if (d->total_sectors)
		c->present |= PRESENT(DISK_TOTAL_SECTORS);
	if (d->cdb_len)
		c->present |= PRESENT(SCSI_OPCODE);
	fill_ends(c, d, control);
	c->disk_unit = d->unit;
	c->disk_port = d->port;
	c->disk_sector_size = d->sector_size;
	c->disk_total_sectors = d->total_sectors;
	c->ata_command = d->command;
	c->ata_features = d->features;
	c->ata_lba = d->lba;
	c->ata_count = d->count;
	c->scsi_opcode = d->cdb_len ? d->cdb[0] : 0;
}

static struct match_area_bytes part_of(const uint8_t *bytes, uint32_t offset, uint32_t len)
{
	if (offset == PACKET_NO_OFFSET || len == 0)
		return (struct match_area_bytes){ NULL, 0 };
	return (struct match_area_bytes){ bytes + offset, len };
}

static void find_areas(struct judge *j)
{
	const struct net_transfer *n = &j->t->net;
	const struct disk_transfer *d = &j->t->disk;
	const struct packet *p = &j->packet;

	memset(j->areas, 0, sizeof(j->areas));
	if (j->ctx_is_net) {
		j->areas[HV_AREA_FRAME] = part_of(n->frame, 0, p->frame_captured);
		j->areas[HV_AREA_PAYLOAD] = part_of(n->frame, p->payload, p->payload_captured);
	} else {
		j->areas[HV_AREA_DATA] = part_of(d->data, 0, d->data ? d->data_len : 0);
		j->areas[HV_AREA_CDB] = part_of(d->cdb, 0, d->cdb_len <= sizeof(d->cdb) ?
						d->cdb_len : sizeof(d->cdb));
	}
}

const struct match_area_bytes *area(struct judge *j, enum hv_area which)
{
	if (!j->now.areas_known)
		find_areas(j);
	j->now.areas_known = true;
	return &j->areas[which];
}

void give_areas(struct judge *j)
{
	if (j->now.areas_given)
		return;
	j->now.areas_given = true;
	match_begin(j->match, j->t->hook, NULL);
	for (unsigned i = HV_AREA_FRAME; i <= HV_AREA_DATA; i++)
		if (area(j, i)->len)
			match_area(j->match, i, j->areas[i].bytes, j->areas[i].len);
}

enum match_answer ask(struct judge *j, uint32_t query)
{
	give_areas(j);
	return match_query(j->match, query);
}

/* ---- verdict ---- */

static enum hv_verdict run_program(struct judge *j)
{
	return verdict_of(program_run(j->p->program, j->t->hook, j, &j->ctx));
}

/* All of the packet, all of the program. */
static __attribute__((noinline)) enum hv_verdict judge_packet(struct judge *j,
							      struct judgement *out)
{
	enum hv_verdict v;

	if (!fill_net(j)) {
		j->tally[JUDGE_FRAG_DROPPED]++;
		v = HV_DROP;
	} else {
		v = run_program(j);
	}
	if (j->packet.malformed) {
		out->malformed = true;
		j->tally[JUDGE_MALFORMED]++;
	}
	return v == HV_DROP_SILENTLY ? HV_DROP : v;
}

/* Some row of the front's classifier holds: now the rest of the packet is wanted. */
static __attribute__((noinline)) enum hv_verdict judge_row(struct judge *j, uint32_t row)
{
	const struct net_transfer *n = &j->t->net;
	enum hv_verdict v;

	packet_parse_rest(n->frame, n->captured, &j->ctx, &j->packet);
	v = verdict_of(program_resume(j->p->program, j->t->hook, j, &j->ctx, row));
	return v == HV_DROP_SILENTLY ? HV_DROP : v;
}

static enum hv_verdict judge_net(struct judge *j, struct judgement *out)
{
	const struct policy *p = j->p;
	const struct net_transfer *n = &j->t->net;
	const struct net_front *f = &p->front[j->t->hook];
	uint32_t row;

	if (!p->has_hook[j->t->hook])
		return HV_PASS;
	if (!f->usable || !packet_parse_first(n->frame, n->captured, n->wire_len, &j->ctx))
		return judge_packet(j, out);
	row = class_lookup(p->classes, f->classifier, 0, &j->ctx);
	return row >= f->limit ? f->none : judge_row(j, row);
}

static const char *const guarded_text = "dropped: no rule's pass names it";

static __attribute__((noinline)) enum hv_verdict judge_disk(struct judge *j,
							    struct judgement *out)
{
	const struct disk_transfer *d = &j->t->disk;
	struct ata_info info = ata_decode(d);
	enum hv_verdict v = HV_PASS;

	fill_disk(j);	/* events show it, also where no program runs */
	if (d->fails || info.class == ATA_RESERVED || info.class == ATA_VENDOR || info.class == ATA_REFUSED) {
		report_command(j, info.name, "always fails");
		return HV_DROP;
	}
	if (d->range_count > JUDGE_MAX_RANGES) {
		report_command(j, info.name, "dropped: it has too many ranges");
		return HV_DROP;
	}
	if (j->p->has_hook[j->t->hook])
		v = run_program(j);
	if (v == HV_PASS && info.guarded) {
		out->guarded = true;
		j->tally[JUDGE_GUARDED]++;
		report_command(j, info.name, guarded_text);
		return HV_DROP;
	}
	return v;
}

static void tally_verdict(struct judge *j, const struct judgement *out)
{
	j->tally[JUDGE_TRANSFERS]++;
	j->tally[out->verdict == HV_PASS ? JUDGE_PASSED :
		 out->verdict == HV_DROP_SILENTLY ? JUDGE_SILENT : JUDGE_DROPPED]++;
	if (j->now.unknown)
		j->tally[JUDGE_UNKNOWN]++;
	if (out->rewritten)
		j->tally[JUDGE_REWRITTEN]++;
}

void judge_transfer(struct judge *j, struct transfer *t, struct judgement *out)
{
	enum hv_verdict v;

	*out = (struct judgement){ .verdict = HV_DROP };
	if ((unsigned)t->hook >= HV_HOOKS)
		return;
	begin(j, t);
	v = is_net(t->hook) ? judge_net(j, out) : judge_disk(j, out);
	if (v == HV_PASS_NAMED)
		v = HV_PASS;
	/* A rewrite that cannot be done must not let the original pass. */
	if (v == HV_PASS && (j->now.refused || j->now.noted_rewrites || j->now.noted_fields)) {
		out->rewritten = plan_rewrites(j);
		if (j->now.refused) {
			j->tally[JUDGE_REWRITE_REFUSED]++;
			v = HV_DROP;
		}
	}
	out->verdict = v;
	out->matched = j->now.matched;
	/* Events show the original; rewriting comes last. */
	if (j->now.noted_logs)
		report_events(j, v, out->rewritten);
	if (out->rewritten)
		apply_rewrites(j);
	tally_verdict(j, out);
}

/* ---- figures ---- */

uint64_t judge_counter(const struct judge *j, enum judge_counter c)
{
	uint64_t n = j->tally[c];

	if (c == JUDGE_FRAG_EVICTED && j->frags)
		n += frag_table_evicted(j->frags);
	return n;
}

uint64_t judge_user_counter(const struct judge *j, uint32_t counter)
{
	return counter < j->p->counter_count ? j->counters[counter] : 0;
}

const struct rule_stats *judge_rule_stats(const struct judge *j, uint32_t rule)
{
	return rule < j->p->rule_count ? &j->rules[rule] : &j->no_stats;
}
