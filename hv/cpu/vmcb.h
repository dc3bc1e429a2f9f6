/*
 * vmcb.h - the virtual machine control block, APM volume 2 (24593), appendix B
 */
#ifndef HV_CPU_VMCB_H
#define HV_CPU_VMCB_H

#include <stddef.h>
#include <stdint.h>

#include "hv/cpu/vcpu.h"

/* Table B-1, offset 00Ch */
enum {
	INTERCEPT1_INTR = 1u << 0, INTERCEPT1_NMI = 1u << 1, INTERCEPT1_SMI = 1u << 2,
	INTERCEPT1_INIT = 1u << 3, INTERCEPT1_CPUID = 1u << 18, INTERCEPT1_IRET = 1u << 20,
	INTERCEPT1_INVD = 1u << 22, INTERCEPT1_HLT = 1u << 24, INTERCEPT1_INVLPGA = 1u << 26, INTERCEPT1_IOIO = 1u << 27,
	INTERCEPT1_MSR = 1u << 28, INTERCEPT1_SHUTDOWN = 1u << 31,
};
/* offset 010h */
enum {
	INTERCEPT2_VMRUN = 1u << 0, INTERCEPT2_VMMCALL = 1u << 1, INTERCEPT2_VMLOAD = 1u << 2,
	INTERCEPT2_VMSAVE = 1u << 3, INTERCEPT2_STGI = 1u << 4, INTERCEPT2_CLGI = 1u << 5,
	INTERCEPT2_SKINIT = 1u << 6, INTERCEPT2_ICEBP = 1u << 8, INTERCEPT2_MWAIT = 1u << 11,
};
enum { TLB_KEEP = 0, TLB_FLUSH_ALL = 1 };
enum { NESTED_PAGING = 1 };
enum { EVENT_VALID = 1u << 31, EVENT_ERROR = 1u << 11, EVENT_EXCEPTION = 3u << 8, EVENT_NMI = 2u << 8 };

/* Appendix C */
enum {
	SVM_EXIT_INTR = 0x60, SVM_EXIT_NMI = 0x61, SVM_EXIT_SMI = 0x62, SVM_EXIT_INIT = 0x63,
	SVM_EXIT_DB = 0x41, SVM_EXIT_AC = 0x51,
	SVM_EXIT_CPUID = 0x72, SVM_EXIT_IRET = 0x74, SVM_EXIT_INVD = 0x76, SVM_EXIT_HLT = 0x78,
	SVM_EXIT_INVLPGA = 0x7a, SVM_EXIT_IOIO = 0x7b, SVM_EXIT_MSR = 0x7c, SVM_EXIT_SHUTDOWN = 0x7f,
	SVM_EXIT_VMRUN = 0x80, SVM_EXIT_VMMCALL = 0x81, SVM_EXIT_VMLOAD = 0x82,
	SVM_EXIT_VMSAVE = 0x83, SVM_EXIT_STGI = 0x84, SVM_EXIT_CLGI = 0x85, SVM_EXIT_SKINIT = 0x86,
	SVM_EXIT_ICEBP = 0x88, SVM_EXIT_MWAIT = 0x8b,
	SVM_EXIT_NPF = 0x400,
};
#define SVM_EXIT_INVALID	UINT32_MAX	/* all 64 bits on a processor, 32 in QEMU */

/* EXITINFO1 of IOIO, section 15.10.2 */
enum { IOIO_IN = 1u << 0, IOIO_STR = 1u << 2, IOIO_REP = 1u << 3, IOIO_SZ8 = 1u << 4,
       IOIO_SZ16 = 1u << 5, IOIO_SZ32 = 1u << 6 };
/* EXITINFO1 of a nested page fault, section 15.25.6 */
enum { NPF_WRITE = 1u << 1, NPF_FETCH = 1u << 4 };
#define NPF_WALK	(UINT64_C(1) << 33)

struct vmcb {
	uint16_t intercept_cr_read, intercept_cr_write, intercept_dr_read, intercept_dr_write;
	uint32_t intercept_exceptions;
	uint32_t intercept1, intercept2, intercept3;
	uint8_t reserved1[0x03c - 0x018];
	uint16_t pause_threshold, pause_count;
	uint64_t iopm_base, msrpm_base;
	uint64_t tsc_offset;
	uint32_t asid;
	uint8_t tlb_control, reserved2[3];
	uint64_t v_intr;
	uint64_t interrupt_shadow;
	uint64_t exitcode, exitinfo1, exitinfo2;
	uint64_t exitintinfo;
	uint64_t np_enable;
	uint8_t reserved3[0x0a8 - 0x098];
	uint64_t eventinj;
	uint64_t n_cr3;
	uint64_t lbr_enable;
	uint64_t clean;
	uint64_t nrip;
	uint8_t fetched, bytes[15];
	uint8_t reserved4[0x400 - 0x0e0];
	/* the state save area, table B-2 */
	struct segment seg[SEGS];
	uint8_t reserved5[0x4cb - 0x4a0];
	uint8_t cpl;
	uint32_t reserved6;
	uint64_t efer;
	uint8_t reserved7[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved8[0x5d8 - 0x580];
	uint64_t rsp;
	uint8_t reserved9[0x5f8 - 0x5e0];
	uint64_t rax;
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t cr2;
	uint8_t reserved10[0x668 - 0x648];
	uint64_t g_pat;
	uint64_t dbgctl, br_from, br_to, lastexcpfrom, lastexcpto;
	uint8_t reserved11[0x1000 - 0x698];
};

#define AT(member, offset) \
	_Static_assert(offsetof(struct vmcb, member) == (offset), "APM appendix B: " #member)
AT(intercept1, 0x00c);
AT(pause_threshold, 0x03c);
AT(iopm_base, 0x040);
AT(tsc_offset, 0x050);
AT(asid, 0x058);
AT(v_intr, 0x060);
AT(exitcode, 0x070);
AT(exitintinfo, 0x088);
AT(np_enable, 0x090);
AT(eventinj, 0x0a8);
AT(n_cr3, 0x0b0);
AT(clean, 0x0c0);
AT(nrip, 0x0c8);
AT(seg, 0x400);
AT(cpl, 0x4cb);
AT(efer, 0x4d0);
AT(cr4, 0x548);
AT(rip, 0x578);
AT(rsp, 0x5d8);
AT(rax, 0x5f8);
AT(cr2, 0x640);
AT(g_pat, 0x668);
AT(dbgctl, 0x670);
#undef AT
_Static_assert(sizeof(struct vmcb) == PAGE_SIZE, "APM appendix B: one page");

#endif
