/*
 * net.h - network cards with a model, and what surrounds a model here
 *
 * A model's registers are the card's, through a mapping that follows BAR 0; its pool is our memory; its guest memory
 * is gmem.c's; its judge is the machine's one.  All of it runs under the guest lock.
 */
#ifndef HV_NET_H
#define HV_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/cpu/vcpu.h"
#include "hv/log.h"
#include "hv/pci.h"
#include "policy/judge.h"

#define NET_CARDS_MAX	4u	/* a further one is hidden */

struct net_card;

/* Bytes of the pools of @cards: beside the hypervisor's own memory, before pages_init(). */
uint64_t net_pool_bytes(uint32_t cards);
/* The policy that was loaded; its judge is nobody else's. */
void net_policy(struct judge *j, const struct policy *p);
/* A model for each card that pci_init() found. */
void net_init(const struct vcpu *v);
/* NULL: no card. */
struct net_card *net_card_of(const struct pci_function *f);

/* The guest's access to a BAR of the card, within its size. */
void net_memory(struct net_card *c, struct vcpu *v, uint64_t offset, unsigned size, bool write, uint64_t *value);
void net_port(struct net_card *c, const struct vcpu *v, uint32_t offset, unsigned size, bool write, uint32_t *value);
/* BAR 0 is elsewhere, or the card has been in D3: its registers are as after a reset. */
void net_moved(struct net_card *c, const struct vcpu *v);
void net_was_reset(struct net_card *c, const struct vcpu *v);

/* Is it time to look at the cards, or did a tick come for them?  Then net_poll(), under the guest lock. */
bool net_is_due(bool ticked);
void net_poll(const struct vcpu *v);

/* A line for what a rule's log says. */
void net_event(void *arg, const struct policy_event *e);

#endif
