/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pseudo-variables of the core: parts of the message, where it came from and goes to, flags,
 * AVPs, script variables, time. A message that has no such part gives null.
 */
#include "pvar_core.h"

#include <time.h>
#include "action.h"
#include "dset.h"
#include "flags.h"
#include "mem/mem.h"
#include "parser/contact/parse_contact.h"
#include "parser/parse_from.h"
#include "parser/parse_to.h"
#include "parser/parse_uri.h"
#include "pt.h"
#include "route_struct.h"
#include "script_var.h"
#include "socket_info.h"
#include "ut.h"

/* Parts of a URI; also the number given to the table's entries. */
enum part {
	P_ALL = 1,
	P_USER,
	P_DOMAIN,
	P_PORT,
	P_TAG
};

static int part_of(pv_param_t *p)
{
	return p->pvn.u.isname.name.n;
}

static int index_of(pv_param_t *p)
{
	return p->pvi.type == PV_IDX_INT ? p->pvi.u.ival : 0;
}

static int str_or_null(struct sip_msg *msg, pv_param_t *p, pv_value_t *res, str *s)
{
	return s && s->len ? pv_get_strval(msg, p, res, s) : pv_get_null(msg, p, res);
}

static int static_str(struct sip_msg *msg, pv_param_t *p, pv_value_t *res, const char *s)
{
	str v;

	init_str(&v, s);
	return pv_get_strval(msg, p, res, &v);
}

/* --- URIs ------------------------------------------------------------------------------- */

static int uri_part(struct sip_msg *msg, pv_param_t *p, pv_value_t *res, struct sip_uri *uri)
{
	unsigned short proto;
	int port = get_uri_port(uri, &proto);

	switch (part_of(p)) {
	case P_USER:
		return str_or_null(msg, p, res, &uri->user);
	case P_DOMAIN:
		return str_or_null(msg, p, res, &uri->host);
	case P_PORT:
		return pv_get_uintval(msg, p, res, port);
	}
	return -1;
}

static int text_part(struct sip_msg *msg, pv_param_t *p, pv_value_t *res, str *text)
{
	struct sip_uri uri;

	if (part_of(p) == P_ALL)
		return str_or_null(msg, p, res, text);
	if (!text->len || parse_uri(text->s, text->len, &uri) < 0)
		return pv_get_null(msg, p, res);
	return uri_part(msg, p, res, &uri);
}

static int is_request(struct sip_msg *msg)
{
	return msg && msg->first_line.type == SIP_REQUEST;
}

static int get_ruri(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	return is_request(msg) ? text_part(msg, p, res, GET_RURI(msg)) : pv_get_null(msg, p, res);
}

static int get_dsturi(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	return msg ? str_or_null(msg, p, res, &msg->dst_uri) : pv_get_null(msg, p, res);
}

static int need_str(pv_value_t *val, const char *what)
{
	if (val && val->flags & PV_VAL_STR)
		return 0;
	LM_ERR("%s must be set to a text\n", what);
	return -1;
}

static int set_ruri_pv(struct sip_msg *msg, pv_param_t *p, int op, pv_value_t *val)
{
	(void)p;
	(void)op;
	if (!is_request(msg))
		return -1;
	if (!val) { /* back to what was received */
		pkg_free(msg->new_uri.s);
		msg->new_uri = STR_NULL;
		return 0;
	}
	return need_str(val, "$ru") < 0 ? -1 : set_ruri(msg, &val->rs);
}

