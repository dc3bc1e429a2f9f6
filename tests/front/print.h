/*
 * print.h - a model as text, for golden files: equal text, equal model
 */
#ifndef TESTS_FRONT_PRINT_H
#define TESTS_FRONT_PRINT_H

#include <stdio.h>

#include "compiler/model.h"

void model_print(const struct model *m, FILE *out);

#endif
