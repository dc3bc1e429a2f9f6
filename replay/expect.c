/*
 * expect.c - expected verdicts, and where the judged ones differ
 */
#include "replay/expect.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/field.h"

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void say(struct expect_cursor *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A line of the diff; when memory is out it is only counted. */
static void say(struct expect_cursor *c, const char *format, ...)
{
	size_t left = c->text_room - c->text_len;
	va_list ap;
	int len;

	if (c->differences > EXPECT_MAX_SHOWN)
		return;
	if (left < 2048) {
		char *larger = realloc(c->text, c->text_room + 8192);

		if (!larger)
			return;
		c->text = larger;
		c->text_room += 8192;
		left += 8192;
	}
	va_start(ap, format);
	len = vsnprintf(c->text + c->text_len, 2048, format, ap);
	va_end(ap);
	if (len >= 2048) {
		len = 2047;
		c->text[c->text_len + 2046] = '\n';
	}
	c->text_len += (size_t)len;
}

/* A byte of a name that stands for itself; any other is written \xHH. */
static bool is_plain(unsigned char byte)
{
	return byte > ' ' && byte != 0x7f && byte != '#' && byte != '\\';
}

/* Does @written, as it stands in the file, name @name?  By verdicts_input()'s way, or plainly. */
static bool names(const char *written, const char *name)
{
	const char *w = written, *n = name;

	while (*n) {
		char escaped[5] = { *n };

		if (!is_plain((unsigned char)*n))
			snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)*n);
		if (strncmp(w, escaped, strlen(escaped)))
			return !strcmp(written, name);
		w += strlen(escaped);
		n++;
	}
	return !*w;
}

int expect_begin(struct expect_cursor *c, const struct expect *e, const char *name,
		 unsigned namesakes)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	c->expect = e;
	for (i = 0; i < e->section_count; i++) {
		const struct expect_section *s = &e->sections[i];

		if (s->name[0] && !names(s->name, base_name(name)))
			continue;
		c->section = s;
		if (!namesakes--)
			break;
	}
	if (!c->section)
		return -1;
	c->next = c->section->first;
	return 0;
}

static void say_expected(struct expect_cursor *c, const struct expect_line *l)
{
	say(c, "-%" PRIu64 " %s %s%s%.*s  # %s:%u\n", l->transfer, hv_hook_section[l->hook],
	    outcome_name[l->outcome], l->any_rules ? "" : " ",
	    l->rules_len > 1000 ? 1000 : (int)l->rules_len, l->rules, c->expect->path, l->line);
}

static void say_judged(struct expect_cursor *c, const struct judged *j)
{
	say(c, "+%" PRIu64 " %s %s %.1000s\n", j->transfer, hv_hook_section[j->hook],
	    outcome_name[j->outcome], j->rules);
}

static const struct expect_line *line_at(const struct expect_cursor *c)
{
	size_t end = c->section->first + c->section->count;

	return c->next < end ? &c->expect->lines[c->next] : NULL;
}

static bool agrees(const struct expect_line *l, const struct judged *j)
{
	return l->hook == j->hook && l->outcome == j->outcome &&
	       (l->any_rules || (strlen(j->rules) == l->rules_len &&
				 !memcmp(j->rules, l->rules, l->rules_len)));
}

void expect_check(struct expect_cursor *c, const struct judged *j)
{
	const struct expect *e = c->expect;
	const struct expect_line *l;

	while ((l = line_at(c)) && l->transfer < j->transfer) {
		c->differences++;
		say_expected(c, l);
		c->next++;
	}
	if (l && l->transfer == j->transfer) {
		c->next++;
		if (agrees(l, j))
			return;
		c->differences++;
		say_expected(c, l);
		say_judged(c, j);
		return;
	}
	if (e->has_default[j->hook] && e->default_outcome[j->hook] == j->outcome &&
	    !strcmp(j->rules, "-"))
		return;
	c->differences++;
	if (e->has_default[j->hook])
		say(c, "-%" PRIu64 " %s %s -  # by default\n", j->transfer,
		    hv_hook_section[j->hook], outcome_name[e->default_outcome[j->hook]]);
	say_judged(c, j);
}

void expect_finish(struct expect_cursor *c)
{
	const struct expect_line *l;

	for (; (l = line_at(c)); c->next++) {
		c->differences++;
		say_expected(c, l);
	}
}

void verdicts_head(struct output *o, const enum hv_verdict hook_default[HV_HOOKS])
{
	int hook;

	output_text(o, "default pass\n");
	for (hook = 0; hook < HV_HOOKS; hook++)
		if (hook_default[hook] != HV_PASS && hook_default[hook] != HV_PASS_NAMED)
			output_print(o, "default %s %s\n", hv_hook_section[hook],
				     outcome_name[hook_default[hook] == HV_DROP_SILENTLY ?
						  OUTCOME_SILENT : OUTCOME_DROP]);
}

void verdicts_input(struct output *o, const char *path)
{
	const char *name;

	output_text(o, "input ");
	for (name = base_name(path); *name; name++)
		if (is_plain((unsigned char)*name))
			output_byte(o, *name);
		else
			output_print(o, "\\x%02x", (unsigned char)*name);
	output_byte(o, '\n');
}

void verdicts_line(struct output *o, const struct judged *j)
{
	output_print(o, "%" PRIu64 " %s %s ", j->transfer, hv_hook_section[j->hook],
		     outcome_name[j->outcome]);
	output_text(o, j->rules);
	output_byte(o, '\n');
}
