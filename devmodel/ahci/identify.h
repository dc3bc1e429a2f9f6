/*
 * identify.h - what a drive says of itself: read for what we must know, edited so that it offers nothing that is not
 * judged (internal)
 */
#ifndef DEVMODEL_AHCI_IDENTIFY_H
#define DEVMODEL_AHCI_IDENTIFY_H

#include "devmodel/ahci/command.h"

/* Learn from 512 bytes of IDENTIFY DEVICE data; false: they cannot be (checksum, sector size). */
bool identify_learn(const uint8_t data[512], struct drive *drive);
/* Learn from @len bytes that a READ CAPACITY @c has read; false, and nothing learnt: too short, or no sector size. */
bool capacity_learn(const struct command *c, const uint8_t *data, uint32_t len, struct drive *drive);
/*
 * Edit @len bytes that @c has read, of which @len is what came: IDENTIFY data (ACS-3, section 7.12; checksum made right
 * where there is one), the IDENTIFY DEVICE data log (30h), the log directory, logs of features that are not offered.
 */
void identify_edit(const struct command *c, uint8_t *data, uint32_t len);

/* The NCQ Command Error log (10h; ACS-3, section A.7) of a queued command that the model refused. */
void ncq_error_log(uint8_t tag, uint8_t status, uint8_t error, const struct command *c, uint8_t log[512]);
/* Fixed format sense data (SPC-4, section 4.5.3): DATA PROTECT or ILLEGAL REQUEST. */
void sense_data(uint8_t key, uint8_t asc, uint8_t ascq, uint8_t sense[18]);

#endif
