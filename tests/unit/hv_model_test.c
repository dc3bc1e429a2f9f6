/*
 * hv_model_test.c - devices with a model: where their registers are, what an access leaves, how often they are looked at
 *
 * The kinds are the test's own; what is beneath hv/model.c is played.  It is compiled as a part of this file: a test
 * begins without models, and it has no way to take one back.
 */
#include "hv/model.c"

#include "tests/unit/unit.h"

#include <stdio.h>

#define CARD_AT		UINT64_C(0xfeb80000)
#define DISK_AT		UINT64_C(0xfebd1800)	/* not at a page's begin */
#define CARD_BYTES	0x20000u
#define DISK_BYTES	0x400u
#define FUNCTIONS	8u
#define POOL_PAGES	64u

/* What a model of the test's has. */
struct played {
	const struct devmodel *d;
	const struct pci_function *f;
	uint32_t nth, offset, hz;
	uint64_t value;
	unsigned accesses, ports, polls, resets, halts;
	bool only_looks;		/* .hz is for nothing that an access has left */
};

static struct {
	uint8_t memory[POOL_PAGES * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	uint64_t pages;			/* of it, handed out */
	struct pci_function f[FUNCTIONS];
	uint32_t count;
	bool attaches;
	uint64_t us;
	uint32_t wanted, wants;		/* by wake_need(), and how often it was called */
	uint32_t exits_on_halt;		/* processors */
	unsigned passed, forgot, points, hidden, errors;
	hpa_t pointed;
	struct mmio_region *opened;
	uint64_t open_offset;
	hpa_t open_page;
	counters_source_fn *source;
	char said[256];
} lab;

static struct vcpu v0 = { .index = 0 }, v1 = { .index = 1 };
static struct played *card, *disk;
static uint32_t registers[CARD_BYTES / 4 + 2 * PAGE_SIZE];

/* ---- beneath ---- */

uint64_t *window_views;
static uint64_t views[CPUS_MAX * VIEWS_PER_CPU];

uint64_t clock_us(void)
{
	return lab.us;
}

bool gmem_read_other(const struct vcpu *v, gpa_t at, void *to, uint32_t len)
{
	memset(to, (int)v->index + 1, len);
	return at.a != 0;
}

bool gmem_write(const struct vcpu *v, gpa_t at, const void *from, uint32_t len)
{
	return at.a != 0;
}

bool gmem_is_ram(gpa_t at, uint64_t len)
{
	return at.a != 0;
}

void *pages_alloc(uint64_t count)
{
	uint8_t *at = lab.memory + lab.pages * PAGE_SIZE;

	lab.pages += count;
	ck_assert_uint_le(lab.pages, POOL_PAGES);
	return at;
}

volatile void *device_reserve(uint32_t pages)
{
	return registers;
}

void device_point(volatile void *room, hpa_t at, uint32_t pages)
{
	lab.pointed = at;
	lab.points++;
}

void device_forget(volatile void *room, uint32_t pages)
{
	lab.forgot++;
}

void mmio_open(struct mmio_region *r, uint64_t offset, hpa_t page)
{
	lab.opened = r;
	lab.open_offset = offset;
	lab.open_page = page;
}

void mmio_pass(const struct vcpu *v, uint64_t at, unsigned size, bool write, uint64_t *value)
{
	lab.passed++;
}

void counters_source(counters_source_fn *f)
{
	lab.source = f;
}

void enforce_report(counters_say_fn *say, uint32_t rows)
{
	say("policy", rows, "rows", NULL);
}

uint32_t pci_survey(const struct options *o, enum pci_model model)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < lab.count; i++)
		n += lab.f[i].model == model;
	return n;
}

uint32_t pci_count(void)
{
	return lab.count;
}

struct pci_function *pci_nth(uint32_t n)
{
	return &lab.f[n];
}

void pci_hide(struct pci_function *f)
{
	f->fate = PCI_HIDDEN_ASKED;
	lab.hidden++;
}

uint64_t disk_bytes(const struct options *o)
{
	return 5 * PAGE_SIZE;
}

static void exit_on_halt(const struct vcpu *v, bool exits)
{
	lab.exits_on_halt = (lab.exits_on_halt & ~(1u << v->index)) | (uint32_t)exits << v->index;
}

