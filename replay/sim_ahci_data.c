/*
 * sim_ahci_data.c - data between memory and a simulated drive, by the PRDs of a command table
 */
#include "replay/sim_ahci_parts.h"

#define PRDS_AT_ONCE	64u

static bool move(struct sim_port *p, struct sim_task *t, uint64_t at, uint32_t len)
{
	struct sim_ahci *s = p->hba;
	uint8_t *data = t->data + t->came;

	if (!t->out)
		return s->bus->write(s->host, SIM_DATA_IN, at, data, len);
	return sim_port_fetch(p, SIM_DATA_OUT, at, data, len);
}

/* Bytes that move: of what is read, a part may never come. */
static uint32_t wanted(const struct sim_port *p, const struct sim_task *t)
{
	uint32_t cut = t->out ? 0 : p->hba->faults.cut;

	return cut ? (uint32_t)((uint64_t)t->len * (100 - (cut > 100 ? 100 : cut)) / 100) & ~1u : t->len;
}

bool sim_data_move(struct sim_port *p, struct sim_task *t)
{
	uint32_t want = wanted(p, t), causes = 0;
	struct prd prd[PRDS_AT_ONCE];

	for (uint32_t i = 0; i < t->prdtl && t->came < want; i++) {
		const struct prd *e = &prd[i % PRDS_AT_ONCE];
		uint32_t n = t->prdtl - i < PRDS_AT_ONCE ? t->prdtl - i : PRDS_AT_ONCE;

		if (i % PRDS_AT_ONCE == 0 &&
		    !sim_port_fetch(p, SIM_PRD, t->table + sizeof(struct table) + i * sizeof(*e), prd, n * sizeof(*e)))
			return false;
		if ((e->dba & 1) || !(e->dbc & 1) || (e->dbc & ~(PRD_DBC | PRD_I)))
			sim_complain(p->hba, "a PRD with an odd address or length");
		n = (e->dbc & PRD_DBC) + 1;
		n = n < want - t->came ? n : want - t->came;
		if (!move(p, t, (e->dba & ~1u) | (uint64_t)e->dbau << 32, n))
			return false;
		t->came += n;
		if (e->dbc & PRD_I)
			causes |= PxIS_DPS;
	}
	if (t->came < want) {
		/* the drive has more than there is room for, or wants more than there is [6.1.5] */
		sim_complain(p->hba, "PRDs for less than the command moves");
		causes |= PxIS_OFS;
	}
	sim_port_raise(p, causes);
	return true;
}
