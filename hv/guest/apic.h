/*
 * apic.h - the guest's local APIC: its own but for the IPIs that would start a processor without us
 */
#ifndef HV_GUEST_APIC_H
#define HV_GUEST_APIC_H

/* Trap the page of the local APIC's registers. */
void apic_init(void);

#endif
