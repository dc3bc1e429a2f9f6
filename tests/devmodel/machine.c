/*
 * machine.c - an endpoint of the test's: guest RAM, a simulated NIC, and between them the model or nothing
 */
#include "tests/devmodel/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devmodel/e1000/pool.h"
#include "policy/packet.h"
#include "tests/devmodel/policy_lab.h"

#define BUS_POOL	0x7f00000000ull
#define WORK_MAX	65536u		/* calls of the model's in one call of it: some of each descriptor of four rings */
#define STEPS_MAX	100000u		/* of the device in one tick */

void machine_complain(void *machine, const char *what)
{
	struct machine *m = machine;

	if (m->complaints++ == 0)
		snprintf(m->complaint, sizeof(m->complaint), "%s", what);
}

void frames_add(struct frames *f, const uint8_t *bytes, uint32_t len, bool fcs)
{
	struct frame *to;

	if (f->count == f->room) {
		f->room = f->room ? f->room * 2 : 16;
		f->at = realloc(f->at, f->room * sizeof(f->at[0]));
		if (!f->at)
			abort();
	}
	to = &f->at[f->count++];
	*to = (struct frame) { .len = len, .fcs = fcs, .bytes = malloc(len ? len : 1) };
	if (!to->bytes)
		abort();
	memcpy(to->bytes, bytes, len);
}

void frames_clear(struct frames *f)
{
	while (f->count)
		free(f->at[--f->count].bytes);
	free(f->at);
	*f = (struct frames) { 0 };
}

static void frames_remove(struct frames *f, uint32_t i)
{
	free(f->at[i].bytes);
	f->count--;
	memmove(&f->at[i], &f->at[i + 1], (f->count - i) * sizeof(f->at[0]));
}

bool frames_equal(const struct frames *a, const struct frames *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (a->at[i].len != b->at[i].len || a->at[i].fcs != b->at[i].fcs ||
		    memcmp(a->at[i].bytes, b->at[i].bytes, a->at[i].len) != 0)
			return false;
	}
	return true;
}

/* At each call of the model's. */
static void disturb(struct machine *m)
{
	if (++m->work == WORK_MAX)
		machine_complain(m, "the model does too much in one call");
	if (m->restless && random_below(&m->restless, 3) == 0)
		sim_e1000_step(m->sim);
}

/* ---- guest memory ---- */

uint8_t *machine_memory(void *machine, uint64_t gpa, uint32_t len)
{
	const struct machine *m = machine;

	return guest_ram_at(&m->ram, gpa, len);
}

static bool guest_read(void *host, gpa_t at, void *to, uint32_t len)
{
	struct machine *m = host;

	disturb(m);
	if (!guest_ram_read(&m->ram, at.a, to, len))
		return false;
	if (m->after_read)
		m->after_read(m, at.a, len);
	return true;
}

static bool guest_write(void *host, gpa_t at, const void *from, uint32_t len)
{
	struct machine *m = host;

	disturb(m);
	return guest_ram_write(&m->ram, at.a, from, len);
}

static bool guest_dma(void *host, gpa_t at, uint32_t len, dma_t *out)
{
	struct machine *m = host;

	disturb(m);
	return guest_ram_dma(&m->ram, at.a, len, sim_e1000_faults(m->sim)->reads_twice ? 2 : 1, &out->a);
}

static uint64_t now_ns(void *host)
{
	struct machine *m = host;

	return m->clock_ns += 100;
}

/* ---- the device's registers, as the model may use them ---- */

static uint32_t reg_read(void *host, uint32_t offset)
{
	struct machine *m = host;

	disturb(m);
	if (offset & 3 || offset >= E1000_PBM)
		machine_complain(m, "the model reads where there is no register, or packet memory");
	return sim_e1000_read(m->sim, offset);
}

