/*
 * fuzz_e1000.c - a guest's accesses and memory, by any bytes, over the simulated NIC
 *
 * Shape of an input: two bytes choose device, policy and how the NIC fails; then operations of one byte and their
 * operands: register and port accesses of any width, memory writes, descriptors, frames on the wire, steps of the
 * device, polls.  Half of them are aimed: at rings, tails, descriptors that are nearly right.
 * Held: the machine's own demands (machine.h): the device stays in the pool and what was granted, and sends only what
 * was judged; guest memory is changed behind each read.
 */
#include "tests/devmodel/endpoint.h"
#include "tests/devmodel/frames.h"
#include "tests/fuzz/input.h"

#define OPERATIONS_MAX	600u
#define MACHINES	4u

static const char *const policies[MACHINES] = {
	"policy \"fuzz\" version 1;\non disk read default pass { }\n",
	"policy \"fuzz\" version 1;\non net out, net in default pass { a: udp.dport == 7 -> drop; "
		"b: ip.version == 4 -> rewrite ip.dst = 10.9.9.9; c: udp.dport == 9 -> rewrite udp.dport = 10; }\n",
	"policy \"fuzz\" version 1;\npattern p = \"AB\";\non net out, net in default pass { a: frame has p -> rewrite p with "
		"\"#\"; b: tcp.dport == 5 -> drop; }\n",
	"policy \"fuzz\" version 1;\non net out, net in default drop { a: payload has \"\\x00\\x01\" -> pass; "
		"b: eth.type == 0x88b5 -> pass; }\n",
};

static struct machine *machines[MACHINES][2];
static uint64_t chance;

static void change(struct machine *m, uint64_t gpa, uint32_t len)
{
	guest_ram_flip(&m->ram, &chance, gpa, len);
}

/* Guest addresses: mostly in two pages low and high, so that rings and buffers meet. */
static uint64_t address(struct input *in)
{
	uint64_t bits = take(in, 3);

	switch (bits & 7) {
	case 0: return take(in, 8);
	case 1: return RAM_HIGH + (bits >> 3 & 0x3fff);
	case 2: return RAM_HV - 128 + (bits >> 3 & 0xff);
	case 3: return RAM_BYTES - 128 + (bits >> 3 & 0xff);
	default: return 0x1000 + (bits >> 3 & 0x3fff);
	}
}

static void write32(struct machine *m, uint32_t offset, uint32_t value)
{
	uint64_t v = value;

	machine_access(m, offset, 4, true, &v);
}

/* A ring somewhere, of a size that can be. */
static void make_ring(struct machine *m, struct input *in)
{
	static const uint32_t rings[] = { E1000_TDBAL, E1000_RDBAL, E1000_TDBAL + E1000_QUEUE, E1000_RDBAL + E1000_QUEUE };
	uint32_t bits = (uint32_t)take(in, 2), ring = rings[bits & 3];
	uint64_t at = address(in) & ~15ull;

	write32(m, ring, (uint32_t)at);
	write32(m, ring + 4, (uint32_t)(at >> 32));
	write32(m, ring + 8, (bits >> 2 & 63) * 128);
	write32(m, ring + 0x10, bits >> 8 & 7);
	write32(m, ring + 0x18, bits >> 11 & 31);
}

