/*
 * attach.c - a controller that was left running
 */
#include "devmodel/ahci/registers.h"

#include <string.h>

/* A port has half a second to stop, and as much to stop writing FISes [10.1.2]; a controller one to reset [10.4.3]. */
#define STOP_NS		500000000u
#define RESET_NS	1000000000u
/* SeaBIOS sets PxSACT for commands that are not queued, and in QEMU that bit stays. */
#define SACT_NS		20000000u

uint32_t ahci_size(void)
{
	return (sizeof(struct ahci) + 15) & ~15u;
}

/* Until @bits of the register are 0; false: they are not within @ns. */
static bool wait(struct ahci *h, uint32_t offset, uint32_t bits, uint64_t ns)
{
	uint64_t from = h->d->ops->now_ns(h->d->host);

	while (hba_read(h, offset) & bits) {
		if (h->d->ops->now_ns(h->d->host) - from >= ns)
			return false;
	}
	return true;
}

static void take_registers(struct port *p)
{
	p->clb = port_read(p, PxCLB) & ~(LIST_ALIGN - 1);
	p->clbu = port_read(p, PxCLBU);
	p->fb = port_read(p, PxFB) & ~(RECEIVED_ALIGN - 1);
	p->fbu = port_read(p, PxFBU);
	p->ie = port_read(p, PxIE);
	p->cmd = port_read(p, PxCMD) & (PxCMD_ST | PxCMD_FRE);
}

/* Commands under way have as long to end as the port to stop.  Those that do not, never will: the guest times out. */
static bool stop(struct port *p)
{
	uint32_t at = PORT_AT(p->index), cmd = port_read(p, PxCMD);

	if (!hba_is_there(p->hba, cmd))
		return false;
	cmd &= CMD_STAYS;
	if (p->cmd & PxCMD_ST) {
		wait(p->hba, at + PxCI, UINT32_MAX, STOP_NS);
		wait(p->hba, at + PxSACT, UINT32_MAX, SACT_NS);
		p->ci = port_read(p, PxCI);
		p->sact = port_read(p, PxSACT);
	}
	port_write(p, PxCMD, cmd);
	if (!wait(p->hba, at + PxCMD, PxCMD_CR, STOP_NS))
		return false;
	port_write(p, PxCMD, cmd & ~PxCMD_FRE);
	return wait(p->hba, at + PxCMD, PxCMD_FR, STOP_NS);
}

/* As it was, but through the model. */
static void go_on(struct port *p)
{
	uint32_t cmd = port_read(p, PxCMD) & CMD_STAYS & ~PxCMD_FRE, to = p->cmd;

	port_program(p);
	p->stopped = p->ci;
	if (to & PxCMD_FRE)
		port_write(p, PxCMD, cmd | PxCMD_FRE);
	if (!(to & PxCMD_ST))
		return;
	port_clear_list(p);
	port_write(p, PxCMD, cmd | to);
}

static void reset(struct ahci *h)
{
	for (unsigned i = 0; i < PORTS_MAX; i++)
		port_reset(&h->port[i]);
	h->resetting = true;
	hba_write(h, HBA_GHC, GHC_HR | GHC_AE);
	wait(h, HBA_GHC, GHC_HR, RESET_NS);
	hba_settle(h);
}

/* What the model does not know is not offered. */
static void take_capabilities(struct ahci *h)
{
	h->cap = hba_read(h, HBA_CAP) & ~(CAP_SXS | CAP_EMS | CAP_CCCS | CAP_FBSS | CAP_SPM | CAP_SSNTF);
	h->cap |= CAP_SAM;
	h->cap2 = hba_read(h, HBA_CAP2) & (CAP2_BOH | CAP2_APST);
	h->pi = hba_read(h, HBA_PI);
}

static bool take_ports(struct ahci *h)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (h->pi >> i & 1)
			take_registers(&h->port[i]);
	}
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (h->pi >> i & 1 && !stop(&h->port[i]))
			return false;
	}
	return true;
}

static bool is_reachable(const struct ahci *h, const struct dma_memory *m)
{
	return m->bus.a <= hba_reach(h) - m->len;
}

/* Interrupts stay as they are masked: they are the guest's, whoever drives the controller now. */
struct ahci *ahci_attach(void *memory, const struct devmodel *d, const struct disk *disk, struct bounce *bounce,
			 uint8_t unit, uint32_t index_pair)
{
	struct ahci *h = memory;
	uint32_t ghc;

	memset(h, 0, sizeof(*h));
	h->d = d;
	h->disk = disk;
	h->bounce = bounce;
	h->unit = unit;
	h->index_pair = index_pair;
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		h->port[i].hba = h;
		h->port[i].index = (uint8_t)i;
	}
	ghc = hba_read(h, HBA_GHC);
	if (!hba_is_there(h, ghc))
		return NULL;
	hba_write(h, HBA_GHC, (ghc & GHC_IE) | GHC_AE);
	h->ie = ghc & GHC_IE;
	take_capabilities(h);
	if (!is_reachable(h, &d->pool) || !is_reachable(h, &bounce->memory))
		return NULL;
	if (!take_ports(h)) {
		reset(h);
		return h->resetting ? NULL : h;
	}
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (h->pi >> i & 1)
			go_on(&h->port[i]);
	}
	return h;
}
