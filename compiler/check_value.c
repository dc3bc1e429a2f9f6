/*
 * check_value.c - numbers, addresses, fields, bytes, arithmetic
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/check.h"
#include "compiler/value.h"

static const struct meaning nothing = { .kind = MEANS_NOTHING };

static struct meaning means_value(struct expr *e)
{
	return (struct meaning){ .kind = e ? MEANS_VALUE : MEANS_NOTHING, .expr = e };
}

const char *type_name(enum value_type type)
{
	switch (type) {
	case TYPE_NUM:
		return "a number";
	case TYPE_MAC:
		return "a MAC address";
	case TYPE_IP: case TYPE_IP4:
		return "an IP address";
	case TYPE_BOOL:
		return "a condition";
	case TYPE_TUPLE:
		return "a tuple";
	case TYPE_RANGE:
		return "a range of sectors";
	}
	return "a value";
}

const char *meaning_name(const struct meaning *m)
{
	switch (m->kind) {
	case MEANS_VALUE:
		return type_name(m->expr->type);
	case MEANS_CONDITION:
		return "a condition";
	case MEANS_SET:
		return "a set";
	case MEANS_PREFIX:
		return "a prefix (a set of addresses)";
	case MEANS_AREA:
		return "an area";
	default:
		return "nothing";
	}
}

void expected(struct check *c, struct loc loc, const char *what, const struct meaning *found)
{
	if (found->kind != MEANS_NOTHING)
		diag_error(c->diags, loc, "expected %s, found %s", what, meaning_name(found));
}

static int text_length(struct loc loc)
{
	return loc_len(loc) > 64 ? 64 : (int)loc_len(loc);
}

/* ---- literals ---- */

static struct meaning number(struct check *c, const struct node *n)
{
	struct value v = { 0 };
	int r = value_number(loc_text(n->loc), loc_len(n->loc), &v.lo);

	if (r == VALUE_OK)
		return means_value(expr_const(c->pool, &v, n->loc));
	if (r == VALUE_EOVERFLOW)
		diag_error(c->diags, n->loc, "the number does not fit 64 bits");
	else
		diag_error(c->diags, n->loc, "'%.*s' is not a number", text_length(n->loc),
			   loc_text(n->loc));
	return nothing;
}

static struct meaning mac(struct check *c, const struct node *n)
{
	struct value v;

	if (value_mac(loc_text(n->loc), loc_len(n->loc), &v) == VALUE_OK)
		return means_value(expr_const(c->pool, &v, n->loc));
	diag_error(c->diags, n->loc, "'%.*s' is not a MAC address", text_length(n->loc),
		   loc_text(n->loc));
	return nothing;
}

static struct meaning address(struct check *c, const struct node *n)
{
	struct meaning m = { .kind = MEANS_PREFIX };
	char text[VALUE_TEXT];
	int prefix, r;
	bool host;

	r = value_address(loc_text(n->loc), loc_len(n->loc), &m.lo, &m.hi, &prefix, &host);
	if (r == VALUE_EPREFIX)
		diag_error(c->diags, n->loc, "the prefix is longer than the address: at most /%d",
			   m.lo.family == 4 ? 32 : 128);
	else if (r != VALUE_OK)
		diag_error(c->diags, n->loc, "'%.*s' is not an address", text_length(n->loc),
			   loc_text(n->loc));
	if (r != VALUE_OK)
		return nothing;
	if (prefix < 0)
		return means_value(expr_const(c->pool, &m.lo, n->loc));
	if (host)
		diag_warning(c->diags, n->loc, "bits behind the prefix are set: this is %s/%d",
			     value_print(&m.lo, text), prefix);
	return m;
}

bool check_string(struct check *c, struct loc loc, const uint8_t **bytes, size_t *len)
{
	struct loc in = { loc.src, loc.first + 1, loc.last - 1 };
	const char *s = loc_text(in);
	uint8_t *out;
	ptrdiff_t n;
	size_t bad;

	if (loc_len(loc) < 2)
		return false;
	out = pool_alloc(c->pool, loc_len(in) + 1);
	n = value_string(s, loc_len(in), out, &bad);
	if (n < 0) {
		struct loc at = { loc.src, in.first + (uint32_t)bad, in.first + (uint32_t)bad + 1 };

		if (s[bad] == '\\') {
			at.last += at.last < in.last;
			diag_error(c->diags, at, "unknown escape: \\n \\t \\\\ \\\" and \\xHH are known");
		} else {
			diag_error(c->diags, at, "byte 0x%02x in a string: write \\x%02x",
				   (unsigned char)s[bad], (unsigned char)s[bad]);
		}
		return false;
	}
	if (n > HVC_MAX_STRING_BYTES) {
		diag_error(c->diags, loc, "the string is longer than %d bytes", HVC_MAX_STRING_BYTES);
		return false;
	}
	*bytes = out;
	*len = (size_t)n;
	return true;
}

