/*
 * hvlog_view.c - the lines of one log, shown
 */
#include "replay/hvlog_view.h"

void hvlog_json_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s >= ' ' && *s <= '~')
			fputc(*s, out);
		else
			fprintf(out, "\\\\x%02X", (uint8_t)*s);
	}
	fputc('"', out);
}

void hvlog_json_file(FILE *out, const char *file)
{
	if (!file)
		return;
	fputs(",\"file\":", out);
	hvlog_json_string(out, file);
}

/* ---- what is not a line ---- */

static void show_event(const struct hvlog_view *v, const char *type)
{
	fprintf(v->out, "{\"event_type\":\"%s\"", type);
	hvlog_json_file(v->out, v->file);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* @next: number of the line that follows; @missing lines are not there. */
static void show_gap(struct hvlog_view *v, uint64_t after, uint64_t next, uint64_t missing)
{
	unsigned long long n = missing, damaged = v->damaged_here;

	if (!v->out)
		return;
	if (v->json) {
		show_event(v, "gap");
		fprintf(v->out, ",\"after\":%llu,\"before\":%llu,\"missing\":%llu,\"damaged\":%llu}\n",
			(unsigned long long)after, (unsigned long long)next, n, damaged);
		return;
	}
	if (after)
		fprintf(v->out, "-- %llu line%s missing between #%llu and #%llu", n, plural(n),
			(unsigned long long)after, (unsigned long long)next);
	else
		fprintf(v->out, "-- %llu line%s missing before #%llu", n, plural(n), (unsigned long long)next);
	if (damaged)
		fprintf(v->out, ", %llu damaged", damaged);
	fputs(" --\n", v->out);
}

/* Damage that took no numbered line: noise that begins like one, or the end of the log. */
static void show_damage(struct hvlog_view *v)
{
	if (!v->out || !v->damaged_here)
		return;
	if (v->json) {
		show_event(v, "damaged");
		fprintf(v->out, ",\"after\":%llu,\"damaged\":%llu}\n", (unsigned long long)v->number,
			(unsigned long long)v->damaged_here);
		return;
	}
	fprintf(v->out, "-- %llu damaged line%s --\n", (unsigned long long)v->damaged_here,
		plural(v->damaged_here));
}

static void show_restart(struct hvlog_view *v)
{
	if (!v->out)
		return;
	if (v->json) {
		show_event(v, "restart");
		fprintf(v->out, ",\"after\":%llu}\n", (unsigned long long)v->number);
		return;
	}
	fputs("-- the hypervisor starts again --\n", v->out);
}

/* ---- a line ---- */

static void json_counter(FILE *out, const struct hvlog_counter *c)
{
	static const char *const names[] = {
		[HVLOG_BEGIN] = "begin", [HVLOG_EXITS] = "exits", [HVLOG_CPU_EXITS] = "cpu",
		[HVLOG_DEVICE] = "device", [HVLOG_REGISTER] = "register", [HVLOG_COUNT] = "count",
		[HVLOG_OFFENCE] = "offence",
		[HVLOG_RATE] = "rate", [HVLOG_END] = "end",
	};
	unsigned long long count = c->count, more = c->more, reads = c->reads, writes = c->writes, n;
	char name[HVLOG_NAME_MAX + 1];
	const char *rest = c->rest;
	uint64_t one;

	fprintf(out, ",\"counter\":{\"type\":\"%s\"", names[c->type]);
	switch (c->type) {
	case HVLOG_BEGIN:
		fputs(",\"why\":", out);
		hvlog_json_string(out, c->rest);
		break;
	case HVLOG_EXITS:
		fprintf(out, ",\"reason\":\"%s\",\"count\":%llu", c->name, count);
		break;
	case HVLOG_CPU_EXITS:
		fprintf(out, ",\"cpu\":%u,\"exits\":{", c->cpu);
		while (hvlog_counter_next(&rest, name, &one)) {
			n = one;
			fprintf(out, "\"%s\":%llu%s", name, n, *rest ? "," : "");
		}
		fputc('}', out);
		break;
	case HVLOG_REGISTER:
		fprintf(out, ",\"device\":\"%s\",\"register\":", c->name);
		if (c->other)
			fputs("null", out);
		else
			fprintf(out, "%llu", (unsigned long long)c->reg);
		fprintf(out, ",\"reads\":%llu,\"writes\":%llu", reads, writes);
		break;
	case HVLOG_DEVICE:
		fprintf(out, ",\"device\":\"%s\",\"reads\":%llu,\"writes\":%llu", c->name, reads, writes);
		break;
	case HVLOG_COUNT:
		fprintf(out, ",\"of\":\"%s\",\"what\":", c->name);
		hvlog_json_string(out, c->rest);
		fprintf(out, ",\"count\":%llu", count);
		break;
	case HVLOG_OFFENCE:
		fprintf(out, ",\"offence\":\"%s\",\"count\":%llu,\"said\":%llu", c->name, count, more);
		break;
	case HVLOG_RATE:
		fprintf(out, ",\"now\":%llu,\"most\":%llu,\"seconds\":%llu", count, more,
			(unsigned long long)c->seconds);
		break;
	case HVLOG_END:
		fprintf(out, ",\"lines\":%llu", count);
		break;
	case HVLOG_NO_COUNTER:
		break;
	}
	fputc('}', out);
}

static void show_line(struct hvlog_view *v, const struct hvlog_line *l)
{
	unsigned long long s = l->us / 1000000, us = l->us % 1000000, number = l->number;
	struct hvlog_counter c;
	char head[24];

	if (!v->out || l->level < v->level)
		return;
	if (!v->json) {
		snprintf(head, sizeof(head), "#%llu", number);
		fprintf(v->out, "%7s %5llu.%06llu %2u %-5s %s\n", head, s, us, l->cpu,
			hvlog_level_name[l->level], l->text);
		return;
	}
	show_event(v, "log");
	fprintf(v->out, ",\"seq\":%llu,\"time\":%llu.%06llu,\"cpu\":%u,\"level\":\"%s\",\"text\":", number, s, us,
		l->cpu, hvlog_level_name[l->level]);
	hvlog_json_string(v->out, l->text);
	if (hvlog_counter_read(l->text, &c) != HVLOG_NO_COUNTER)
		json_counter(v->out, &c);
	fputs("}\n", v->out);
}

void hvlog_view_line(void *arg, const struct hvlog_line *l)
{
	struct hvlog_view *v = arg;

	if (!l) {
		v->damaged++;
		v->damaged_here++;
		return;
	}
	/* numbers and times only grow: else it is another start */
	if (l->number <= v->number || l->us < v->us) {
		show_damage(v);
		v->damaged_here = 0;
		show_restart(v);
		v->restarts++;
		v->number = 0;
	}
	if (l->number != v->number + 1) {
		v->gaps++;
		/* a log that lies has no more numbers than there are */
		if (__builtin_add_overflow(v->missing, l->number - v->number - 1, &v->missing))
			v->missing = UINT64_MAX;
		show_gap(v, v->number, l->number, l->number - v->number - 1);
	} else {
		show_damage(v);
	}
	v->damaged_here = 0;
	v->number = l->number;
	v->us = l->us;
	v->lines++;
	if (v->counters)
		hvlog_counters_take(v->counters, l);
	show_line(v, l);
}

void hvlog_view_end(struct hvlog_view *v)
{
	show_damage(v);
	v->damaged_here = 0;
}
