/*
 * walk.c - guest-virtual to guest-physical, in every paging mode
 *
 * Entries are read once, rights are judged at the end of the walk, and only then are accessed and
 * dirty bits set, by compare and exchange against the entry that was judged: what changed meanwhile
 * starts the walk again.
 *
 * A walk that finds what it found before answers as before: of those, the judgement is kept, never an entry.
 */
#include "hv/guest/walk.h"

#define LEVELS_MAX	WALK_LEVELS_MAX
#define JUDGED_SHIFT	8u
#define JUDGED		(1u << JUDGED_SHIFT)
#define HASH		UINT64_C(0x9e3779b97f4a7c15)
#define TRIES_MAX	8	/* then the guest fights with itself, on its own time */

#define PTE_P		(UINT64_C(1) << 0)
#define PTE_W		(UINT64_C(1) << 1)
#define PTE_U		(UINT64_C(1) << 2)
#define PTE_A		(UINT64_C(1) << 5)
#define PTE_D		(UINT64_C(1) << 6)
#define PTE_PS		(UINT64_C(1) << 7)
#define PTE_G		(UINT64_C(1) << 8)
#define PTE_NX		(UINT64_C(1) << 63)
#define PTE_KEY_SHIFT	59

/* Bits @high to @low, both included; none when @high < @low. */
static uint64_t bits(unsigned high, unsigned low)
{
	return high < low ? 0 : (~UINT64_C(0) >> (63 - high)) & (~UINT64_C(0) << low);
}

/* How a processor's tables look. */
struct mode {
	uint64_t version;	/* another one, another mode */
	uint64_t cr4, efer;	/* the bits that it depends on, with the next three; */
	uint8_t phys_bits;	/* 0: nothing is known yet */
	bool page_1g, upper_g_reserved;
	bool pae;		/* three levels, the highest has four entries without rights */
	uint8_t levels;
	uint8_t index_bits;
	uint8_t entry_size;	/* bytes */
	uint8_t leaves;		/* levels, as bits, at which PS makes an entry a page */
	uint64_t table;		/* the bits of an entry, or of CR3, that are a table's address */
	/* bits that must be clear in present entries of each level, from 1: of tables, of pages */
	uint64_t reserved[2][LEVELS_MAX + 1];
};

struct path {
	struct walk_step step[LEVELS_MAX + 1];	/* by level, from 1 */
	unsigned leaf;		/* the level where the page was found */
	uint64_t rights;	/* PTE_W, PTE_U that every level has; PTE_NX that any has */
	uint64_t marked;	/* PTE_A that every level has, but for those of mark() that have none */
};

static unsigned shift_of(const struct mode *mode, unsigned level)
{
	return PAGE_SHIFT + (level - 1) * mode->index_bits;
}

static uint64_t root_of(const struct guest_cpu *cpu, const struct mode *mode)
{
	if (mode->pae)
		return cpu->cr3 & bits(31, 5);
	return cpu->cr3 & mode->table;
}

/* PSE-36: the physical address bits from 32 that a 4 MiB page has, in the entry from bit 13. */
static unsigned pse36_bits(const struct guest_cpu *cpu)
{
	return (cpu->phys_bits < 40 ? cpu->phys_bits : 40) - 32;
}

/* The bits that must be clear in a present entry (SDM 3A 4.3 to 4.5). */
static uint64_t reserved_bits(const struct guest_cpu *cpu, const struct mode *mode, unsigned level,
			      bool leaf)
{
	uint64_t reserved = bits(51, cpu->phys_bits);

	if (mode->entry_size == 4)
		return leaf && level == 2 ? bits(21, 13 + pse36_bits(cpu)) : 0;
	if (mode->pae)
		reserved |= bits(62, 52);
	if (!(cpu->efer & EFER_NXE))
		reserved |= PTE_NX;
	/*
	 * Bits 5 to 8 are refused when CR3 is loaded, not in a walk; QEMU's own walk sets the
	 * accessed bit there.
	 */
	if (mode->pae && level == 3)
		return reserved | PTE_NX | bits(2, 1);
	if (leaf && level > 1)
		return reserved | bits(shift_of(mode, level) - 1, 13);
	if (level > 2)
		reserved |= PTE_PS | (cpu->upper_g_reserved ? PTE_G : 0);
	return reserved;
}

static __attribute__((noinline)) void set_mode(const struct guest_cpu *cpu, uint64_t cr4, uint64_t efer,
					       struct mode *mode)
{
	bool wide = cpu->cr4 & CR4_PAE;

