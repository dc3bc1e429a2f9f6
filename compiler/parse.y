/*
 * parse.y - tokens to a syntax tree: syntax only, LALR(1), no conflicts
 *
 * One expression grammar; what fits what is the checker's.  Three start tokens, one
 * grammar: a policy, a pattern file, a set file.
 *
 * Recovery: an `error` alternative without a sync token is reduced at once, and bison
 * then drops tokens one by one in a state where a rule or item may start; so a missing
 * ';' costs nothing but itself, and anything else costs up to the next ';', label or
 * keyword that starts an item.
 */
%define api.prefix {hvp}
%define api.pure full
%define api.location.type {struct loc}
%define parse.error custom
%define parse.lac full
%locations
%param {struct parse *ps}
%expect 0

%code requires {
#include "compiler/tree.h"

}

%code provides {
int hvplex(HVPSTYPE *value, HVPLTYPE *loc, struct parse *ps);
}

%code {
#include "compiler/limit.h"
#include "compiler/parse_error.h"

#define YYINITDEPTH	4000
#define YYMAXDEPTH	4000	/* of HVC_MAX_NESTING levels; what is deeper ended in the scanner */

#define YYLLOC_DEFAULT(cur, rhs, n) do { \
		if (n) { \
			(cur) = YYRHSLOC(rhs, 1); \
			(cur).last = YYRHSLOC(rhs, n).last; \
		} else { \
			(cur) = YYRHSLOC(rhs, 0); \
			(cur).first = (cur).last; \
		} \
	} while (0)

static void hvperror(struct loc *loc, struct parse *ps, const char *text);
static struct item *declared(struct parse *ps, enum item_kind kind, struct loc loc,
			     struct loc name);

#define LIST_ADD(list, item) do { \
		if ((list).last) \
			(list).last->next = (item); \
		else \
			(list).first = (item); \
		(list).last = (item); \
	} while (0)

#define ARITH(loc, op, l, r)	node_op(ps, NODE_ARITH, ARITH_##op, loc, l, r, NULL)
#define COMPARE(loc, op, l, r)	node_op(ps, NODE_COMPARE, CMP_##op, loc, l, r, NULL)
}

%union {
	struct node *node;
	struct node_list nodes;
	struct pattern_text *pattern;
	struct pattern_list patterns;
	struct hex_list hex;
	struct hex_text *hexel;
	struct action_text *action;
	struct action_list actions;
	struct rule_text *rule;
	struct rule_list rules;
	struct item *item;
	unsigned number;
	struct loc place;
}

%token T_GO_POLICY "start of a policy" T_GO_PATTERNS "start of a pattern file" T_GO_SET "start of a set file"
%token YYEOF 0 "end of file"
%token T_NL "end of line"
%token T_NUMBER "number" T_ADDRESS "address" T_MAC "MAC address" T_STRING "string"
%token T_REGEX "regular expression" T_NAME "name" T_FIELD "field" T_RATE "rate (N/s)" T_LABEL "label"
%token T_HEXOPEN "hex pattern" T_BYTE "hex byte" T_ANYBYTE "??" T_GAP "[n-m]"
%token T_DOTDOT ".." T_ARROW "->" T_EQ "==" T_NE "!=" T_LE_ "<=" T_GE ">=" T_SHL "<<" T_SHR ">>"
%token T_POLICY "policy" T_VERSION "version" T_INCLUDE "include" T_CONST "const" T_SET "set"
%token T_PATTERN "pattern" T_PATTERNS "patterns" T_DEFINE "define" T_FILE "file"
%token T_ON "on" T_DEFAULT "default" T_NET "net" T_DISK "disk" T_OUT "out" T_IN "in"
%token T_READ "read" T_WRITE "write" T_CONTROL "control"
%token T_PASS "pass" T_DROP "drop" T_SILENTLY "silently" T_LOG "log" T_INFO "info"
%token T_NOTICE "notice" T_ALERT "alert" T_LIMIT "limit" T_COUNT "count" T_REWRITE "rewrite" T_WITH "with"
%token T_AND "and" T_OR "or" T_NOT "not" T_HAS "has" T_ANY "any" T_AT "at" T_WITHIN "within"
%token T_EVERY "every" T_STARTS "starts" T_OVERLAPS "overlaps"
%token T_FRAME "frame" T_PAYLOAD "payload" T_DATA "data" T_CDB "cdb" T_SECTOR "sector"
%token T_LE "le" T_I "i" T_WIDE "wide"
%token T_CLOSE "end of block"	/* the '}' of a block's rules, told from a set's by the scanner */

