/*
 * fault.h - faults on purpose, in test images alone (configure --enable-fault-test): fault=WORD
 */
#ifndef HV_FAULT_H
#define HV_FAULT_H

enum fault {
	FAULT_NONE,
	FAULT_WRITE_TEXT, FAULT_WRITE_RODATA, FAULT_EXEC_DATA, FAULT_NULL, FAULT_STACK, FAULT_SMASH, FAULT_GUEST,
	FAULT_SMAP, FAULT_SMEP, FAULT_UD,
};

/* Does not come back but for FAULT_NONE, if the hypervisor's own house is in order. */
void fault_test(enum fault what);

#endif
