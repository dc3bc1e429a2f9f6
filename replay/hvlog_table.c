/*
 * hvlog_table.c - a block of counters for people, and as JSON
 */
#include <stdlib.h>
#include <string.h>

#include "replay/hvlog_counters.h"
#include "replay/hvlog_view.h"

#define CONFIGURATION	"configuration"

static int by_count(const void *a, const void *b)
{
	const struct hvlog_count *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Their sum may not fit 64 bits in a log that lies. */
static int by_uses(const void *a, const void *b)
{
	const struct hvlog_uses *x = a, *y = b;
	unsigned __int128 n = (unsigned __int128)x->reads + x->writes, m = (unsigned __int128)y->reads + y->writes;

	if (n != m)
		return n > m ? -1 : 1;
	if (strcmp(x->name, y->name))
		return strcmp(x->name, y->name);
	if (x->other != y->other)
		return x->other ? 1 : -1;
	return x->reg < y->reg ? -1 : x->reg > y->reg;
}

static void sort(struct hvlog_block *b)
{
	qsort(b->exits, b->exit_count, sizeof(b->exits[0]), by_count);
	qsort(b->cpu_exits, b->cpu_exit_count, sizeof(b->cpu_exits[0]), by_count);
	qsort(b->offences, b->offence_count, sizeof(b->offences[0]), by_count);
	qsort(b->devices, b->device_count, sizeof(b->devices[0]), by_uses);
	qsort(b->registers, b->register_count, sizeof(b->registers[0]), by_uses);
}

void hvlog_register_name(const struct hvlog_uses *u, char *name, size_t room)
{
	unsigned long long reg = u->reg;

	if (u->other)
		snprintf(name, room, "other");
	else if (!strcmp(u->name, CONFIGURATION) && reg < 1u << 28)
		snprintf(name, room, "%02llx:%02llx.%llu+0x%02llx", reg >> 20, reg >> 15 & 31, reg >> 12 & 7,
			 reg & 0xfff);
	else
		snprintf(name, room, "0x%02llx", reg);
}

/* ---- for people ---- */

static void print_exits(FILE *out, const struct hvlog_block *b)
{
	long double all = 0;

	for (uint32_t i = 0; i < b->exit_count; i++)
		all += (long double)b->exits[i].count;
	fputs("\nexits\n", out);
	for (uint32_t i = 0; i < b->exit_count; i++)
		fprintf(out, "  %-46s %15llu %7.2Lf%%\n", b->exits[i].name, (unsigned long long)b->exits[i].count,
			all > 0 ? 100 * (long double)b->exits[i].count / all : 0.0L);
	for (uint32_t i = 0; i < b->cpu_exit_count; i++) {
		char name[HVLOG_NAME_MAX + 20];

		snprintf(name, sizeof(name), "cpu%u %s", b->cpu_exits[i].cpu, b->cpu_exits[i].name);
		fprintf(out, "  %-46s %15llu\n", name, (unsigned long long)b->cpu_exits[i].count);
	}
}

static void print_uses(FILE *out, const char *head, const struct hvlog_uses *rows, uint32_t n, bool registers)
{
	if (n)
		fprintf(out, "\n%-48s %15s %15s\n", head, "reads", "writes");
	for (uint32_t i = 0; i < n; i++) {
		char name[HVLOG_NAME_MAX + 40], reg[40];

		hvlog_register_name(&rows[i], reg, sizeof(reg));
		snprintf(name, sizeof(name), "%s%s%s", rows[i].name, registers ? " " : "", registers ? reg : "");
		fprintf(out, "  %-46s %15llu %15llu\n", name, (unsigned long long)rows[i].reads,
			(unsigned long long)rows[i].writes);
	}
}

/* Words may be longer than a column. */
static void print_counts(FILE *out, const struct hvlog_block *b)
{
	if (b->count_count)
		fputs("\ncounts\n", out);
	for (uint32_t i = 0; i < b->count_count; i++) {
		char name[HVLOG_NAME_MAX + HVLOG_WORDS_MAX + 2];

		snprintf(name, sizeof(name), "%s %s", b->counts[i].name, b->counts[i].words);
		fprintf(out, "  %-46s %15llu\n", name, (unsigned long long)b->counts[i].count);
	}
}

void hvlog_table(FILE *out, struct hvlog_block *b)
{
	sort(b);
	fprintf(out, "counters #%llu at %llu.%06llu s: %s\n", (unsigned long long)b->number,
		(unsigned long long)(b->us / 1000000), (unsigned long long)(b->us % 1000000), b->why);
	if (!hvlog_block_whole(b))
		fprintf(out, "  not whole: %llu lines are here\n", (unsigned long long)b->lines);
	if (b->dropped)
		fprintf(out, "  %u rows more than hvlog has room for\n", b->dropped);
	print_exits(out, b);
	print_uses(out, "devices", b->devices, b->device_count, false);
	print_uses(out, "registers", b->registers, b->register_count, true);
	print_counts(out, b);
	if (b->offence_count)
		fprintf(out, "\n%-48s %15s %15s\n", "offences", "times", "said");
	for (uint32_t i = 0; i < b->offence_count; i++)
		fprintf(out, "  %-46s %15llu %15llu\n", b->offences[i].name,
			(unsigned long long)b->offences[i].count, (unsigned long long)b->offences[i].more);
	fprintf(out, "\n%-48s %15llu a second, %llu at most\n", "exits, of late", (unsigned long long)b->rate,
		(unsigned long long)b->rate_max);
}

/* ---- as JSON; names have nothing to escape ---- */

static void json_counts(FILE *out, const struct hvlog_count *rows, uint32_t n)
{
	fputc('{', out);
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, "%s\"%s\":%llu", i ? "," : "", rows[i].name, (unsigned long long)rows[i].count);
	fputc('}', out);
}

