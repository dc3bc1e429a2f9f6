/*
 * wake_timer.c - the comparator that ticks, and which of the NMIs that were taken are its own
 */
#include "hv/wake_timer.h"

#include "hv/cpu/x86.h"

#define MARGIN_US	20u
#define US_PER_SECOND	1000000u
#define PERIOD		0x7fffffffu	/* from one tick to one that never comes: it is set anew before */

static uint32_t get(const struct wake_timer *t, uint32_t reg)
{
	return t->bus->read(t->bus->host, HPET_TIMER(t->n, reg));
}

static void put(const struct wake_timer *t, uint32_t reg, uint32_t value)
{
	t->bus->write(t->bus->host, HPET_TIMER(t->n, reg), 4, value);
}

static uint32_t counter(const struct wake_timer *t)
{
	return t->bus->read(t->bus->host, HPET_COUNTER);
}

static bool is_past(const struct wake_timer *t)
{
	return (int32_t)(counter(t) - t->due) >= 0;
}

static bool has_fired(const struct wake_timer *t)
{
	return t->armed && (t->tells ? get(t, TN_CMP) != t->due : is_past(t));
}

void wake_timer_init(struct wake_timer *t, const struct hpet_bus *bus, uint32_t n, uint32_t config, uint32_t hz)
{
	uint32_t can;

	*t = (struct wake_timer){ .bus = bus, .n = n, .config = config, .hz = hz };
	t->margin = (uint32_t)((uint64_t)hz * MARGIN_US / US_PER_SECOND);
	can = get(t, TN_CFG);
	t->tells = can & TN_PERIODIC_CAP;
	if (t->tells)
		t->config |= TN_PERIODIC | TN_32BIT;
	else if (!(bus->read(bus->host, HPET_CAP) & CAP_64BIT) || !(can & TN_SIZE_CAP))
		t->config |= TN_32BIT;
	put(t, TN_CFG, t->config);
}

bool wake_timer_is_beyond(const struct wake_timer *t, uint32_t ticks)
{
	return t->armed && !has_fired(t) && !is_past(t) && t->due - counter(t) > ticks;
}

void wake_timer_settle(struct wake_timer *t)
{
	/* so close to its time, nobody knows on which side a write comes, and whether its NMI has arrived */
	while (t->armed && counter(t) - t->due + t->margin <= 2 * t->margin)
		cpu_relax();
	put(t, TN_CFG, t->config);
	t->owed = t->owed || has_fired(t);
	t->armed = false;
}

/* Not enabled while its parts do not belong together. */
static void set_comparator(struct wake_timer *t)
{
	put(t, TN_CFG, t->config | (t->tells ? TN_SETVAL : 0));
	put(t, TN_CMP, t->due);
	if (t->tells)
		put(t, TN_CMP, PERIOD);
	else if (!(t->config & TN_32BIT))
		put(t, TN_CMP + 4, t->bus->read(t->bus->host, HPET_COUNTER + 4) + (t->due < t->set_at));
	put(t, TN_CFG, t->config | TN_ENABLE);
	t->armed = true;
}

void wake_timer_arm(struct wake_timer *t, uint32_t us)
{
	uint32_t wait = (uint32_t)((uint64_t)t->hz * us / US_PER_SECOND);

	for (;; wait *= 2) {
		while (0 - (t->set_at = counter(t)) <= t->margin)	/* let it wrap first */
			cpu_relax();
		t->due = t->set_at + wait;
		/* once only, it would also fire when the counter wraps: section 2.3.9.2.1 */
		if (!t->tells && t->config & TN_32BIT && t->due < t->set_at)
			t->due = UINT32_MAX;
		set_comparator(t);
		if (!is_past(t))
			return;
		wake_timer_settle(t);		/* held up on the way here: too late, or just in time */
	}
}

uint32_t wake_timer_take(struct wake_timer *t, uint32_t (*take)(void *arg), void *arg, bool *ticked)
{
	bool fired = has_fired(t), before, on_its_way;
	uint32_t taken = 0, own = t->owed || fired;

	/* what had been sent has been taken after that; what fired meanwhile may have been */
	do {
		before = fired;
		taken += take(arg);
		fired = has_fired(t);
		own += fired && !before;
		on_its_way = taken < own && fired && counter(t) - t->due <= t->margin;
	} while (fired != before || on_its_way);
	*ticked = fired;
	t->armed = t->armed && !fired;
	t->owed = false;
	return taken > own ? taken - own : 0;
}
