/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SIP message, parsed as far as somebody asked for.
 *
 * Nothing is copied: every str below is a span of msg->buf, which stays as received. The
 * headers are cut from msg->unparsed on, one by one, until those asked for have been seen
 * (parse_headers()). Via, To, CSeq and Content-Length are parsed when they are met, since
 * nearly every message needs them; everything else by its own parse_...() function. What the
 * parsers allocate is private memory that hangs on hdr_field.parsed and is freed by
 * free_sip_msg(). Changes to a message are lumps (data_lump.h), applied when it is sent.
 */
#ifndef MSG_PARSER_H
#define MSG_PARSER_H

#include <string.h>
#include <strings.h>

#include "../str.h"
#include "../lump_struct.h"
#include "../ip_addr.h"
#include "../qvalue.h"
#include "../config.h"
#include "parse_def.h"
#include "parse_cseq.h"
#include "parse_content.h"
#include "parse_via.h"
#include "parse_fline.h"
#include "hf.h"
#include "../trim.h"

#define REQ_LINE(_msg) ((_msg)->first_line.u.request)
#define REQ_METHOD     first_line.u.request.method_value
#define REQ_METHOD_S   first_line.u.request.method
#define REPLY_STATUS   first_line.u.reply.statuscode

/* Powers of two, so that they can be sets. 0 is no method. */
enum request_method {
	METHOD_UNDEF = 0,
	METHOD_INVITE = 1,
	METHOD_CANCEL = 2,
	METHOD_ACK = 4,
	METHOD_BYE = 8,
	METHOD_INFO = 16,
	METHOD_OPTIONS = 32,
	METHOD_UPDATE = 64,
	METHOD_REGISTER = 128,
	METHOD_MESSAGE = 256,
	METHOD_SUBSCRIBE = 512,
	METHOD_NOTIFY = 1024,
	METHOD_PRACK = 2048,
	METHOD_REFER = 4096,
	METHOD_PUBLISH = 8192,
	METHOD_OTHER = 16384
};

/* sip_msg.msg_flags; the numbers are those of OpenSIPS */
#define FL_FORCE_RPORT  (1 << 0)  /* reply to the source port even without rport */
#define FL_REPLY_TO_VIA (1 << 1)  /* reply to the address in Via */
#define FL_SHM_CLONE    (1 << 5)  /* one block in shared memory */
#define FL_SHM_UPDATED  (1 << 16) /* tm: the clone has what the script changed, and stays so */
#define FL_TM_FAKE_REQ  (1 << 18) /* rebuilt from a transaction */
#define FL_IS_LOCAL     (1 << 21) /* made here, not received */

#define URI_MAX_U_PARAMS 10

/* A message with more header fields than this is malformed. */
#define MAX_HEADER_FIELDS 256

/* Where a request goes: dst_uri, else the changed Request-URI, else the one it came with. */
#define GET_NEXT_HOP(m) (((m)->dst_uri.s && (m)->dst_uri.len) ? (&(m)->dst_uri) : GET_RURI(m))
#define GET_RURI(m)                                                                                \
	(((m)->new_uri.s && (m)->new_uri.len) ? (&(m)->new_uri) : (&(m)->first_line.u.request.uri))

enum _uri_type {
	ERROR_URI_T = 0,
	SIP_URI_T,
	SIPS_URI_T,
	TEL_URI_T,
	TELS_URI_T
};
typedef enum _uri_type uri_type;

struct sip_uri {
	str user;
	str passwd;
	str host; /* IPv6 with its brackets */
	str port;
	str params;             /* after the first ';' */
	str headers;            /* after the '?' */
	unsigned short port_no; /* 0: not given */
	unsigned short proto;   /* of transport=, PROTO_NONE without */
	uri_type type;

	/* known parameters as written, name=value */
	str transport;
	str ttl;
	str user_param;
	str maddr;
	str method;
	str lr;
	str r2;
	str gr;

	/* their values alone */
	str transport_val;
	str ttl_val;
	str user_param_val;
	str maddr_val;
	str method_val;
	str lr_val;
	str r2_val;
	str gr_val;

	/* all others; those beyond URI_MAX_U_PARAMS are in params only */
	str u_name[URI_MAX_U_PARAMS];
	str u_val[URI_MAX_U_PARAMS];
	unsigned short u_params_no;
};

#include "parse_to.h"

struct socket_info;
struct lump_rpl;
struct msg_callback;

struct sip_msg {
	unsigned int id; /* unique in this process */
	struct msg_start first_line;
	struct via_body *via1;
	struct via_body *via2;
	struct hdr_field *headers;
	struct hdr_field *last_header;
	hdr_flags_t parsed_flag;
	unsigned int hdr_no;  /* headers seen so far, at most MAX_HEADER_FIELDS */
	unsigned int hdr_bad; /* malformed ones among them, or left out */

