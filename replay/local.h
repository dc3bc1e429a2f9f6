/*
 * local.h - the endpoint's addresses, and which way a captured frame goes
 */
#ifndef REPLAY_LOCAL_H
#define REPLAY_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/context.h"

#define LOCALS_MAX	64u	/* addresses of one endpoint */

/* Which way the capture itself says a frame went. */
enum capture_direction { CAPTURE_UNKNOWN, CAPTURE_IN, CAPTURE_OUT };

struct local {
	uint8_t family;		/* 4, 6, or 48: a MAC address */
	uint8_t bytes[16];	/* in wire order, as many as the family has */
};

struct locals {
	unsigned count;
	struct local address[LOCALS_MAX];
};

/*
 * Add the addresses of @list, separated by commas.  0, or -1 and *@bad, *@bad_len: the piece
 * of @list that is no address, or one too many.
 */
int locals_add(struct locals *l, const char *list, const char **bad, int *bad_len);

/*
 * The hook of a frame of @captured bytes: net out when a local address sent it (MAC, IP, or
 * ARP's sender), net in otherwise; without local addresses as the capture says.
 */
enum hv_hook locals_hook(const struct locals *l, const uint8_t *frame, uint32_t captured,
			 enum capture_direction says);

#endif
