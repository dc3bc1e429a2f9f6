/*
 * e1000_matrix_test.c - the model in a matrix by name: a claim a row, a case a combination of columns
 *
 * What is expected is what the same driver gets from the simulated NIC itself when it sends, or the wire brings, the
 * frames as the policy leaves them.
 */
#include "tests/devmodel/matrix.h"

const uint16_t families[FAMILIES] = { 0x100e, 0x10d3 };

#define NAME	"policy \"matrix\" version 1;\n"
#define HOOKS	"on net out, net in default pass {\n"

const struct verdict verdicts[VERDICTS] = {
	{ "no program", NAME "on disk read default pass { }\n", EFFECT_PASS },
	{ "pass by header", NAME HOOKS "a: udp.dport == 1 -> drop;\n}\n", EFFECT_PASS },
	{ "pass by content", NAME HOOKS "a: payload has \"nowhere in these\" -> drop;\n}\n", EFFECT_PASS },
	{ "drop by header", NAME HOOKS "a: l4.dport == 7777 -> drop;\n}\n", EFFECT_DROP },
	{ "drop by content", NAME HOOKS "a: payload has \"" MATRIX_TEXT "\" -> drop;\n}\n", EFFECT_DROP },
	{ "rewrite of a header", NAME HOOKS
	  "a: l4.dport == 7777 and ip.version == 4 -> rewrite ip.dst = 10.0.0.99;\n"
	  "b: l4.dport == 7777 and ip.version == 6 -> rewrite ip.dst = fd00::63;\n}\n", EFFECT_HEADER },
	{ "rewrite of content", NAME "pattern p = \"" MATRIX_TEXT "\";\n" HOOKS
	  "a: payload has p -> rewrite p with \"#\";\n}\n", EFFECT_CONTENT },
};

void matrix_mark(struct spec *s)
{
	s->dport = MATRIX_PORT;
	s->text = MATRIX_TEXT;
}

void matrix_apply(struct spec *s, enum effect effect)
{
	if (effect == EFFECT_HEADER)
		s->dst = 99;
	if (effect == EFFECT_CONTENT)
		s->text = MATRIX_MASKED;
}

int main(void)
{
	matrix_tx();
	matrix_rx();
	matrix_rest();
	return tap_end();
}
