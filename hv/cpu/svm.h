/*
 * svm.h - what only AMD's virtualization has: permission maps
 */
#ifndef HV_CPU_SVM_H
#define HV_CPU_SVM_H

#include <stdbool.h>
#include <stdint.h>

/* All processors share the maps.  Ports [@port, @port + @count) exit, or no longer do. */
void svm_trap_ports(uint32_t port, uint32_t count, bool on);
/* Every MSR exits but those that the guest may read, or read and write, by itself. */
void svm_allow_msr(uint32_t msr, bool write);

#endif