const struct vcpu_ops svm_ops = { .exit_on_halt = exit_on_halt };

void wake_need(enum wake_user user, uint32_t hz)
{
	ck_assert_int_eq(user, WAKE_DEVICES);
	lab.wanted = hz;
	lab.wants++;
}

void log_line(const char *format, ...)
{
}

void log_error(const char *format, ...)
{
	lab.errors++;
}

/* ---- the kinds ---- */

static uint32_t played_size(void)
{
	return sizeof(struct played);
}

static void *attach(void *memory, const struct devmodel *d, const struct pci_function *f, uint32_t nth)
{
	struct played *m = memory;

	if (!lab.attaches)
		return NULL;
	m->d = d;
	m->f = f;
	m->nth = nth;
	if (f->model == PCI_AHCI)
		disk = m;
	else
		card = m;
	return m;
}

static void played_access(void *state, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	struct played *m = state;

	m->accesses++;
	m->offset = offset;
	if (write)
		m->value = *value;
	else
		*value = m->value;
}

static void played_port(void *state, const struct pci_function *f, unsigned bar, uint32_t offset, unsigned size, bool write,
			uint32_t *value)
{
	struct played *m = state;

	m->ports++;
	ck_assert_ptr_eq(f, m->f);
	*value = offset + bar;
}

static void played_poll(void *state)
{
	((struct played *)state)->polls++;
}

static uint32_t played_poll_hz(const void *state)
{
	return ((const struct played *)state)->hz;
}

static bool played_rests(const void *state)
{
	return !((const struct played *)state)->only_looks;
}

static void played_halts(void *state)
{
	((struct played *)state)->halts++;
}

static void played_was_reset(void *state)
{
	((struct played *)state)->resets++;
}

static uint64_t played_counter(const void *state, uint32_t n)
{
	return n ? ((const struct played *)state)->accesses : 0;
}

static const char *const counter_names[] = { "nothing", "accesses" };

#define PLAYED \
	.least = DISK_BYTES, .most = 0x6000, .count_max = 2, .pool_bytes = 3 * PAGE_SIZE - 1, .size = played_size, \
	.attach = attach, .access = played_access, .port = played_port, .poll = played_poll, .poll_hz = played_poll_hz, \
	.was_reset = played_was_reset, .counters = 2, .counter_name = counter_names, .counter = played_counter

const struct model_kind net_kind = { .name = "e1000", .what = "network card", .is = PCI_E1000, .bar = 0, PLAYED };
const struct model_kind disk_kind = { .name = "ahci", .what = "disk controller", .is = PCI_AHCI, .bar = 5, .halts = played_halts,
				      .rests = played_rests, PLAYED };

/* ---- the machine ---- */

static struct pci_function *plug(enum pci_model model, uint64_t at, uint64_t size)
{
	struct pci_function *f = &lab.f[lab.count++];
	unsigned bar = model == PCI_AHCI ? 5 : 0;

	*f = (struct pci_function){ .bdf = (uint16_t)(lab.count << 3), .model = model, .fate = PCI_MODELLED };
	f->size[bar] = size;
	f->bar[bar] = (struct pci_bar){ .at = at, .len = at ? size : 0 };
	return f;
}

static void begin(void)
{
	memset(&lab, 0, sizeof(lab));
	memset(models, 0, sizeof(models));
	model_count = model_hz = 0;
	model_rests = false;
	polled_us = 0;
	card = disk = NULL;
	window_views = views;
	lab.attaches = true;
	lab.us = 1000000;
	plug(PCI_E1000, CARD_AT, CARD_BYTES);
	plug(PCI_AHCI, DISK_AT, DISK_BYTES);
}

static void start(void)
{
	model_init(&v0);
}

static struct model *card_model(void)
{
	return model_of(&lab.f[0]);
}

static struct model *disk_model(void)
{
	return model_of(&lab.f[1]);
}

static void touch(struct model *m, uint64_t at)
{
	uint64_t value = 0;

	model_memory(m, &v0, at, 4, false, &value);
}

/* An access after which the model wants @hz. */
static void touch_card(uint32_t hz)
{
	card->hz = hz;
	touch(card_model(), CARD_AT);
}

