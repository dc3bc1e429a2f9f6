/*
 * strings.h - STOS and MOVS with REP
 */
#ifndef HV_GUEST_STRINGS_H
#define HV_GUEST_STRINGS_H

#include "hv/guest/bus.h"
#include "hv/guest/gstate.h"
#include "hv/guest/insn.h"

/*
 * At most @batch iterations of @insn, as long as each touches a device page; the first that does
 * not is left to the processor.  GUEST_OK: one or more were done, and *finished says whether all.
 * GUEST_AGAIN: none, GUEST_FAULT: the registers count the iterations before.
 */
int guest_string(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		 unsigned batch, bool *finished, struct guest_fault *fault);

#endif