	*mode = (struct mode){ .version = mode->version + 1, .cr4 = cr4, .efer = efer, .phys_bits = cpu->phys_bits,
			       .page_1g = cpu->page_1g, .upper_g_reserved = cpu->upper_g_reserved };
	mode->pae = wide && !(cpu->efer & EFER_LMA);
	mode->levels = !wide ? 2 : mode->pae ? 3 : cpu->cr4 & CR4_LA57 ? 5 : 4;
	mode->index_bits = wide ? 9 : 10;
	mode->entry_size = wide ? 8 : 4;
	mode->table = bits(wide ? cpu->phys_bits - 1u : 31u, PAGE_SHIFT);
	mode->leaves = wide || cpu->cr4 & CR4_PSE ? 1u << 2 : 0;
	if (wide && !mode->pae && cpu->page_1g)
		mode->leaves |= 1u << 3;
	for (unsigned level = 1; level <= mode->levels; level++) {
		mode->reserved[0][level] = reserved_bits(cpu, mode, level, false);
		mode->reserved[1][level] = reserved_bits(cpu, mode, level, true);
	}
}

/* It is the last walk's, nearly always: worked out anew only when the guest has changed it.  Under the guest lock. */
static const struct mode *mode_of(const struct guest_cpu *cpu)
{
	static struct mode mode;
	uint64_t cr4 = cpu->cr4 & (CR4_PAE | CR4_PSE | CR4_LA57), efer = cpu->efer & (EFER_LMA | EFER_NXE);

	if (mode.cr4 != cr4 || mode.efer != efer || mode.phys_bits != cpu->phys_bits || mode.page_1g != cpu->page_1g ||
	    mode.upper_g_reserved != cpu->upper_g_reserved)
		set_mode(cpu, cr4, efer, &mode);
	return &mode;
}

static uint64_t read_entry(const struct guest_bus *bus, const struct mode *mode, gpa_t gpa)
{
	uint32_t half;
	uint64_t entry;

	if (mode->entry_size == 4)
		return bus->read(bus->host, gpa, &half, sizeof(half)) ? half : UINT32_MAX;
	return bus->read(bus->host, gpa, &entry, sizeof(entry)) ? entry : UINT64_MAX;
}

/* Where the entry of the highest level is. */
static gpa_t highest(const struct guest_cpu *cpu, const struct mode *mode, uint64_t linear)
{
	uint64_t entries = mode->pae ? 4 : UINT64_C(1) << mode->index_bits;

	return (gpa_t){ root_of(cpu, mode) + (linear >> shift_of(mode, mode->levels) & (entries - 1)) * mode->entry_size };
}

/* Go down to the page.  False: *why has those bits of the error code that the entry decides. */
static bool descend(const struct guest_cpu *cpu, const struct guest_bus *bus,
		    const struct mode *mode, uint64_t linear, struct path *path, unsigned *why)
{
	uint64_t entries = UINT64_C(1) << mode->index_bits;
	gpa_t at = highest(cpu, mode, linear);

	path->rights = PTE_W | PTE_U;
	path->marked = PTE_A;
	for (unsigned level = mode->levels;; level--) {
		struct walk_step *s = &path->step[level];
		bool leaf;

		s->gpa = at;
		s->entry = read_entry(bus, mode, s->gpa);
		*why = 0;
		if (!(s->entry & PTE_P))
			return false;
		leaf = level == 1 || (s->entry & PTE_PS && mode->leaves >> level & 1);
		*why = PF_PRESENT | PF_RESERVED;
		if (s->entry & mode->reserved[leaf][level])
			return false;
		if (!mode->pae || level < 3) {
			path->rights &= s->entry | PTE_NX;
			path->rights |= s->entry & PTE_NX;
			path->marked &= s->entry;
		}
		path->leaf = level;
		if (leaf)
			return true;
		at.a = (s->entry & mode->table) +
		       (linear >> shift_of(mode, level - 1) & (entries - 1)) * mode->entry_size;
	}
}

/* Supervisor and user rights (SDM 3A 4.6.1). */
static bool allowed(const struct guest_cpu *cpu, uint64_t rights, unsigned access)
{
	if (access & WALK_FETCH && rights & PTE_NX)
		return false;
	if (access & WALK_USER)
		return rights & PTE_U && (!(access & WALK_WRITE) || rights & PTE_W);
	if (access & WALK_WRITE && cpu->cr0 & CR0_WP && !(rights & PTE_W))
		return false;
	if (!(rights & PTE_U))
		return true;
	if (access & WALK_FETCH)
		return !(cpu->cr4 & CR4_SMEP);
	return !(cpu->cr4 & CR4_SMAP) || cpu->rflags & RFLAGS_AC;
}