/* The Request-URI with one part changed; NULL takes a user or port away. */
static int set_ruri_part(struct sip_msg *msg, pv_param_t *p, int op, pv_value_t *val)
{
	str *ruri = GET_RURI(msg), host, user, port = STR_NULL, out;
	struct sip_uri uri;
	char text[MAX_URI_SIZE], port_text[INT2STR_MAX_LEN];
	const char *rest;

	(void)op;
	if (!is_request(msg) || parse_uri(ruri->s, ruri->len, &uri) < 0)
		return -1;
	user = uri.user;
	host = uri.host;
	if (uri.port_no)
		port = uri.port;
	rest = uri.port_no ? uri.port.s + uri.port.len : uri.host.s + uri.host.len;
	if (part_of(p) == P_PORT && val && pvv_is_int(val)) {
		port.s = port_text;
		port.len = snprintf(port_text, sizeof(port_text), "%d", val->ri);
	} else if (val && need_str(val, "a part of $ru") < 0) {
		return -1;
	} else if (part_of(p) == P_USER) {
		user = val ? val->rs : STR_NULL;
	} else if (part_of(p) == P_DOMAIN && val && val->rs.len) {
		host = val->rs;
	} else if (part_of(p) == P_PORT) {
		port = val ? val->rs : STR_NULL;
	} else {
		LM_ERR("$rd cannot be empty\n");
		return -1;
	}
	out.s = text;
	out.len = snprintf(text, sizeof(text), "%s:%.*s%s%.*s%s%.*s%s%.*s%.*s",
		uri.type == SIPS_URI_T ? "sips" : "sip", user.len, ZSW(user.s),
		user.len && uri.passwd.len ? ":" : "", user.len ? uri.passwd.len : 0,
		ZSW(uri.passwd.s), user.len ? "@" : "", host.len, host.s, port.len ? ":" : "",
		port.len, ZSW(port.s), (int)(ruri->s + ruri->len - rest), rest);
	if (out.len >= (int)sizeof(text) || parse_uri(out.s, out.len, &uri) < 0) {
		LM_ERR("a Request-URI with that part is too long, or no URI\n");
		return -1;
	}
	return set_ruri(msg, &out);
}

static int set_dsturi_pv(struct sip_msg *msg, pv_param_t *p, int op, pv_value_t *val)
{
	(void)p;
	(void)op;
	if (!is_request(msg))
		return -1;
	if (!val) {
		reset_dst_uri(msg);
		return 0;
	}
	return need_str(val, "$du") < 0 ? -1 : set_dst_uri(msg, &val->rs);
}

static int body_part(struct sip_msg *msg, pv_param_t *p, pv_value_t *res, struct to_body *b)
{
	switch (part_of(p)) {
	case P_ALL:
		return str_or_null(msg, p, res, &b->uri);
	case P_TAG:
		return str_or_null(msg, p, res, &b->tag_value);
	}
	return parse_to_body_uri(b) < 0 ? pv_get_null(msg, p, res)
					: uri_part(msg, p, res, &b->parsed_uri);
}

static int get_from_pv(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	if (!msg || parse_from_header(msg) < 0 || !msg->from || !get_from(msg))
		return pv_get_null(msg, p, res);
	return body_part(msg, p, res, get_from(msg));
}

static int get_to_pv(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	if (!msg || parse_to_header(msg) < 0 || !msg->to || !get_to(msg))
		return pv_get_null(msg, p, res);
	return body_part(msg, p, res, get_to(msg));
}

/* --- headers ---------------------------------------------------------------------------- */

/* The first header with a flag of its own in parse_headers(). */
static int known_hdr(struct sip_msg *msg, pv_param_t *p, pv_value_t *res, hdr_types_t type)
{
	struct hdr_field **h;

	if (!msg || parse_headers(msg, HDR_T2F(type), 0) < 0)
		return pv_get_null(msg, p, res);
	h = hdr_first(msg, type);
	return str_or_null(msg, p, res, h && *h ? &(*h)->body : NULL);
}

static int get_known(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	return known_hdr(msg, p, res, part_of(p));
}

static int get_cseq_pv(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	if (!msg || parse_headers(msg, HDR_CSEQ_F, 0) < 0 || !msg->cseq || !get_cseq(msg))
		return pv_get_null(msg, p, res);
	return str_or_null(msg, p, res, &get_cseq(msg)->number);
}

