/*
 * regs.h - registers of the 8254x and 82574 families, as their manuals spell them
 *
 * PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual (8254x), chapter 13;
 * 82574 GbE Controller Family Datasheet, chapter 10.  Offsets are bytes in BAR 0.
 */
#ifndef DEVMODEL_E1000_REGS_H
#define DEVMODEL_E1000_REGS_H

#define E1000_BAR0_BYTES	0x20000u

enum {
	E1000_CTRL = 0x00000, E1000_STATUS = 0x00008, E1000_EECD = 0x00010, E1000_EERD = 0x00014,
	E1000_CTRL_EXT = 0x00018, E1000_FLA = 0x0001c, E1000_MDIC = 0x00020,
	E1000_FCAL = 0x00028, E1000_FCAH = 0x0002c, E1000_FCT = 0x00030, E1000_VET = 0x00038,
	E1000_ICR = 0x000c0, E1000_ITR = 0x000c4, E1000_ICS = 0x000c8, E1000_IMS = 0x000d0, E1000_IMC = 0x000d8,
	E1000_IAM = 0x000e0,
	E1000_RCTL = 0x00100, E1000_FCTTV = 0x00170, E1000_TCTL = 0x00400, E1000_TIPG = 0x00410,
	E1000_EEWR = 0x0102c,
	E1000_PSRCTL = 0x02170,
	/* receive queue 0; queue 1 is E1000_QUEUE bytes on */
	E1000_RDBAL = 0x02800, E1000_RDBAH = 0x02804, E1000_RDLEN = 0x02808, E1000_RDH = 0x02810, E1000_RDT = 0x02818,
	E1000_RDTR = 0x02820, E1000_RXDCTL = 0x02828, E1000_RADV = 0x0282c,
	/* transmit queue 0 */
	E1000_TDBAL = 0x03800, E1000_TDBAH = 0x03804, E1000_TDLEN = 0x03808, E1000_TDH = 0x03810, E1000_TDT = 0x03818,
	E1000_TIDV = 0x03820, E1000_TXDCTL = 0x03828, E1000_TADV = 0x0382c, E1000_TSPMT = 0x03830, E1000_TARC = 0x03840,
	E1000_QUEUE = 0x00100,
	E1000_RXCSUM = 0x05000, E1000_RFCTL = 0x05008, E1000_MRQC = 0x05818,
	E1000_PBM = 0x10000,		/* packet buffer memory, to the end of the BAR */
};

/* EECD; the low byte is the wire to a microwire NVM */
enum {
	EECD_SK = 1u << 0, EECD_CS = 1u << 1, EECD_DI = 1u << 2, EECD_DO = 1u << 3, EECD_FWE_OFF = 1u << 4,
	EECD_REQ = 1u << 6, EECD_GNT = 1u << 7, EECD_PRES = 1u << 8,
};
enum { EERD_START = 1u << 0, EERD_DATA_SHIFT = 16 };

enum {
	CTRL_RST = 1u << 26, CTRL_VME = 1u << 30, CTRL_PHY_RST = 1u << 31,
	CTRL_EXT_EE_RST = 1u << 13, CTRL_EXT_IAME = 1u << 27,
};

/* ICR, ICS, IMS, IMC */
enum {
	INT_TXDW = 1u << 0, INT_TXQE = 1u << 1, INT_LSC = 1u << 2, INT_RXDMT0 = 1u << 4, INT_RXO = 1u << 6,
	INT_RXT0 = 1u << 7, INT_TXD_LOW = 1u << 15, INT_RXQ0 = 1u << 20, INT_RXQ1 = 1u << 21, INT_TXQ0 = 1u << 22,
	INT_TXQ1 = 1u << 23, INT_ASSERTED = 1u << 31,
};

enum {
	RCTL_EN = 1u << 1, RCTL_SBP = 1u << 2, RCTL_UPE = 1u << 3, RCTL_MPE = 1u << 4, RCTL_LPE = 1u << 5,
	RCTL_LBM = 3u << 6, RCTL_RDMTS = 3u << 8, RCTL_DTYP = 3u << 10, RCTL_MO = 3u << 12, RCTL_BAM = 1u << 15,
	RCTL_BSIZE = 3u << 16, RCTL_VFE = 1u << 18, RCTL_CFIEN = 1u << 19, RCTL_CFI = 1u << 20, RCTL_DPF = 1u << 22,
	RCTL_PMCF = 1u << 23, RCTL_BSEX = 1u << 25, RCTL_SECRC = 1u << 26,
	RCTL_FLXBUF = 0xfu << 27,	/* 82574: KiB, in place of BSIZE */
};
enum { RCTL_RDMTS_SHIFT = 8, RCTL_DTYP_SHIFT = 10, RCTL_BSIZE_SHIFT = 16, RCTL_FLXBUF_SHIFT = 27 };

enum { TCTL_EN = 1u << 1 };
enum { RFCTL_EXSTEN = 1u << 15 };
enum {
	RXCSUM_PCSS = 0xff, RXCSUM_IPPCSE = 1u << 12,
	RXCSUM_PCSD = 1u << 13,		/* 82574: RSS's hash in place of the packet checksum */
};
enum {
	DCTL_WTHRESH_SHIFT = 16, DCTL_WTHRESH = 0x3fu << 16, DCTL_COUNT_DESC = 1u << 22, DCTL_GRAN = 1u << 24,
	DCTL_LWTHRESH_SHIFT = 25,	/* TXDCTL alone: eights of descriptors */
};

#endif
