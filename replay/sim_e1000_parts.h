/*
 * sim_e1000_parts.h - the simulated NIC's state, and what its files are to each other
 *
 * Registers stand in one array at their offsets; state beside it is what the manuals say the hardware keeps.
 */
#ifndef REPLAY_SIM_E1000_PARTS_H
#define REPLAY_SIM_E1000_PARTS_H

#include "devmodel/e1000/desc.h"
#include "devmodel/e1000/regs.h"
#include "replay/sim_e1000.h"

#define SIM_QUEUES	2u
#define SIM_LATE_MAX	8192u		/* write-backs on their way */

/* Registers that the model has no name for (8254x manual, chapter 13). */
enum {
	SIM_TIDV = 0x03820, SIM_PBA = 0x01000, SIM_MTA = 0x05200, SIM_RAL = 0x05400, SIM_RAH = 0x05404, SIM_VFTA = 0x05600,
	SIM_CRCERRS = 0x04000, SIM_MPC = 0x04010, SIM_GPRC = 0x04074, SIM_BPRC = 0x04078, SIM_MPRC = 0x0407c,
	SIM_GPTC = 0x04080, SIM_GORCL = 0x04088, SIM_GOTCL = 0x04090, SIM_RNBC = 0x040a0, SIM_RUC = 0x040a4,
	SIM_ROC = 0x040ac, SIM_TPR = 0x040d0, SIM_TPT = 0x040d4, SIM_TSCTC = 0x040f8, SIM_STATISTICS_END = 0x04128,
};
enum { SIM_RAH_AV = 1u << 31, SIM_TCTL_PSP = 1u << 3 };
enum {
	SIM_RCTL_UPE = 1u << 3, SIM_RCTL_MPE = 1u << 4, SIM_RCTL_LBM_MAC = 1u << 6, SIM_RCTL_MO_SHIFT = 12,
	SIM_RCTL_BAM = 1u << 15, SIM_RCTL_VFE = 1u << 18,
};
enum {
	SIM_RXCSUM_PCSS = 0xff, SIM_RXCSUM_IPOFL = 1u << 8, SIM_RXCSUM_TUOFL = 1u << 9,
	SIM_RXE_CE = 1u << 0, SIM_RXE_TCPE = 1u << 5, SIM_RXE_IPE = 1u << 6,
};

struct sim_tx {
	struct tx_context context[2];	/* of packets, of bursts (TSE) */
	uint32_t len;			/* bytes gathered */
	uint32_t skipped;		/* descriptors of the frame in hand: 0: the next is the first */
	struct tx_data first;		/* the first data descriptor: POPTS, and of bursts DCMD and special */
	bool halted;
	uint8_t frame[SIM_FRAME_MAX];
};

/* What the driver learns of a frame. */
struct sim_told {
	uint16_t length, checksum, tag;
	uint8_t status, errors;
};

struct sim_rx_frame {
	struct sim_rx_frame *next;
	struct sim_told told;		/* once the first of it is written */
	uint32_t at, end;		/* of the bytes, those that are stored */
	uint32_t len, done;		/* bytes with check sequence; of those to be stored, already written */
	bool bad;
	uint8_t bytes[];
};

/* What is written back later: a descriptor's bytes, and the causes that follow. */
struct sim_late {
	uint64_t due, at;
	enum sim_why why;
	uint32_t causes;
	uint8_t len, bytes[DESC_BYTES];
};

struct sim_e1000 {
	enum sim_kind kind;
	const struct sim_bus *bus;
	void *host;
	struct sim_faults faults;
	uint64_t now;			/* steps */
	uint32_t reg[E1000_BAR0_BYTES / 4];
	uint32_t ioaddr;
	uint16_t nvm[SIM_NVM_WORDS], phy[32];
	uint8_t address[6];
	struct { uint32_t last, command, bits, out, out_bits; } wire;	/* microwire */
	bool line;
	struct sim_tx tx[SIM_QUEUES];
	struct sim_rx_frame *fifo, **fifo_end;
	uint32_t fifo_bytes;
	bool rx_halted;
	uint32_t delayed;		/* causes that wait for a timer: raised when there is nothing else to do */
	struct sim_late late[SIM_LATE_MAX];
	unsigned late_first, late_count;
};

static inline uint32_t *sim_reg(struct sim_e1000 *s, uint32_t offset)
{
	return &s->reg[offset / 4];
}

static inline uint32_t sim_get(const struct sim_e1000 *s, uint32_t offset)
{
	return s->reg[offset / 4];
}

/* Interrupt causes are set. */
void sim_raise(struct sim_e1000 *s, uint32_t causes);
/* Statistics do not wrap. */
void sim_count(struct sim_e1000 *s, uint32_t offset, uint32_t by);
/* @from is written at @at, and @causes raised, now or faults.late steps on. */
void sim_write_back(struct sim_e1000 *s, enum sim_why why, uint64_t at, const void *from, uint8_t len, uint32_t causes);

void sim_nvm_reset(struct sim_e1000 *s);
void sim_nvm_eerd(struct sim_e1000 *s, uint32_t value);
void sim_nvm_eecd(struct sim_e1000 *s, uint32_t value);
void sim_phy_mdic(struct sim_e1000 *s, uint32_t value);
void sim_phy_reset(struct sim_e1000 *s);

/* One frame or burst of queue @q; false: nothing moved. */
bool sim_tx_step(struct sim_e1000 *s, unsigned q);
/* A frame leaves, unless it comes back by loopback. */
void sim_tx_wire(struct sim_e1000 *s, const uint8_t *frame, uint32_t len, bool fcs);
bool sim_rx_step(struct sim_e1000 *s);
void sim_rx_reset(struct sim_e1000 *s);

/* What is in sim_e1000_offload.c: all by offsets, as the device does it. */
uint32_t sim_sum(uint32_t sum, const uint8_t *bytes, uint32_t len);
uint16_t sim_fold(uint32_t sum);
uint32_t sim_crc(const uint8_t *bytes, uint32_t len);
/* Insert what @popts asks for by @c into a frame of @len. */
void sim_insert_sums(struct sim_e1000 *s, uint8_t *frame, uint32_t len, const struct tx_context *c, uint8_t popts);
void sim_insert_legacy(uint8_t *frame, uint32_t len, uint8_t css, uint8_t cso);
/* Cut a burst by @c and give each frame to @send. */
void sim_segment(struct sim_e1000 *s, const uint8_t *burst, uint32_t len, const struct tx_context *c, uint8_t popts,
		 void (*send)(struct sim_e1000 *s, uint8_t *frame, uint32_t len, void *arg), void *arg);
/* Receive status and errors of a frame without its check sequence, by RXCSUM. */
void sim_check_sums(const struct sim_e1000 *s, const uint8_t *frame, uint32_t len, uint8_t *status, uint8_t *errors);

#endif
