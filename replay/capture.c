/*
 * capture.c - what the pcap and pcapng readers share: link types and packets
 */
#include "replay/capture.h"

int capture_link_type(struct reader *r, uint32_t link_type)
{
	enum reader_content content;

	if (link_type == LINKTYPE_ETHERNET)
		content = READER_NET;
	else if (link_type == LINKTYPE_USER0)
		content = READER_DISK;
	else
		return reader_fault(r, "link type %u; only Ethernet (1) and disk traces (147) can "
				    "be judged", link_type);
	if (r->content != READER_UNKNOWN && r->content != content)
		return reader_fault(r, "packets and disk commands in one capture");
	r->content = content;
	return 0;
}

void capture_net_item(struct reader *r, const struct capture_record *rec, struct item *item)
{
	struct transfer *t = &item->t;

	item->is_transfer = true;
	item->judged = true;
	item->raw = rec->raw;
	item->raw_len = rec->raw_len;
	t->number = ++r->number;
	t->time_ns = rec->time_ns;
	t->generation = 0;
	t->hook = locals_hook(r->locals, rec->bytes, rec->captured, rec->says);
	t->net.frame = rec->bytes;
	t->net.captured = rec->captured;
	t->net.wire_len = rec->wire_len > rec->captured ? rec->wire_len : rec->captured;
}
