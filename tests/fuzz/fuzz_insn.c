/*
 * fuzz_insn.c - any bytes as instruction, registers and page tables of any mode, and what follows as a cluster
 *
 * Shape of an input: the first bytes are mode bits, then registers, then instruction bytes, which
 * are also what RAM is full of: code, tables and data of a hostile guest.
 */
#include "hv/guest/cluster.h"
#include "hv/guest/emulate.h"
#include "hv/guest/seen.h"
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

static struct trail trail;
static struct walks kept;

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
	accesses = guest_cluster(&lab.cpu, &lab.bus, &nothing, lab.cpu.rip - 1, never, &trail);
	if (accesses > CLUSTER_INSNS || lab.reads > accesses || lab.writes > accesses ||
	    lab.reads + lab.writes < accesses)
		abort();
}

static const void *view(void *host, gpa_t at)
{
	return at.a < sizeof(lab.ram) ? (const uint8_t *)lab.ram + at.a : NULL;
}

/* An access and what follows it, once or twice as it comes; then as it was kept, after some of memory was changed. */
static void check_chain(struct input *in)
{
	const struct chain_host host = { &lab.bus, view, never };
	uint64_t device = 3 * LAB_PAGE, ram = 4 * LAB_PAGE, code = 5 * LAB_PAGE + take(in, 1) % 64 * 64;
	struct emulation e = { 0 };
	struct seen_access a;
	struct vcpu_brief b;

	lab_init(&lab);
	lab_64(&lab);
	for (uint64_t page = device; page < device + 5 * LAB_PAGE; page += LAB_PAGE)
		lab_map(&lab, page, page, LAB_P | LAB_W | 0x60);
	lab.device[device / LAB_PAGE] = true;
	memcpy((uint8_t *)lab.ram + code, "\x8b\x03", 2);	/* mov (%rbx), %eax */
	for (unsigned i = 2; i < 62; i++)
		((uint8_t *)lab.ram)[code + i] = (uint8_t)take(in, 1);
	for (unsigned i = 0; i < GPRS; i++)
		lab.cpu.gpr[i] = i == RBX ? device : ram + take(in, 2);
	lab.cpu.walks = &kept;
	for (unsigned i = 0; i < 2; i++) {
		walks_begin(&kept);
		lab.cpu.rip = code;
		lab.cpu.gpr[RBX] = device;
		lab.cpu.found = true;
		lab.cpu.found_at.a = device;
		e.fetch.count = 0;
		if (guest_emulate(&lab.cpu, &lab.bus, &e) == GUEST_OK &&
		    guest_cluster(&lab.cpu, &lab.bus, &e.fetch, code, never, &trail) &&
		    seen_keep(&lab.cpu, code, &e.fetch, &e.insn))
			chain_keep(&lab.cpu, &lab.bus, &e.fetch, &e.insn, code, device, &trail);
	}
	for (unsigned i = 0; i < GPRS; i++)
		lab.cpu.gpr[i] = i == RBX ? device : ram + take(in, 2);
	for (unsigned i = take(in, 1) % 4; i > 0; i--)
		((uint8_t *)lab.ram)[take(in, 3) % sizeof(lab.ram)] = (uint8_t)take(in, 1);
	lab.reads = lab.writes = 0;
	b = (struct vcpu_brief){ .rip = code, .rflags = lab.cpu.rflags, .cr0 = lab.cpu.cr0, .cr3 = lab.cpu.cr3, .cr4 = lab.cpu.cr4,
				 .efer = lab.cpu.efer, .cs_attributes = lab.cpu.seg[SEG_CS].attributes };
	if (seen_find(&b, lab.cpu.gpr, (gpa_t){ device }, false, view, &lab, &a) && seen_goes_on(&b, &a) &&
	    seen_go_on(&a, &b, lab.cpu.gpr, (gpa_t){ device }, &host) + 1 != lab.reads + lab.writes)
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
	check_chain(&in);
	lab.cpu.walks = NULL;
	return 0;
}