%left '|'
%left '^'
%left '&'
%left '+' '-'
%left T_SHL T_SHR

%type <item> item declare head setlines
%type <number> hooks hook verdict level sflags area
%type <rules> rules
%type <rule> rule
%type <actions> actions
%type <action> action
%type <node> expr conj neg cmp val prim elem position every offset size_le
%type <nodes> elems elem_list
%type <patterns> what plist pitems
%type <pattern> pattern ref bytes pitem
%type <hex> hex bytelist
%type <hexel> hexel
%type <place> text limit

%%
start:
	T_GO_POLICY items
|	T_GO_PATTERNS entries
|	T_GO_SET setlines
;

/* ---- a policy ---- */

items:
	%empty
|	items item		{ item_add(ps, $item); }
;

item:
	T_POLICY T_STRING T_VERSION T_NUMBER end {
		$$ = item_new(ps, ITEM_POLICY, @$);
		$$->string = @2;
		$$->number = @4;
	}
|	T_INCLUDE T_STRING end {
		$$ = item_new(ps, ITEM_INCLUDE, @$);
		$$->string = @2;
	}
|	declare '=' expr end	{ $$ = $1; $$->value = $3; }
|	declare '=' error	{ $$ = $1; $$->value = node_new(ps, NODE_BAD, @1); }
|	T_PATTERN T_NAME '=' pattern end {
		$$ = item_new(ps, ITEM_PATTERN, @$);
		$$->name = @2;
		$$->pattern = $4;
	}
|	T_PATTERN T_NAME '=' error {
		$$ = item_new(ps, ITEM_PATTERN, @$);
		$$->name = @2;
		$$->pattern = pattern_text_new(ps, PATTERN_TEXT_BAD, @2);
	}
|	T_PATTERNS T_NAME '=' T_FILE T_STRING end {
		$$ = item_new(ps, ITEM_PATTERNS, @$);
		$$->name = @2;
		$$->string = @5;
	}
|	head open rules T_CLOSE	{ $$ = $1; $$->rules = $3; }
|	T_ON error '{' rules T_CLOSE {
		$$ = item_new(ps, ITEM_BLOCK, @$);
		$$->rules = $4;
		yyerrok;
	}
|	error ';'		{ $$ = NULL; yyerrok; }
|	error			{ $$ = NULL; }
;

declare:
	T_CONST T_NAME		{ $$ = declared(ps, ITEM_CONST, @$, @2); }
|	T_SET T_NAME		{ $$ = declared(ps, ITEM_SET, @$, @2); }
|	T_DEFINE T_NAME		{ $$ = declared(ps, ITEM_DEFINE, @$, @2); }
;

/* What ends an item or a rule. */
end:
	';'
|	error
;

head:
	T_ON hooks T_DEFAULT verdict {
		$$ = item_new(ps, ITEM_BLOCK, @$);
		$$->hooks = $2;
		$$->verdict = $4;
		$$->verdict_loc = @4;
	}
;

open:
	'{'
|	error
;

hooks:
	hook
|	hooks ',' hook		{ $$ = $1 | $3; }
;

hook:
	T_NET T_OUT		{ $$ = HOOK_BIT(HV_HOOK_NET_OUT); }
|	T_NET T_IN		{ $$ = HOOK_BIT(HV_HOOK_NET_IN); }
|	T_DISK T_WRITE		{ $$ = HOOK_BIT(HV_HOOK_DISK_WRITE); }
|	T_DISK T_READ		{ $$ = HOOK_BIT(HV_HOOK_DISK_READ); }
|	T_DISK T_CONTROL	{ $$ = HOOK_BIT(HV_HOOK_DISK_CONTROL); }
;

verdict:
	T_PASS			{ $$ = HV_PASS; }
|	T_DROP			{ $$ = HV_DROP; }
;

/* ---- rules ---- */

rules:
	%empty			{ $$ = (struct rule_list){ 0 }; }
|	rules rule {
		$$ = $1;
		if ($2)
			LIST_ADD($$, $2);
	}
;

rule:
	T_LABEL expr T_ARROW actions end	{ $$ = rule_text_new(ps, @1, $2, $4); }
|	T_LABEL T_ARROW actions end		{ $$ = rule_text_new(ps, @1, NULL, $3); }
|	error ';'				{ $$ = NULL; yyerrok; }
|	error					{ $$ = NULL; }
;

