/*
 * expect_load.c - read a file of expected verdicts
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/field.h"
#include "replay/expect.h"

#define MAX_WORDS	4u	/* of a line */
#define SEPARATORS	" \t\r"

static int wrong(const struct expect *e, uint32_t line, const char *text, struct fault *f)
{
	fault_set(f, "%s:%u: %s", e->path, line, text);
	return 1;
}

static int find_hook(const char *word)
{
	int hook;

	for (hook = 0; hook < HV_HOOKS; hook++)
		if (!strcmp(word, hv_hook_section[hook]))
			return hook;
	return -1;
}

static int find_outcome(const char *word)
{
	int o;

	for (o = 0; o < OUTCOMES; o++)
		if (!strcmp(word, outcome_name[o]))
			return o;
	return -1;
}

static int add_section(struct expect *e, const char *name, struct fault *f)
{
	struct expect_section *larger = realloc(e->sections,
						(e->section_count + 1) * sizeof(*larger));

	if (!larger) {
		fault_set(f, "out of memory");
		return 2;
	}
	e->sections = larger;
	larger[e->section_count++] = (struct expect_section){ .name = name, .first = e->count };
	return 0;
}

static int default_line(struct expect *e, char *words[], unsigned count, uint32_t line,
			struct fault *f)
{
	int hook = count == 3 ? find_hook(words[1]) : HV_HOOKS;
	int outcome = count == 2 || count == 3 ? find_outcome(words[count - 1]) : -1, h;

	if (hook < 0 || outcome < 0)
		return wrong(e, line, "not \"default [HOOK] pass|rewrite|drop|silent\"", f);
	if (e->default_stands[hook])
		return wrong(e, line, "this default stands twice", f);
	e->default_stands[hook] = true;
	for (h = 0; h < HV_HOOKS; h++) {
		if (h != hook && (hook < HV_HOOKS || e->default_stands[h]))
			continue;
		e->has_default[h] = true;
		e->default_outcome[h] = (uint8_t)outcome;
	}
	return 0;
}

static int input_line(struct expect *e, char *words[], unsigned count, uint32_t line,
		      struct fault *f)
{
	if (count != 2)
		return wrong(e, line, "not \"input NAME\"", f);
	if (e->section_count && !e->sections[0].name[0])
		return wrong(e, line, "verdicts stand before the first input", f);
	return add_section(e, base_name(words[1]), f);
}

static int grow(struct expect *e, struct fault *f)
{
	size_t room = e->room ? e->room * 2 : 256;
	struct expect_line *larger;

	if (e->count < e->room)
		return 0;
	larger = realloc(e->lines, room * sizeof(*larger));
	if (!larger) {
		fault_set(f, "out of memory");
		return 2;
	}
	e->lines = larger;
	e->room = room;
	return 0;
}

static int verdict_line(struct expect *e, char *words[], unsigned count, uint32_t line,
			struct fault *f)
{
	struct expect_section *s;
	struct expect_line l = { .line = line };
	char *end;
	int hook, outcome, status;

	errno = 0;
	l.transfer = strtoull(words[0], &end, 10);
	if (words[0][0] < '0' || words[0][0] > '9' || *end || errno || !l.transfer)
		return wrong(e, line, "not the number of a transfer, nor \"default\" or \"input\"", f);
	hook = count > 1 ? find_hook(words[1]) : -1;
	outcome = count > 2 ? find_outcome(words[2]) : -1;
	if (hook < 0 || outcome < 0)
		return wrong(e, line, "not \"TRANSFER HOOK pass|rewrite|drop|silent [RULES]\"", f);
	if (!e->section_count && (status = add_section(e, "", f)))
		return status;
	s = &e->sections[e->section_count - 1];
	if (s->count && e->lines[e->count - 1].transfer >= l.transfer)
		return wrong(e, line, "transfers stand in ascending order", f);
	l.hook = (uint8_t)hook;
	l.outcome = (uint8_t)outcome;
	l.any_rules = count < 4;
	l.rules = count < 4 ? "" : words[3];
	l.rules_len = (uint32_t)strlen(l.rules);
	status = grow(e, f);
	if (status)
		return status;
	e->lines[e->count++] = l;
	s->count++;
	return 0;
}

/* Cut the line into words: their number, MAX_WORDS + 1 when there are more. */
static unsigned split(char *text, char *words[MAX_WORDS])
{
	unsigned count = 0;
	char *save, *word;

	text[strcspn(text, "#")] = '\0';
	for (word = strtok_r(text, SEPARATORS, &save); word; word = strtok_r(NULL, SEPARATORS, &save)) {
		if (count == MAX_WORDS)
			return MAX_WORDS + 1;
		words[count++] = word;
	}
	return count;
}

static int parse(struct expect *e, struct fault *f)
{
	char *next = e->text, *text;
	uint32_t line = 0;
	int status = 0;

	while (!status && next) {
		char *words[MAX_WORDS];
		unsigned count;

		text = next;
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		line++;
		count = split(text, words);
		if (!count)
			continue;
		if (count > MAX_WORDS)
			status = wrong(e, line, "too many words", f);
		else if (!strcmp(words[0], "default"))
			status = default_line(e, words, count, line, f);
		else if (!strcmp(words[0], "input"))
			status = input_line(e, words, count, line, f);
		else
			status = verdict_line(e, words, count, line, f);
	}
	if (!status && !e->section_count)
		status = add_section(e, "", f);
	return status;
}

int expect_load(struct expect *e, const char *path, struct fault *f)
{
	FILE *file = fopen(path, "re");
	size_t len = 0, room = 0, got = 1;

	memset(e, 0, sizeof(*e));
	e->path = path;
	while (file && got) {
		if (len == room) {
			char *larger = realloc(e->text, (room = room ? room * 2 : 65536) + 1);

			if (!larger)
				break;
			e->text = larger;
		}
		got = fread(e->text + len, 1, room - len, file);
		len += got;
		if (len > EXPECT_MAX_FILE)
			break;
	}
	if (!file || ferror(file))
		fault_set(f, "%s: %s", path, strerror(errno));
	else if (got)
		fault_set(f, len > EXPECT_MAX_FILE ? "%s: more than 256 MiB" : "%s: out of memory",
			  path);
	if (file)
		fclose(file);
	if (fault_is_set(f))
		return 2;
	e->text[len] = '\0';
	if (strlen(e->text) != len)
		return wrong(e, 1, "holds NUL bytes: no text", f);
	return parse(e, f);
}

void expect_free(struct expect *e)
{
	free(e->text);
	free(e->lines);
	free(e->sections);
}
