/*
 * options.c - the command line of hv.elf
 *
 * It comes over a network that nobody vouches for: an unknown word is an error, and the answer
 * to failures can only become stricter than what the image was built with.
 */
#include "hv/options.h"

#include <stddef.h>
#include <string.h>

struct choice {
	const char *name;
	int value;
};

static const struct choice consoles[] = {
	{ "com1", CONSOLE_COM1 }, { "com2", CONSOLE_COM2 }, { "none", CONSOLE_NONE }, { NULL, 0 },
};
static const struct choice levels[] = {
	{ "quiet", LOG_QUIET }, { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { NULL, 0 },
};
static const struct choice failures[] = {
	{ "halt", FAILURE_HALT }, { "reboot", FAILURE_REBOOT }, { "pass", FAILURE_PASS }, { NULL, 0 },
};

#ifdef FAULT_TEST
static const struct choice faults[] = {
	{ "write-text", FAULT_WRITE_TEXT }, { "write-rodata", FAULT_WRITE_RODATA }, { "exec-data", FAULT_EXEC_DATA },
	{ "null", FAULT_NULL }, { "stack", FAULT_STACK }, { "smash", FAULT_SMASH }, { "guest", FAULT_GUEST },
	{ "smap", FAULT_SMAP }, { "smep", FAULT_SMEP }, { "ud", FAULT_UD }, { NULL, 0 },
};
#endif

/* A piece of the line. */
struct word {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool same(struct word w, const char *name)
{
	for (size_t i = 0; i < w.len; i++) {
		if (name[i] != w.at[i])		/* also at the name's end */
			return false;
	}
	return name[w.len] == '\0';
}

/* "@what: WORD" or less of it. */
static void complain(char error[OPTIONS_ERROR], const char *what, struct word w)
{
	size_t n = 0;

	while (*what)			/* ours, and short */
		error[n++] = *what++;
	for (size_t i = 0; i < w.len && n < OPTIONS_ERROR - 1; i++)
		error[n++] = w.at[i] >= ' ' && w.at[i] < 0x7f ? w.at[i] : '?';
	error[n] = '\0';
}

static bool choose(struct word value, const struct choice *c, int *out)
{
	for (; c->name; c++) {
		if (same(value, c->name)) {
			*out = c->value;
			return true;
		}
	}
	return false;
}

/* @from to @to, in at most four digits. */
static bool take_number(struct word value, uint32_t from, uint32_t to, uint32_t *out)
{
	uint32_t n = 0;

	if (value.len == 0 || value.len > 4)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(value.at[i] - '0');
	}
	*out = n;
	return n >= from && n <= to;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* BB:DD.F, as lspci prints it. */
static bool take_function(struct word w, uint16_t *out)
{
	int digit[5];

	if (w.len != 7 || w.at[2] != ':' || w.at[5] != '.')
		return false;
	digit[0] = hex_digit(w.at[0]);
	digit[1] = hex_digit(w.at[1]);
	digit[2] = hex_digit(w.at[3]);
	digit[3] = hex_digit(w.at[4]);
	digit[4] = hex_digit(w.at[6]);
	for (unsigned i = 0; i < 5; i++) {
		if (digit[i] < 0)
			return false;
	}
	if (digit[2] > 1 || digit[4] > 7)
		return false;
	*out = (uint16_t)(digit[0] << 12 | digit[1] << 8 | (digit[2] << 4 | digit[3]) << 3 | digit[4]);
	return true;
}

/* BB:DD.F or -BB:DD.F */
static bool take_exception(struct word w, struct options *o)
{
	bool hide = w.len > 0 && w.at[0] == '-';
	uint32_t *count = hide ? &o->hidden_count : &o->shown_count;
	uint16_t *list = hide ? o->hidden : o->shown;

	if (hide) {
		w.at++;
		w.len--;
	}
	if (*count == OPTIONS_EXCEPTIONS || !take_function(w, &list[*count]))
		return false;
	++*count;
	return true;
}

static bool take_shown(struct word value, struct options *o)
{
	if (same(value, "hide")) {
		o->shown_count = 0;
		return true;
	}
	for (;;) {
		struct word one = { value.at, 0 };
		size_t skip;

		while (one.len < value.len && one.at[one.len] != ',')
			one.len++;
		skip = one.len < value.len ? one.len + 1 : one.len;
		if ((skip == value.len && skip > one.len) || !take_exception(one, o))
			return false;
		value.at += skip;
		value.len -= skip;
		if (value.len == 0)
			return true;
	}
}

static bool take_word(struct word w, struct options *o, char error[OPTIONS_ERROR])
{
	struct word name = { w.at, 0 }, value;
	uint32_t number = 0;
	int chosen = 0;
	bool ok;

	while (name.len < w.len && w.at[name.len] != '=')
		name.len++;
	if (name.len == w.len) {
		complain(error, "command line: unknown word: ", w);
		return false;
	}
	value = (struct word){ w.at + name.len + 1, w.len - name.len - 1 };
	if (same(name, "console")) {
		ok = choose(value, consoles, &chosen);
		o->console = ok ? (enum console)chosen : o->console;
	} else if (same(name, "log")) {
		ok = choose(value, levels, &chosen);
		o->log = ok ? (enum log_level)chosen : o->log;
	} else if (same(name, "disk")) {
		ok = take_number(value, 0, OPTIONS_DISKS - 1, &number);
		o->disk = ok ? (uint8_t)number : o->disk;
	} else if (same(name, "bounce")) {
		ok = value.len > 0 && value.at[value.len - 1] == 'M';
		value.len -= ok;
		ok = ok && take_number(value, 1, OPTIONS_BOUNCE_MAX, &number);
		o->bounce_mib = ok ? (uint16_t)number : o->bounce_mib;
	} else if (same(name, "tick")) {
		ok = take_number(value, 1, OPTIONS_TICK_MAX, &number);
		o->tick = ok ? (uint16_t)number : o->tick;
	} else if (same(name, "unmodelled")) {
		ok = take_shown(value, o);
#ifdef FAULT_TEST
	} else if (same(name, "fault")) {
		ok = choose(value, faults, &chosen);
		o->fault = ok ? (enum fault)chosen : o->fault;
#endif
	} else if (same(name, "on-failure")) {
		ok = choose(value, failures, &chosen);
		if (ok && chosen > (int)o->on_failure) {
			complain(error, "command line: looser than the image was built: ", w);
			return false;
		}
		o->on_failure = ok ? (enum on_failure)chosen : o->on_failure;
	} else {
		complain(error, "command line: unknown word: ", w);
		return false;
	}
	if (!ok)
		complain(error, "command line: no such value: ", w);
	return ok;
}

bool options_read(const char *line, struct options *o, char error[OPTIONS_ERROR])
{
	for (;;) {
		struct word w;
		struct options before = *o;

		while (is_blank(*line))
			line++;
		if (!*line)
			return true;
		w = (struct word){ line, 0 };
		while (line[w.len] && !is_blank(line[w.len]))
			w.len++;
		if (!take_word(w, o, error)) {
			*o = before;
			return false;
		}
		line += w.len;
	}
}
