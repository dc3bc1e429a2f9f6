/*
 * ahci_machine_parts.h - what the two files of the machine with disks share
 */
#ifndef TESTS_DEVMODEL_AHCI_MACHINE_PARTS_H
#define TESTS_DEVMODEL_AHCI_MACHINE_PARTS_H

#include "tests/devmodel/ahci_machine.h"

#define BUS_POOL	0x7f00000000ull
#define BUS_BOUNCE	0x7e00000000ull

extern const struct sim_ahci_bus ahci_machine_bus;

#endif
