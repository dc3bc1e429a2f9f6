/*
 * options.h - the command line of hv.elf
 *
 *	console=com1|com2|none		where the log goes: the guest finds no UART there
 *	bounce=1M..1024M		memory through which sectors go that are judged
 *	disk=0..15			which BIOS disk the guest starts from
 *	log=quiet|info|debug		how much is said: errors; what matters, counters at the end; all, counters each minute
 *	tick=1..1000			looks at the machine a second, at least
 *	unmodelled=hide|BB:DD.F,...	functions that are hidden for want of a model: shown all the same;
 *	           -BB:DD.F,...		one that is shown: hidden
 *	on-failure=halt|reboot|pass	what a start without a policy ends in; may only tighten
 */
#ifndef HV_OPTIONS_H
#define HV_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/fault.h"

enum console { CONSOLE_COM1, CONSOLE_COM2, CONSOLE_NONE };
enum log_level { LOG_QUIET, LOG_INFO, LOG_DEBUG };
/* From the strictest on. */
enum on_failure { FAILURE_HALT, FAILURE_REBOOT, FAILURE_PASS };

#define OPTIONS_EXCEPTIONS	8u
#define OPTIONS_ERROR		96u
#define OPTIONS_DISKS		16u
#define OPTIONS_TICK_MAX	1000u
#define OPTIONS_BOUNCE		64u	/* MiB, unless told */
#define OPTIONS_BOUNCE_MAX	1024u

struct options {
	enum console console;
	enum log_level log;
	enum on_failure on_failure;
	uint8_t disk;
	enum fault fault;	/* test images alone */
	uint16_t tick;			/* Hz */
	uint16_t bounce_mib;
	uint16_t shown[OPTIONS_EXCEPTIONS];	/* bus << 8 | device << 3 | function */
	uint32_t shown_count;
	uint16_t hidden[OPTIONS_EXCEPTIONS];
	uint32_t hidden_count;
};

/*
 * Words of @line, separated by blanks, into *@o, which starts with the image's own settings:
 * on-failure is never loosened.  False: @error says which word and why; *@o is as before the word.
 */
bool options_read(const char *line, struct options *o, char error[OPTIONS_ERROR]);

#endif
