/*
 * disk.h - AHCI controllers: the model's place among the others, and the memory through which sectors go
 */
#ifndef HV_DISK_H
#define HV_DISK_H

#include <stdint.h>

#include "hv/options.h"

/* Bytes of the bounce memory, which all controllers share, and of its map. */
uint64_t disk_bytes(const struct options *o);
/* The bounce memory, before model_init(). */
void disk_init(const struct options *o);

#endif
