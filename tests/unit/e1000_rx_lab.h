/*
 * e1000_rx_lab.h - the receive queue between a fake device and a small driver
 *
 * The device writes frames into whatever ring its registers describe, and asserts that it is the pool's.  The driver
 * has its ring and buffers in a RAM of its own, and reads what comes as a driver does.
 */
#ifndef TESTS_E1000_RX_LAB_H
#define TESTS_E1000_RX_LAB_H

#include "devmodel/e1000/pool.h"
#include "devmodel/e1000/state.h"

#define RAM_BYTES	(4u << 20)
#define HOLE		(1u << 20)	/* the hypervisor's: no guest RAM */
#define HOLE_BYTES	(64u << 10)
#define RING_AT		0x2000u		/* of the driver as rx_lab_up() sets it up */
#define BUFFERS_AT	(2u << 20)
#define MARK		0xeeu		/* what the guest's buffers are full of at first */

struct lab_frame {
	uint8_t bytes[20000];
	uint32_t len;
	uint32_t descriptors;
	uint32_t status, errors;
	uint16_t checksum, vlan;
};

struct rx_lab {
	struct e1000 n;
	struct e1000_family family;
	struct devmodel d;
	struct devmodel_ops ops;
	struct net net;
	uint64_t transfers;
	uint32_t reg[E1000_BAR0_BYTES / 4];	/* the device's */
	unsigned tail_writes;
	void (*after_tail)(void);		/* the device goes on at once */
	uint32_t ics;				/* all causes written since the test looked */
	unsigned ics_writes;
	uint8_t *ram;
	uint64_t read_only_from, read_only_to;	/* guest RAM that cannot be written */
	unsigned reads, writes;			/* of guest memory */
	void (*after_read)(gpa_t at, uint32_t len);	/* another processor of the guest's */
	void (*before_write)(gpa_t at, const void *from, uint32_t len);
	/* the driver */
	uint32_t ring, count, size, clean;
	struct lab_frame got;
};

extern struct rx_lab lab;

#define COUNTER(c)	lab.n.counter[E1000_##c]
/* RCTL of a driver that does not want the CRC, and takes long frames */
#define PLAIN		(RCTL_SECRC | RCTL_LPE)

/* Everything new, under @policy (text of hvc, NULL: one without a program for frames that come). */
void rx_lab_reset(const char *policy);
void rx_lab_begin(void);	/* a fixture: with NULL */
void rx_lab_end(void);
/* The driver: a ring of @count descriptors, buffers of @size bytes, @given of them; EN set with @rctl besides. */
void rx_lab_up(uint32_t count, uint32_t size, uint32_t rctl, uint32_t given);
/* RCTL's bits for buffers of @size. */
uint32_t rx_lab_size_bits(uint32_t size);
void rx_lab_tail(uint32_t tail);	/* RDT is written */
union rx_desc *rx_lab_desc(uint32_t index);
void rx_lab_desc_clear(uint32_t index);
uint64_t rx_lab_buffer(uint32_t index);
/* The driver's next whole frame, its descriptors cleared for the next use: false, none. */
bool rx_lab_next(struct lab_frame *f);

/* A frame comes to the device: false, it has no descriptor for it. */
bool rx_lab_wire(const void *frame, uint32_t len);
bool rx_lab_wire_status(const void *frame, uint32_t len, uint8_t status, uint8_t errors, uint16_t checksum);
/* One descriptor, written as it is given. */
void rx_lab_raw(uint16_t length, uint8_t status);
/* @len bytes of which each is another than its neighbours', and than those of frame @which - 1; no VLAN tag. */
const uint8_t *rx_lab_numbered(uint32_t which, uint32_t len);
/* Frame @which comes to the device; it is the driver's next. */
void rx_lab_comes(uint32_t which, uint32_t len);
void rx_lab_expect(uint32_t which, uint32_t len);	/* and is lab.got */
void rx_lab_expect_none(void);
/* Descriptors that the device may fill. */
uint32_t rx_lab_device_room(void);
/* And with them those that wait to be given back together. */
uint32_t rx_lab_room(void);

#endif