static void reg_write(void *host, uint32_t offset, uint32_t value)
{
	struct machine *m = host;

	if (offset & 3 || offset >= E1000_PBM)
		machine_complain(m, "the model writes where there is no register, or packet memory");
	if (offset == E1000_FLA || offset == E1000_EEWR)
		machine_complain(m, "the model writes to flash or NVM");
	if ((offset >= 0x2410 && offset <= 0x2430) || (offset >= 0x3410 && offset <= 0x3430))
		machine_complain(m, "the model writes to the device's FIFO pointers");
	if (offset == E1000_RCTL && value & RCTL_EN && value & (RCTL_DTYP | RCTL_BSEX | RCTL_BSIZE | RCTL_FLXBUF))
		machine_complain(m, "the device's RCTL has another buffer size or packet split");
	if (offset == E1000_CTRL && value & CTRL_VME)
		machine_complain(m, "the device's CTRL.VME is set");
	if (offset == E1000_RFCTL && value & RFCTL_EXSTEN)
		machine_complain(m, "the device writes extended descriptors");
	disturb(m);
	sim_e1000_write(m->sim, offset, value);
	disturb(m);
}

static void open_page(void *host, uint32_t offset, uint8_t *page)
{
	struct machine *m = host;

	if (offset % OPEN_PAGE_BYTES || (page && (page < m->d.pool.at || page > m->d.pool.at + E1000_POOL_BYTES - OPEN_PAGE_BYTES)))
		machine_complain(m, "the model opens what is no page of the pool");
	if (!page == !m->open)
		machine_complain(m, "the model opens or closes twice");
	if (!page && m->closing)
		m->closing(m);
	m->open_at = offset;
	m->open = page;
}

static const struct devmodel_ops model_ops = {
	.reg_read = reg_read, .reg_write = reg_write, .guest_read = guest_read, .guest_write = guest_write,
	.guest_dma = guest_dma, .now_ns = now_ns, .open_page = open_page,
};

/* As a processor: memory, and the model is not called. */
static bool reach_open_page(const struct machine *m, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	uint32_t at = offset - m->open_at;

	if (!m->open || at >= OPEN_PAGE_BYTES || size > OPEN_PAGE_BYTES - at)
		return false;
	if (write)
		memcpy(m->open + at, value, size);
	else
		*value = 0, memcpy(value, m->open + at, size);
	return true;
}

/* ---- the device's bus ---- */

static bool in_pool(uint64_t at, uint32_t len)
{
	return at >= BUS_POOL && at - BUS_POOL < E1000_POOL_BYTES && len <= E1000_POOL_BYTES - (at - BUS_POOL);
}

static bool is_ring(const struct machine *m, uint64_t at, uint32_t len)
{
	static const uint32_t rings[] = { E1000_RDBAL, E1000_TDBAL, E1000_TDBAL + E1000_QUEUE };

	for (unsigned i = 0; i < sizeof(rings) / sizeof(rings[0]); i++) {
		uint64_t base = sim_e1000_read(m->sim, rings[i]) | (uint64_t)sim_e1000_read(m->sim, rings[i] + 4) << 32;
		uint32_t bytes = sim_e1000_read(m->sim, rings[i] + 8);

		if (at < base + bytes && base < at + len)
			return true;
	}
	return false;
}

static uint8_t *on_bus(struct machine *m, enum sim_why why, uint64_t at, uint32_t len)
{
	static const char *const offence[] = {
		[SIM_TX_DESC] = "a transmit descriptor outside the pool",
		[SIM_TX_BUFFER] = "a transmit buffer outside the pool and what guest_dma() granted",
		[SIM_TX_DONE] = "a transmit write-back outside the pool",
		[SIM_RX_DESC] = "a receive descriptor outside the pool",
		[SIM_RX_BUFFER] = "a receive buffer outside the pool",
		[SIM_RX_DONE] = "a receive write-back outside the pool",
	};
	uint8_t *granted;

	if (!m->model)
		return machine_memory(m, at, len);
	if (in_pool(at, len)) {
		if ((why == SIM_RX_BUFFER || why == SIM_TX_BUFFER) && is_ring(m, at, len))
			machine_complain(m, "a buffer within a descriptor ring");
		return m->d.pool.at + (at - BUS_POOL);
	}
	granted = why == SIM_TX_BUFFER ? guest_ram_use(&m->ram, at, len, false) : NULL;
	if (!granted)
		machine_complain(m, offence[why]);
	return granted;
}

