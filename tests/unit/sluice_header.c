/*
 * sluice_header.c - what rules/modules/sluice.h says, for module_c_test.c to compare
 */
#include "rules/modules/sluice.h"

#include <stddef.h>

#include "tests/unit/sluice_header.h"

const struct sluice_field sluice_fields[] = {
#define HV_FIELD(id, nm, ty, bt, hk, member, rw, dc) \
	{ nm, HV_F_##id, offsetof(struct hv_ctx, member) },
#define HV_FLAGBIT(id, nm, base, bit, dc)
#include "policy/field.def"
#undef HV_FIELD
#undef HV_FLAGBIT
};

const unsigned sluice_field_count = sizeof(sluice_fields) / sizeof(sluice_fields[0]);
const unsigned sluice_context_size = sizeof(struct hv_ctx);
const unsigned sluice_numbers[] = {
	HV_DROP, HV_PASS, HV_DROP_SILENTLY, HV_PASS_NAMED, HV_MAP_HASH, HV_MAP_ARRAY,
	HV_AREA_FRAME, HV_AREA_PAYLOAD, HV_AREA_DATA, HV_AREA_CDB, HV_INFO, HV_NOTICE, HV_ALERT,
	sizeof(struct hv_map), offsetof(struct hv_ctx, time_ns),
	offsetof(struct hv_ctx, present), offsetof(struct hv_ctx, transfer),
};