char *check_text(struct check *c, struct loc loc, const char *what, size_t most)
{
	const uint8_t *bytes;
	size_t len;

	if (!check_string(c, loc, &bytes, &len))
		return NULL;
	if (!len)
		diag_error(c->diags, loc, "%s is empty", what);
	else if (memchr(bytes, 0, len))
		diag_error(c->diags, loc, "%s holds a NUL byte", what);
	else if (len > most)
		diag_error(c->diags, loc, "%s is longer than %zu bytes", what, most);
	else
		return (char *)bytes;
	return NULL;
}

/* ---- fields ---- */

enum hv_field field_find(struct check *c, struct loc loc)
{
	static const char *names[HV_FIELD_NAMES + 1];
	char word[64];
	const char *near = NULL;

	for (unsigned f = 0; f < HV_FIELD_NAMES; f++) {
		const char *name = hv_field_table[f].name;

		if (strlen(name) == loc_len(loc) && !memcmp(name, loc_text(loc), loc_len(loc)))
			return (enum hv_field)f;
		names[f] = name;
	}
	if (loc_len(loc) < sizeof(word)) {
		memcpy(word, loc_text(loc), loc_len(loc));
		word[loc_len(loc)] = '\0';
		near = diag_did_you_mean(word, names);
	}
	if (near)
		diag_error(c->diags, loc, "unknown field '%s'; did you mean '%s'?", word, near);
	else
		diag_error(c->diags, loc, "unknown field '%.*s'", text_length(loc), loc_text(loc));
	return HV_FIELD_NAMES;
}

static struct meaning field(struct check *c, const struct node *n)
{
	static const enum value_type types[] = {
		[FIELD_NUM] = TYPE_NUM, [FIELD_FLAG] = TYPE_BOOL, [FIELD_MAC] = TYPE_MAC,
		[FIELD_IP] = TYPE_IP, [FIELD_IP4] = TYPE_IP4, [FIELD_RANGE] = TYPE_RANGE,
	};
	enum hv_field f = field_find(c, n->loc);
	struct meaning m = { .kind = MEANS_VALUE };
	const struct field_info *fi;

	if (f == HV_FIELD_NAMES)
		return nothing;
	fi = &hv_field_table[f];
	m.expr = expr_new(c->pool, fi->type == FIELD_FLAG ? EXPR_FLAG : EXPR_FIELD,
			  types[fi->type], n->loc);
	m.expr->field = f;
	expr_finish(m.expr);
	if (fi->type == FIELD_FLAG)
		m.kind = MEANS_CONDITION;
	if (f == HV_F_TCP_IN_ORDER)
		diag_warning(c->diags, n->loc,
			     "tcp.in_order is absent until streams are followed: never true");
	return m;
}

/* ---- bytes ---- */

static bool check_size(struct check *c, const struct node *n, uint8_t *size)
{
	uint64_t v;

	if (!check_constant(c, n, &v))
		return false;
	if (v != 1 && v != 2 && v != 4 && v != 8) {
		diag_error(c->diags, n->loc, "a size is 1, 2, 4 or 8 bytes");
		return false;
	}
	*size = (uint8_t)v;
	return true;
}

static struct meaning slice(struct check *c, const struct node *n)
{
	bool sector = n->kind == NODE_SECTOR;
	struct expr *l = sector ? check_number(c, n->a) : check_number(c, n->b);
	struct expr *r = sector ? check_number(c, n->b) : NULL;
	uint8_t size = 0;
	struct expr *e;

