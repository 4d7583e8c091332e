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
	P_PROTO,
	P_TAG,
	P_DISPLAY
};

static int part_of(pv_param_t *p)
{
	return p->pvn.u.isname.name.n;
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
	case P_PROTO:
		return static_str(msg, p, res, proto2a(proto));
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

static int get_ouri(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	return is_request(msg) ? text_part(msg, p, res, &msg->first_line.u.request.uri)
			       : pv_get_null(msg, p, res);
}

static int get_dsturi(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	return msg ? text_part(msg, p, res, &msg->dst_uri) : pv_get_null(msg, p, res);
}

static int need_str(pv_value_t *val, const char *what)
{
	if (val && val->flags & PV_VAL_STR)
		return 0;
	LM_ERR("%s must be set to a text\n", what);
	return -1;
}

static int set_ruri_part(struct sip_msg *msg, pv_param_t *p, int op, pv_value_t *val)
{
	static const struct {
		enum rw_ruri_part part;
	} rewrite[] = {
		[P_USER] = {RW_RURI_USER}, [P_DOMAIN] = {RW_RURI_HOST}, [P_PORT] = {RW_RURI_PORT}};
	str empty = {(char *)"", 0};

	(void)op;
	if (!is_request(msg))
		return -1;
	if (val && !(val->flags & PV_VAL_STR))
		val->rs.s = sint2str(val->ri, &val->rs.len);
	if (part_of(p) == P_ALL) {
		if (!val || val->flags & PV_VAL_EMPTY) { /* back to what was received */
			pkg_free(msg->new_uri.s);
			msg->new_uri = STR_NULL;
			msg->parsed_uri_ok = 0;
			return 0;
		}
		return set_ruri(msg, &val->rs);
	}
	if (part_of(p) == P_DOMAIN && need_str(val, "$rd") < 0)
		return -1;
	return rewrite_ruri(msg, val ? &val->rs : &empty, 0, rewrite[part_of(p)].part);
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
	case P_DISPLAY:
		return str_or_null(msg, p, res, &b->display);
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

/* P-Asserted-Identity */
static int get_pai(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	struct hdr_field *h;
	struct to_body b;

	if (!msg || parse_headers(msg, HDR_EOH_F, 0) < 0)
		return pv_get_null(msg, p, res);
	h = get_header_by_static_name(msg, "P-Asserted-Identity");
	if (!h)
		return pv_get_null(msg, p, res);
	memset(&b, 0, sizeof(b));
	parse_to(h->body.s, h->body.s + h->body.len + 1, &b);
	if (b.error != PARSE_OK)
		b.uri = STR_NULL;
	free_to_params(&b);
	return str_or_null(msg, p, res, &b.uri);
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

/* One more of several values in a buffer of pv_next_buf(). */
static int add_to_list(str *list, const str *s)
{
	if (list->len + s->len + 2 > pv_print_buf_size) {
		LM_ERR("values do not fit %d bytes\n", pv_print_buf_size);
		return -1;
	}
	if (list->len) {
		memcpy(list->s + list->len, ", ", 2);
		list->len += 2;
	}
	if (s->len)
		memcpy(list->s + list->len, s->s, s->len);
	list->len += s->len;
	return 0;
}

static int all_hdrs(struct sip_msg *msg, str *name, hdr_types_t type, str *out)
{
	struct hdr_field *h;

	*out = (str){pv_next_buf(), 0};
	for (h = msg->headers; h; h = h->next)
		if (hdr_matches(h, name, type) && add_to_list(out, &h->body) < 0)
			return -1;
	return 0;
}

static int hdr_name_of(struct sip_msg *msg, pv_param_t *p, str *name, hdr_types_t *type)
{
	pv_value_t v;

	if (!msg || parse_headers(msg, HDR_EOH_F, 0) < 0 || pv_get_spec_name(msg, p, &v) < 0 ||
		!(v.flags & PV_VAL_STR))
		return -1;
	*name = v.rs;
	*type = hdr_type_by_name(name->s, name->len);
	return 0;
}

static int get_hdr(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	int idx, flags;
	hdr_types_t type;
	struct hdr_field *h;
	str name, all;

	if (hdr_name_of(msg, p, &name, &type) < 0 || pv_get_spec_index(msg, p, &idx, &flags) < 0)
		return pv_get_null(msg, p, res);
	if (flags == PV_IDX_ALL)
		return all_hdrs(msg, &name, type, &all) < 0 ? -1 : str_or_null(msg, p, res, &all);
	if (idx < 0)
		idx += count_hdrs(msg, &name, type);
	for (h = msg->headers; h && idx >= 0; h = h->next)
		if (hdr_matches(h, &name, type) && idx-- == 0)
			return pv_get_strval(msg, p, res, &h->body);
	return pv_get_null(msg, p, res);
}

static int get_hdrcnt(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	hdr_types_t type;
	str name;

	if (hdr_name_of(msg, p, &name, &type) < 0)
		return pv_get_null(msg, p, res);
	return pv_get_uintval(msg, p, res, count_hdrs(msg, &name, type));
}

/* The contact number idx of all Contact headers. */
static contact_t *nth_contact(struct sip_msg *msg, pv_param_t *p)
{
	contact_t *c = NULL;
	int idx, flags;

	if (!msg || parse_headers(msg, HDR_EOH_F, 0) < 0 || !msg->contact ||
		pv_get_spec_index(msg, p, &idx, &flags) < 0 || flags == PV_IDX_ALL)
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
	contact_t *c;
	str s, all;

	if (p->pvi.type != PV_IDX_ALL) {
		c = nth_contact(msg, p);
		s = c ? contact_text(c) : STR_NULL;
		return str_or_null(msg, p, res, &s);
	}
	all = (str){pv_next_buf(), 0};
	for (c = NULL; msg && contact_iterator(&c, msg, c) == 0 && c;) {
		s = contact_text(c);
		if (add_to_list(&all, &s) < 0)
			return -1;
	}
	return str_or_null(msg, p, res, &all);
}

enum ct_field {
	CT_NAME = 1,
	CT_URI,
	CT_Q,
	CT_EXPIRES,
	CT_METHODS,
	CT_RECEIVED
};

static int parse_ct_field(pv_spec_p sp, const str *in)
{
	static const char *const names[] = {
		"name", "uri", "q", "expires", "methods", "received", NULL};
	int i;

	for (i = 0; names[i]; i++)
		if (str_match_nt(in, names[i]))
			return pv_init_iname(sp, i + 1);
	return -1;
}

static int get_ct_fields(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	contact_t *c = nth_contact(msg, p);
	param_t *param = NULL;

	if (!c)
		return pv_get_null(msg, p, res);
	switch (part_of(p)) {
	case CT_NAME:
		return str_or_null(msg, p, res, &c->name);
	case CT_URI:
		return str_or_null(msg, p, res, &c->uri);
	case CT_Q:
		param = c->q;
		break;
	case CT_EXPIRES:
		param = c->expires;
		break;
	case CT_METHODS:
		param = c->methods;
		break;
	case CT_RECEIVED:
		param = c->received;
		break;
	}
	return str_or_null(msg, p, res, param ? &param->body : NULL);
}

/* --- the message ------------------------------------------------------------------------- */

enum msg_field {
	M_STATUS = 1,
	M_REASON,
	M_LEN,
	M_BUF,
	M_BODY,
	M_IS_REQUEST,
	M_TYPE,
	M_SRC_IP,
	M_SRC_PORT,
	M_FLAGS,
	M_BFLAGS
};

static int get_msg_field(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	str s = STR_NULL;

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
	case M_LEN:
		return pv_get_uintval(msg, p, res, msg->len);
	case M_BUF:
		s = (str){msg->buf, (int)msg->len};
		break;
	case M_BODY:
		if (get_body(msg, &s) < 0)
			s = STR_NULL;
		break;
	case M_IS_REQUEST:
		return static_str(msg, p, res, is_request(msg) ? "true" : "false");
	case M_TYPE:
		return static_str(msg, p, res, is_request(msg) ? "request" : "reply");
	case M_SRC_IP:
		return static_str(msg, p, res, ip_addr2a(&msg->rcv.src_ip));
	case M_SRC_PORT:
		return pv_get_uintval(msg, p, res, msg->rcv.src_port);
	case M_FLAGS:
		s = bitmask_to_flag_list(FLAG_TYPE_MSG, (int)msg->flags);
		return pv_get_strval(msg, p, res, &s);
	case M_BFLAGS:
		s = bitmask_to_flag_list(FLAG_TYPE_BRANCH, (int)getb0flags(msg));
		return pv_get_strval(msg, p, res, &s);
	}
	return str_or_null(msg, p, res, &s);
}

static int parse_flag_name(pv_spec_p sp, const str *in)
{
	int bit = in->len ? get_flag_id_by_name(FLAG_TYPE_MSG, in->s, in->len) : -1;

	return bit < 0 ? -1 : pv_init_iname(sp, bit + 1);
}

static int get_msg_flag(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	if (!msg)
		return pv_get_null(msg, p, res);
	return static_str(msg, p, res, msg->flags & 1U << (part_of(p) - 1) ? "true" : "false");
}

static int set_msg_flag(struct sip_msg *msg, pv_param_t *p, int op, pv_value_t *val)
{
	flag_t mask = 1U << (part_of(p) - 1);

	(void)op;
	if (!msg)
		return -1;
	if (!val || (pvv_is_int(val) && !val->ri))
		resetflag(msg, mask);
	else
		setflag(msg, mask);
	return 0;
}

/* --- sockets ----------------------------------------------------------------------------- */

enum sock_field {
	S_ALL = 1,
	S_IP,
	S_PORT,
	S_PROTO,
	S_AF,
	S_TAG,
	S_ADV_IP,
	S_ADV_PORT
};

static int parse_sock_field(pv_spec_p sp, const str *in)
{
	static const char *const names[] = {
		"ip", "port", "proto", "af", "tag", "advertised_ip", "advertised_port", NULL};
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
	case S_AF:
		return static_str(msg, p, res, si->address.af == AF_INET ? "INET" : "INET6");
	case S_TAG:
		s = si->tag;
		break;
	case S_ADV_IP:
		s = si->adv_name_str;
		break;
	case S_ADV_PORT:
		s = si->adv_port_str;
		break;
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

static int get_pid(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	return pv_get_sintval(msg, p, res, my_pid());
}

static int get_cfg_line(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	const struct action *a = current_action();

	return a ? pv_get_sintval(msg, p, res, a->line) : pv_get_null(msg, p, res);
}

static int get_cfg_file(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	const struct action *a = current_action();

	return a ? static_str(msg, p, res, a->file) : pv_get_null(msg, p, res);
}

static int get_log_level(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	return pv_get_sintval(msg, p, res, *log_level);
}

static int set_log_level_pv(struct sip_msg *msg, pv_param_t *p, int op, pv_value_t *val)
{
	(void)msg;
	(void)p;
	(void)op;
	if (!val) {
		reset_proc_log_level();
		return 0;
	}
	if (!pvv_is_int(val)) {
		LM_ERR("$log_level must be set to a number\n");
		return -1;
	}
	set_proc_log_level(val->ri);
	return 0;
}

static int get_ts(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	return pv_get_uintval(msg, p, res, (unsigned int)time(NULL));
}

static int get_time(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	char fmt[128];
	time_t now = time(NULL);
	pv_value_t v;
	struct tm tm;
	str out;

	if (pv_get_spec_name(msg, p, &v) < 0 || v.rs.len >= (int)sizeof(fmt) ||
		!localtime_r(&now, &tm))
		return pv_get_null(msg, p, res);
	memcpy(fmt, v.rs.s, v.rs.len);
	fmt[v.rs.len] = 0;
	out.s = pv_next_buf();
	out.len = (int)strftime(out.s, pv_print_buf_size, fmt, &tm);
	return str_or_null(msg, p, res, &out);
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

static int all_avps(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	struct usr_avp *avp = NULL;
	str out = {pv_next_buf(), 0};
	pv_value_t v;

	while ((avp = search_first_avp(0, part_of(p), NULL, avp))) {
		avp_value(msg, p, &v, avp);
		if (add_to_list(&out, &v.rs) < 0)
			return -1;
	}
	return str_or_null(msg, p, res, &out);
}

static int get_avp(struct sip_msg *msg, pv_param_t *p, pv_value_t *res)
{
	int idx, flags;

	if (pv_get_spec_index(msg, p, &idx, &flags) < 0)
		return -1;
	if (flags == PV_IDX_ALL)
		return all_avps(msg, p, res);
	if (idx < 0)
		idx += count_avps(0, part_of(p));
	return avp_value(msg, p, res,
		idx < 0 ? NULL : search_index_avp(0, part_of(p), NULL, (unsigned int)idx));
}

/* "=" adds in front; ":=" and null throw away what was there; an index replaces that one. */
static int set_avp(struct sip_msg *msg, pv_param_t *p, int op, pv_value_t *val)
{
	unsigned short type = val && !pvv_is_int(val) ? AVP_VAL_STR : 0;
	int idx, flags, indexed = p->pvi.type != 0;
	int_str is;

	if (pv_get_spec_index(msg, p, &idx, &flags) < 0)
		return -1;
	if (flags == PV_IDX_ALL)
		indexed = 0;
	if (!val && indexed) {
		destroy_index_avp(0, part_of(p), idx);
		return 0;
	}
	if (!val || op == COLONEQ_T || flags == PV_IDX_ALL)
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
	PART("ru", get_ruri, set_ruri_part, P_ALL),
	PART("rU", get_ruri, set_ruri_part, P_USER),
	PART("rd", get_ruri, set_ruri_part, P_DOMAIN),
	PART("rp", get_ruri, set_ruri_part, P_PORT),
	PART("rP", get_ruri, NULL, P_PROTO),
	PART("ou", get_ouri, NULL, P_ALL),
	PART("oU", get_ouri, NULL, P_USER),
	PART("od", get_ouri, NULL, P_DOMAIN),
	PART("op", get_ouri, NULL, P_PORT),
	PART("oP", get_ouri, NULL, P_PROTO),
	PART("du", get_dsturi, set_dsturi_pv, P_ALL),
	PART("dd", get_dsturi, NULL, P_DOMAIN),
	PART("dp", get_dsturi, NULL, P_PORT),
	PART("dP", get_dsturi, NULL, P_PROTO),
	PART("fu", get_from_pv, NULL, P_ALL),
	PART("fU", get_from_pv, NULL, P_USER),
	PART("fd", get_from_pv, NULL, P_DOMAIN),
	PART("ft", get_from_pv, NULL, P_TAG),
	PART("fn", get_from_pv, NULL, P_DISPLAY),
	PART("tu", get_to_pv, NULL, P_ALL),
	PART("tU", get_to_pv, NULL, P_USER),
	PART("td", get_to_pv, NULL, P_DOMAIN),
	PART("tt", get_to_pv, NULL, P_TAG),
	PART("tn", get_to_pv, NULL, P_DISPLAY),
	PART("ai", get_pai, NULL, P_ALL),
	PART("ci", get_known, NULL, HDR_CALLID_T),
	PART("ua", get_known, NULL, HDR_USERAGENT_T),
	PART("cT", get_known, NULL, HDR_CONTENTTYPE_T),
	PART("cl", get_known, NULL, HDR_CONTENTLENGTH_T),
	PART("path", get_known, NULL, HDR_PATH_T),
	PART("cs", get_cseq_pv, NULL, 0),
	PART("rm", get_method, NULL, 0),
	PART("rs", get_msg_field, NULL, M_STATUS),
	PART("rr", get_msg_field, NULL, M_REASON),
	PART("ml", get_msg_field, NULL, M_LEN),
	PART("mb", get_msg_field, NULL, M_BUF),
	PART("rb", get_msg_field, NULL, M_BODY),
	PART("msg.is_request", get_msg_field, NULL, M_IS_REQUEST),
	PART("msg.type", get_msg_field, NULL, M_TYPE),
	PART("si", get_msg_field, NULL, M_SRC_IP),
	PART("sp", get_msg_field, NULL, M_SRC_PORT),
	PART("mf", get_msg_field, NULL, M_FLAGS),
	PART("bf", get_msg_field, NULL, M_BFLAGS),
	PART("retcode", get_retcode, NULL, 0),
	PART("rc", get_retcode, NULL, 0),
	PART("pp", get_pid, NULL, 0),
	PART("Ts", get_ts, NULL, 0),
	PART("cfg_line", get_cfg_line, NULL, 0),
	PART("cfg_file", get_cfg_file, NULL, 0),
	PART("log_level", get_log_level, set_log_level_pv, 0),
	{PV("ct"), PVT_CORE, get_contact, NULL, NULL, pv_parse_index, NULL, 0},
	{PV("ct.fields"), PVT_CORE, get_ct_fields, NULL, parse_ct_field, pv_parse_index,
		pv_name_required, 0},
	{PV("hdr"), PVT_HDR, get_hdr, NULL, pv_parse_str_name, pv_parse_index, pv_name_required, 0},
	{PV("hdrcnt"), PVT_CORE, get_hdrcnt, NULL, pv_parse_str_name, NULL, pv_name_required, 0},
	{PV("msg.flag"), PVT_CORE, get_msg_flag, set_msg_flag, parse_flag_name, NULL,
		pv_name_required, 0},
	{PV("socket_in"), PVT_CORE, get_socket_in, NULL, parse_sock_field, NULL, pv_init_iname,
		S_ALL},
	{PV("socket_out"), PVT_CORE, get_socket_out, set_socket_out, parse_sock_field, NULL,
		pv_init_iname, S_ALL},
	{PV("time"), PVT_CORE, get_time, NULL, pv_parse_str_name, NULL, pv_name_required, 0},
	{PV("param"), PVT_ROUTE_PARAM, pv_get_route_param, NULL, pv_parse_str_name, NULL,
		pv_name_required, 0},
	{PV("var"), PVT_SCRIPTVAR, get_var, set_var, parse_var_name, NULL, pv_name_required, 0},
	{PV("avp"), PVT_AVP, get_avp, set_avp, pv_parse_avp_name, pv_parse_index, pv_name_required,
		0},
	{{NULL, 0}, 0, NULL, NULL, NULL, NULL, NULL, 0},
};
