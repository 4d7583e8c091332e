/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tag.h"

static const char end[] = ".reg_replicate";

int tag_write(char *buf, uint64_t token, uint32_t node)
{
	return snprintf(buf, TAG_MAX, "%" PRIx64 "-%" PRIu32 "%s", token, node, end);
}

uint32_t tag_node(const str *tag)
{
	char text[TAG_MAX], again[TAG_MAX];
	uint64_t token;
	uint32_t node;

	if (tag->len <= 0 || tag->len >= TAG_MAX)
		return 0;
	memcpy(text, tag->s, tag->len);
	text[tag->len] = '\0';
	if (sscanf(text, "%16" SCNx64 "-%10" SCNu32, &token, &node) != 2)
		return 0;
	/* Only what is written just so is ours. */
	if (tag_write(again, token, node) != tag->len || memcmp(again, tag->s, tag->len) != 0)
		return 0;
	return node;
}
