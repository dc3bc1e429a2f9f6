/*
 * bpf_seeds.c - the cases of tests/bpf as inputs of fuzz_verify: FOLDER CASE.bpf...
 */
#include <stdio.h>
#include <string.h>

#include "tests/bpf/fake.h"

/* fuzz_verify.c: where another hook starts, 32 bytes of context, instructions. */
static int write_seed(const char *folder, const char *name, const struct fake *f)
{
	const uint8_t entry = (uint8_t)f->in.entry[HV_HOOK_NET_IN];
	size_t n = f->in.insn_count;
	char path[4096];
	FILE *out;
	bool bad;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "wb");
	if (!out)
		return -1;
	bad = fwrite(&entry, 1, 1, out) != 1 || fwrite(&f->ctx.eth_src, 1, 32, out) != 32 ||
	      fwrite(f->insns, sizeof(f->insns[0]), n, out) != n;
	return fclose(out) || bad ? -1 : 0;
}

int main(int argc, char **argv)
{
	static struct fake f;
	struct fake_expect e;
	int line;

	for (int i = 2; i < argc; i++) {
		const char *name = strrchr(argv[i], '/');

		if (fake_read(&f, &e, argv[i], &line))
			continue;
		if (write_seed(argv[1], name ? name + 1 : argv[i], &f)) {
			perror(argv[1]);
			return 1;
		}
	}
	return 0;
}