static bool bus_read(void *host, enum sim_why why, uint64_t at, void *to, uint32_t len)
{
	const uint8_t *from = on_bus(host, why, at, len);

	if (from)
		memcpy(to, from, len);
	return from;
}

static bool bus_write(void *host, enum sim_why why, uint64_t at, const void *from, uint32_t len)
{
	uint8_t *to = on_bus(host, why, at, len);

	if (to)
		memcpy(to, from, len);
	return to;
}

/* The two bytes of the header's and the transport's checksum are the model's and the device's to make. */
static void blank_sums(uint8_t *bytes, uint32_t captured, uint32_t len)
{
	struct hv_ctx ctx;
	struct packet p;
	uint32_t at;

	packet_parse(bytes, captured, len, 0, NULL, &ctx, &p);
	if (ctx.ip_version == 4 && p.l3 != PACKET_NO_OFFSET && p.l3 + 12 <= captured)
		memset(bytes + p.l3 + 10, 0, 2);
	at = p.l4 == PACKET_NO_OFFSET ? captured : p.l4 + (p.l4_proto == 6 ? 16 : 6);
	if ((p.l4_proto == 6 || p.l4_proto == 17) && at + 2 <= captured)
		memset(bytes + at, 0, 2);
}

static bool is_same(const struct frame *judged, const uint8_t *bytes, uint32_t len, uint32_t captured)
{
	uint8_t *a, *b;
	bool same;

	if (captured > len)
		return false;
	a = malloc(captured + 1);
	b = malloc(captured + 1);
	if (!a || !b)
		abort();
	memcpy(a, judged->bytes + 8, captured);
	memcpy(b, bytes, captured);
	blank_sums(a, captured, len);
	blank_sums(b, captured, len);
	same = !memcmp(a, b, captured);
	free(a);
	free(b);
	return same;
}

/* What leaves was judged, and is as the judge has left it. */
static void fetched(void *host, unsigned queue, const uint8_t *bytes, uint32_t len, bool burst)
{
	struct machine *m = host;

	if (!m->model || net_need(&m->net, HV_HOOK_NET_OUT) == NET_NEED_NOTHING)
		return;
	for (uint32_t i = 0; i < m->judged.count; i++) {
		uint32_t captured, wire_len;

		memcpy(&captured, m->judged.at[i].bytes, 4);
		memcpy(&wire_len, m->judged.at[i].bytes + 4, 4);
		if (wire_len == len && is_same(&m->judged.at[i], bytes, len, captured)) {
			frames_remove(&m->judged, i);
			return;
		}
	}
	machine_complain(m, "the device sends what was not judged");
}

/* The linker puts this in net_passes()'s place (--wrap). */
bool __real_net_passes(const struct net *n, enum hv_hook hook, uint64_t time_ns, uint8_t *frame, uint32_t captured,
		       uint32_t len, bool *rewritten);
bool __wrap_net_passes(const struct net *n, enum hv_hook hook, uint64_t time_ns, uint8_t *frame, uint32_t captured,
		       uint32_t len, bool *rewritten);

bool __wrap_net_passes(const struct net *n, enum hv_hook hook, uint64_t time_ns, uint8_t *frame, uint32_t captured,
		       uint32_t len, bool *rewritten)
{
	struct machine *m = (struct machine *)((char *)(uintptr_t)n - offsetof(struct machine, net));
	bool passes;
	uint8_t *record;

	if (captured > len || captured == 0)
		machine_complain(m, "the judge is shown more than there is, or nothing");
	if (net_need(n, hook) == NET_NEED_FRAME && captured < len)
		machine_complain(m, "the policy needs all of a frame, and is shown a part");
	if (!net_headers_shown(frame, captured, len))
		machine_complain(m, "the judge is not shown all headers");
	passes = __real_net_passes(n, hook, time_ns, frame, captured, len, rewritten);
	if (!passes || hook != HV_HOOK_NET_OUT)
		return passes;
	record = malloc(8 + captured);
	if (!record)
		abort();
	memcpy(record, &captured, 4);
	memcpy(record + 4, &len, 4);
	memcpy(record + 8, frame, captured);
	frames_add(&m->judged, record, 8 + captured, captured == len);
	free(record);
	return passes;
}

