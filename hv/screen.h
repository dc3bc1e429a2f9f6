/*
 * screen.h - the last words on the text screen: why the machine does not start
 */
#ifndef HV_SCREEN_H
#define HV_SCREEN_H

#include <stdint.h>

/* Where VGA text memory is mapped from now on. */
void screen_at(volatile void *text);
/* @len characters at the start of a line below what was shown before; the rest of it is cleared. */
void screen_line(const char *text, uint32_t len);

#endif
