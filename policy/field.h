/*
 * field.h - the table of fields (field.def) as C sees it
 */
#ifndef POLICY_FIELD_H
#define POLICY_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/context.h"

enum hv_field {
#define HV_FIELD(id, name, type, bits, hooks, member, rw, doc) HV_F_##id,
#define HV_FLAGBIT(id, name, base, bit, doc)
#include "policy/field.def"
#undef HV_FIELD
#undef HV_FLAGBIT
	HV_FIELDS,		/* presence bits in use */
	/* flag bits of other fields follow; they share their base's presence bit */
	HV_F_FLAGBITS = HV_FIELDS - 1,
#define HV_FIELD(id, name, type, bits, hooks, member, rw, doc)
#define HV_FLAGBIT(id, name, base, bit, doc) HV_F_##id,
#include "policy/field.def"
#undef HV_FIELD
#undef HV_FLAGBIT
	HV_FIELD_NAMES,		/* rows of hv_field_table */
};

enum field_type { FIELD_NUM, FIELD_FLAG, FIELD_MAC, FIELD_IP, FIELD_IP4, FIELD_RANGE };

#define HOOK_BIT(h)	(1u << (h))
#define HOOKS_NET	(HOOK_BIT(HV_HOOK_NET_OUT) | HOOK_BIT(HV_HOOK_NET_IN))
#define HOOKS_RW	(HOOK_BIT(HV_HOOK_DISK_WRITE) | HOOK_BIT(HV_HOOK_DISK_READ))
#define HOOKS_CTL	HOOK_BIT(HV_HOOK_DISK_CONTROL)
#define HOOKS_DISK	(HOOKS_RW | HOOKS_CTL)

struct field_info {
	const char *name;
	const char *doc;
	uint16_t offset;	/* of its word in struct hv_ctx */
	uint8_t type;		/* enum field_type */
	uint8_t bits;		/* width of the value; IP: 128 */
	uint8_t hooks;		/* HOOK_BIT of every hook that can have it */
	uint8_t present;	/* number of its presence bit */
	uint8_t shift;		/* FLAGBIT: the bit within its word, else 0 */
	bool is_flagbit;	/* value = word >> shift & 1 */
	bool rewritable;
};

extern const struct field_info hv_field_table[HV_FIELD_NAMES];

/* The name of a hook as policies spell it ("net out"), and as a section ("net/out"). */
extern const char *const hv_hook_name[HV_HOOKS];
extern const char *const hv_hook_section[HV_HOOKS];
extern const char *const hv_area_name[HV_AREAS];

static inline bool field_is_present(const struct hv_ctx *ctx, enum hv_field f)
{
	return ctx->present >> hv_field_table[f].present & 1;
}

/* The field's value, 0 when absent; of an IP address the low word. */
uint64_t field_value(const struct hv_ctx *ctx, enum hv_field f);

#endif
