/*
 * ahci_matrix.h - the matrix of ahci_matrix_test.c: what its parts share
 */
#ifndef TESTS_DEVMODEL_AHCI_MATRIX_H
#define TESTS_DEVMODEL_AHCI_MATRIX_H

#include "tests/devmodel/ahci_machine.h"
#include "tests/devmodel/random.h"
#include "tests/devmodel/tap.h"

/* What becomes of the command that a policy is about; of three commands it is the middle one. */
enum effect { EFFECT_PASS, EFFECT_DROP, EFFECT_SILENT, EFFECT_REWRITE };

struct verdict {
	const char *name, *policy;
	enum effect effect;
	bool by_command;		/* of LBA MATRIX_MARKED, whatever it carries */
};

#define VERDICTS	8u
extern const struct verdict verdicts[VERDICTS];

#define MATRIX_NAME	"policy \"matrix\" version 1;\n"
#define MATRIX_TEXT	"SECRET WORD"
#define MATRIX_MASKED	"###########"
#define MATRIX_TEXT_BYTES 11u
#define MATRIX_MARKED	0x5a00u

/* Bytes that are the same for the same seed. */
void matrix_fill(uint8_t *to, uint32_t len, uint64_t seed);
/* No offence of the model's, its driver saw none, and nothing is left behind. */
void matrix_check(struct ahci_machine *m, const char *what);

void matrix_data(void);
void matrix_queue(void);
void matrix_rest(void);

#endif
