/*
 * address.h - addresses cannot be mixed up: each space has a type of its own
 */
#ifndef DEVMODEL_ADDRESS_H
#define DEVMODEL_ADDRESS_H

#include <stdint.h>

/* What the guest calls physical. */
typedef struct { uint64_t a; } gpa_t;
/* What a device puts on its bus to reach memory. */
typedef struct { uint64_t a; } dma_t;

#endif
