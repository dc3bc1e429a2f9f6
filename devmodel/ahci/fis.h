/*
 * fis.h - what lies in memory: command lists, command tables, received FISes (AHCI 1.3.1, section 4; SATA 3.x, section
 * 10.5; ACS-3, section 9) (internal)
 */
#ifndef DEVMODEL_AHCI_FIS_H
#define DEVMODEL_AHCI_FIS_H

#include <stdint.h>

#define SLOTS		32u
#define LIST_BYTES	1024u		/* [4.2.2] */
#define LIST_ALIGN	1024u
#define RECEIVED_BYTES	256u		/* [4.2.1] */
#define RECEIVED_ALIGN	256u
#define TABLE_ALIGN	128u
#define PRDS_MAX	65535u
#define PRD_BYTES_MAX	(4u << 20)	/* of one PRD */

struct header {				/* [4.2.2] */
	uint16_t flags;
	uint16_t prdtl;
	uint32_t prdbc;
	uint32_t ctba, ctbau;
	uint32_t reserved[4];
};
#define HEADER_CFL	0x001fu		/* dwords of the FIS */
#define HEADER_A	0x0020u		/* ATAPI */
#define HEADER_W	0x0040u
#define HEADER_P	0x0080u		/* prefetchable */
#define HEADER_R	0x0100u		/* reset */
#define HEADER_B	0x0200u		/* BIST */
#define HEADER_C	0x0400u		/* clear busy on R_OK */
#define HEADER_PMP	0xf000u

struct prd {				/* [4.2.3.3] */
	uint32_t dba, dbau;
	uint32_t reserved;
	uint32_t dbc;			/* bits 21:0: bytes, less one; bit 31: I */
};
#define PRD_DBC		0x003fffffu
#define PRD_I		0x80000000u

struct table {				/* [4.2.3] */
	uint8_t cfis[64];
	uint8_t acmd[16];
	uint8_t reserved[48];
	struct prd prd[];
};

struct received {			/* [4.2.1] */
	uint8_t dsfis[32];		/* DMA Setup */
	uint8_t psfis[32];		/* PIO Setup; 20 of them */
	uint8_t rfis[24];		/* D2H Register; 20 of them */
	uint8_t sdbfis[8];		/* Set Device Bits */
	uint8_t ufis[64];
	uint8_t reserved[96];
};

_Static_assert(sizeof(struct header) == 32 && sizeof(struct prd) == 16 && sizeof(struct table) == 128, "[4.2]");
_Static_assert(sizeof(struct received) == RECEIVED_BYTES, "[4.2.1]");

enum fis_type {				/* SATA 3.x, section 10.5 */
	FIS_H2D = 0x27, FIS_D2H = 0x34, FIS_DMA_SETUP = 0x41, FIS_PIO_SETUP = 0x5f, FIS_SDB = 0xa1,
};
#define FIS_C		0x80u		/* of H2D byte 1: a command, else a device control */
#define FIS_I		0x40u		/* of D2H, PIO Setup, SDB byte 1: interrupt */
#define FIS_D		0x20u		/* of DMA and PIO Setup byte 1: to the host */
#define SDB_STATUS	0x77u		/* of the status register: not BSY, not DRQ */
#define CONTROL_SRST	0x04u
#define DEVICE_LBA	0x40u		/* bit 6 of the device register; of queued commands bit 7 is FUA */

/* Status and error registers (ACS-3, section 6) */
#define STATUS_ERR	0x01u
#define STATUS_DRQ	0x08u
#define STATUS_DF	0x20u
#define STATUS_DRDY	0x40u
#define STATUS_BSY	0x80u
#define STATUS_SEEK	0x10u		/* bit 4: drives still set it */
#define ERROR_ABRT	0x04u

#define SECTOR_BYTES_MIN	512u
#define SECTOR_BYTES_MAX	4096u

#define ATA_PACKET_COMMAND	0xa0u
#define ATA_SMART		0xb0u
#define ATA_SET_SECTOR_CONFIGURATION	0xb2u
#define ATA_CHECK_POWER_MODE	0xe5u
#define ATA_IDENTIFY		0xecu
#define ATA_IDENTIFY_PACKET	0xa1u

#endif
