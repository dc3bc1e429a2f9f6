/*
 * match_format.h - section .hv.match, byte for byte
 *
 * Written by compiler/regex/, read by match_load.c.  Little-endian, a header and tables
 * of rows; tables begin at multiples of 8.
 *
 * A pattern is searched in one of two ways: as a literal, by the Aho-Corasick automata of
 * its group (the literals of one hook and area, those that ignore case in an automaton of
 * their own over folded bytes); or by its position automaton, whose positions are the
 * bytes of the regex and whose edges say which may follow which.  For plain existence a
 * DFA may stand beside it.
 *
 * Assertions (^ $ \b ...) depend on what lies on both sides of a boundary between bytes.
 * There are 20 such contexts (4 kinds of byte before, 5 after), so a condition is a mask
 * of 20 bits, and edges and accepting positions carry one.
 */
#ifndef POLICY_MATCH_FORMAT_H
#define POLICY_MATCH_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#define HVM_MAGIC	0x314d5648u	/* "HVM1" */
#define HVM_NONE	UINT32_MAX

#define HVM_MAX_NAME	4096u		/* bytes of a pattern's name, its NUL included */
#define HVM_MAX_PATTERN		65536u		/* bytes of a literal or of a regex's text */
#define HVM_MAX_POSITIONS	65536u		/* of one regex, repetitions expanded */
#define HVM_MAX_EDGES		(1u << 20)	/* of one regex */
#define HVM_MAX_DFA_STATES	1000u
#define HVM_MAX_DFA_SYMBOLS	258u		/* each byte, a newline at the end, the end */

/*
 * Steps (edges looked at, threads moved) that one search with a position automaton may
 * take: a base and so many a byte.  An automaton whose edges and positions are fewer than
 * that can never be stopped in a plain search.
 */
#define HVM_STEPS_BASE		65536u
#define HVM_STEPS_PER_BYTE	256u

enum hvm_before { HVM_BEFORE_START, HVM_BEFORE_NL, HVM_BEFORE_WORD, HVM_BEFORE_OTHER,
		  HVM_BEFORES };
enum hvm_after { HVM_AFTER_END, HVM_AFTER_LAST_NL, HVM_AFTER_NL, HVM_AFTER_WORD,
		 HVM_AFTER_OTHER, HVM_AFTERS };

#define HVM_CONTEXT(before, after)	((unsigned)(before) * HVM_AFTERS + (unsigned)(after))
#define HVM_ALWAYS	((1u << (HVM_BEFORES * HVM_AFTERS)) - 1)

