/*
 * sim_e1000_nvm.c - the simulated NIC's NVM and PHY: EERD, the microwire of EECD, MDIC
 */
#include "replay/sim_e1000_parts.h"

#include <string.h>

/* MDIC (section 13.4.7) */
enum { MDIC_REG_SHIFT = 16, MDIC_PHY_SHIFT = 21, MDIC_WRITE = 1u << 26, MDIC_READ = 2u << 26, MDIC_READY = 1u << 28,
       MDIC_ERROR = 1u << 30 };

/* Receive address 0 is loaded from words 0 to 2. */
void sim_nvm_reset(struct sim_e1000 *s)
{
	*sim_reg(s, SIM_RAL) = s->nvm[0] | (uint32_t)s->nvm[1] << 16;
	*sim_reg(s, SIM_RAH) = s->nvm[2] | SIM_RAH_AV;
	*sim_reg(s, E1000_EECD) = EECD_PRES;
	memset(&s->wire, 0, sizeof(s->wire));
}

/* Section 13.4.4: START, DONE, address and data; the 82574 has DONE and the address elsewhere. */
void sim_nvm_eerd(struct sim_e1000 *s, uint32_t value)
{
	bool new = s->kind == SIM_82574;
	uint32_t at = new ? value >> 2 & 0x3fff : value >> 8 & 0xff;
	uint32_t word = at < SIM_NVM_WORDS ? s->nvm[at] : 0xffff;

	if (value & 1)
		value = (value & 0xfffe) | (new ? 1u << 1 : 1u << 4) | word << 16;
	*sim_reg(s, E1000_EERD) = value;
}

/* A 93C46: start bit, two of opcode (READ 10b), six of address; then 16 of data, each behind a rising edge. */
static void clock_in(struct sim_e1000 *s, bool bit)
{
	if (s->wire.out_bits) {
		s->wire.out_bits--;
		return;
	}
	if (s->wire.bits == 0 && !bit)
		return;		/* waits for the start bit */
	s->wire.command = s->wire.command << 1 | bit;
	if (++s->wire.bits < 9)
		return;
	if ((s->wire.command >> 6 & 3) == 2) {
		/* a dummy 0 goes first, and shows at once */
		s->wire.out = s->nvm[s->wire.command & 63];
		s->wire.out_bits = 16;
	}
	s->wire.bits = s->wire.command = 0;
}

void sim_nvm_eecd(struct sim_e1000 *s, uint32_t value)
{
	uint32_t out = EECD_DO;

	if (s->kind == SIM_82574)
		return;
	if (!(value & EECD_CS))
		memset(&s->wire, 0, sizeof(s->wire));
	else if (value & EECD_SK && !(s->wire.last & EECD_SK))
		clock_in(s, value & EECD_DI);
	s->wire.last = value;
	/* 16: the dummy; 15..0: bit of that number */
	if (s->wire.out_bits == 16 || (s->wire.bits == 0 && !(s->wire.out >> s->wire.out_bits & 1)))
		out = 0;
	value &= EECD_SK | EECD_CS | EECD_DI | EECD_REQ | 1u << 4 | 1u << 5;
	*sim_reg(s, E1000_EECD) = value | out | EECD_PRES | (value & EECD_REQ ? EECD_GNT : 0);
}

void sim_phy_reset(struct sim_e1000 *s)
{
	memset(s->phy, 0, sizeof(s->phy));
	s->phy[0] = 0x1140;	/* autonegotiation, full duplex, 1000 */
	s->phy[1] = 0x796d;	/* link, autonegotiation complete */
	s->phy[2] = 0x0141;
	s->phy[3] = 0x0c20;
}

void sim_phy_mdic(struct sim_e1000 *s, uint32_t value)
{
	uint32_t at = value >> MDIC_REG_SHIFT & 31;

	value |= MDIC_READY;
	if ((value >> MDIC_PHY_SHIFT & 31) != 1)
		value |= MDIC_ERROR;
	else if (value & MDIC_READ)
		value = (value & 0xffff0000) | s->phy[at];
	else if (value & MDIC_WRITE && at != 1 && at != 2 && at != 3)
		s->phy[at] = (uint16_t)(value & 0x7fff);	/* bit 15 of register 0, reset, clears itself */
	*sim_reg(s, E1000_MDIC) = value;
	if (value & 1u << 29)
		sim_raise(s, 1u << 9);	/* MDAC */
}