static int get_method(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	if (is_request(msg))
		return pv_get_strval(msg, p, res, &msg->first_line.u.request.method);
	if (!msg || parse_headers(msg, HDR_CSEQ_F, 0) < 0 || !msg->cseq || !get_cseq(msg))
		return pv_get_null(msg, p, res);
	return str_or_null(msg, p, res, &get_cseq(msg)->method);
}

static int hdr_matches(struct hdr_field *h, str *name, hdr_types_t type)
{
	if (type != HDR_OTHER_T && type != HDR_ERROR_T)
		return h->type == type;
	return str_casematch(&h->name, name);
}

static int count_hdrs(struct sip_msg *msg, str *name, hdr_types_t type)
{
	struct hdr_field *h;
	int n = 0;

	for (h = msg->headers; h; h = h->next)
		n += hdr_matches(h, name, type);
	return n;
}

static int hdr_name_of(struct sip_msg *msg, pv_param_t *p, str *name, hdr_types_t *type)
{
	if (!msg || parse_headers(msg, HDR_EOH_F, 0) < 0)
		return -1;
	*name = p->pvn.u.isname.name.s;
	*type = hdr_type_by_name(name->s, name->len);
	return 0;
}

static int get_hdr(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	int idx = index_of(p);
	hdr_types_t type;
	struct hdr_field *h;
	str name;

	if (hdr_name_of(msg, p, &name, &type) < 0)
		return pv_get_null(msg, p, res);
	if (idx < 0)
		idx += count_hdrs(msg, &name, type);
	for (h = msg->headers; h && idx >= 0; h = h->next)
		if (hdr_matches(h, &name, type) && idx-- == 0)
			return pv_get_strval(msg, p, res, &h->body);
	return pv_get_null(msg, p, res);
}

/* The contact number idx of all Contact headers. */
static contact_t *nth_contact(struct sip_msg *msg, pv_param_t *p)
{
	contact_t *c = NULL;
	int idx = index_of(p);

	if (!msg || parse_headers(msg, HDR_EOH_F, 0) < 0 || !msg->contact)
		return NULL;
	do {
		if (contact_iterator(&c, msg, c) < 0)
			return NULL;
	} while (c && idx-- > 0);
	return c;
}

/* As written, from the name or the bracket on. */
static str contact_text(contact_t *c)
{
	str s = {c->name.len ? c->name.s : c->uri.s, c->len};

	if (!c->name.len && s.s[-1] == '<')
		s.s--;
	return s;
}

static int get_contact(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	contact_t *c = nth_contact(msg, p);
	str s = c ? contact_text(c) : STR_NULL;

	return str_or_null(msg, p, res, &s);
}

/* --- the message ------------------------------------------------------------------------- */

enum msg_field {
	M_STATUS = 1,
	M_REASON,
	M_SRC_IP,
	M_SRC_PORT,
	M_BODY
};

static int get_msg_field(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	str body;

	if (!msg)
		return pv_get_null(msg, p, res);
	switch (part_of(p)) {
	case M_STATUS:
		if (is_request(msg))
			return pv_get_null(msg, p, res);
		return pv_get_uintval(msg, p, res, msg->first_line.u.reply.statuscode);
	case M_REASON:
		return is_request(msg) ? pv_get_null(msg, p, res)
				       : str_or_null(msg, p, res, &msg->first_line.u.reply.reason);
	case M_BODY:
		return get_body(msg, &body) < 0 ? pv_get_null(msg, p, res)
						: str_or_null(msg, p, res, &body);
	case M_SRC_IP:
		return static_str(msg, p, res, ip_addr2a(&msg->rcv.src_ip));
	default:
		return pv_get_uintval(msg, p, res, msg->rcv.src_port);
	}
}

/* --- sockets ----------------------------------------------------------------------------- */

enum sock_field {
	S_ALL = 1,
	S_IP,
	S_PORT,
	S_PROTO
};

