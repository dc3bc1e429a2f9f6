/*
 * desc.h - descriptors as they lie in rings: little-endian, 16 bytes
 *
 * 8254x manual, sections 3.2.3 (receive) and 3.3.3 to 3.3.7 (transmit); 82574 datasheet, section 7.1.4 (extended
 * receive descriptors).
 */
#ifndef DEVMODEL_E1000_DESC_H
#define DEVMODEL_E1000_DESC_H

#include <stdint.h>

#define DESC_BYTES	16u

struct tx_legacy {
	uint64_t buffer;
	uint16_t length;
	uint8_t cso;
	uint8_t cmd;		/* TXD_* */
	uint8_t status;
	uint8_t css;
	uint16_t special;	/* VLAN tag */
};

struct tx_context {
	uint8_t ipcss, ipcso;
	uint16_t ipcse;
	uint8_t tucss, tucso;
	uint16_t tucse;
	uint32_t paylen_type;	/* PAYLEN 20 bits, DTYP 4, TUCMD 8 */
	uint8_t status;
	uint8_t hdrlen;
	uint16_t mss;
};

struct tx_data {
	uint64_t buffer;
	uint32_t length_type;	/* DTALEN 20 bits, DTYP 4, DCMD 8: TXD_* */
	uint8_t status;
	uint8_t popts;
	uint16_t special;
};

union tx_desc {
	struct tx_legacy legacy;
	struct tx_context context;
	struct tx_data data;
};

/* Bits of the command byte; the byte is the same in all three kinds. */
enum {
	TXD_EOP = 1u << 0, TXD_IFCS = 1u << 1,
	TXD_IC = 1u << 2,	/* legacy */
	TXD_TSE = 1u << 2,	/* context and data */
	TXD_RS = 1u << 3, TXD_RPS = 1u << 4,
	TXD_DEXT = 1u << 5, TXD_VLE = 1u << 6, TXD_IDE = 1u << 7,
	/* context alone, in the places of EOP and IFCS */
	TUCMD_TCP = 1u << 0, TUCMD_IP = 1u << 1,
};
enum { TXD_LENGTH_MASK = 0xfffff, TXD_DTYP_SHIFT = 20, TXD_CMD_SHIFT = 24, DTYP_CONTEXT = 0, DTYP_DATA = 1 };
enum { TXD_STATUS_DD = 1u << 0, TXD_STATUS_AT = 12 /* its byte in the descriptor */ };
enum { POPTS_IXSM = 1u << 0, POPTS_TXSM = 1u << 1 };

struct rx_legacy {
	uint64_t buffer;
	uint16_t length;
	uint16_t checksum;
	uint8_t status;		/* RXD_* */
	uint8_t errors;
	uint16_t special;	/* VLAN tag */
};

/* Written back over the buffer's address. */
struct rx_extended {
	uint32_t mrq;
	uint16_t ip_id;
	uint16_t checksum;
	uint32_t status;	/* 20 bits RXD_*, then 12 of errors: those of the legacy descriptor from bit 24 on */
	uint16_t length;
	uint16_t vlan;
};

union rx_desc {
	struct rx_legacy legacy;
	struct rx_extended extended;
};

enum {
	RXD_DD = 1u << 0, RXD_EOP = 1u << 1, RXD_IXSM = 1u << 2, RXD_VP = 1u << 3, RXD_UDPCS = 1u << 4,
	RXD_TCPCS = 1u << 5, RXD_IPCS = 1u << 6, RXD_PIF = 1u << 7,
};
enum {
	RXE_CE = 1u << 0, RXE_SE = 1u << 1, RXE_SEQ = 1u << 2, RXE_CXE = 1u << 4, RXE_TCPE = 1u << 5,
	RXE_IPE = 1u << 6, RXE_RXE = 1u << 7,
};

_Static_assert(sizeof(union tx_desc) == DESC_BYTES, "8254x manual, section 3.3.3");
_Static_assert(sizeof(union rx_desc) == DESC_BYTES, "8254x manual, section 3.2.3");

#endif
