/*
 * counters_report.c - the counters as lines of the log
 *
 *	counters: begin WHY			the block's lines may have others between them
 *	exits: REASON N				over all processors
 *	exits: cpuN: REASON N REASON N ...	of one, where there are several
 *	device: NAME N reads N writes
 *	register: NAME 0xREG N reads N writes	the most used; all others: "other" instead of 0xREG
 *	count: NAME N WORDS			of a model, of the policy, or of clusters (guest/cluster.h)
 *	offence: KIND N said N			by kind (offence.def), and how many had a line of their own
 *	rate: N exits a second, N at most, N seconds
 *	counters: end N lines			from "begin" on, with both
 *
 * Once a minute, when something happened and the line is idle, one line:
 *	summary: N exits, N a second, N at most; N offences; N lines lost
 * and with log=debug the whole block.
 */
#include "hv/counters.h"

#include "hv/clock.h"
#include "hv/cpu/lock.h"
#include "hv/text.h"

#define ROWS_INFO	16u	/* registers of a device, the most used first */
#define ROWS_DEBUG	64u
#define SECOND_US	UINT64_C(1000000)
#define SUMMARY_US	(60 * SECOND_US)

static const char *const reasons[VMEXIT_KINDS] = {
	"cpuid", "msr", "io", "page", "hypercall", "forbidden", "exception", "none", "nmi", "interrupt", "init",
	"shutdown", "halt", "invalid", "other",
};

#define OFFENCE(id, name, level) { name, level },
static const struct { const char *name; enum line_level level; } offences[] = {
#include "hv/offence.def"
};
#undef OFFENCE

/* One processor at a time reports or ticks; the others go on with what they have to do. */
static struct spinlock lock;
static uint32_t lines;
static counters_source_fn *source;
static uint64_t tick_at, summary_at;
static uint64_t exits_then, busy_then;	/* at the last tick, at the last summary */
static uint64_t rate_now, rate_max;

/* ---- the block ---- */

#define SAY(...) (lines++, log_line(__VA_ARGS__))

static void say_exits(void)
{
	for (unsigned kind = 0; kind < VMEXIT_KINDS; kind++) {
		uint64_t n = counters_exits(kind);

		if (n)
			SAY("exits: %s %llu", reasons[kind], (unsigned long long)n);
	}
	for (uint32_t i = 0; cpu_count > 1 && i < cpu_count; i++) {
		char space[LOG_TEXT_MAX];
		struct text t = { space, sizeof(space) - 1, 0 };

		for (unsigned kind = 0; kind < VMEXIT_KINDS; kind++) {
			uint64_t n = __atomic_load_n(&cpu_counters[i].exits[kind], __ATOMIC_RELAXED);

			if (n)
				text_add(&t, " %s %llu", reasons[kind], (unsigned long long)n);
		}
		space[t.len] = '\0';
		if (t.len)
			SAY("exits: cpu%u:%s", i, space);
	}
}

static struct counter_row row_of(const struct counter_device *d, uint32_t i)
{
	const struct counter_row *r = i < d->count ? &d->rows[i] : &d->other;
	uint64_t key = __atomic_load_n(&r->key, __ATOMIC_RELAXED);

	return (struct counter_row){
		.key = d->numbered ? key - 1 : (uint64_t)i * 4,
		.reads = __atomic_load_n(&r->reads, __ATOMIC_RELAXED),
		.writes = __atomic_load_n(&r->writes, __ATOMIC_RELAXED),
	};
}

/* The @room most used rows of @d, the most used first; what is in none of them is added to @other. */
static uint32_t most_used(const struct counter_device *d, struct counter_row *top, uint32_t room,
			  struct counter_row *other)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->count; i++) {
		struct counter_row r = row_of(d, i);
		uint32_t at = n;

		if (r.reads + r.writes == 0)
			continue;
		while (at > 0 && top[at - 1].reads + top[at - 1].writes < r.reads + r.writes)
			at--;
		if (n < room) {
			n++;
		} else {
			struct counter_row *out = at < room ? &top[room - 1] : &r;

			other->reads += out->reads;
			other->writes += out->writes;
		}
		for (uint32_t j = n; j-- > at + 1; )
			top[j] = top[j - 1];
		if (at < room)
			top[at] = r;
	}
	return n;
}