static void touch_disk(uint32_t hz)
{
	disk->hz = hz;
	touch(disk_model(), DISK_AT);
}

static void say(const char *name, uint64_t n, const char *words, const char *detail)
{
	size_t len = strlen(lab.said);

	snprintf(lab.said + len, sizeof(lab.said) - len, "%s %llu %s\n", name, (unsigned long long)n, words);
}

/* ---- which have one ---- */

START_TEST(each_function_that_has_one_gets_a_model)
{
	struct pci_function *shown = plug(PCI_NO_MODEL, CARD_AT, CARD_BYTES);

	shown->fate = PCI_SHOWN;
	start();
	ck_assert_ptr_eq(card->f, &lab.f[0]);
	ck_assert_ptr_eq(disk->f, &lab.f[1]);
	ck_assert_uint_eq(disk->nth, 0);
	ck_assert_ptr_nonnull(disk_model());
	ck_assert_ptr_null(model_of(shown));
	ck_assert_uint_eq(lab.hidden, 0);
	ck_assert_uint_eq(lab.errors, 0);
	ck_assert_uint_eq(model_bar(&lab.f[0]), 0);
	ck_assert_uint_eq(model_bar(&lab.f[1]), 5);
	ck_assert_uint_eq(model_bar(shown), PCI_BARS);
}
END_TEST

START_TEST(what_is_too_many_or_too_small_is_hidden)
{
	plug(PCI_AHCI, DISK_AT + 0x10000, DISK_BYTES - 1);
	plug(PCI_AHCI, DISK_AT + 0x20000, DISK_BYTES);
	plug(PCI_AHCI, DISK_AT + 0x30000, DISK_BYTES);
	start();
	ck_assert_uint_eq(lab.hidden, 2);
	ck_assert_int_eq(lab.f[2].fate, PCI_HIDDEN_ASKED);
	ck_assert_int_eq(lab.f[3].fate, PCI_MODELLED);
	ck_assert_uint_eq(disk->nth, 1);
	ck_assert_int_eq(lab.f[4].fate, PCI_HIDDEN_ASKED);
}
END_TEST

START_TEST(memory_is_asked_for_before_it_is_known_what_is_hidden)
{
	/* a model and its pool have pages of their own; disks have their memory beside */
	ck_assert_uint_eq(model_bytes(NULL), (2 * (1 + 3) + 5) * PAGE_SIZE);
	plug(PCI_AHCI, DISK_AT, DISK_BYTES);
	plug(PCI_AHCI, DISK_AT, DISK_BYTES);
	ck_assert_uint_eq(model_bytes(NULL), (3 * (1 + 3) + 5) * PAGE_SIZE);
	lab.count = 1;
	ck_assert_uint_eq(model_bytes(NULL), (1 + 3) * PAGE_SIZE);
}
END_TEST

/* ---- registers ---- */

START_TEST(a_models_registers_are_the_devices)
{
	start();
	ck_assert_uint_eq(lab.pointed.a, DISK_AT & ~(uint64_t)(PAGE_SIZE - 1));
	registers[0x800 / 4 + 3] = 0x1234;
	ck_assert_uint_eq(disk->d->ops->reg_read(disk->d->host, 12), 0x1234);
	disk->d->ops->reg_write(disk->d->host, 16, 0x55);
	ck_assert_uint_eq(registers[0x800 / 4 + 4], 0x55);
	/* behind those that are mapped there is nothing */
	registers[(0x800 + DISK_BYTES) / 4] = 7;
	ck_assert_uint_eq(disk->d->ops->reg_read(disk->d->host, DISK_BYTES), UINT32_MAX);
	disk->d->ops->reg_write(disk->d->host, DISK_BYTES, 8);
	ck_assert_uint_eq(registers[(0x800 + DISK_BYTES) / 4], 7);
	ck_assert_uint_eq(card->d->ops->reg_read(card->d->host, 0x6000), UINT32_MAX);
	ck_assert_uint_ne(card->d->ops->reg_read(card->d->host, 0x5ffc), UINT32_MAX);
}
END_TEST

