/*
 * nvm.c - the NVM's words, read once at attach and played to the guest that clocks them out of EECD
 *
 * EERD can but read, and is the device's own.  EECD is a wire to the chip, by which it can be written: no bit of the
 * guest's reaches it.  For the 8254x the model is a microwire chip of 64 words that is never enabled for writing
 * (8254x manual, section 5.3); the 82574's drivers have no use for the wire, where it answers all ones.
 */
#include "devmodel/e1000/registers.h"

#include <string.h>

#define EERD_TRIES	4096u		/* of a word; each some 100 ns at least, and a word takes 50 us */
#define COMMAND_BITS	9u
#define OPCODE_READ	2u
#define LOW_BYTE	0xffu

/* EERD differs between members of the family (8254x manual, section 13.4.4). */
struct eerd {
	uint32_t done, address_shift;
};
static const struct eerd eerds[] = { { 1u << 4, 8 }, { 1u << 1, 2 } };

/* 0: not done in time. */
static uint32_t read_word(struct e1000 *n, uint32_t command, uint32_t done)
{
	dev_write(n, E1000_EERD, command | EERD_START);
	for (unsigned i = 0; i < EERD_TRIES; i++) {
		uint32_t v = dev_read(n, E1000_EERD);

		if (v & done)
			return v;
	}
	return 0;
}

void nvm_create(struct e1000 *n)
{
	struct nvm *v = &n->nvm;
	uint32_t word = read_word(n, 0, eerds[0].done | eerds[1].done);	/* word 0: in all the same */
	const struct eerd *e = &eerds[word & eerds[0].done ? 0 : 1];

	memset(v->word, 0xff, sizeof(v->word));
	for (uint32_t i = 0; i < NVM_WORDS && word; i++) {
		word = read_word(n, i << e->address_shift, e->done);
		if (word)
			v->word[i] = (uint16_t)(word >> EERD_DATA_SHIFT);
	}
}

void nvm_reset(struct nvm *v)
{
	v->wire = v->in = v->in_bits = v->out_bits = 0;
	v->reading = false;
}

/* SK rises while CS is set: a bit goes in, or the next comes out. */
static void clock_bit(struct e1000 *n, bool di)
{
	struct nvm *v = &n->nvm;

	if (v->reading) {
		v->out_bits++;
		return;
	}
	if (v->in_bits == COMMAND_BITS || (v->in_bits == 0 && !di))	/* refused; no start bit yet */
		return;
	v->in = v->in << 1 | di;
	if (++v->in_bits < COMMAND_BITS)
		return;
	v->reading = (v->in >> 6 & 3) == OPCODE_READ;
	if (!v->reading)
		n->counter[E1000_NVM]++;
}

/* A 0 comes before the word, high bit first; the next word follows. */
static bool data_out(const struct nvm *v)
{
	uint32_t bit = v->out_bits - 1;

	if (!v->reading)
		return true;
	return v->out_bits && v->word[((v->in & 63) + bit / 16) % NVM_WORDS] >> (15 - bit % 16) & 1;
}

uint32_t eecd_read(struct e1000 *n, uint32_t offset)
{
	const struct nvm *v = &n->nvm;
	uint32_t wire = v->wire | (v->wire & EECD_REQ ? EECD_GNT : 0) | EECD_FWE_OFF | (data_out(v) ? EECD_DO : 0);

	return wire | (n->family->microwire ? EECD_PRES : dev_read(n, offset) & ~LOW_BYTE);
}

void eecd_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	struct nvm *v = &n->nvm;
	uint32_t rose = value & ~v->wire;

	if (!(value & EECD_CS) || rose & EECD_CS)	/* a bit without CS is forgotten by the next write */
		nvm_reset(v);
	v->wire = value & (EECD_SK | EECD_CS | EECD_DI | EECD_REQ);
	if (!n->family->microwire)
		n->counter[E1000_NVM] += !!(rose & EECD_CS);
	else if (rose & EECD_SK)
		clock_bit(n, value & EECD_DI);
}
