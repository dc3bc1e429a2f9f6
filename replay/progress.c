/*
 * progress.c - a bar on a terminal while inputs are judged
 */
#include "replay/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_NS	100000000ull
#define WIDTH		40u

uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void progress_begin(struct progress *p, uint64_t total)
{
	memset(p, 0, sizeof(*p));
	pthread_mutex_init(&p->lock, NULL);
	p->on = isatty(STDERR_FILENO);
	p->total = total;
	p->last_ns = clock_ns();
}

static void draw(struct progress *p)
{
	uint64_t done = p->done, percent;
	char bar[WIDTH + 1];
	unsigned full;

	p->drawn = true;
	if (!p->total) {
		fprintf(stderr, "\r%llu MB judged ", (unsigned long long)(done / 1000000));
		return;
	}
	if (done > p->total)
		done = p->total;
	percent = (uint64_t)((double)done * 100 / (double)p->total);
	full = (unsigned)(percent * WIDTH / 100);
	memset(bar, ' ', WIDTH);
	memset(bar, '=', full);
	bar[WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3llu%% ", bar, (unsigned long long)percent);
}

void progress_add(struct progress *p, uint64_t bytes)
{
	uint64_t now;

	if (!p->on)
		return;
	p->done += bytes;
	if (pthread_mutex_trylock(&p->lock))
		return;
	now = clock_ns();
	if (now - p->last_ns >= REDRAW_NS) {
		p->last_ns = now;
		draw(p);
	}
	pthread_mutex_unlock(&p->lock);
}

void progress_end(struct progress *p)
{
	if (p->drawn)
		fprintf(stderr, "\r\033[K");
	pthread_mutex_destroy(&p->lock);
}
