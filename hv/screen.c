/*
 * screen.c - the last words on the text screen
 */
#include "hv/screen.h"

#define VGA_TEXT	0xb8000u
#define COLUMNS		80u
#define ROWS		25u
#define WHITE_ON_RED	0x4f00u

static volatile uint16_t *text_at = (volatile uint16_t *)VGA_TEXT;
static uint32_t row;

void screen_at(volatile void *text)
{
	text_at = text;
}

void screen_line(const char *text, uint32_t len)
{
	for (uint32_t at = 0; at < len && row < ROWS; row++) {
		for (uint32_t i = 0; i < COLUMNS; i++, at++)
			text_at[row * COLUMNS + i] = (uint16_t)(WHITE_ON_RED | (at < len ? (uint8_t)text[at] : ' '));
	}
}
