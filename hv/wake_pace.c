/*
 * wake_pace.c - how soon the next tick comes, and whose NMI a status port tells of
 */
#include "hv/wake.h"

#define SECOND_US	1000000u
#define STRETCH_MAX	8u
#define NMI_CAUSES	0xc0u	/* SERR#, IOCHK#: ICH9 datasheet, section 13.7.1 */

uint32_t wake_next_us(struct wake_pace *p, uint32_t hz, uint32_t idle_hz, uint64_t exits, uint64_t elapsed_us)
{
	uint64_t next;

	if (hz <= idle_hz) {
		p->stretch = 1;
		return SECOND_US / idle_hz;
	}
	if (exits >= elapsed_us * hz / SECOND_US)
		p->stretch = p->stretch < STRETCH_MAX ? p->stretch * 2 : STRETCH_MAX;
	else
		p->stretch = 1;
	p->stretch += p->stretch == 0;		/* as it begins */
	next = (uint64_t)SECOND_US * p->stretch / hz;
	return (uint32_t)(next < SECOND_US / idle_hz ? next : SECOND_US / idle_hz);
}

uint8_t wake_news(uint8_t *seen, uint8_t port_61)
{
	uint8_t now = port_61 & NMI_CAUSES, news = (uint8_t)(now & ~*seen);

	*seen = now;
	return news;
}