/* \w of PCRE2 with its built-in tables: the C locale. */
static inline bool hvm_is_word(uint8_t c)
{
	uint8_t letter = c | 0x20;

	return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static inline uint8_t hvm_fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* The kind of byte @c as the one before, and (not the last of its area) as the one after. */
static inline enum hvm_before hvm_before(uint8_t c)
{
	return c == '\n' ? HVM_BEFORE_NL : hvm_is_word(c) ? HVM_BEFORE_WORD : HVM_BEFORE_OTHER;
}

static inline enum hvm_after hvm_after(uint8_t c)
{
	return c == '\n' ? HVM_AFTER_NL : hvm_is_word(c) ? HVM_AFTER_WORD : HVM_AFTER_OTHER;
}

struct hvm_table {
	uint32_t offset;	/* bytes from the start of the section, a multiple of 8 */
	uint32_t count;		/* rows */
};

enum hvm_tables {
	HVM_BYTES,		/* uint8_t: names (NUL-terminated), labels, DFA maps */
	HVM_PATTERNS,		/* struct hvm_pattern */
	HVM_TERMS,		/* struct hvm_term */
	HVM_QUERIES,		/* struct hvm_query */
	HVM_GROUPS,		/* struct hvm_group */
	HVM_TREES,		/* struct hvm_tree */
	HVM_NODES,		/* struct hvm_node */
	HVM_NFAS,		/* struct hvm_nfa */
	HVM_POSITIONS,		/* struct hvm_position */
	HVM_EDGES,		/* struct hvm_edge */
	HVM_CLASSES,		/* struct hvm_class */
	HVM_DFAS,		/* struct hvm_dfa */
	HVM_NEXT,		/* uint16_t: transitions of the DFAs */
	HVM_TABLES,
};

/* Bytes of a row of each table. */
extern const uint32_t hvm_row_size[HVM_TABLES];

struct hvm_header {
	uint32_t magic, reserved;
	struct hvm_table table[HVM_TABLES];
};

enum { HVM_FOLD = 1, HVM_ANCHORED = 2 };

struct hvm_pattern {
	uint32_t name;		/* offset in BYTES */
	uint32_t kind;		/* enum pattern_kind as written: 0 literal, 1 hex, 2 regex */
	uint32_t flags;		/* HVM_FOLD: the literal ignores ASCII case */
	uint32_t len;		/* bytes of the literal; 0: it is not one */
	uint32_t nfa;		/* row, or HVM_NONE for a literal */
	uint32_t dfa;		/* row, or HVM_NONE */
	uint32_t reserved[2];
};

/* A pattern of a query. */
struct hvm_term {
	uint32_t pattern;
	uint32_t literal;	/* in its group's tree; regex: it is required, or HVM_NONE */
	uint32_t fold;		/* the tree: 0 exact, 1 folded */
};

enum { HVM_ANY = 0, HVM_WITHIN = 1 };

struct hvm_query {
	uint64_t first, last;	/* WITHIN: of a match's first byte, both inclusive */
	uint64_t every;		/* WITHIN: that window again every so many bytes; 0: once */
	uint32_t position;
	uint32_t group;
	uint32_t term_first;	/* literals first, ascending by fold, literal, pattern */
	uint32_t literal_terms, regex_terms;
	uint32_t reserved;
};

/* The patterns of one hook and area are searched together. */
struct hvm_group {
	uint32_t hook, area;
	uint32_t tree[2];	/* exact, folded; HVM_NONE: no such literals */
};

/*
 * An Aho-Corasick automaton.  Nodes are in breadth-first order, so the children of
 * a node are a run of nodes, and each node's depth is at least that of the one before.
 */
struct hvm_tree {
	uint32_t node_first, node_count;	/* node 0 is the root */
	uint32_t label_first;	/* BYTES: the byte that leads to a node, by node */
	uint32_t literal_count;
};

struct hvm_node {		/* node numbers count from the tree's first */
	uint32_t child_first;	/* its children end where the next node's begin */
	uint32_t fail;		/* the longest proper suffix that is a node; root: 0 */
	uint32_t out;		/* the longest proper suffix that is a literal, 0: none */
	uint32_t literal;	/* that ends here, or HVM_NONE */
	uint32_t depth;		/* bytes from the root */
};

struct hvm_nfa {
	uint32_t position_first, position_count;
	uint32_t entry_first, entry_count;	/* edges from outside to first positions */
	uint32_t start_class;	/* bytes a match can start with */
	uint32_t reserved;
};

struct hvm_position {
	uint32_t class;
	uint32_t accept;	/* contexts in which a match ends behind this byte */
	uint32_t edge_first, edge_count;
};

struct hvm_edge {
	uint32_t to;		/* position, counted from the NFA's first */
	uint32_t when;		/* contexts */
};

struct hvm_class {
	uint64_t bits[4];	/* bit c & 63 of word c >> 6: byte c */
};

#define HVM_DFA_ACCEPT	0x8000u	/* a match ended before this symbol; the rest is 0 */

/* Symbols are classes of bytes; then there are one for a newline that is the last byte
 * and one for the end of the area. */
struct hvm_dfa {
	uint32_t next_first;	/* NEXT: states * symbols, state 0 starts */
	uint32_t states, symbols;
	uint32_t map;		/* BYTES: 256 symbols, by byte */
	uint32_t last_nl;	/* symbol of a last newline; the end's is symbols - 1 */
	uint32_t reserved;
};

_Static_assert(sizeof(struct hvm_header) == 8 + 8 * HVM_TABLES, "wire size");
_Static_assert(sizeof(struct hvm_pattern) == 32, "wire size");
_Static_assert(sizeof(struct hvm_term) == 12, "wire size");
_Static_assert(sizeof(struct hvm_query) == 48, "wire size");
_Static_assert(sizeof(struct hvm_group) == 16, "wire size");
_Static_assert(sizeof(struct hvm_tree) == 16, "wire size");
_Static_assert(sizeof(struct hvm_node) == 20, "wire size");
_Static_assert(sizeof(struct hvm_nfa) == 24, "wire size");
_Static_assert(sizeof(struct hvm_position) == 16, "wire size");
_Static_assert(sizeof(struct hvm_dfa) == 24, "wire size");

static inline bool hvm_class_has(const struct hvm_class *c, uint8_t byte)
{
	return c->bits[byte >> 6] >> (byte & 63) & 1;
}

#endif