	if (!check_size(c, n->c, &size) || !l || (sector && !r))
		return nothing;
	e = expr_new(c->pool, sector ? EXPR_SECTOR : EXPR_BYTES, TYPE_NUM, n->loc);
	e->l = l;
	e->r = r;
	e->size = size;
	e->little_endian = n->little_endian;
	if (!sector)
		e->area = n->a->op;
	return means_value(expr_finish(e));
}

/* ---- arithmetic ---- */

static struct meaning arith(struct check *c, const struct node *n)
{
	struct meaning l = check_node(c, n->a), r = check_node(c, n->b);
	const struct meaning *both[] = { &l, &r };
	const struct node *nodes[] = { n->a, n->b };
	bool ok = true;

	if (l.kind == MEANS_NOTHING || r.kind == MEANS_NOTHING)
		return nothing;
	if ((n->op == ARITH_ADD || n->op == ARITH_SUB) &&
	    (l.kind == MEANS_SET || l.kind == MEANS_PREFIX || r.kind == MEANS_SET ||
	     r.kind == MEANS_PREFIX))
		return set_arith(c, n, &l, &r);
	for (unsigned i = 0; i < 2; i++) {
		if (both[i]->kind == MEANS_VALUE && both[i]->expr->type == TYPE_NUM)
			continue;
		expected(c, nodes[i]->loc, "a number", both[i]);
		ok = false;
	}
	return ok ? means_value(expr_arith(c->pool, n->op, l.expr, r.expr, n->loc)) : nothing;
}

struct meaning check_node(struct check *c, const struct node *n)
{
	switch ((enum node_kind)n->kind) {
	case NODE_NUMBER:
		return number(c, n);
	case NODE_ADDRESS:
		return address(c, n);
	case NODE_MAC:
		return mac(c, n);
	case NODE_NAME: {
		struct named *d = named_find(c, n->loc, loc_text(n->loc), loc_len(n->loc));

		return d ? named_meaning(c, d, n->loc) : nothing;
	}
	case NODE_FIELD:
		return field(c, n);
	case NODE_AREA:
		return (struct meaning){ .kind = MEANS_AREA, .area = n->op };
	case NODE_SLICE: case NODE_SECTOR:
		return slice(c, n);
	case NODE_ARITH:
		return arith(c, n);
	case NODE_FILE:
		return check_file_set(c, n);
	case NODE_SET:
		return check_set_node(c, n);
	case NODE_TUPLE:
		diag_error(c->diags, n->loc, "a tuple stands left of 'in' or within a set");
		return nothing;
	case NODE_COMPARE:
		return check_compare(c, n);
	case NODE_IN:
		return check_in(c, n);
	case NODE_OVERLAPS:
		return check_overlaps(c, n);
	case NODE_HAS:
		return check_has(c, n);
	case NODE_NOT: case NODE_AND: case NODE_OR:
		return check_chain(c, n);
	case NODE_BAD: case NODE_RANGE: case NODE_POSITION: case NODE_STRING:
		break;
	}
	return nothing;
}

struct expr *check_value(struct check *c, const struct node *n)
{
	struct meaning m = check_node(c, n);

	if (m.kind == MEANS_VALUE && m.expr->type != TYPE_RANGE)
		return m.expr;
	if (m.kind == MEANS_CONDITION && m.expr->kind == EXPR_FLAG)
		diag_error(c->diags, n->loc, "a flag is a condition: write it alone, or after 'not'");
	else if (m.kind == MEANS_VALUE)
		diag_error(c->diags, n->loc, "disk.range stands left of 'overlaps' only");
	else
		expected(c, n->loc, "a value", &m);
	return NULL;
}

struct expr *check_number(struct check *c, const struct node *n)
{
	struct meaning m = check_node(c, n);

	if (m.kind == MEANS_VALUE && m.expr->type == TYPE_NUM)
		return m.expr;
	expected(c, n->loc, "a number", &m);
	return NULL;
}

bool check_constant(struct check *c, const struct node *n, uint64_t *out)
{
	struct expr *e = check_number(c, n);

	if (!e)
		return false;
	if (e->kind != EXPR_CONST) {
		diag_error(c->diags, n->loc, "expected a constant");
		return false;
	}
	*out = e->value.lo;
	return true;
}

bool types_compare(enum value_type a, enum value_type b)
{
	if (a == TYPE_IP4)
		a = TYPE_IP;
	if (b == TYPE_IP4)
		b = TYPE_IP;
	return a == b;
}
