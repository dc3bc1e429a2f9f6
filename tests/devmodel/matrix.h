/*
 * matrix.h - the matrix of e1000_matrix_test.c: what its two halves share
 */
#ifndef TESTS_DEVMODEL_MATRIX_H
#define TESTS_DEVMODEL_MATRIX_H

#include "tests/devmodel/endpoint.h"
#include "tests/devmodel/frames.h"
#include "tests/devmodel/tap.h"

/* What becomes of the frame that a policy is about; of three frames it is the middle one. */
enum effect { EFFECT_PASS, EFFECT_DROP, EFFECT_HEADER, EFFECT_CONTENT };

struct verdict {
	const char *name, *policy;
	enum effect effect;
};

#define VERDICTS	7u
extern const struct verdict verdicts[VERDICTS];

/* The middle frame becomes what the verdict's rule is about, or what it makes of it. */
#define MATRIX_PORT	7777u
#define MATRIX_TEXT	"SECRET WORD"
#define MATRIX_MASKED	"###########"
void matrix_mark(struct spec *s);
void matrix_apply(struct spec *s, enum effect effect);

#define FAMILIES	2u
extern const uint16_t families[FAMILIES];

void matrix_tx(void);
void matrix_rx(void);
void matrix_rest(void);

#endif
