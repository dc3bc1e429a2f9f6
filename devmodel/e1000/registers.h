/*
 * registers.h - what register.def's rows call (internal)
 */
#ifndef DEVMODEL_E1000_REGISTERS_H
#define DEVMODEL_E1000_REGISTERS_H

#include "devmodel/e1000/state.h"

typedef uint32_t register_read_fn(struct e1000 *n, uint32_t offset);
typedef void register_write_fn(struct e1000 *n, uint32_t offset, uint32_t value);

/* control.c */
register_read_fn ctrl_read, rctl_read, rfctl_read, rxcsum_read, flow_read;
register_write_fn ctrl_write, ctrl_ext_write, rctl_write, tctl_write, rfctl_write, rxcsum_write, flow_write, vet_write;
/* interrupt.c */
register_read_fn icr_read, ims_read;
register_write_fn icr_write, ics_write, ims_write, imc_write, iam_write;
/* queue.c; ring_value(): as ring_read(), but the device is not looked at */
register_read_fn ring_read, ring_value;
register_write_fn ring_write;
/* registers.c: of the allow-list, @offset a multiple of 4; what has no row reads 0. */
bool register_is(const struct e1000 *n, uint32_t offset);
register_read_fn register_read;
/* As a read would answer, but the device is not looked at. */
register_read_fn register_value;
register_write_fn register_write;
/* nvm.c */
register_read_fn eecd_read;
register_write_fn eecd_write;

#endif