/* A frame that is nearly right, with a context that is nearly its own, at the start of queue 0's ring. */
static void make_frame(struct machine *m, struct input *in)
{
	static uint8_t frame[SPEC_FRAME_MAX];
	uint32_t bits = (uint32_t)take(in, 4);
	struct spec s = { .protocol = bits & 1 ? 6 : 17, .six = bits & 2, .tagged = bits & 4, .payload = bits >> 16 & 0x1fff,
			  .sums = bits >> 3 & 3, .dport = bits >> 5 & 15 };
	uint16_t mss = bits & 0x200 ? (uint16_t)(bits >> 20) : 0;
	union tx_desc desc[3] = { { .context = spec_context(&s, mss) } };
	uint32_t len = spec_build(&s, frame), cut = len * (bits >> 28) / 16, cmd = TXD_DEXT | TXD_IFCS | TXD_RS;
	uint64_t at = 0x100000 + (bits >> 16);
	uint8_t *ring;

	cmd |= mss ? TXD_TSE : 0;
	cmd |= bits & 0x400 ? TXD_VLE : 0;
	memcpy(machine_memory(m, at, len), frame, len);
	desc[1].data = (struct tx_data){ .buffer = at, .popts = bits >> 11 & 3, .special = (uint16_t)bits,
		.length_type = cut | DTYP_DATA << TXD_DTYP_SHIFT | cmd << TXD_CMD_SHIFT };
	desc[2].data = (struct tx_data){ .buffer = at + cut, .special = (uint16_t)bits,
		.length_type = (len - cut) | DTYP_DATA << TXD_DTYP_SHIFT | (cmd | TXD_EOP) << TXD_CMD_SHIFT };
	for (unsigned flips = (unsigned)take(in, 1) & 3; flips; flips--) {
		uint32_t where = (uint32_t)take(in, 2);

		((uint8_t *)desc)[where % sizeof(desc)] ^= (uint8_t)(where >> 8);
	}
	ring = machine_memory(m, 0x1000, sizeof(desc));
	memcpy(ring, desc, sizeof(desc));
	write32(m, E1000_TDBAL, 0x1000);
	write32(m, E1000_TDBAH, 0);
	write32(m, E1000_TDLEN, 128);
	write32(m, E1000_TDH, 0);
	write32(m, E1000_TCTL, TCTL_EN | 8);
	write32(m, E1000_TDT, 3);
}

static void access(struct machine *m, struct input *in, unsigned bits)
{
	static const uint8_t sizes[] = { 4, 4, 4, 4, 1, 2, 8, 4 };
	unsigned size = sizes[bits & 7];
	uint32_t offset = (uint32_t)take(in, 3) % (E1000_BAR0_BYTES - 8);
	uint64_t value = take(in, 4);

	if (bits & 8)
		offset &= ~3u;
	machine_access(m, offset, size, bits & 0x10, &value);
}

static void queue_access(struct machine *m, struct input *in)
{
	uint32_t bits = (uint32_t)take(in, 3);
	uint32_t offset = (bits & 1 ? E1000_TDBAL : E1000_RDBAL) + (bits & 2 ? E1000_QUEUE : 0) + (bits >> 2 & 15) * 4;
	uint64_t value = bits >> 8;

	machine_access(m, offset, 4, bits & 0x40, &value);
}

static void control(struct machine *m, struct input *in)
{
	static const uint32_t registers[] = { E1000_CTRL, E1000_RCTL, E1000_TCTL, E1000_IMS, E1000_IMC, E1000_ICS, E1000_RFCTL,
					      E1000_CTRL_EXT, E1000_RXCSUM, E1000_PSRCTL, E1000_VET, E1000_ICR };
	uint32_t which = (uint32_t)take(in, 1);
	uint64_t value = take(in, 4);

	/* resets are rare */
	if (registers[which % 12] == E1000_CTRL && which < 200)
		value &= ~(uint64_t)CTRL_RST;
	if (which & 0x80)
		value |= RCTL_EN;
	machine_access(m, registers[which % 12], 4, which & 0x40, &value);
}

static void write_memory(struct machine *m, struct input *in)
{
	uint64_t at = address(in);
	uint32_t len = (uint32_t)take(in, 1) & 63;
	uint8_t bytes[64] = { 0 };
	uint8_t *to = machine_memory(m, at, len);

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)take(in, 1);
	if (to)
		memcpy(to, bytes, len);
}

