/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See tls_domains.h. */
#include "tls_domains.h"

#include <string.h>
#include <strings.h>

#include <openssl/ssl.h>

#include "../../dprint.h"
#include "../../mem/mem.h"
#include "../../socket_info.h"
#include "../../ut.h"

struct tls_domain *tls_domains;

static struct tls_domain *find_by_name(const str *name)
{
	struct tls_domain *d = tls_domains;

	while (d && !str_match(&d->name, name))
		d = d->next;
	return d;
}

int tls_add_domain(const char *name, enum tls_domain_type type)
{
	str s = {(char *)name, strlen(name)};
	struct tls_domain *d;

	if (!s.len || strpbrk(name, "[]= \t")) {
		LM_ERR("'%s' is no name for a TLS domain\n", name);
		return -1;
	}
	if (find_by_name(&s)) {
		LM_ERR("there is a TLS domain '%s' already\n", name);
		return -1;
	}
	d = pkg_malloc(sizeof(*d) + s.len);
	if (!d) {
		LM_ERR("no more pkg memory\n");
		return -1;
	}
	*d = (struct tls_domain){.type = type, .verify_cert = 1, .require_cert = 1};
	d->name = (str){(char *)(d + 1), s.len};
	memcpy(d->name.s, s.s, s.len);
	d->next = tls_domains;
	tls_domains = d;
	return 0;
}

/* "[domain]value": the domain and the value's place in it; NULL with the reason logged. */
static struct tls_domain *split(const char *param, char **value)
{
	char *end = **value == '[' ? strchr(*value, ']') : NULL;
	struct tls_domain *d;
	str name;

	if (!end) {
		LM_ERR("%s '%s': say [domain]value; what is for no domain is left out\n", param,
			*value);
		return NULL;
	}
	name = (str){*value + 1, end - *value - 1};
	d = find_by_name(&name);
	if (!d)
		LM_ERR("%s: no server_domain or client_domain '%.*s' before it\n", param, name.len,
			name.s);
	*value = end + 1;
	return d;
}

/* --- files ------------------------------------------------------------------------------- */

static int set_file(const char *param, char *value, size_t member)
{
	struct tls_domain *d = split(param, &value);

	if (!d)
		return -1;
	*(const char **)((char *)d + member) = value; /* parameters stay */
	return 0;
}

int tls_set_certificate(char *value)
{
	return set_file("certificate", value, offsetof(struct tls_domain, certificate));
}

int tls_set_private_key(char *value)
{
	return set_file("private_key", value, offsetof(struct tls_domain, private_key));
}

int tls_set_ca_list(char *value)
{
	return set_file("ca_list", value, offsetof(struct tls_domain, ca_list));
}

/* --- what is asked of the other side ------------------------------------------------------- */

static int set_flag(const char *param, char *value, size_t member)
{
	struct tls_domain *d = split(param, &value);

	if (!d)
		return -1;
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0) {
		LM_ERR("%s '%s': 0 or 1\n", param, value);
		return -1;
	}
	*(int *)((char *)d + member) = *value == '1';
	return 0;
}

int tls_set_verify_cert(char *value)
{
	return set_flag("verify_cert", value, offsetof(struct tls_domain, verify_cert));
}

int tls_set_require_cert(char *value)
{
	return set_flag("require_cert", value, offsetof(struct tls_domain, require_cert));
}

static int version_of(const char *name, int len)
{
	static const struct {
		const char *name;
		int version;
	} versions[] = {{"TLSv1_2", TLS1_2_VERSION}, {"TLSv1_3", TLS1_3_VERSION}};

	for (int i = 0; i < 2; i++)
		if ((int)strlen(versions[i].name) == len &&
			strncasecmp(versions[i].name, name, len) == 0)
			return versions[i].version;
	return -1;
}

/* "SSLv23": whatever both sides can; a version; or from one to another, either left out. */
int tls_set_method(char *value)
{
	struct tls_domain *d = split("tls_method", &value);
	char *dash = strchr(value, '-');
	int len = dash ? dash - value : (int)strlen(value);

	if (!d)
		return -1;
	d->min_version = d->max_version = 0;
	if (strcasecmp(value, "SSLv23") == 0)
		return 0;
	if (len)
		d->min_version = d->max_version = version_of(value, len);
	if (dash)
		d->max_version = dash[1] ? version_of(dash + 1, strlen(dash + 1)) : 0;
	if (d->min_version >= 0 && d->max_version >= 0 &&
		(!d->max_version || d->min_version <= d->max_version))
		return 0;
	LM_ERR("tls_method '%s': SSLv23, TLSv1_2, TLSv1_3, or two of these with '-' between\n",
		value);
	return -1;
}

/* --- addresses --------------------------------------------------------------------------- */

static int parse_address(char *s, int len, struct tls_address *a)
{
	int port, proto;
	struct ip_addr *ip;
	str host;

	if (parse_phostport(s, len, &host.s, &host.len, &port, &proto) < 0 || port == 0)
		return -1;
	ip = *host.s == '[' ? str2ip6(&host) : str2ip(&host);
	if (!ip)
		return -1;
	a->ip = *ip;
	a->port = port;
	return 0;
}

int tls_set_match(char *value)
{
	struct tls_domain *d = split("match_ip_address", &value);
	int len;

	if (!d)
		return -1;
	d->n_match = 0;
	if (strcmp(value, "*") == 0)
		return 0;
	for (;; value += len + 1) {
		len = strcspn(value, ",");
		if (d->n_match == TLS_MAX_MATCH ||
			parse_address(value, len, &d->match[d->n_match]) < 0)
			break;
		d->n_match++;
		if (!value[len])
			return 0;
	}
	LM_ERR("match_ip_address '%s': *, or up to %d times IP:PORT with commas between\n", value,
		TLS_MAX_MATCH);
	return -1;
}

static int names_it(const struct tls_domain *d, const struct ip_addr *ip, unsigned short port)
{
	for (int i = 0; i < d->n_match; i++)
		if (d->match[i].port == port && ip_addr_cmp(&d->match[i].ip, ip))
			return 1;
	return 0;
}

const struct tls_domain *tls_find_domain(
	enum tls_domain_type type, const struct ip_addr *ip, unsigned short port)
{
	const struct tls_domain *any = NULL;

	for (const struct tls_domain *d = tls_domains; d; d = d->next) {
		if (d->type != type)
			continue;
		if (names_it(d, ip, port))
			return d;
		if (!d->n_match)
			any = d;
	}
	return any;
}

/* --- all ----------------------------------------------------------------------------------- */

int tls_check_domains(void)
{
	if (!tls_domains) {
		LM_ERR("no server_domain and no client_domain\n");
		return -1;
	}
	for (struct tls_domain *d = tls_domains; d; d = d->next)
		if (!d->certificate || !d->private_key) {
			LM_ERR("TLS domain '%.*s' needs certificate and private_key\n", d->name.len,
				d->name.s);
			return -1;
		}
	return 0;
}

void tls_free_domains(void)
{
	while (tls_domains) {
		struct tls_domain *next = tls_domains->next;

		pkg_free(tls_domains);
		tls_domains = next;
	}
}
