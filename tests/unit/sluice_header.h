/*
 * sluice_header.h - what rules/modules/sluice.h says, without its types
 */
#ifndef TESTS_SLUICE_HEADER_H
#define TESTS_SLUICE_HEADER_H

struct sluice_field {
	const char *name;
	unsigned number, offset;
};

extern const struct sluice_field sluice_fields[];
extern const unsigned sluice_field_count, sluice_context_size;
extern const unsigned sluice_numbers[17];

#endif
