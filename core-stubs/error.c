/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From error codes of the core to SIP replies. */
#include <stdio.h>

#include "error.h"

int ser_error = -1;
int prev_ser_error = -1;

static const struct {
	int err, code;
	const char *text;
} reasons[] = {
	{E_SEND, 477, "Send failed"},
	{E_BAD_ADDRESS, 476, "Unresolvable destination"},
	{E_BAD_URI, 475, "Bad URI"},
	{E_BAD_PROTO, 474, "Unsupported transport"},
	{E_IP_BLOCKED, 473, "Filtered destination"},
	{E_NO_DESTINATION, 404, "No destination"},
	{E_BAD_VIA, 400, "Bad Via"},
	{E_BAD_TO, 400, "Bad To"},
	{E_INVALID_PARAMS, 400, "Bad parameters"},
	{E_BAD_REQ, 400, "Bad Request"},
	{E_OUT_OF_MEM, 500, "Server Internal Error"},
	{E_TOO_MANY_BRANCHES, 500, "Too many branches"},
	{E_CFG, 500, "Configuration error"},
	{E_SCRIPT, 500, "Script error"},
	{E_BAD_SERVER, 500, "Server Internal Error"},
};

int err2reason_phrase(int err, int *sip_error, char *phrase, int etl, const char *signature)
{
	const char *text = "Server error occurred"; /* as OpenSIPS says */
	int n;

	*sip_error = 500;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].err == err) {
			*sip_error = reasons[i].code;
			text = reasons[i].text;
		}
	n = snprintf(phrase, etl, "%s (%d/%s)", text, -err, signature);
	return n < etl ? n : etl - 1;
}
