/*
 * regs.h - AHCI registers, as Serial ATA AHCI 1.3.1 spells them; the section is in brackets (internal)
 */
#ifndef DEVMODEL_AHCI_REGS_H
#define DEVMODEL_AHCI_REGS_H

/* Generic host control [3.1] */
#define HBA_CAP		0x00u
#define  CAP_NP			0x0000001fu	/* ports, less one */
#define  CAP_SXS		0x00000020u	/* external SATA */
#define  CAP_EMS		0x00000040u	/* enclosure management */
#define  CAP_CCCS		0x00000080u	/* command completion coalescing */
#define  CAP_NCS		0x00001f00u	/* command slots, less one */
#define  CAP_NCS_SHIFT		8
#define  CAP_FBSS		0x00010000u	/* FIS-based switching */
#define  CAP_SPM		0x00020000u	/* port multipliers */
#define  CAP_SAM		0x00040000u	/* AHCI alone */
#define  CAP_SCLO		0x01000000u	/* PxCMD.CLO */
#define  CAP_SSNTF		0x20000000u	/* PxSNTF */
#define  CAP_SNCQ		0x40000000u	/* native queuing */
#define  CAP_S64A		0x80000000u	/* 64-bit addresses */
#define HBA_GHC		0x04u
#define  GHC_HR			0x00000001u	/* reset */
#define  GHC_IE			0x00000002u	/* interrupts */
#define  GHC_MRSM		0x00000004u	/* one MSI for all */
#define  GHC_AE			0x80000000u	/* AHCI mode */
#define HBA_IS		0x08u
#define HBA_PI		0x0cu
#define HBA_VS		0x10u
#define HBA_CCC_CTL	0x14u
#define HBA_CCC_PORTS	0x18u
#define HBA_EM_LOC	0x1cu
#define HBA_EM_CTL	0x20u
#define HBA_CAP2	0x24u
#define  CAP2_BOH		0x00000001u	/* BIOS/OS hand-off */
#define  CAP2_APST		0x00000004u	/* partial to slumber by itself */
#define HBA_BOHC	0x28u

/* Port registers [3.3] */
#define PORTS_MAX	32u
#define PORT_AT(n)	(0x100u + 0x80u * (n))
#define PORT_BYTES	0x80u
#define ABAR_BYTES	PORT_AT(PORTS_MAX)
#define PxCLB		0x00u
#define PxCLBU		0x04u
#define PxFB		0x08u
#define PxFBU		0x0cu
#define PxIS		0x10u
#define  PxIS_DHRS		0x00000001u	/* D2H Register FIS */
#define  PxIS_PSS		0x00000002u	/* PIO Setup FIS */
#define  PxIS_DSS		0x00000004u	/* DMA Setup FIS */
#define  PxIS_SDBS		0x00000008u	/* Set Device Bits FIS */
#define  PxIS_UFS		0x00000010u	/* unknown FIS */
#define  PxIS_DPS		0x00000020u	/* a PRD with I is done */
#define  PxIS_PCS		0x00000040u	/* PxSERR.DIAG.X */
#define  PxIS_DMPS		0x00000080u	/* mechanical presence */
#define  PxIS_PRCS		0x00400000u	/* PxSERR.DIAG.N */
#define  PxIS_IPMS		0x00800000u	/* port multiplier */
#define  PxIS_OFS		0x01000000u	/* overflow */
#define  PxIS_INFS		0x04000000u	/* interface error, not fatal */
#define  PxIS_IFS		0x08000000u	/* interface error, fatal */
#define  PxIS_HBDS		0x10000000u	/* host bus data error */
#define  PxIS_HBFS		0x20000000u	/* host bus fatal error */
#define  PxIS_TFES		0x40000000u	/* task file error */
#define  PxIS_CPDS		0x80000000u	/* cold presence */
#define  PxIS_STOPS		0x78000000u	/* IFS, HBDS, HBFS, TFES: nothing goes on until ST is cleared [6.2.2] */
#define PxIE		0x14u
#define PxCMD		0x18u
#define  PxCMD_ST		0x00000001u
#define  PxCMD_SUD		0x00000002u
#define  PxCMD_POD		0x00000004u
#define  PxCMD_CLO		0x00000008u
#define  PxCMD_FRE		0x00000010u
#define  PxCMD_CCS		0x00001f00u
#define  PxCMD_FR		0x00004000u
#define  PxCMD_CR		0x00008000u
#define  PxCMD_PMA		0x00020000u
#define  PxCMD_FBSCP		0x00400000u
#define  PxCMD_APSTE		0x00800000u
#define  PxCMD_ATAPI		0x01000000u
#define  PxCMD_DLAE		0x02000000u
#define  PxCMD_ALPE		0x04000000u
#define  PxCMD_ASP		0x08000000u
#define  PxCMD_ICC		0xf0000000u
#define PxTFD		0x20u
#define PxSIG		0x24u
#define  SIG_ATA		0x00000101u
#define  SIG_ATAPI		0xeb140101u
#define PxSSTS		0x28u
#define PxSCTL		0x2cu
#define  SCTL_DET		0x0000000fu	/* 1: COMRESET, 4: off */
#define  SCTL_SPD		0x000000f0u
#define  SCTL_IPM		0x00000f00u
#define PxSERR		0x30u
#define  SERR_X			0x04000000u	/* a device was exchanged: no signature until it is cleared */
#define PxSACT		0x34u
#define PxCI		0x38u
#define PxSNTF		0x3cu
#define PxFBS		0x40u
#define PxDEVSLP	0x44u

#endif