/* Protection keys of user pages (SDM 3A 4.6.2); fetches have none. */
static bool key_denies(const struct guest_cpu *cpu, const struct path *path, unsigned access)
{
	unsigned key = path->step[path->leaf].entry >> PTE_KEY_SHIFT & 15;
	unsigned denied = cpu->pkru >> (2 * key) & 3;

	if (!(cpu->cr4 & CR4_PKE) || !(cpu->efer & EFER_LMA) ||
	    !(path->rights & PTE_U) || access & WALK_FETCH)
		return false;
	if (denied & 1)
		return true;
	return denied && access & WALK_WRITE && (access & WALK_USER || cpu->cr0 & CR0_WP);
}

/* Is there nothing to mark?  As nearly always. */
static bool is_marked(const struct path *path, unsigned access)
{
	return path->marked && (!(access & WALK_WRITE) || path->step[path->leaf].entry & PTE_D);
}

/* Accessed in every entry, dirty in the page's.  False when one is no longer what was judged. */
static bool mark(const struct guest_bus *bus, const struct mode *mode, const struct path *path,
		 unsigned access)
{
	if (is_marked(path, access))
		return true;
	for (unsigned level = mode->levels; level >= path->leaf; level--) {
		const struct walk_step *s = &path->step[level];
		uint64_t want = s->entry | PTE_A;

		if (mode->pae && level == 3)
			continue;
		if (level == path->leaf && access & WALK_WRITE)
			want |= PTE_D;
		if (want != s->entry &&
		    !bus->cmpxchg(bus->host, s->gpa, s->entry, want, mode->entry_size))
			return false;
	}
	return true;
}

static uint64_t page_address(const struct guest_cpu *cpu, const struct mode *mode,
			     const struct path *path, uint64_t linear)
{
	uint64_t entry = path->step[path->leaf].entry;
	unsigned shift = shift_of(mode, path->leaf);
	uint64_t page;

	if (mode->entry_size == 8)
		page = entry & mode->table & ~UINT64_C(0) << shift;
	else
		page = entry & bits(31, shift);
	if (mode->entry_size == 4 && path->leaf == 2 && pse36_bits(cpu))
		page |= (entry >> 13 & bits(pse36_bits(cpu) - 1, 0)) << 32;
	return page | (linear & bits(shift - 1, 0));
}

static int page_fault(const struct guest_cpu *cpu, uint64_t linear, unsigned access, unsigned why,
		      struct guest_fault *fault)
{
	bool nx = cpu->cr4 & CR4_PAE && cpu->efer & EFER_NXE;

	if (!nx && !(cpu->cr4 & CR4_SMEP))
		access &= ~WALK_FETCH;
	*fault = (struct guest_fault) {
		.vector = VECTOR_PF, .has_error = true, .error = access | why, .cr2 = linear,
	};
	return GUEST_FAULT;
}

/* ---- walks that are kept ---- */

static uint64_t key_of(uint64_t linear, unsigned access)
{
	return (linear & ~(uint64_t)(PAGE_SIZE - 1)) | access;
}

/* Reads and writes of a page share a row, fetches have another. */
static unsigned kept_row(uint64_t linear, unsigned access)
{
	return (unsigned)(linear >> PAGE_SHIFT ^ linear >> (PAGE_SHIFT + 5) ^ (access & WALK_FETCH)) % WALKS_KEPT;
}

/* What may be written may be read. */
static bool find(const struct walks *w, uint64_t linear, unsigned access, gpa_t *gpa)
{
	uint64_t key = key_of(linear, access), stronger = access & WALK_FETCH ? key : key | WALK_WRITE;
	unsigned row = kept_row(linear, access);

	if (w->kept[row].exit != w->exit || (w->kept[row].key != key && w->kept[row].key != stronger))
		return false;
	gpa->a = w->kept[row].page | linear % PAGE_SIZE;
	return true;
}

static void keep(struct walks *w, uint64_t linear, unsigned access, gpa_t gpa)
{
	unsigned row = kept_row(linear, access);

	w->kept[row].exit = w->exit;
	w->kept[row].key = key_of(linear, access);
	w->kept[row].page = gpa.a & ~(uint64_t)(PAGE_SIZE - 1);
}

/* ---- judgements that are kept ---- */

/*
 * The outcome of a walk that had nothing to mark follows from the page, the access, what is below, and the entries: who
 * reads the same entries again, from the root that is the processor's now, need not judge them again.
 */
struct judged {
	uint64_t key;			/* of walks */
	uint64_t by;			/* what_judges() */
	uint64_t version;		/* of the mode; 0: a free row */
	struct path path;
	uint64_t page;
};