actions:
	action {
		$$ = (struct action_list){ .count = 1 };
		LIST_ADD($$, $1);
	}
|	actions ',' action {
		$$ = $1;
		$$.count++;
		LIST_ADD($$, $3);
	}
;

action:
	T_PASS			{ $$ = action_text_new(ps, ACTION_PASS, @$); }
|	T_DROP			{ $$ = action_text_new(ps, ACTION_DROP, @$); }
|	T_DROP T_SILENTLY	{ $$ = action_text_new(ps, ACTION_DROP_SILENTLY, @$); }
|	T_LOG level text limit {
		$$ = action_text_new(ps, ACTION_LOG, @$);
		$$->severity = $2;
		$$->string = $3;
		$$->rate = $4;
	}
|	T_COUNT T_NAME {
		$$ = action_text_new(ps, ACTION_COUNT, @$);
		$$->name = @2;
	}
|	T_REWRITE ref T_WITH bytes {
		$$ = action_text_new(ps, ACTION_REWRITE_PATTERN, @$);
		$$->name = @2;
		$$->bytes = $4;
	}
|	T_REWRITE T_FIELD '=' val {
		$$ = action_text_new(ps, ACTION_REWRITE_FIELD, @$);
		$$->name = @2;
		$$->value = $4;
	}
;

level:
	%empty			{ $$ = HVB_INFO; }
|	T_INFO			{ $$ = HVB_INFO; }
|	T_NOTICE		{ $$ = HVB_NOTICE; }
|	T_ALERT			{ $$ = HVB_ALERT; }
;

text:
	%empty			{ $$ = (struct loc){ 0 }; }
|	T_STRING		{ $$ = @1; }
;

limit:
	%empty			{ $$ = (struct loc){ 0 }; }
|	T_LIMIT T_RATE		{ $$ = @2; }
;

/* ---- expressions, loosest first ---- */

expr:
	conj
|	expr T_OR conj		{ $$ = node_chain(ps, NODE_OR, @$, $1, $3); }
;

conj:
	neg
|	conj T_AND neg		{ $$ = node_chain(ps, NODE_AND, @$, $1, $3); }
;

neg:
	cmp
|	T_NOT neg		{ $$ = node_op(ps, NODE_NOT, 0, @$, $2, NULL, NULL); }
;

cmp:
	val
|	val T_EQ val		{ $$ = COMPARE(@$, EQ, $1, $3); }
|	val T_NE val		{ $$ = COMPARE(@$, NE, $1, $3); }
|	val '<' val		{ $$ = COMPARE(@$, LT, $1, $3); }
|	val T_LE_ val		{ $$ = COMPARE(@$, LE, $1, $3); }
|	val '>' val		{ $$ = COMPARE(@$, GT, $1, $3); }
|	val T_GE val		{ $$ = COMPARE(@$, GE, $1, $3); }
|	val T_IN val		{ $$ = node_op(ps, NODE_IN, 0, @$, $1, $3, NULL); }
|	val T_NOT T_IN val {
		$$ = node_op(ps, NODE_IN, 0, @$, $1, $4, NULL);
		$$->negated = true;
	}
|	val T_OVERLAPS val	{ $$ = node_op(ps, NODE_OVERLAPS, 0, @$, $1, $3, NULL); }
|	val T_HAS what position	{ $$ = node_has(ps, @$, $1, $3, $4); }
|	val T_STARTS T_WITH what {
		$$ = node_op(ps, NODE_POSITION, POS_AT, @2, NULL, NULL, NULL);
		$$ = node_has(ps, @$, $1, $4, $$);
	}
;

position:
	%empty			{ $$ = NULL; }
|	T_AT val every		{ $$ = node_op(ps, NODE_POSITION, POS_AT, @$, $2, NULL, $3); }
|	T_WITHIN val T_DOTDOT val every {
		$$ = node_op(ps, NODE_POSITION, POS_WITHIN, @$, $2, $4, $5);
	}
;

every:
	%empty			{ $$ = NULL; }
|	T_EVERY val		{ $$ = $2; }
;

val:
	prim
