/*
 * exception.h - faults of the hypervisor itself: GDT, TSS, IDT; registers and a backtrace
 */
#ifndef HV_CPU_EXCEPTION_H
#define HV_CPU_EXCEPTION_H

#include <stdint.h>

/* Own GDT, TSS and IDT for the processor that calls; NMI, #DF and #MC have stacks of their own. */
void exceptions_init(void);

#endif
