/*
 * nvm.h - the NVM as the guest sees it: it is read, and never written (internal; included by state.h)
 */
#ifndef DEVMODEL_E1000_NVM_H
#define DEVMODEL_E1000_NVM_H

#define NVM_WORDS	64u

/* A microwire NVM of 64 words: what has been shifted into it since CS rose. */
struct nvm {
	uint16_t word[NVM_WORDS];
	uint32_t wire;		/* SK, CS, DI and REQ as the guest wrote them */
	uint32_t in;		/* start bit, two of opcode, six of address */
	uint32_t in_bits;	/* of them that have come, to 9 */
	bool reading;
	uint32_t out_bits;	/* clocks of a reading */
};

/* Read the words, once: through EERD, and with a bound on the tries. */
void nvm_create(struct e1000 *n);
/* The wire is idle. */
void nvm_reset(struct nvm *v);

#endif
