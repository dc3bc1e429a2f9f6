/*
 * count.c - a TCG plugin that counts instructions by where they lie, in pieces of 64 KiB
 *
 * QEMU runs it with `-plugin count.so,out=FILE,first=ADDRESS,end=ADDRESS`; at its end the file has a
 * line `ADDRESS COUNT` a piece (all hexadecimal, virtual addresses). Between first and end, which may
 * be left out, a piece has 16 bytes. What belongs to whom the reader decides: the
 * hypervisor says in its log where it is. A block that an interrupt or a fault leaves early counts
 * in full.
 *
 * With live=FILE the counts are all the time in FILE too: the table itself, as `struct piece` has it.
 *
 * The plugin interface is QEMU's, version 1 (docs/devel/tcg-plugins); Debian packs no header.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
typedef void tb_trans_fn(plugin_id id, struct qemu_plugin_tb *tb);
typedef void vcpu_udata_fn(unsigned vcpu, void *data);
typedef void udata_fn(plugin_id id, void *data);
enum cb_flags { CB_NO_REGS };

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, tb_trans_fn *f);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, vcpu_udata_fn *f, enum cb_flags flags,
					  void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, udata_fn *f, void *data);

EXPORT extern int qemu_plugin_version;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

int qemu_plugin_version = 1;

#define PIECE		0x10000u	/* bytes */
#define FINE_PIECE	16u
#define PIECES		(1u << 16)	/* of the table; the last is for what has no room */
#define VCPUS		8
#define INSNS_SHIFT	16		/* a block's data: piece << 16 | instructions */

struct piece {
	uint64_t key;			/* its address + 1; 0: free */
	uint64_t count[VCPUS];		/* each processor its own: their threads run at once */
};

static struct piece space[PIECES], *pieces = space;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* over addresses; translation is threaded too */
static char out[4096];
static uint64_t fine_first, fine_end;

static unsigned piece_of(uint64_t address)
{
	uint64_t piece = address >= fine_first && address < fine_end ? FINE_PIECE : PIECE;
	uint64_t key = address - address % piece + 1;
	unsigned at = (key * 0x9e3779b97f4a7c15u) >> 48;

	pthread_mutex_lock(&lock);
	for (unsigned tries = 0; tries < PIECES; tries++, at = (at + 1) % PIECES) {
		if (at == PIECES - 1)
			continue;
		if (!pieces[at].key)
			pieces[at].key = key;
		if (pieces[at].key == key)
			break;
	}
	pthread_mutex_unlock(&lock);
	return pieces[at].key == key ? at : PIECES - 1;
}

static void run_block(unsigned vcpu, void *data)
{
	uintptr_t block = (uintptr_t)data;

	pieces[block >> INSNS_SHIFT].count[vcpu % VCPUS] += block & ((1u << INSNS_SHIFT) - 1);
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb)
{
	uintptr_t block = (uintptr_t)piece_of(qemu_plugin_tb_vaddr(tb)) << INSNS_SHIFT | qemu_plugin_tb_n_insns(tb);

	qemu_plugin_register_vcpu_tb_exec_cb(tb, run_block, CB_NO_REGS, (void *)block);
}

static void finish(plugin_id id, void *data)
{
	FILE *f = fopen(out, "w");

	if (!f)
		return;
	for (unsigned i = 0; i < PIECES; i++) {
		uint64_t total = 0;

		for (unsigned cpu = 0; cpu < VCPUS; cpu++)
			total += pieces[i].count[cpu];
		if (total)
			fprintf(f, "%" PRIx64 " %" PRIx64 "\n",
				i == PIECES - 1 ? 0 : pieces[i].key - 1, total);
	}
	fclose(f);
}

static int map_live(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	void *p = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, sizeof(space)))
		p = mmap(NULL, sizeof(space), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (p == MAP_FAILED) {
		perror(path);
		return -1;
	}
	pieces = p;
	return 0;
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4) && strlen(argv[i] + 4) < sizeof(out))
			strcpy(out, argv[i] + 4);
		else if (!strncmp(argv[i], "first=", 6))
			fine_first = strtoull(argv[i] + 6, NULL, 16);
		else if (!strncmp(argv[i], "end=", 4))
			fine_end = strtoull(argv[i] + 4, NULL, 16);
		else if (!strncmp(argv[i], "live=", 5) && map_live(argv[i] + 5))
			return -1;
	}
	if (!out[0]) {
		fprintf(stderr, "count: out=FILE is missing\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
