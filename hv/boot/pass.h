/*
 * pass.h - on-failure=pass: the disk's own system starts as if the hypervisor had not been there
 *
 * Only in an image that was built for it (configure --with-on-failure=pass).
 */
#ifndef HV_BOOT_PASS_H
#define HV_BOOT_PASS_H

#include <stdbool.h>
#include <stdint.h>

/* From now on the machine is no longer as the firmware left it: nothing can pass any more. */
void pass_is_over(void);
bool pass_is_possible(void);
/* Back to real mode, then what the BIOS would do: the first sector of @drive (80h...), or INT 18h without one. */
void pass_boot(uint8_t drive) __attribute__((noreturn));

#endif