static int parse_sock_field(pv_spec_p sp, const str *in)
{
	static const char *const names[] = {"ip", "port", "proto", NULL};
	int i;

	for (i = 0; names[i]; i++)
		if (str_match_nt(in, names[i]))
			return pv_init_iname(sp, S_IP + i);
	return -1;
}

static int sock_field(
	struct sip_msg *msg, pv_param_t *p, pv_value_t *res, const struct socket_info *si)
{
	str s = STR_NULL;

	if (!si)
		return pv_get_null(msg, p, res);
	switch (part_of(p)) {
	case S_IP:
		s = si->address_str;
		break;
	case S_PORT:
		return pv_get_uintval(msg, p, res, si->port_no);
	case S_PROTO:
		return static_str(msg, p, res, proto2a(si->proto));
	default:
		s = si->sock_str;
	}
	return str_or_null(msg, p, res, &s);
}

static int get_socket_in(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	return sock_field(msg, p, res, msg ? msg->rcv.bind_address : NULL);
}

static int get_socket_out(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	const struct socket_info *si = msg ? msg->force_send_socket : NULL;

	return sock_field(msg, p, res, msg && !si ? msg->rcv.bind_address : si);
}

static int set_socket_out(struct sip_msg *msg, pv_param_t *p, int op, pv_value_t *val)
{
	const struct socket_info *si;

	(void)op;
	if (!msg || part_of(p) != S_ALL)
		return -1;
	if (!val) {
		msg->force_send_socket = NULL;
		return 0;
	}
	if (need_str(val, "$socket_out") < 0)
		return -1;
	si = parse_sock_info(&val->rs);
	if (!si) {
		LM_WARN("no such listener: %.*s\n", val->rs.len, val->rs.s);
		return -1;
	}
	msg->force_send_socket = si;
	return 0;
}

/* --- the script --------------------------------------------------------------------------- */

static int get_retcode(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	return pv_get_sintval(msg, p, res, return_code);
}

static int parse_var_name(pv_spec_p sp, const str *in)
{
	script_var_t *var = in->len ? add_var(in) : NULL;

	if (!var)
		return -1;
	sp->pvp.pvn.u.isname.type = AVP_NAME_STR;
	sp->pvp.pvn.u.isname.name.s.s = (char *)(void *)var;
	return 0;
}

static script_var_t *var_of(pv_param_t *p)
{
	return (script_var_t *)(void *)p->pvn.u.isname.name.s.s;
}

static int get_var(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	script_val_t *v = &var_of(p)->v;

	if (v->flags & VAR_VAL_NULL)
		return pv_get_null(msg, p, res);
	if (v->flags & VAR_VAL_STR)
		return pv_get_strval(msg, p, res, &v->value.s);
	return pv_get_sintval(msg, p, res, v->value.n);
}

static int set_var(struct sip_msg *msg, pv_param_t *p, int op, pv_value_t *val)
{
	int_str is;

	(void)msg;
	(void)op;
	if (!val)
		return set_var_value(var_of(p), NULL, VAR_VAL_NULL) ? 0 : -1;
	if (pvv_is_int(val)) {
		is.n = val->ri;
		return set_var_value(var_of(p), &is, 0) ? 0 : -1;
	}
	is.s = val->rs;
	return set_var_value(var_of(p), &is, VAR_VAL_STR) ? 0 : -1;
}

static int avp_value(struct sip_msg *msg, pv_param_t *p, pv_value_t *res, struct usr_avp *avp)
{
	int_str v;

	if (!avp || avp->flags & AVP_VAL_NULL)
		return pv_get_null(msg, p, res);
	get_avp_val(avp, &v);
	return avp->flags & AVP_VAL_STR ? pv_get_strval(msg, p, res, &v.s)
					: pv_get_sintval(msg, p, res, v.n);
}

static int get_avp(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	int idx = index_of(p);

	if (idx < 0)
		idx += count_avps(0, part_of(p));
	return avp_value(msg, p, res,
		idx < 0 ? NULL : search_index_avp(0, part_of(p), NULL, (unsigned int)idx));
}

