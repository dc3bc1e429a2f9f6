/*
 * build_entry.c - the frame of .hv.sets and .hv.class (policy/table.h reads it)
 */
#include "compiler/build_entry.h"

#include <string.h>

uint32_t entry_add(struct entry_list *l, const struct blob *blob, uint32_t kind, uint32_t words,
		   uint32_t elements)
{
	if (l->count == l->room) {
		uint32_t room = l->room ? 2 * l->room : 16;

		l->entries = pool_grow(l->pool, l->entries, l->count, room, sizeof(*l->entries));
		l->room = room;
	}
	l->entries[l->count] = (struct entry){
		.blob = *blob,
		.head = { .len = (uint32_t)blob->len, .kind = kind, .words = words,
			  .elements = elements },
	};
	return l->count++;
}

struct blob entry_finish(const struct entry_list *l, uint32_t magic)
{
	struct table_head h = { .magic = magic, .format = TABLE_FORMAT, .count = l->count };
	struct blob out = { .len = sizeof(h) + l->count * sizeof(struct table_entry) };
	size_t at = out.len;
	uint8_t *bytes;

	for (uint32_t i = 0; i < l->count; i++)
		out.len += l->entries[i].blob.len;
	bytes = pool_alloc(l->pool, out.len);
	memcpy(bytes, &h, sizeof(h));
	for (uint32_t i = 0; i < l->count; i++) {
		struct entry *e = &l->entries[i];

		e->head.offset = (uint32_t)at;
		memcpy(bytes + sizeof(h) + i * sizeof(e->head), &e->head, sizeof(e->head));
		memcpy(bytes + at, e->blob.bytes, e->blob.len);
		at += e->blob.len;
	}
	out.bytes = bytes;
	return out;
}
