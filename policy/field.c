/*
 * field.c - the table of fields, made from field.def
 */
#include "policy/field.h"

#define HOOKS_OF_NET	HOOKS_NET
#define HOOKS_OF_DISK	HOOKS_DISK
#define HOOKS_OF_RW	HOOKS_RW
#define HOOKS_OF_CTL	HOOKS_CTL
#define REWRITE_W	true
#define REWRITE_R	false

const struct field_info hv_field_table[HV_FIELD_NAMES] = {
#define HV_FIELD(id, nm, ty, bt, hk, member, rw, dc) [HV_F_##id] = { \
	.name = nm, .doc = dc, .offset = offsetof(struct hv_ctx, member), \
	.type = FIELD_##ty, .bits = bt, .hooks = HOOKS_OF_##hk, \
	.present = HV_F_##id, .rewritable = REWRITE_##rw },
#define HV_FLAGBIT(id, nm, base, bit, dc) [HV_F_##id] = { \
	.name = nm, .doc = dc, .type = FIELD_FLAG, .bits = 1, .hooks = HOOKS_NET, \
	.offset = offsetof(struct hv_ctx, tcp_flags), \
	.present = HV_F_##base, .shift = bit, .is_flagbit = true },
#include "policy/field.def"
#undef HV_FIELD
#undef HV_FLAGBIT
};

const char *const hv_hook_name[HV_HOOKS] = {
	"net out", "net in", "disk write", "disk read", "disk control",
};

const char *const hv_hook_section[HV_HOOKS] = {
	"net/out", "net/in", "disk/write", "disk/read", "disk/control",
};

const char *const hv_area_name[HV_AREAS] = { "frame", "payload", "data", "cdb" };

_Static_assert(HV_FIELDS <= 64, "one presence word");

uint64_t field_value(const struct hv_ctx *ctx, enum hv_field f)
{
	const struct field_info *fi = &hv_field_table[f];
	const uint64_t *word = (const uint64_t *)((const uint8_t *)ctx + fi->offset);

	if (fi->type == FIELD_IP)
		return word[1];
	return fi->is_flagbit ? word[0] >> fi->shift & 1 : word[0];
}