/* "=" adds in front; ":=" and null throw away what was there; an index replaces that one. */
static int set_avp(struct sip_msg *msg, pv_param_t *p, int op, pv_value_t *val)
{
	unsigned short type = val && !pvv_is_int(val) ? AVP_VAL_STR : 0;
	int idx = index_of(p), indexed = p->pvi.type != 0;
	int_str is;

	(void)msg;
	if (!val && indexed) {
		destroy_index_avp(0, part_of(p), idx);
		return 0;
	}
	if (!val || op == COLONEQ_T)
		destroy_avps(0, part_of(p), 1);
	if (!val)
		return 0;
	if (type)
		is.s = val->rs;
	else
		is.n = val->ri;
	if (!indexed)
		return add_avp(type, part_of(p), is);
	if (replace_avp(type, part_of(p), is, idx) == 0)
		return 0;
	LM_ERR("no AVP with index %d\n", idx);
	return -1;
}

#define PV(_name) str_const_init(_name)
#define PART(_name, _get, _set, _part)                                                             \
	{                                                                                          \
		PV(_name), PVT_CORE, _get, _set, NULL, NULL, pv_init_iname, _part                  \
	}

const pv_export_t core_pvs[] = {
	PART("ru", get_ruri, set_ruri_pv, P_ALL),
	PART("rU", get_ruri, set_ruri_part, P_USER),
	PART("rd", get_ruri, set_ruri_part, P_DOMAIN),
	PART("rp", get_ruri, set_ruri_part, P_PORT),
	PART("du", get_dsturi, set_dsturi_pv, 0),
	PART("fu", get_from_pv, NULL, P_ALL),
	PART("fU", get_from_pv, NULL, P_USER),
	PART("fd", get_from_pv, NULL, P_DOMAIN),
	PART("ft", get_from_pv, NULL, P_TAG),
	PART("tu", get_to_pv, NULL, P_ALL),
	PART("tU", get_to_pv, NULL, P_USER),
	PART("td", get_to_pv, NULL, P_DOMAIN),
	PART("tt", get_to_pv, NULL, P_TAG),
	PART("ci", get_known, NULL, HDR_CALLID_T),
	PART("ua", get_known, NULL, HDR_USERAGENT_T),
	PART("cs", get_cseq_pv, NULL, 0),
	PART("rm", get_method, NULL, 0),
	PART("rs", get_msg_field, NULL, M_STATUS),
	PART("rr", get_msg_field, NULL, M_REASON),
	PART("rb", get_msg_field, NULL, M_BODY),
	PART("si", get_msg_field, NULL, M_SRC_IP),
	PART("sp", get_msg_field, NULL, M_SRC_PORT),
	PART("retcode", get_retcode, NULL, 0),
	PART("rc", get_retcode, NULL, 0),
	{PV("ct"), PVT_CORE, get_contact, NULL, NULL, pv_parse_index, NULL, 0},
	{PV("hdr"), PVT_HDR, get_hdr, NULL, pv_parse_str_name, pv_parse_index, pv_name_required, 0},
	{PV("socket_in"), PVT_CORE, get_socket_in, NULL, parse_sock_field, NULL, pv_init_iname,
		S_ALL},
	{PV("socket_out"), PVT_CORE, get_socket_out, set_socket_out, parse_sock_field, NULL,
		pv_init_iname, S_ALL},
	{PV("param"), PVT_ROUTE_PARAM, pv_get_route_param, NULL, pv_parse_str_name, NULL,
		pv_name_required, 0},
	{PV("var"), PVT_SCRIPTVAR, get_var, set_var, parse_var_name, NULL, pv_name_required, 0},
	{PV("avp"), PVT_AVP, get_avp, set_avp, pv_parse_avp_name, pv_parse_index, pv_name_required,
		0},
	{{NULL, 0}, 0, NULL, NULL, NULL, NULL, NULL, 0},
};
