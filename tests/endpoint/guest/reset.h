/*
 * reset.h - ways out of the bare guest
 */
#ifndef ENDPOINT_GUEST_RESET_H
#define ENDPOINT_GUEST_RESET_H

/* By the test's word reset=kbd, port92, triple, cf9, acpi or off; returns without such a word, or when it
 * did not help. */
void reset_as_told(void);

#endif
