/*
 * ahci_matrix_test.c - the model in a matrix by name: a claim a row, a case a combination of columns
 */
#include "tests/devmodel/ahci_matrix.h"

#include <string.h>

#define HOOKS	"on disk read, disk write default pass {\n"
#define PATTERN	"pattern p = \"" MATRIX_TEXT "\";\n"
#define MARKED	"disk.lba == 0x5a00"	/* MATRIX_MARKED */

const struct verdict verdicts[VERDICTS] = {
	{ "no program", MATRIX_NAME "on net out default pass { }\n", EFFECT_PASS, false },
	{ "pass by command", MATRIX_NAME HOOKS "a: disk.lba == 0x123456789 -> drop;\n}\n", EFFECT_PASS, false },
	{ "pass by content", MATRIX_NAME HOOKS "a: data has \"nowhere in these\" -> drop;\n}\n", EFFECT_PASS, false },
	{ "drop by command", MATRIX_NAME HOOKS "a: " MARKED " -> drop;\n}\n", EFFECT_DROP, true },
	{ "drop by content", MATRIX_NAME PATTERN HOOKS "a: data has p -> drop;\n}\n", EFFECT_DROP, false },
	{ "silently by command", MATRIX_NAME HOOKS "a: " MARKED " -> drop silently;\n}\n", EFFECT_SILENT, true },
	{ "silently by content", MATRIX_NAME PATTERN HOOKS "a: data has p -> drop silently;\n}\n", EFFECT_SILENT,
	  false },
	{ "rewrite", MATRIX_NAME PATTERN HOOKS "a: data has p -> rewrite p with \"#\";\n}\n", EFFECT_REWRITE, false },
};

void matrix_fill(uint8_t *to, uint32_t len, uint64_t seed)
{
	uint64_t word;

	for (uint32_t i = 0; i < len; i += 8) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		word = seed ^ seed >> 32;
		memcpy(to + i, &word, len - i < 8 ? len - i : 8);
	}
}

void matrix_check(struct ahci_machine *m, const char *what)
{
	tap_case(m->complaints == 0, "%s: %s", what, m->complaint);
	tap_case(!m->driver.bad, "%s: %s", what, m->driver.why);
	tap_case(ahci_machine_is_idle(m), "%s: %u pages stay taken%s", what, m->bounce.taken,
		 m->judged ? ", and what was judged is not carried out" : "");
	ahci_machine_clear(m);
}

int main(void)
{
	matrix_data();
	matrix_queue();
	matrix_rest();
	return tap_end();
}