START_TEST(guest_memory_is_that_of_who_runs_the_model)
{
	uint8_t byte = 0;
	dma_t at;

	start();
	touch_card(0);
	ck_assert(card->d->ops->guest_read(card->d->host, (gpa_t){ 8 }, &byte, 1));
	ck_assert_uint_eq(byte, 1);
	model_was_reset(card_model(), &v1);
	ck_assert(card->d->ops->guest_read(card->d->host, (gpa_t){ 8 }, &byte, 1));
	ck_assert_uint_eq(byte, 2);
	ck_assert(!card->d->ops->guest_write(card->d->host, (gpa_t){ 0 }, &byte, 1));
	ck_assert(!card->d->ops->guest_dma(card->d->host, (gpa_t){ 0 }, 1, &at));
	ck_assert(card->d->ops->guest_dma(card->d->host, (gpa_t){ 0x5000 }, 1, &at));
	ck_assert_uint_eq(at.a, 0x5000);
	ck_assert_uint_eq(card->d->ops->now_ns(card->d->host), 1000000000);
}
END_TEST

START_TEST(registers_follow_their_BAR)
{
	struct pci_bar *b = &lab.f[1].bar[5];
	unsigned before;

	start();
	before = lab.points;
	model_moved(disk_model(), &v0);		/* not at all */
	ck_assert_uint_eq(lab.points, before);
	b->len = 0;				/* decoding is off */
	model_moved(disk_model(), &v0);
	ck_assert_uint_eq(lab.points, before);
	ck_assert_uint_eq(disk->d->ops->reg_read(disk->d->host, 12), UINT32_MAX);
	disk->d->ops->reg_write(disk->d->host, 12, 9);
	ck_assert_uint_ne(registers[0x800 / 4 + 3], 9);
	b->len = DISK_BYTES;
	b->at = DISK_AT + 0x5000;
	model_moved(disk_model(), &v0);
	ck_assert_uint_eq(lab.pointed.a, (DISK_AT + 0x5000) & ~(uint64_t)(PAGE_SIZE - 1));
	touch(disk_model(), DISK_AT + 0x5000 + 8);
	ck_assert_uint_eq(disk->offset, 8);
}
END_TEST

START_TEST(each_processor_forgets_where_they_were_once)
{
	unsigned before;
	uint64_t value;

	start();
	before = lab.forgot;
	touch_disk(0);
	ck_assert_uint_eq(lab.forgot, before);
	for (unsigned i = 0; i < 2; i++)
		model_memory(disk_model(), &v1, DISK_AT, 4, false, &value);
	ck_assert_uint_eq(lab.forgot, before + 1);
	lab.f[1].bar[5].at += PAGE_SIZE;
	model_moved(disk_model(), &v1);
	ck_assert_uint_eq(lab.forgot, before + 2);
	model_was_reset(disk_model(), &v0);
	ck_assert_uint_eq(lab.forgot, before + 3);
}
END_TEST

START_TEST(what_is_beside_them_in_the_page_is_handed_on)
{
	uint64_t value = 5;

	start();
	touch(disk_model(), DISK_AT - 4);
	touch(disk_model(), DISK_AT + DISK_BYTES);
	ck_assert_uint_eq(lab.passed, 2);
	ck_assert_uint_eq(disk->accesses, 0);
	touch(disk_model(), DISK_AT);
	touch(disk_model(), DISK_AT + DISK_BYTES - 4);
	ck_assert_uint_eq(disk->accesses, 2);
	ck_assert_uint_eq(disk->offset, DISK_BYTES - 4);
	/* of those that no model knows: all ones, and writes vanish */
	model_memory(card_model(), &v0, CARD_AT + 0x6000, 4, false, &value);
	ck_assert_uint_eq(value, UINT64_MAX);
	value = 5;
	model_memory(card_model(), &v0, CARD_AT + 0x5ffc, 8, true, &value);
	ck_assert_uint_eq(value, 5);
	model_memory(card_model(), &v0, CARD_AT + 0x5ffc, 4, true, &value);
	ck_assert_uint_eq(card->accesses, 1);
	ck_assert_uint_eq(card->value, 5);
	ck_assert_uint_eq(lab.passed, 2);
}
END_TEST