static void write_desc(struct machine *m, struct input *in)
{
	uint32_t bits = (uint32_t)take(in, 4);
	union tx_desc d = { .data = { .buffer = address(in) } };
	uint8_t *to = machine_memory(m, 0x1000 + (bits & 0xf) * DESC_BYTES, DESC_BYTES);

	d.data.length_type = (bits >> 4 & 0x7ff) | (bits >> 15 & 1) << TXD_DTYP_SHIFT | bits >> 16 << TXD_CMD_SHIFT;
	d.data.popts = bits >> 24 & 3;
	memcpy(to, &d, sizeof(d));
}

static void receive(struct machine *m, struct input *in)
{
	static uint8_t frame[SPEC_FRAME_MAX];
	uint32_t bits = (uint32_t)take(in, 4), len;
	struct spec s = { .protocol = bits & 1 ? 6 : bits & 2 ? 17 : 0, .six = bits & 4, .tagged = bits & 8, .broadcast = true,
			  .payload = bits >> 8 & 0x3fff, .dport = bits >> 4 & 15 };

	len = spec_build(&s, frame);
	for (unsigned i = 0; i < (bits >> 30); i++) {
		uint32_t where = (uint32_t)take(in, 3);

		frame[(where & 0xffff) % len] ^= (uint8_t)(where >> 16);
	}
	sim_e1000_receive(m->sim, frame, len, bits >> 29 & 1);
}

static void port(struct machine *m, struct input *in)
{
	uint32_t bits = (uint32_t)take(in, 2), value = (uint32_t)take(in, 4);
	static const uint8_t sizes[] = { 4, 4, 1, 2 };

	machine_port(m, bits >> 2 & 7, sizes[bits & 3], bits >> 8 & 1, &value);
}

static void operate(struct machine *m, struct input *in)
{
	unsigned op = (unsigned)take(in, 1);

	switch (op & 7) {
	case 0: access(m, in, op >> 3); break;
	case 1: queue_access(m, in); break;
	case 2: control(m, in); break;
	case 3: write_memory(m, in); break;
	case 4: write_desc(m, in); break;
	case 5: receive(m, in); break;
	case 6: op & 8 ? make_ring(m, in) : make_frame(m, in); break;
	default:
		if (op & 8)
			port(m, in);
		else if (op & 0x10)
			machine_poll(m);
		else if (op & 0x20)
			machine_tick(m);
		else
			sim_e1000_run(m->sim, op >> 6);
		e1000_poll_hz(m->model);
	}
}

static struct machine *prepare(unsigned policy, unsigned new, struct input *in)
{
	struct machine *m = machines[policy][new];
	uint32_t faults = (uint32_t)take(in, 1);

	if (!m)
		m = machines[policy][new] = machine_new(new ? 0x10d3 : 0x100e, policies[policy]);
	m->restless = 0;
	m->after_read = NULL;
	machine_clear(m);
	sim_e1000_reset(m->sim);
	e1000_was_reset(m->model);
	judge_reset(m->net.judge);
	memset(m->ram.low, 0, 0x10000);
	memset(m->ram.low + RAM_HV - 4096, 0, 8192);
	memset(m->ram.low + RAM_BYTES - 4096, 0, 4096);
	memset(m->ram.high, 0, 0x10000);
	*sim_e1000_faults(m->sim) = (struct sim_faults){
		.reads_twice = faults & 1, .writes_twice = faults & 2, .late = faults >> 2 & 3,
	};
	chance = faults | 1;
	m->restless = faults & 0x10 ? chance : 0;
	m->after_read = faults & 0x20 ? change : NULL;
	write32(m, E1000_CTRL, 1u << 6);
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned first = (unsigned)take(&in, 1);
	struct machine *m = prepare(first % MACHINES, first >> 2 & 1, &in);

	for (unsigned i = 0; i < OPERATIONS_MAX && in.left; i++)
		operate(m, &in);
	machine_run(m, 3);
	if (m->complaints)
		input_complain(m->complaint);
	/* all that was allocated is freed, or libFuzzer looks for leaks behind each input */
	machine_clear(m);
	sim_e1000_reset(m->sim);
	return 0;
}
