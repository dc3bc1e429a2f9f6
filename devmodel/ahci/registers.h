/*
 * registers.h - what register.def's rows call (internal)
 */
#ifndef DEVMODEL_AHCI_REGISTERS_H
#define DEVMODEL_AHCI_REGISTERS_H

#include "devmodel/ahci/state.h"

typedef uint32_t generic_read_fn(struct ahci *h, uint32_t offset);
typedef void generic_write_fn(struct ahci *h, uint32_t offset, uint32_t value);
typedef uint32_t port_read_fn(struct port *p, uint32_t offset);
typedef void port_write_fn(struct port *p, uint32_t offset, uint32_t value);

/*
 * Bits of PxCMD that the guest may write and that stay as written.  Beside them are ST, and CLO and ICC, which do
 * something once; the rest is the device's to say, or not offered.
 */
#define CMD_STAYS	(PxCMD_SUD | PxCMD_POD | PxCMD_FRE | PxCMD_APSTE | PxCMD_ATAPI | PxCMD_DLAE | PxCMD_ALPE | \
			 PxCMD_ASP)

/* hba.c */
generic_read_fn cap_read, ghc_read, is_read, pi_read, cap2_read, bohc_read;
generic_write_fn ghc_write, is_write, bohc_write;
/* If GHC.HR reads 0 at last: the ports are ours again. */
void hba_settle(struct ahci *h);
bool hba_is_there(struct ahci *h, uint32_t value);
/* At the end of a call: is h->restless still true? */
void hba_rest(struct ahci *h);

/* port.c */
port_read_fn list_read, pxis_read, pxie_read, pxcmd_read, pxtfd_read, pxsact_read, pxci_read;
port_write_fn list_write, pxis_write, pxie_write, pxcmd_write, pxsctl_write, pxserr_write, pxsact_write, pxci_write;
/* The port's registers, its drive and its slots are those after a reset. */
void port_reset(struct port *p);
/* What was forgotten is the device's no more. */
void port_give(struct port *p);
/* Before ST is set: all slots of the device's list are harmless. */
void port_clear_list(struct port *p);

#endif