static void sent(void *host, const uint8_t *frame, uint32_t len, bool fcs)
{
	struct machine *m = host;

	frames_add(&m->wire, frame, len, fcs);
}

static void interrupt(void *host, bool line)
{
	struct machine *m = host;

	m->line = line;
	m->interrupts += line;
}

static const struct sim_bus bus = {
	.read = bus_read, .write = bus_write, .fetched = fetched, .sent = sent, .interrupt = interrupt,
	.complain = machine_complain,
};

/* ---- life ---- */

struct machine *machine_new(uint16_t device, const char *policy)
{
	struct machine *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	guest_ram_init(&m->ram, RAM_BYTES, machine_complain, m);
	m->family = e1000_family(device);
	if (!m->family)
		abort();
	m->sim = sim_e1000_create(device == 0x10d3 ? SIM_82574 : SIM_8254X, &bus, m);
	if (!m->sim)
		abort();
	if (policy)
		machine_shadow(m, policy);
	return m;
}

void machine_shadow(struct machine *m, const char *policy)
{
	m->policy = lab_policy_new(policy, NULL, &m->net.judge, &m->net.policy);
	m->net.transfers = &m->transfers;
	m->d = (struct devmodel) { .ops = &model_ops, .host = m };
	m->d.pool = (struct dma_memory) { .at = aligned_alloc(4096, E1000_POOL_BYTES), .bus = { BUS_POOL },
					  .len = E1000_POOL_BYTES };
	m->model_memory = aligned_alloc(16, (e1000_size() + 15) & ~15u);
	if (!m->d.pool.at || !m->model_memory)
		abort();
	memset(m->d.pool.at, 0, E1000_POOL_BYTES);
	memset(m->model_memory, 0, e1000_size());
	m->model = e1000_attach(m->model_memory, m->family, &m->d, &m->net);
	if (!m->model)
		abort();
}

void machine_free(struct machine *m)
{
	machine_clear(m);
	sim_e1000_free(m->sim);
	lab_policy_free(m->policy);
	free(m->d.pool.at);
	free(m->model_memory);
	guest_ram_free(&m->ram);
	free(m);
}

void machine_clear(struct machine *m)
{
	frames_clear(&m->wire);
	frames_clear(&m->judged);
	guest_ram_forget_grants(&m->ram);
}

/* Without a model, registers are dwords (8254x manual, section 13.2). */
void machine_access(void *machine, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	struct machine *m = machine;

	m->clock_ns += 1000;
	m->work = 0;
	if (reach_open_page(m, offset, size, write, value))
		return;
	if (m->model)
		e1000_access(m->model, offset, size, write, value);
	else if (size != 4 || offset & 3)
		machine_complain(m, "the driver uses a width that the device does not know");
	else if (write)
		sim_e1000_write(m->sim, offset, (uint32_t)*value);
	else
		*value = sim_e1000_read(m->sim, offset);
}

void machine_port(void *machine, uint32_t offset, unsigned size, bool write, uint32_t *value)
{
	struct machine *m = machine;

	m->clock_ns += 1000;
	m->work = 0;
	if (m->model)
		e1000_port(m->model, offset, size, write, value);
	else if (write)
		sim_e1000_port_write(m->sim, offset, *value);
	else
		*value = sim_e1000_port_read(m->sim, offset);
}

void machine_poll(struct machine *m)
{
	m->work = 0;
	e1000_poll(m->model);
}

void machine_tick(struct machine *m)
{
	uint32_t hz;

	m->ticks++;
	m->clock_ns += 1000000;
	sim_e1000_run(m->sim, STEPS_MAX);
	if (!m->model)
		return;
	hz = e1000_poll_hz(m->model);
	if (hz > 1000)
		machine_complain(m, "the model wants to be polled more often than a tick can");
	if (hz && m->ticks % (1000 / hz ? 1000 / hz : 1) == 0) {
		machine_poll(m);
		sim_e1000_run(m->sim, STEPS_MAX);
	}
}

void machine_run(struct machine *m, unsigned ticks)
{
	while (ticks--)
		machine_tick(m);
}
