/*
 * fuzz_insn.c - any bytes as instruction, registers and page tables of any mode, and what follows as a cluster
 *
 * Shape of an input: the first bytes are mode bits, then registers, then instruction bytes, which
 * are also what RAM is full of: code, tables and data of a hostile guest.
 */
#include "hv/guest/cluster.h"
#include "hv/guest/emulate.h"
#include "tests/fuzz/input.h"
#include "tests/unit/guest_lab.h"

static struct lab lab;

static void set_cpu(struct guest_cpu *cpu, struct input *in)
{
	uint64_t bits = take(in, 4);

	*cpu = (struct guest_cpu) { .rflags = 2, .phys_bits = 32 + bits % 21 };
	cpu->cr0 = (bits & 0x20 ? CR0_PE : 0) | (bits & 0x40 ? CR0_PG | CR0_PE : 0) |
		   (bits & 0x80 ? CR0_WP : 0) | (bits & 0x100 ? CR0_AM : 0);
	cpu->cr4 = (bits & 0x200 ? CR4_PAE : 0) | (bits & 0x400 ? CR4_LA57 : 0) |
		   (bits & 0x800 ? CR4_PSE : 0) | (bits & 0x1000 ? CR4_SMEP | CR4_SMAP : 0) |
		   (bits & 0x2000 ? CR4_PKE : 0);
	cpu->efer = (bits & 0x4000 ? EFER_LMA : 0) | (bits & 0x8000 ? EFER_NXE : 0);
	cpu->cpl = bits & 0x10000 ? 3 : 0;
	cpu->page_1g = bits & 0x20000;
	cpu->upper_g_reserved = bits & 0x40000;
	cpu->rflags |= take(in, 4) & ~(uint64_t)RFLAGS_VM;
	cpu->pkru = (uint32_t)take(in, 2);
	cpu->cr3 = take(in, 4);
	cpu->rip = take(in, 4);
	for (unsigned i = 0; i < GPRS; i++)
		cpu->gpr[i] = take(in, 4);
	for (unsigned i = 0; i < GUEST_SEGMENTS; i++)
		cpu->seg[i] = (struct segment) { .attributes = (uint16_t)take(in, 2),
			.limit = (uint32_t)take(in, 4), .base = take(in, 4) };
	lab.refuse_cmpxchg = bits >> 20 & 15;
}

/* The rest of the input, over and over. */
static void fill_ram(const struct input *in)
{
	uint8_t *ram = (uint8_t *)lab.ram;
	size_t done = in->left < sizeof(lab.ram) ? in->left : sizeof(lab.ram);

	memcpy(ram, in->at, done);
	while (done && done < sizeof(lab.ram)) {
		size_t n = done < sizeof(lab.ram) - done ? done : sizeof(lab.ram) - done;

		memcpy(ram + done, ram, n);
		done += n;
	}
}

static void check_insn(const uint8_t *bytes, unsigned count, enum insn_mode mode)
{
	struct insn whole, part;
	int verdict = insn_decode(bytes, count, mode, &whole);

	if (verdict == INSN_OK && (whole.length == 0 || whole.length > count))
		abort();
	if (verdict == INSN_OK && insn_decode(bytes, whole.length - 1, mode, &part) != INSN_MORE)
		abort();
	if (verdict == INSN_MORE && count == INSN_BYTES_MAX)
		abort();
}

static bool never(void *host)
{
	return false;
}

/* It ends, and each access is of an instruction: no more of them than CLUSTER_INSNS, each read and written once. */
static void check_cluster(void)
{
	const struct fetch nothing = { .count = 0 };
	unsigned accesses;

	lab.reads = lab.writes = 0;
	accesses = guest_cluster(&lab.cpu, &lab.bus, &nothing, lab.cpu.rip - 1, never);
	if (accesses > CLUSTER_INSNS || lab.reads > accesses || lab.writes > accesses ||
	    lab.reads + lab.writes < accesses)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walks walks = { 0 };
	struct input in = { data, size };
	struct emulation e = { 0 };
	struct guest_cpu before;
	int status;

	for (enum insn_mode mode = INSN_16; mode <= INSN_64; mode++)
		check_insn(data, size < INSN_BYTES_MAX ? size : INSN_BYTES_MAX, mode);
	lab_init(&lab);
	set_cpu(&lab.cpu, &in);
	fill_ram(&in);
	for (unsigned i = 0; i < LAB_PAGES; i += 3)
		lab.device[i] = true;
	walks_begin(&walks);
	lab.cpu.walks = &walks;
	before = lab.cpu;
	status = guest_emulate(&lab.cpu, &lab.bus, &e);
	if (status > GUEST_OK || status < GUEST_REFUSED || e.fetch.count > FETCH_BYTES)
		abort();
	/* nothing but whole iterations of a string, each of which uses the device */
	if (status != GUEST_OK && !lab.reads && !lab.writes &&
	    memcmp(&before, &lab.cpu, sizeof(before)))
		abort();
	if ((status == GUEST_AGAIN || status == GUEST_REFUSED) && (lab.reads || lab.writes))
		abort();
	if (status == GUEST_OK && !lab.reads && !lab.writes)
		abort();
	check_cluster();
	lab.cpu.walks = NULL;
	return 0;
}
