/*
 * limit.h - the bounds of limit.def as constants, and as a table for manual and tests
 */
#ifndef COMPILER_LIMIT_H
#define COMPILER_LIMIT_H

enum {
#define HVC_LIMIT(name, value, unit, doc) HVC_MAX_##name = value,
#include "compiler/limit.def"
#undef HVC_LIMIT
};

#endif
