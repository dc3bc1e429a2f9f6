/*
 * module.h - what lies in a policy module (.hvb), byte for byte
 *
 * A module is an ELF64 little-endian EM_BPF relocatable object.  Its sections:
 *   net/out net/in disk/write disk/read disk/control   one program each, executable
 *   .text            static functions that programs call
 *   maps             struct hvb_map, one symbol each (C modules)
 *   .rodata* .data .bss   read-only and writable data of C modules
 *   .hv.meta         struct hvb_meta and its tables: names, rules, logs, ...
 *   .hv.sets         sets (policy/set.h)
 *   .hv.class        classifiers (policy/classify.h)
 *   .hv.match        patterns and queries (policy/match.h)
 *   .hv.digest       32 bytes: SHA-256 of the whole file with these bytes zero
 * hvc writes every .hv section 8-byte aligned in the file.  A module compiled
 * from C has no .hv section until `hvc build` seals it with a digest.
 */
#ifndef POLICY_MODULE_H
#define POLICY_MODULE_H

#include <stdint.h>

#include "policy/context.h"

#define HVB_MAX_FILE		(256u << 20)	/* bytes of a module */
#define HVB_MAX_SECTIONS	64u
#define HVB_MAX_INSNS		(1u << 20)	/* instructions of a module */
#define HVB_MAX_RULES		65536u
#define HVB_MAX_MAPS		64u
#define HVB_MAX_MAP_BYTES	(16u << 20)	/* of one map */
#define HVB_DIGEST_SIZE		32u

#define HVB_META_MAGIC		0x31425648u	/* "HVB1" */
#define HVB_META_VERSION	1u
#define HVB_NONE		UINT32_MAX

/* A table within .hv.meta. */
struct hvb_table {
	uint32_t offset;	/* bytes from the start of .hv.meta, a multiple of 8 */
	uint32_t count;		/* rows; of strings: bytes */
};

/* What the hook's rules need to be there: the models copy no more than that. */
enum {
	HVB_NEED_METADATA = 1,	/* lengths, LBAs, commands */
	HVB_NEED_HEADERS = 2,	/* link and network headers */
	HVB_NEED_TRANSPORT = 4,	/* transport fields: fragments must be followed */
	HVB_NEED_CONTENT = 8,	/* bytes of the frame or the sectors */
	HVB_NEED_STREAM = 16,	/* bytes across transfers (matcher issue) */
};

struct hvb_meta {
	uint32_t magic, format;
	uint64_t version;		/* of the policy */
	uint32_t name;			/* string: the policy's name */
	uint32_t reserved;
	uint8_t hook_default[8];	/* by enum hv_hook: HV_PASS or HV_DROP */
	uint8_t hook_needs[8];		/* HVB_NEED_* */
	struct hvb_table strings;	/* NUL-terminated; a string is its byte offset here */
	struct hvb_table files;		/* uint32_t: string */
	struct hvb_table rules;		/* struct hvb_rule */
	struct hvb_table logs;		/* struct hvb_log */
	struct hvb_table parts;		/* struct hvb_part */
	struct hvb_table counters;	/* uint32_t: string */
	struct hvb_table rewrites;	/* struct hvb_rewrite */
	struct hvb_table refs;		/* uint32_t: runs of query numbers */
	struct hvb_table bytes;		/* raw bytes */
	struct hvb_table lines;		/* struct hvb_line, ascending within a section */
};

/* A rule of one hook; a block of two hooks makes two rows. */
struct hvb_rule {
	uint32_t label;		/* string */
	uint32_t file;		/* row of files */
	uint32_t line;		/* from 1 */
	uint32_t hook;
};

/* severities of a log */
enum { HVB_INFO = 0, HVB_NOTICE = 1, HVB_ALERT = 2 };

struct hvb_log {
	uint32_t rule;		/* row of rules */
	uint32_t severity;
	uint32_t limit;		/* events a second, 0: no limit */
	uint32_t part_first, part_count;	/* the text */
	uint32_t query_first, query_count;	/* refs: the rule's queries, first those of {match} */
	uint32_t reserved;
};

/* Text of a log: pieces that are put together when the event is made. */
enum { HVB_PART_TEXT = 0, HVB_PART_FIELD = 1, HVB_PART_PATTERN = 2, HVB_PART_MATCH = 3 };

struct hvb_part {
	uint32_t kind;
	uint32_t value;		/* TEXT: offset in bytes; FIELD: enum hv_field (flag bits too) */
	uint32_t len;		/* TEXT: bytes */
	uint32_t reserved;
};

/* `rewrite PATTERN with BYTES`: every match of a query's patterns in its area. */
struct hvb_rewrite {
	uint32_t rule;
	uint32_t query;		/* a query without position */
	uint32_t bytes_first, bytes_count;	/* repeated to the match's length, >= 1 */
};

/* From this instruction on, the code belongs to this rule (hvc dump). */
struct hvb_line {
	uint32_t hook;		/* section; HV_HOOKS: .text */
	uint32_t insn;
	uint32_t rule;		/* row of rules, HVB_NONE: the default */
	uint32_t reserved;
};

/* A map of a C module, in section "maps". */
enum { HVB_MAP_HASH = 1, HVB_MAP_ARRAY = 2 };

struct hvb_map {
	uint32_t type;
	uint32_t key_size;	/* bytes, 1..64; ARRAY: 4 */
	uint32_t value_size;	/* bytes, 1..4096 */
	uint32_t max_entries;
};

_Static_assert(sizeof(struct hvb_meta) == 40 + 10 * 8, "wire size");
_Static_assert(sizeof(struct hvb_rule) == 16, "wire size");
_Static_assert(sizeof(struct hvb_log) == 32, "wire size");
_Static_assert(sizeof(struct hvb_part) == 16, "wire size");
_Static_assert(sizeof(struct hvb_rewrite) == 16, "wire size");
_Static_assert(sizeof(struct hvb_map) == 16, "wire size");

#endif
