/*
 * open_page.h - registers of receive rings that the guest writes without a call (internal; included by state.h)
 *
 * A driver gives buffers back by RDT, at each interrupt at least, and that does nothing at once: frames wait for their
 * interrupt.  While a queue receives, the page with its registers is memory.  Whoever is called next looks at what the
 * guest has written there, and carries it out as if it came now.  Frames that wait for room are looked after at ticks.
 */
#ifndef DEVMODEL_E1000_OPEN_PAGE_H
#define DEVMODEL_E1000_OPEN_PAGE_H

#define OPEN_PAGE		0x2000u	/* in BAR 0 */
#define OPEN_REGISTERS		24u	/* at most */

struct open_page {
	bool on;
	uint32_t count;
	struct {
		uint32_t at;		/* in BAR 0 */
		uint32_t shown;		/* what the model has last seen or left there */
	} reg[OPEN_REGISTERS];
	uint32_t rdh, rdt;		/* which of them */
};

static inline bool open_page_has(uint32_t offset)
{
	return (offset & ~4095u) == OPEN_PAGE;
}

/* Before a call's work: what the guest has written is carried out.  @all: not the tail alone. */
void open_page_take(struct e1000 *n, bool all);
/* After it: the page is opened or closed as the queue runs or not, and shows what is so now; @all: not the head alone. */
void open_page_follow(struct e1000 *n, bool all);

#endif
