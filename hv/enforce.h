/*
 * enforce.h - the policy that was loaded, its judges, and what they counted
 */
#ifndef HV_ENFORCE_H
#define HV_ENFORCE_H

#include "devmodel/disk.h"
#include "devmodel/net.h"
#include "hv/counters.h"

/* What models ask, under the guest lock. */
extern struct net enforce_net;
extern struct disk enforce_disk;

/* Load the loader's first module; fails the start where there is no good policy in it. */
void enforce_init(void);
/* Part of counters_source(). */
void enforce_report(counters_say_fn *say, uint32_t rows);

#endif
