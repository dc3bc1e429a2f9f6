/*
 * room.c - memory of a command on its way: the device's table, our copy of the guest's PRDs, data
 */
#include "devmodel/ahci/state.h"

#include <string.h>

#define ALIGN		64u
/* An ATAPI command that does not say how much data it has, has no more than this. */
#define PACKET_ROOM	(1u << 20)
#define RANGE_BYTES	8u	/* of an LBA range entry */

static uint64_t aligned(uint64_t at)
{
	return (at + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Bytes of data that there must be room for.  What PACKET moves its PRDs tell, and they are not read yet. */
static uint64_t data_bytes(const struct port *p, const struct slot *s)
{
	uint64_t bytes = s->c.bytes;

	if (s->c.protocol == PROTOCOL_PACKET) {
		bytes = least(bytes, (uint64_t)p->header.prdtl * PRD_BYTES_MAX);
		if (s->c.bytes >= PACKET_BYTES_ANY)
			bytes = least(bytes, least(PACKET_ROOM, p->hba->bounce->memory.len / 2));
	}
	return bytes;
}

static uint64_t ranges_bytes(const struct slot *s)
{
	if (s->c.meaning != MEANING_RANGES)
		return 0;
	return least(s->c.bytes / RANGE_BYTES, JUDGE_MAX_RANGES + 1) * sizeof(struct disk_range);
}

enum room slot_take(struct port *p, struct slot *s, bool direct)
{
	struct bounce *b = p->hba->bounce;
	uint64_t data = data_bytes(p, s), prds = direct ? p->header.prdtl : PRDS_WHOLE(data);
	uint64_t prd_at = aligned(sizeof(struct table) + prds * sizeof(struct prd));
	uint64_t data_at = aligned(prd_at + (data ? p->header.prdtl : 0) * sizeof(struct prd));
	uint64_t len = data_at + (direct ? 0 : data + ranges_bytes(s));

	if (len > UINT32_MAX || !bounce_fits(b, len))
		return ROOM_NEVER;
	if (!bounce_take_turn(b, &p->turn, (uint32_t)len, &s->at))
		return ROOM_NONE;
	s->len = (uint32_t)len;
	s->prd_at = s->at + (uint32_t)prd_at;
	s->data_at = s->at + (uint32_t)data_at;
	s->bounced = !direct;
	/* what the guest has not seen is cleared when it is given back: what is here, it has */
	s->seen = true;
	return ROOM_TAKEN;
}

void slot_shrink(struct port *p, struct slot *s, uint32_t bytes)
{
	uint32_t len = s->data_at - s->at + bytes;

	bounce_shrink(p->hba->bounce, s->at, s->len, len);
	s->len = len;
	s->c.bytes = bytes;
}

void slot_release(struct port *p, struct slot *s)
{
	if (!s->len)
		return;
	/* addresses in our memory, which a drive that lies of its bytes would show */
	if (s->bounced)
		memset(slot_table(p, s), 0, s->prd_at - s->at);
	if (s->bounced && !s->seen)
		memset(slot_data(p, s), 0, s->len - (s->data_at - s->at));
	bounce_give(p->hba->bounce, s->at, s->len);
	s->len = 0;
}

/* ---- memory that the device may still write to ---- */

bool room_hold(struct port *p, uint32_t slots)
{
	unsigned count = 0;

	for (uint32_t left = slots; left; left &= left - 1)
		count++;
	if (count > HELD_MAX - p->held_count)
		return false;
	for (; slots; slots &= slots - 1) {
		unsigned slot = (unsigned)__builtin_ctz(slots);
		struct slot *s = &p->slot[slot];

		if (s->len)
			p->held[p->held_count++] = (struct held){ s->at, s->len, (uint8_t)slot };
		s->len = 0;
	}
	return true;
}

void room_let_go(struct port *p, uint32_t bits)
{
	uint8_t kept = 0;

	for (uint8_t i = 0; i < p->held_count; i++) {
		struct held h = p->held[i];

		if (bits >> h.slot & 1) {
			p->held[kept++] = h;
			continue;
		}
		memset(bounce_at(p, h.at), 0, h.len);
		bounce_give(p->hba->bounce, h.at, h.len);
		p->hba->more = true;
	}
	p->held_count = kept;
}