static struct judged judged[JUDGED];	/* under the guest lock */

static struct judged *judged_row(uint64_t key)
{
	return &judged[(key ^ key >> PAGE_SHIFT) * HASH >> (64 - JUDGED_SHIFT)];
}

/* What allowed() and key_denies() look at beside the mode, each bit in a place of its own. */
static uint64_t what_judges(const struct guest_cpu *cpu)
{
	return (cpu->cr0 & CR0_WP) | (cpu->cr4 & (CR4_SMEP | CR4_SMAP | CR4_PKE)) | (cpu->rflags & RFLAGS_AC) |
	       (uint64_t)cpu->pkru << 32;
}

static bool as_before(const struct guest_cpu *cpu, const struct guest_bus *bus, const struct mode *mode,
		      const struct judged *j, uint64_t linear)
{
	gpa_t at = highest(cpu, mode, linear);

	for (unsigned level = mode->levels;; at = j->path.step[--level].gpa) {
		if (read_entry(bus, mode, at) != j->path.step[level].entry)
			return false;
		if (level == j->path.leaf)
			return true;
	}
}

/* Out of line, as all that is rare here: guest_walk() itself is short. */
static __attribute__((noinline)) int judge(const struct guest_cpu *cpu, const struct guest_bus *bus,
					   const struct mode *mode, uint64_t linear, unsigned access, gpa_t *gpa,
					   struct path *path, struct guest_fault *fault)
{
	unsigned why;

	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		bool denied_by_key;

		if (!descend(cpu, bus, mode, linear, path, &why))
			return page_fault(cpu, linear, access, why, fault);
		denied_by_key = key_denies(cpu, path, access);
		if (denied_by_key || !allowed(cpu, path->rights, access))
			return page_fault(cpu, linear, access,
					  PF_PRESENT | (denied_by_key ? PF_KEY : 0), fault);
		if (mark(bus, mode, path, access)) {
			gpa->a = page_address(cpu, mode, path, linear);
			return GUEST_OK;
		}
	}
	return GUEST_AGAIN;
}

static __attribute__((noinline)) int walk(const struct guest_cpu *cpu, const struct guest_bus *bus, uint64_t linear,
					  unsigned access, gpa_t *gpa, struct guest_fault *fault)
{
	const struct mode *mode = mode_of(cpu);
	uint64_t key = key_of(linear, access), by = what_judges(cpu);
	struct judged *j = judged_row(key);
	int status;

	if (j->version == mode->version && j->key == key && j->by == by && as_before(cpu, bus, mode, j, linear)) {
		gpa->a = j->page | linear % PAGE_SIZE;
		return GUEST_OK;
	}
	j->version = 0;
	status = judge(cpu, bus, mode, linear, access, gpa, &j->path, fault);
	if (status == GUEST_OK && is_marked(&j->path, access)) {
		j->key = key;
		j->by = by;
		j->page = gpa->a & ~(uint64_t)(PAGE_SIZE - 1);
		j->version = mode->version;
	}
	return status;
}

unsigned guest_walk_steps(const struct guest_cpu *cpu, uint64_t linear, unsigned access, gpa_t gpa,
			  struct walk_step step[WALK_LEVELS_MAX])
{
	const struct mode *mode = mode_of(cpu);
	uint64_t key = key_of(linear, access);
	const struct judged *j = judged_row(key);
	unsigned n = 0;

	if (j->version != mode->version || j->key != key || j->by != what_judges(cpu) || mode->entry_size != 8 ||
	    (j->page ^ gpa.a) / PAGE_SIZE)
		return 0;
	for (unsigned level = mode->levels; level >= j->path.leaf; level--)
		step[n++] = j->path.step[level];
	return n;
}

int guest_walk(const struct guest_cpu *cpu, const struct guest_bus *bus, uint64_t linear,
	       unsigned access, gpa_t *gpa, struct guest_fault *fault)
{
	int status;

	if (!(cpu->efer & EFER_LMA))
		linear &= UINT32_MAX;
	if (!(cpu->cr0 & CR0_PG)) {
		gpa->a = linear;
		return GUEST_OK;
	}
	if (cpu->walks && find(cpu->walks, linear, access, gpa))
		return GUEST_OK;
	status = walk(cpu, bus, linear, access, gpa, fault);
	if (cpu->walks && status == GUEST_OK)
		keep(cpu->walks, linear, access, *gpa);
	return status;
}

void guest_walk_keep(const struct guest_cpu *cpu, uint64_t linear, unsigned access, gpa_t gpa)
{
	if (cpu->walks)
		keep(cpu->walks, linear, access, gpa);
}
