/*
 * bios.h - start the guest as the firmware would, and answer its questions for memory
 */
#ifndef HV_GUEST_BIOS_H
#define HV_GUEST_BIOS_H

#include <stdbool.h>

#include "hv/boot/boot_info.h"
#include "hv/cpu/vcpu.h"

/* Puts the stub below the top of base memory and @v in front of it. */
void bios_start(struct vcpu *v, const struct boot_info *b, uint8_t drive);
/* A VMMCALL of the stub is carried out; false: it is not the stub's. */
bool bios_call(struct vcpu *v, const struct vmexit *x);

#endif