static void json_cpus(FILE *out, const struct hvlog_block *b)
{
	fputs(",\"cpus\":[", out);
	for (uint32_t from = 0, to; from < b->cpu_exit_count; from = to) {
		for (to = from; to < b->cpu_exit_count && b->cpu_exits[to].cpu == b->cpu_exits[from].cpu; to++)
			;
		fprintf(out, "%s{\"cpu\":%u,\"exits\":", from ? "," : "", b->cpu_exits[from].cpu);
		json_counts(out, b->cpu_exits + from, to - from);
		fputc('}', out);
	}
	fputc(']', out);
}

static void json_registers(FILE *out, const struct hvlog_block *b)
{
	fputs(",\"registers\":[", out);
	for (uint32_t i = 0; i < b->register_count; i++) {
		const struct hvlog_uses *u = &b->registers[i];

		fprintf(out, "%s{\"device\":\"%s\",\"register\":", i ? "," : "", u->name);
		if (u->other)
			fputs("null", out);
		else
			fprintf(out, "%llu", (unsigned long long)u->reg);
		fprintf(out, ",\"reads\":%llu,\"writes\":%llu}", (unsigned long long)u->reads,
			(unsigned long long)u->writes);
	}
	fputc(']', out);
}

static void json_words(FILE *out, const struct hvlog_block *b)
{
	fputs(",\"counts\":[", out);
	for (uint32_t i = 0; i < b->count_count; i++) {
		fprintf(out, "%s{\"of\":\"%s\",\"what\":", i ? "," : "", b->counts[i].name);
		hvlog_json_string(out, b->counts[i].words);
		fprintf(out, ",\"count\":%llu}", (unsigned long long)b->counts[i].count);
	}
	fputc(']', out);
}

void hvlog_block_json(FILE *out, struct hvlog_block *b, const char *file)
{
	sort(b);
	fputs("{\"event_type\":\"counters\"", out);
	hvlog_json_file(out, file);
	fprintf(out, ",\"seq\":%llu,\"time\":%llu.%06llu,\"why\":", (unsigned long long)b->number,
		(unsigned long long)(b->us / 1000000), (unsigned long long)(b->us % 1000000));
	hvlog_json_string(out, b->why);
	fprintf(out, ",\"whole\":%s,\"exits\":", hvlog_block_whole(b) ? "true" : "false");
	json_counts(out, b->exits, b->exit_count);
	json_cpus(out, b);
	fputs(",\"devices\":[", out);
	for (uint32_t i = 0; i < b->device_count; i++)
		fprintf(out, "%s{\"device\":\"%s\",\"reads\":%llu,\"writes\":%llu}", i ? "," : "", b->devices[i].name,
			(unsigned long long)b->devices[i].reads, (unsigned long long)b->devices[i].writes);
	fputc(']', out);
	json_registers(out, b);
	json_words(out, b);
	fputs(",\"offences\":[", out);
	for (uint32_t i = 0; i < b->offence_count; i++)
		fprintf(out, "%s{\"offence\":\"%s\",\"count\":%llu,\"said\":%llu}", i ? "," : "", b->offences[i].name,
			(unsigned long long)b->offences[i].count, (unsigned long long)b->offences[i].more);
	fprintf(out, "],\"rate\":{\"now\":%llu,\"most\":%llu,\"seconds\":%llu}}\n", (unsigned long long)b->rate,
		(unsigned long long)b->rate_max, (unsigned long long)b->seconds);
}