START_TEST(a_device_that_could_not_be_stopped_is_not_reached)
{
	uint64_t value = 0;
	uint32_t dword = 0;

	lab.attaches = false;
	lab.f[1].bar[5].len = 0;	/* not seen yet, which is no error */
	start();
	ck_assert_uint_eq(lab.errors, 1);
	model_memory(card_model(), &v0, CARD_AT, 4, false, &value);
	ck_assert_uint_eq(value, UINT64_MAX);
	model_port(card_model(), &v0, 1, 0, 4, false, &dword);
	ck_assert_uint_eq(dword, UINT32_MAX);
	dword = 3;
	model_port(card_model(), &v0, 1, 0, 4, true, &dword);
	ck_assert_uint_eq(dword, 3);
	model_was_reset(card_model(), &v0);
	model_poll(&v0);
	lab.source(say, 0);
	ck_assert_str_eq(lab.said, "policy 0 rows\n");
}
END_TEST

START_TEST(one_that_decodes_nowhere_is_attached_when_it_does)
{
	lab.f[0].bar[0].len = 0;
	start();
	ck_assert_ptr_null(card);
	lab.f[0].bar[0].len = CARD_BYTES;
	model_moved(card_model(), &v1);
	ck_assert_ptr_eq(card->f, &lab.f[0]);
	card->accesses = 4;
	lab.f[0].bar[0].at += CARD_BYTES;
	model_moved(card_model(), &v1);		/* once */
	ck_assert_uint_eq(card->accesses, 4);
}
END_TEST

START_TEST(ports_are_the_models_too)
{
	uint32_t value = 0;

	start();
	card->hz = 100;
	model_port(card_model(), &v0, 1, 4, 4, false, &value);
	ck_assert_uint_eq(value, 5);
	ck_assert_uint_eq(lab.wanted, 100);
}
END_TEST

/* ---- an open page ---- */

START_TEST(a_page_that_is_open_before_there_is_a_region_waits_for_it)
{
	struct mmio_region r = { 0 };
	uint8_t *page = pages_alloc(1);

	start();
	card->d->ops->open_page(card->d->host, 0x2000, page);
	ck_assert_ptr_null(lab.opened);
	model_trapped(card_model(), &r);
	ck_assert_ptr_eq(lab.opened, &r);
	ck_assert_uint_eq(lab.open_offset, 0x2000);
	ck_assert_uint_eq(lab.open_page.a, (uint64_t)page);
	card->d->ops->open_page(card->d->host, 0x2000, NULL);
	ck_assert_uint_eq(lab.open_page.a, 0);
	lab.opened = NULL;
	model_trapped(disk_model(), &r);	/* which has none */
	ck_assert_ptr_null(lab.opened);
}
END_TEST

/* ---- how often ---- */

START_TEST(the_most_that_one_wants_is_asked_for)
{
	start();
	ck_assert_uint_eq(model_hz, 0);
	touch_card(250);
	ck_assert_uint_eq(model_hz, 250);
	ck_assert_uint_eq(lab.wanted, 250);
	touch_disk(1000);
	ck_assert_uint_eq(lab.wanted, 1000);
	lab.wants = 0;
	touch_card(500);
	ck_assert_uint_eq(lab.wants, 0);
}
END_TEST

START_TEST(it_becomes_less_only_with_a_look)
{
	start();
	touch_card(1000);
	touch_card(0);
	ck_assert_uint_eq(model_hz, 1000);
	touch_disk(250);
	ck_assert_uint_eq(lab.wanted, 1000);
	model_poll(&v0);
	ck_assert_uint_eq(card->polls, 0);	/* it wants none */
	ck_assert_uint_eq(disk->polls, 1);
	ck_assert_uint_eq(model_hz, 250);
	ck_assert_uint_eq(lab.wanted, 250);
	disk->hz = 0;
	model_poll(&v0);
	ck_assert_uint_eq(model_hz, 0);
	ck_assert_uint_eq(disk->polls, 2);
}
END_TEST