|	val '|' val		{ $$ = ARITH(@$, OR, $1, $3); }
|	val '^' val		{ $$ = ARITH(@$, XOR, $1, $3); }
|	val '&' val		{ $$ = ARITH(@$, AND, $1, $3); }
|	val '+' val		{ $$ = ARITH(@$, ADD, $1, $3); }
|	val '-' val		{ $$ = ARITH(@$, SUB, $1, $3); }
|	val T_SHL val		{ $$ = ARITH(@$, SHL, $1, $3); }
|	val T_SHR val		{ $$ = ARITH(@$, SHR, $1, $3); }
;

prim:
	T_NUMBER		{ $$ = node_new(ps, NODE_NUMBER, @$); }
|	T_ADDRESS		{ $$ = node_new(ps, NODE_ADDRESS, @$); }
|	T_MAC			{ $$ = node_new(ps, NODE_MAC, @$); }
|	T_NAME			{ $$ = node_new(ps, NODE_NAME, @$); }
|	T_FIELD			{ $$ = node_new(ps, NODE_FIELD, @$); }
|	area {
		$$ = node_new(ps, NODE_AREA, @$);
		$$->op = (uint8_t)$1;
	}
|	area '[' offset ':' val ']' size_le {
		$$ = node_new(ps, NODE_AREA, @1);
		$$->op = (uint8_t)$1;
		$$ = node_op(ps, NODE_SLICE, 0, @$, $$, $3, $5);
		$$->little_endian = $7 != NULL;
	}
|	T_SECTOR '[' val ']' '[' offset ':' val ']' size_le {
		$$ = node_op(ps, NODE_SECTOR, 0, @$, $3, $6, $8);
		$$->little_endian = $10 != NULL;
	}
|	T_FILE T_STRING {
		$$ = node_new(ps, NODE_STRING, @2);
		$$ = node_op(ps, NODE_FILE, 0, @$, $$, NULL, NULL);
	}
|	'(' expr ')'		{ $$ = $2; }
|	'(' elem ',' elem_list ')' {
		struct node_list l = { $2, $4.last };

		$2->next = $4.first;
		$$ = node_of_list(ps, NODE_TUPLE, @$, l);
	}
|	'{' elems '}'		{ $$ = node_of_list(ps, NODE_SET, @$, $2); }
;

offset:
	val
;

/* Not NULL: `le`. */
size_le:
	%empty			{ $$ = NULL; }
|	T_LE			{ $$ = node_new(ps, NODE_BAD, @$); }
;

area:
	T_FRAME			{ $$ = HV_AREA_FRAME; }
|	T_PAYLOAD		{ $$ = HV_AREA_PAYLOAD; }
|	T_DATA			{ $$ = HV_AREA_DATA; }
|	T_CDB			{ $$ = HV_AREA_CDB; }
;

elems:
	%empty			{ $$ = (struct node_list){ 0 }; }
|	elem_list
|	elem_list ','		{ $$ = $1; }
;

elem_list:
	elem			{ $$ = (struct node_list){ $1, $1 }; }
|	elem_list ',' elem {
		$$ = $1;
		LIST_ADD($$, $3);
	}
;

elem:
	val
|	val T_DOTDOT val	{ $$ = node_op(ps, NODE_RANGE, 0, @$, $1, $3, NULL); }
;

/* ---- patterns ---- */

what:
	pattern			{ $$ = (struct pattern_list){ $1, $1 }; }
|	ref			{ $$ = (struct pattern_list){ $1, $1 }; }
|	T_ANY ref		{ $2->any = true; $$ = (struct pattern_list){ $2, $2 }; }
|	T_ANY '{' plist '}'	{ $$ = $3; }
;

plist:
	%empty			{ $$ = (struct pattern_list){ 0 }; }
|	pitems
|	pitems ','		{ $$ = $1; }
;

pitems:
	pitem			{ $$ = (struct pattern_list){ $1, $1 }; }
|	pitems ',' pitem {
		$$ = $1;
		LIST_ADD($$, $3);
	}
;

pitem:
	pattern
|	ref			{ $$ = $1; $$->any = true; }
;

ref:
	T_NAME			{ $$ = pattern_text_new(ps, PATTERN_TEXT_NAME, @$); }
|	T_FIELD			{ $$ = pattern_text_new(ps, PATTERN_TEXT_NAME, @$); }
;

pattern:
	T_STRING sflags {
		$$ = pattern_text_new(ps, PATTERN_TEXT_STRING, @1);
		$$->flags = $2;
	}
|	T_REGEX			{ $$ = pattern_text_new(ps, PATTERN_TEXT_REGEX, @$); }
|	T_HEXOPEN hex '}' {
		$$ = pattern_text_new(ps, PATTERN_TEXT_HEX, @$);
		$$->hex = $2;
	}
