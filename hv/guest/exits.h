/*
 * exits.h - what the guest did that needs us: one switch
 */
#ifndef HV_GUEST_EXITS_H
#define HV_GUEST_EXITS_H

#include "hv/cpu/smp.h"

/* Runs the guest on @c for ever. */
void guest_run(struct cpu *c) __attribute__((noreturn));
/* About once a second or oftener: the counters' rates, what the log has left out. */
void guest_tick(void);
/* What the guest has done ends it as a triple fault ends a machine. */
void guest_restart(const char *why) __attribute__((noreturn));
/* The machine is about to restart or to be switched off: counters and the whole log are sent. */
void guest_ends(const char *how);

#endif