START_TEST(a_look_is_due_by_time_or_tick)
{
	start();
	ck_assert(!model_is_due(true));
	lab.us = 5000000;
	touch_card(250);
	ck_assert(model_is_due(true));
	ck_assert(!model_is_due(false));	/* from now on, not since ever */
	lab.us += 3999;
	ck_assert(!model_is_due(false));
	lab.us++;
	ck_assert(model_is_due(false));
	touch_disk(500);			/* while one wants it: no time begins anew */
	ck_assert(model_is_due(false));
	model_poll(&v0);
	ck_assert(!model_is_due(false));
	lab.us += 2000;
	ck_assert(model_is_due(false));
}
END_TEST

START_TEST(only_what_was_left_to_do_rests)
{
	uint32_t dword = 0;

	start();
	touch_card(1000);
	ck_assert(!model_rests);		/* a card's rest is for no later exit */
	touch_disk(1000);
	ck_assert(model_rests);
	touch_card(1000);
	ck_assert(!model_rests);		/* the last access decides */
	model_port(disk_model(), &v0, 5, 0, 4, false, &dword);
	ck_assert(model_rests);
	touch_disk(0);
	ck_assert(!model_rests);
	touch_disk(1000);
	disk->hz = 0;
	model_poll(&v0);
	ck_assert(!model_rests);
	disk->only_looks = true;
	touch_disk(1000);
	ck_assert(!model_rests);
}
END_TEST

START_TEST(the_processor_that_runs_a_model_exits_when_it_halts)
{
	uint64_t value = 0;

	start();
	model_memory(disk_model(), &v1, DISK_AT, 4, false, &value);
	ck_assert(disk->d->ops->await_halt(disk->d->host));
	ck_assert_uint_eq(lab.exits_on_halt, 2);
	disk->hz = 1000;
	model_halts(&v1);
	ck_assert_uint_eq(lab.exits_on_halt, 0);
	ck_assert_uint_eq(disk->halts, 1);
	ck_assert_uint_eq(card->halts, 0);		/* it has no such call */
	/* it was asked how often it wants to be looked at */
	model_poll(&v1);
	ck_assert_uint_eq(disk->polls, 1);
}
END_TEST

START_TEST(one_that_was_never_seen_is_not_told_of_a_halt)
{
	lab.attaches = false;
	start();
	model_halts(&v0);
	ck_assert_ptr_null(disk);
}
END_TEST

/* ---- counters ---- */

START_TEST(what_is_not_zero_is_said)
{
	lab.f[2].bar[0].len = 0;
	plug(PCI_E1000, 0, CARD_BYTES);		/* never seen: nothing to say */
	start();
	touch(disk_model(), DISK_AT);
	touch(disk_model(), DISK_AT);
	lab.source(say, 7);
	ck_assert_str_eq(lab.said, "ahci-00:02.0 2 accesses\npolicy 7 rows\n");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("hv_model");
	TCase *tc;

	tc = unit_case(suite, "models");
	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, each_function_that_has_one_gets_a_model);
	tcase_add_test(tc, what_is_too_many_or_too_small_is_hidden);
	tcase_add_test(tc, memory_is_asked_for_before_it_is_known_what_is_hidden);
	tcase_add_test(tc, a_models_registers_are_the_devices);
	tcase_add_test(tc, guest_memory_is_that_of_who_runs_the_model);
	tcase_add_test(tc, registers_follow_their_BAR);
	tcase_add_test(tc, each_processor_forgets_where_they_were_once);
	tcase_add_test(tc, what_is_beside_them_in_the_page_is_handed_on);
	tcase_add_test(tc, a_device_that_could_not_be_stopped_is_not_reached);
	tcase_add_test(tc, one_that_decodes_nowhere_is_attached_when_it_does);
	tcase_add_test(tc, ports_are_the_models_too);
	tcase_add_test(tc, a_page_that_is_open_before_there_is_a_region_waits_for_it);
	tcase_add_test(tc, the_most_that_one_wants_is_asked_for);
	tcase_add_test(tc, it_becomes_less_only_with_a_look);
	tcase_add_test(tc, a_look_is_due_by_time_or_tick);
	tcase_add_test(tc, only_what_was_left_to_do_rests);
	tcase_add_test(tc, the_processor_that_runs_a_model_exits_when_it_halts);
	tcase_add_test(tc, one_that_was_never_seen_is_not_told_of_a_halt);
	tcase_add_test(tc, what_is_not_zero_is_said);
	return suite;
}
