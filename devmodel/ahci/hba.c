/*
 * hba.c - generic host control: capabilities, resets, interrupts, hand-off
 */
#include "devmodel/ahci/registers.h"

/* While somebody waits for a port to stop or to start, or for what he is not told; and while only memory does. */
#define POLL_HZ		1000u
#define POLL_SEARCH_HZ	2000u		/* what is searched in parts is as fast as that lets it be */
#define POLL_HOLD_HZ	250u		/* hold.c */
#define POLL_SLOW_HZ	10u

/* Nothing answers when a controller is gone: all ones. */
bool hba_is_there(struct ahci *h, uint32_t value)
{
	if (value != UINT32_MAX)
		return true;
	hba_count(h, AHCI_GONE);
	return false;
}

uint32_t cap_read(struct ahci *h, uint32_t offset)
{
	return h->cap;
}

uint32_t cap2_read(struct ahci *h, uint32_t offset)
{
	return h->cap2;
}

uint32_t pi_read(struct ahci *h, uint32_t offset)
{
	return h->pi;
}

/* Memory comes back, and ports start, when the device has stopped; then what it has done is the guest's. */
static void look(struct ahci *h)
{
	for (uint32_t left = h->pi; left; left &= left - 1)
		port_quiet(&h->port[__builtin_ctz(left)]);
	hba_look(h);
}

/* ---- reset [10.4.3] ---- */

/*
 * HR was lost where the controller was gone: it comes back as it went, and its ports go on with what they were given.
 */
static bool stands_still(const struct ahci *h)
{
	for (uint32_t left = h->pi; left; left &= left - 1) {
		if (port_read(&h->port[__builtin_ctz(left)], PxCMD) & (PxCMD_ST | PxCMD_CR | PxCMD_FRE | PxCMD_FR))
			return false;
	}
	return true;
}

/* The ports' registers are not theirs before HR reads 0, and their memory is the controller's. */
void hba_settle(struct ahci *h)
{
	uint32_t ghc;

	if (!h->resetting)
		return;
	ghc = hba_read(h, HBA_GHC);
	if (!hba_is_there(h, ghc) || ghc & GHC_HR)
		return;
	if (!stands_still(h)) {
		hba_write(h, HBA_GHC, (ghc & GHC_IE) | GHC_AE | GHC_HR);
		return;
	}
	h->resetting = false;
	hba_write(h, HBA_GHC, (ghc & GHC_IE) | GHC_AE);
	h->ie = ghc & GHC_IE;
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (!(h->pi >> i & 1))
			continue;
		port_give(&h->port[i]);
		room_let_go(&h->port[i], 0);
		port_program(&h->port[i]);
	}
}

static void forget(struct ahci *h)
{
	for (unsigned i = 0; i < PORTS_MAX; i++)
		port_reset(&h->port[i]);
	h->resetting = true;
}

/* In D3 it answers no access: what is to be done waits for the first one that it does. */
void ahci_was_reset(struct ahci *h)
{
	forget(h);
	for (unsigned i = 0; i < PORTS_MAX; i++)
		h->port[i].clb = h->port[i].clbu = h->port[i].fb = h->port[i].fbu = 0;
	h->index = 0;
}

uint32_t ghc_read(struct ahci *h, uint32_t offset)
{
	uint32_t device = hba_read(h, HBA_GHC);

	hba_is_there(h, device);
	return device & (GHC_HR | GHC_IE | GHC_MRSM | GHC_AE);
}

/* AE stays 1: in legacy mode the controller would have registers that are not the model's.  CAP.SAM says so. */
void ghc_write(struct ahci *h, uint32_t offset, uint32_t value)
{
	if (h->resetting)
		return;
	hba_write(h, HBA_GHC, value | GHC_AE);
	h->ie = value & GHC_IE;
	h->restless = true;
	if (!(value & GHC_HR))
		return;
	forget(h);
	hba_settle(h);
}

/* ---- interrupts ---- */

/* Ports with bits that the device does not have: they stay until those of PxIS are cleared, as any do. */
static uint32_t own_interrupts(const struct ahci *h)
{
	uint32_t ports = 0;

	for (uint32_t left = h->pi; left; left &= left - 1) {
		const struct port *p = &h->port[__builtin_ctz(left)];

		if (p->is & p->ie)
			ports |= left & -left;
	}
	return ports;
}

/*
 * Nobody is looked at here: what a port has done its own registers tell, and the guest finds out by reading them.  Also
 * of a nudge, for as long as it is out the device's PxIE has its DHRS.  A port has its bit for what PxIE has.
 */
uint32_t is_read(struct ahci *h, uint32_t offset)
{
	hba_let_go(h);
	return (hba_read(h, HBA_IS) & h->pi) | own_interrupts(h);
}

void is_write(struct ahci *h, uint32_t offset, uint32_t value)
{
	hba_write(h, HBA_IS, value);
}

/* ---- BIOS/OS hand-off [10.6] ---- */

uint32_t bohc_read(struct ahci *h, uint32_t offset)
{
	return h->cap2 & CAP2_BOH ? hba_read(h, HBA_BOHC) : 0;
}

void bohc_write(struct ahci *h, uint32_t offset, uint32_t value)
{
	if (h->cap2 & CAP2_BOH)
		hba_write(h, HBA_BOHC, value);
	else
		hba_count(h, AHCI_REGISTER);
}

/* ---- poll ---- */

void hba_rest(struct ahci *h)
{
	if (!h->restless)
		return;
	h->restless = h->holds != 0;
	for (uint32_t left = h->pi; left; left &= left - 1) {
		const struct port *p = &h->port[__builtin_ctz(left)];

		h->restless |= p->restarting || p->identifying || p->stale || p->held_count ||
			       port_is_unheard(p);
	}
}

void ahci_poll(struct ahci *h)
{
	h->burst = 0;
	hba_settle(h);
	hba_let_go_late(h);
	look(h);
	hba_rest(h);
}

/* For what is left to be done. */
static uint32_t wanted_hz(const struct ahci *h)
{
	uint32_t hz = h->more ? disk_is_searching(h->disk) ? POLL_SEARCH_HZ : POLL_HZ : 0;

	if (!h->restless)
		return hz;
	for (uint32_t left = h->pi; left; left &= left - 1) {
		const struct port *p = &h->port[__builtin_ctz(left)];

		if (p->restarting || p->identifying || port_is_unheard(p))
			return hz > POLL_HZ ? hz : POLL_HZ;
		if ((p->stale || p->held_count) && !hz)
			hz = POLL_SLOW_HZ;
	}
	return hz;
}

bool ahci_rests(const struct ahci *h)
{
	return wanted_hz(h) != 0;
}

uint32_t ahci_poll_hz(const struct ahci *h)
{
	uint32_t hz = wanted_hz(h);

	return h->holds && hz < POLL_HOLD_HZ ? POLL_HOLD_HZ : hz;
}