static void say_device(const struct counter_device *d, uint32_t room)
{
	static struct counter_row top[ROWS_DEBUG];	/* under the lock */
	struct counter_row other = row_of(d, d->count), all;
	uint32_t n = most_used(d, top, room, &other);

	all = other;
	for (uint32_t i = 0; i < n; i++) {
		all.reads += top[i].reads;
		all.writes += top[i].writes;
	}
	if (all.reads + all.writes == 0)
		return;
	SAY("device: %s %llu reads %llu writes", d->name, (unsigned long long)all.reads,
	    (unsigned long long)all.writes);
	for (uint32_t i = 0; i < n; i++)
		SAY("register: %s 0x%llx %llu reads %llu writes", d->name, (unsigned long long)top[i].key,
		    (unsigned long long)top[i].reads, (unsigned long long)top[i].writes);
	if (other.reads + other.writes)
		SAY("register: %s other %llu reads %llu writes", d->name, (unsigned long long)other.reads,
		    (unsigned long long)other.writes);
}

static uint64_t all_offences(void)
{
	uint64_t sum = 0;

	for (unsigned kind = 0; kind < OFFENCES; kind++)
		sum += offences[kind].level >= LINE_WARN ? counters_offences(kind) : 0;
	return sum;
}

static void say_offences(void)
{
	for (unsigned kind = 0; kind < OFFENCES; kind++) {
		uint64_t n = counters_offences(kind);

		if (n)
			SAY("offence: %s %llu said %llu", offences[kind].name, (unsigned long long)n,
			    (unsigned long long)log_guest_said(kind));
	}
}

static void say_count(const char *name, uint64_t n, const char *words, const char *detail)
{
	SAY("count: %s %llu %s%s%s%s", name, (unsigned long long)n, words, detail ? " \"" : "", detail ? detail : "",
	    detail ? "\"" : "");
}

void counters_source(counters_source_fn *f)
{
	source = f;
}

static void report(const char *why, bool last)
{
	uint32_t room = log_is_debug() ? ROWS_DEBUG : ROWS_INFO;

	lines = 0;
	SAY("counters: begin %s", why);
	say_exits();
	if (counters_spared)
		SAY("count: clusters %llu accesses without an exit", (unsigned long long)counters_spared);
	for (uint32_t i = 0; i < counters_device_count(); i++) {
		if (last)
			log_flush();
		say_device(counters_device_at(i), room);
	}
	if (last)
		log_flush();
	if (source)
		source(say_count, room);
	say_offences();
	SAY("rate: %llu exits a second, %llu at most, %llu seconds", (unsigned long long)rate_now,
	    (unsigned long long)rate_max, (unsigned long long)(clock_us() / SECOND_US));
	log_line("counters: end %u lines", lines + 1);
	if (last)
		log_flush();
}

void counters_report(const char *why, bool last)
{
	if (last)
		lock_take(&lock);
	else if (!lock_try(&lock))	/* somebody else does */
		return;
	report(why, last);
	lock_give(&lock);
}

/* ---- once a second, once a minute ---- */

static void measure(uint64_t now)
{
	uint64_t exits = 0;

	for (unsigned kind = 0; kind < VMEXIT_KINDS; kind++)
		exits += counters_exits(kind);
	if (tick_at)
		rate_now = (exits - exits_then) * SECOND_US / (now - tick_at);
	rate_max = rate_now > rate_max ? rate_now : rate_max;
	exits_then = exits;
	tick_at = now;
}

static void summary(uint64_t now)
{
	/* our own ticks are nothing that happened */
	uint64_t busy = exits_then - counters_exits(VMEXIT_NMI) + all_offences();

	if (busy == busy_then || log_pending())
		return;
	busy_then = busy;
	summary_at = now;
	log_line("summary: %llu exits, %llu a second, %llu at most; %llu offences; %llu lines lost",
		 (unsigned long long)exits_then, (unsigned long long)rate_now, (unsigned long long)rate_max,
		 (unsigned long long)all_offences(), (unsigned long long)log_lost());
	if (log_is_debug())
		report("each minute", false);
}

void counters_tick(void)
{
	uint64_t now = clock_us();

	if (now < __atomic_load_n(&tick_at, __ATOMIC_RELAXED) + SECOND_US || !lock_try(&lock))
		return;
	if (now >= tick_at + SECOND_US)		/* nobody else was faster */
		measure(now);
	if (now >= summary_at + SUMMARY_US)
		summary(now);
	lock_give(&lock);
}
