/* SPDX-License-Identifier: GPL-2.0-or-later */
/* q values. */
#include <stdio.h>
#include <string.h>
#include "error.h"
#include "qvalue.h"

char *q2str(qvalue_t q, unsigned int *len)
{
	static char buf[sizeof("0.123")];
	unsigned int n = 0;

	if (q >= MAX_Q)
		n = sprintf(buf, "1");
	else if (q >= MIN_Q)
		n = sprintf(buf, "0.%03d", q);
	while (n > 1 && (buf[n - 1] == '0' || buf[n - 1] == '.'))
		n--;
	buf[n] = '\0';
	if (len)
		*len = n;
	return buf;
}

int str2q(qvalue_t *q, char *s, int len)
{
	int digit = 1000, i = 0, value = 0;

	while (i < len && (s[i] == ' ' || s[i] == '\t'))
		i++;
	if (i == len)
		return E_Q_EMPTY;
	for (; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
		if (value + (s[i] - '0') > 1)
			return E_Q_TOO_BIG;
		value = s[i] - '0';
	}
	value *= 1000;
	if (i < len && s[i] == '.') {
		for (i++; i < len && s[i] >= '0' && s[i] <= '9'; i++)
			value += (s[i] - '0') * (digit /= 10);
	}
	while (i < len && (s[i] == ' ' || s[i] == '\t'))
		i++;
	if (i < len)
		return E_Q_INV_CHAR;
	if (value > MAX_Q)
		return E_Q_TOO_BIG;
	*q = value;
	return 0;
}