;

sflags:
	%empty			{ $$ = 0; }
|	sflags T_I		{ $$ = $1 | PATTERN_I; }
|	sflags T_WIDE		{ $$ = $1 | PATTERN_WIDE; }
;

hex:
	hexel {
		$$ = (struct hex_list){ .count = 1 };
		LIST_ADD($$, $1);
	}
|	hex hexel {
		$$ = $1;
		$$.count++;
		LIST_ADD($$, $2);
	}
;

hexel:
	T_BYTE {
		$$ = pool_alloc(ps->pool, sizeof(*$$));
		*$$ = (struct hex_text){ .kind = HEX_TEXT_BYTE, .loc = @$ };
	}
|	T_ANYBYTE {
		$$ = pool_alloc(ps->pool, sizeof(*$$));
		*$$ = (struct hex_text){ .kind = HEX_TEXT_ANY, .loc = @$ };
	}
|	T_GAP {
		$$ = pool_alloc(ps->pool, sizeof(*$$));
		*$$ = (struct hex_text){ .kind = HEX_TEXT_GAP, .loc = @$ };
	}
;

bytes:
	T_STRING		{ $$ = pattern_text_new(ps, PATTERN_TEXT_STRING, @$); }
|	T_HEXOPEN bytelist '}' {
		$$ = pattern_text_new(ps, PATTERN_TEXT_HEX, @$);
		$$->hex = $2;
	}
;

bytelist:
	T_BYTE {
		$$ = (struct hex_list){ .count = 1 };
		$$.first = $$.last = pool_alloc(ps->pool, sizeof(*$$.first));
		*$$.first = (struct hex_text){ .kind = HEX_TEXT_BYTE, .loc = @1 };
	}
|	bytelist T_BYTE {
		struct hex_text *t = pool_alloc(ps->pool, sizeof(*t));

		*t = (struct hex_text){ .kind = HEX_TEXT_BYTE, .loc = @2 };
		$$ = $1;
		$$.count++;
		LIST_ADD($$, t);
	}
;

/* ---- files of patterns and of set elements, one a line ---- */

entries:
	%empty
|	entries entry
;

entry:
	T_NL
|	T_NAME '=' pattern T_NL {
		struct item *i = item_new(ps, ITEM_PATTERN, @$);

		i->name = @1;
		i->pattern = $3;
		item_add(ps, i);
	}
|	error T_NL		{ yyerrok; }
;

setlines:
	%empty			{ $$ = NULL; }
|	setlines setline	{ $$ = NULL; }
;

setline:
	T_NL
|	elem T_NL {
		ps->element(ps->element_arg, $1);
		node_free(ps, $1);
	}
|	error T_NL		{ yyerrok; }
;
%%
int hvplex(HVPSTYPE *value, HVPLTYPE *loc, struct parse *ps)
{
	return scan_token(loc, ps);
}

/* An item that @name is given to; syntax errors ask what it is. */
static struct item *declared(struct parse *ps, enum item_kind kind, struct loc loc, struct loc name)
{
	struct item *item = item_new(ps, kind, loc);

	item->name = name;
	ps->declares = kind;
	return item;
}

/* Only "memory exhausted" comes this way: the stack is full. */
static void hvperror(struct loc *loc, struct parse *ps, const char *text)
{
	if (!ps->too_deep)
		diag_error(ps->diags, *loc, "nested too deeply: at most %d levels", HVC_MAX_NESTING);
	ps->too_deep = ps->failed = true;
}

static int yyreport_syntax_error(const yypcontext_t *ctx, struct parse *ps)
{
	enum { MOST = 64 };
	yysymbol_kind_t kinds[MOST];
	struct syntax_error e = { .loc = *yypcontext_location(ctx) };
	yysymbol_kind_t found = yypcontext_token(ctx);
	int n = yypcontext_expected_tokens(ctx, kinds, MOST);

	e.found = found == YYSYMBOL_YYEMPTY ? NULL : yysymbol_name(found);
	for (int i = 0; i < n; i++)
		e.expected[e.count++] = yysymbol_name(kinds[i]);
	syntax_error_report(ps, &e);
	return 0;
}

int parse_source(struct parse *ps)
{
	ps->items_tail = &ps->items;
	scan_open(ps);
	if (hvpparse(ps) != 0)
		ps->failed = true;
	return ps->failed ? -1 : 0;
}