	/* the first of each type; all are in `headers` too */
	struct hdr_field *h_via1;
	struct hdr_field *callid;
	struct hdr_field *to;
	struct hdr_field *cseq;
	struct hdr_field *from;
	struct hdr_field *contact;
	struct hdr_field *maxforwards;
	struct hdr_field *route;
	struct hdr_field *record_route;
	struct hdr_field *path;
	struct hdr_field *content_type;
	struct hdr_field *content_length;
	struct hdr_field *authorization;
	struct hdr_field *expires;
	struct hdr_field *proxy_auth;
	struct hdr_field *supported;
	struct hdr_field *allow;
	struct hdr_field *event;
	struct hdr_field *subject;
	struct hdr_field *user_agent;

	char *eoh;      /* the empty line after the headers, once it was reached */
	char *unparsed; /* here parsing goes on */

	struct receive_info rcv;

	char *buf; /* as received, never changed */
	unsigned int len;

	/* the first branch; private memory, see set_ruri() and the like */
	str new_uri;
	str dst_uri;
	qvalue_t ruri_q;
	unsigned int ruri_bflags;
	const struct socket_info *force_send_socket;
	str path_vec;

	struct lump *add_rm;         /* changes to headers */
	struct lump_rpl *reply_lump; /* additions to replies made here */

	char add_to_branch_s[MAX_BRANCH_PARAM_LEN]; /* the branch of our Via */
	int add_to_branch_len;

	unsigned int hash_index; /* of tm's table */

	unsigned int flags; /* of the script */
	unsigned int msg_flags;

	str set_global_address;
	str set_global_port;
};

/* What tm's callbacks get instead of a reply that never came. */
#define FAKED_REPLY ((struct sip_msg *)-1)

/*
 * Begins to parse a message: first line and topmost Via. buf needs no terminator; msg must be
 * zero but for what the caller wants kept (rcv, id). Returns 0, -1 when it is not SIP or the Via
 * is missing or malformed; msg->first_line.type tells how far it got. With free_on_err the
 * parts are freed then.
 */
int parse_msg_opt(char *buf, unsigned int len, struct sip_msg *msg, int free_on_err);
#define parse_msg(_buf, _len, _msg) parse_msg_opt(_buf, _len, _msg, 1)

/*
 * Goes on parsing until all types in flags have been seen, or the headers end. With next=1 at
 * least one more of these has to be met, for headers that come several times. Returns 0 whether
 * they were found or not, -1 on a malformed header.
 */
int parse_headers(struct sip_msg *msg, hdr_flags_t flags, int next);

/* Parses all headers, going on behind malformed ones, which are counted in msg->hdr_bad. */
void parse_all_headers(struct sip_msg *msg);

/* Cuts one header off at buf, and parses the few that are parsed at once. hdr->type is
 * HDR_ERROR_T or HDR_EOH_T when there is none. Returns where to go on. */
char *get_hdr_field(char *buf, char *end, struct hdr_field *hdr);

/* The pointer of struct sip_msg to the first header of this type, NULL if it has none. */
struct hdr_field **hdr_first(struct sip_msg *msg, hdr_types_t type);

/* Frees what msg points to, not msg, not its buffer. */
void free_sip_msg(struct sip_msg *msg);

/* Makes sure that From, To, CSeq, Call-ID and the topmost Via are there. 1, or 0 if not. */
int check_transaction_quadruple(struct sip_msg *msg);

/*
 * What keeps a message with a good Via from being processed: a mandatory header that is missing,
 * doubled or malformed, a CSeq for another method, a body shorter than announced, another SIP
 * version. Returns NULL, or a reason phrase for the reply and the log, and its status in *code.
 * All headers have been looked at then.
 */
const char *msg_defect(struct sip_msg *msg, int *code);

/* The body by Content-Length, else all that is left. 0 (body->len 0: none), -1 if it is short. */
int get_body(struct sip_msg *msg, str *body);

/* Private copies of a URI for the first branch; NULL is not allowed. 0, -1 without memory. */
int set_ruri(struct sip_msg *msg, str *uri);
int set_dst_uri(struct sip_msg *msg, str *uri);
void reset_dst_uri(struct sip_msg *msg);
int set_path_vector(struct sip_msg *msg, str *path);
void clear_path_vector(struct sip_msg *msg);

#define set_ruri_q(_msg, _q)     (_msg)->ruri_q = _q
#define get_ruri_q(_msg)         (_msg)->ruri_q
#define getb0flags(_msg)         (_msg)->ruri_bflags
#define setb0flags(_msg, _flags) (_msg)->ruri_bflags = _flags

/* By name in any case, in what has been parsed so far: call parse_headers(HDR_EOH_F) first. */
static inline struct hdr_field *get_header_by_name(struct sip_msg *msg, const char *s, int len)
{
	struct hdr_field *hdr;

	for (hdr = msg->headers; hdr; hdr = hdr->next)
		if (hdr->name.len == len && !strncasecmp(hdr->name.s, s, len))
			return hdr;
	return NULL;
}
#define get_header_by_static_name(_msg, _name) get_header_by_name(_msg, _name, sizeof(_name) - 1)

#endif
