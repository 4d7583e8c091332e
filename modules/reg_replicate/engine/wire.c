/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two private headers: a version, then parameters. What there is of parameters is one table
 * for each header, which reading and the check for required ones go by. doc/PROTOCOL.md is the
 * description for others.
 */
#include <string.h>
#include <strings.h>

#include "cover.h"
#include "cursor.h"
#include "engine.h"
#include "wire.h"

#define HLC_MS_MAX      (((uint64_t)1 << (64 - RR_HLC_BITS)) - 1)
#define HLC_COUNTER_MAX (((uint64_t)1 << RR_HLC_BITS) - 1)

const char *rr_wire_strerror(int error)
{
	switch (error) {
#define X(name, text)                                                                              \
	case RR_WIRE_##name:                                                                       \
		return text;
		RR_WIRE_ERRORS(X)
#undef X
	default:
		return error < 0 ? "unknown error" : "success";
	}
}

/* --- values: each has one function to read it and one to write it ------------------------- */

static uint32_t get_node(struct rr_in *in)
{
	uint32_t node = (uint32_t)rr_in_number(in, UINT32_MAX);

	if (!in->error && node == 0)
		rr_in_fail(in, RR_WIRE_ERANGE);
	return node;
}

static uint64_t get_epoch(struct rr_in *in)
{
	uint64_t epoch = rr_in_number(in, UINT64_MAX);

	if (!in->error && epoch == 0)
		rr_in_fail(in, RR_WIRE_ERANGE);
	return epoch;
}

/* ms[.counter] */
static uint64_t get_time(struct rr_in *in)
{
	uint64_t time = rr_hlc(rr_in_number(in, HLC_MS_MAX));

	if (rr_in_try(in, '.'))
		time |= rr_in_number(in, HLC_COUNTER_MAX);
	return time;
}

static void put_time(struct rr_out *out, uint64_t time)
{
	rr_out_number(out, rr_hlc_ms(time));
	if (time & HLC_COUNTER_MAX) {
		rr_out_word(out, ".");
		rr_out_number(out, time & HLC_COUNTER_MAX);
	}
}

/* node/epoch */
static struct rr_stream_id get_stream(struct rr_in *in)
{
	struct rr_stream_id id;

	id.node = get_node(in);
	rr_in_expect(in, '/');
	id.epoch = get_epoch(in);
	return id;
}

static void put_stream(struct rr_out *out, struct rr_stream_id id)
{
	rr_out_number(out, id.node);
	rr_out_word(out, "/");
	rr_out_number(out, id.epoch);
}

/* from-to */
static struct rr_span get_span(struct rr_in *in)
{
	struct rr_span span;

	span.from = get_time(in);
	rr_in_expect(in, '-');
	span.to = get_time(in);
	if (!in->error && span.from > span.to)
		rr_in_fail(in, RR_WIRE_ERANGE);
	return span;
}

static void put_span(struct rr_out *out, struct rr_span span)
{
	put_time(out, span.from);
	rr_out_word(out, "-");
	put_time(out, span.to);
}

static enum rr_kind get_kind(struct rr_in *in)
{
	struct rr_str s = rr_in_until(in, "");

	if (s.len == 3 && strncasecmp(s.s, "set", 3) == 0)
		return RR_SET;
	if (s.len == 7 && strncasecmp(s.s, "removed", 7) == 0)
		return RR_REMOVED;
	rr_in_fail(in, RR_WIRE_ESYNTAX);
	return RR_NONE;
}

/* stream@watermark[+from-to]... */
static void get_item(struct rr_in *in, struct rr_vector_item *item)
{
	struct rr_cover *c = &item->cover;

	item->stream = get_stream(in);
	rr_in_expect(in, '@');
	c->watermark = get_time(in);
	while (rr_in_try(in, '+')) {
		if (c->n == RR_EARLY) {
			rr_in_fail(in, RR_WIRE_ETOOLONG);
			return;
		}
		c->early[c->n++] = get_span(in);
	}
	if (!in->error && !rr_cover_valid(c))
		rr_in_fail(in, RR_WIRE_ERANGE);
}

static void put_item(struct rr_out *out, const struct rr_vector_item *item)
{
	put_stream(out, item->stream);
	rr_out_word(out, "@");
	put_time(out, item->cover.watermark);
	for (uint32_t i = 0; i < item->cover.n; i++) {
		rr_out_word(out, "+");
		put_span(out, item->cover.early[i]);
	}
}

static void get_vector(struct rr_in *in, struct rr_state *state)
{
	if (rr_in_end(in))
		return;
	do {
		if (state->n == RR_MAX_STREAMS) {
			rr_in_fail(in, RR_WIRE_ETOOLONG);
			return;
		}
		get_item(in, &state->vector[state->n++]);
	} while (rr_in_try(in, ','));
}

static enum rr_role get_role(struct rr_in *in)
{
	enum rr_role role = rr_role_of(rr_in_until(in, ""));

	if (role == RR_ROLE_MAX)
		rr_in_fail(in, RR_WIRE_ESYNTAX);
	return role;
}

/* root */
static void get_root(struct rr_in *in, struct rr_state *state)
{
	state->digest.told = true;
	state->digest.root = rr_in_hex(in, 16);
}

/* round/group/leaves */
static void get_leaves(struct rr_in *in, struct rr_told_digest *d)
{
	d->round = (uint32_t)rr_in_number(in, UINT32_MAX);
	rr_in_expect(in, '/');
	d->group = (uint16_t)rr_in_number(in, RR_GROUPS - 1);
	rr_in_expect(in, '/');
	for (uint32_t i = 0; i < RR_GROUP; i++)
		d->leaf[i] = rr_in_hex(in, 16);
}

static void put_leaves(struct rr_out *out, const struct rr_told_digest *d)
{
	rr_out_word(out, ";leaves=");
	rr_out_number(out, d->round);
	rr_out_word(out, "/");
	rr_out_number(out, d->group);
	rr_out_word(out, "/");
	for (uint32_t i = 0; i < RR_GROUP; i++)
		rr_out_hex(out, d->leaf[i], 16);
}

static void get_sums(struct rr_in *in, struct rr_told_digest *d)
{
	d->sums = true;
	for (uint32_t i = 0; i < RR_GROUPS; i++)
		d->sum[i] = (uint32_t)rr_in_hex(in, 8);
}

static void put_digest(struct rr_out *out, const struct rr_told_digest *d)
{
	if (!d->told)
		return;
	rr_out_word(out, ";digest=");
	rr_out_hex(out, d->root, 16);
	if (d->round)
		put_leaves(out, d);
	if (!d->sums)
		return;
	rr_out_word(out, ";sums=");
	for (uint32_t i = 0; i < RR_GROUPS; i++)
		rr_out_hex(out, d->sum[i], 8);
}

/* leaf/from-to */
static void get_leaf(struct rr_in *in, struct rr_told_leaf *leaf)
{
	leaf->told = true;
	leaf->leaf = (uint16_t)rr_in_number(in, RR_LEAVES - 1);
	rr_in_expect(in, '/');
	leaf->from = rr_in_hex_any(in);
	rr_in_expect(in, '-');
	leaf->to = rr_in_hex_any(in);
}

/* id/stream@time, of what is gone id/stream-time */
static void get_pairs(struct rr_in *in, struct rr_told_leaf *leaf)
{
	do {
		struct rr_pair *pair = &leaf->pair[leaf->n];

		if (leaf->n == RR_PAIRS) {
			rr_in_fail(in, RR_WIRE_ETOOLONG);
			return;
		}
		leaf->n++;
		pair->id = rr_in_hex_any(in);
		rr_in_expect(in, '/');
		pair->stamp.stream = get_stream(in);
		pair->gone = rr_in_try(in, '-');
		if (!pair->gone)
			rr_in_expect(in, '@');
		pair->stamp.time = get_time(in);
	} while (rr_in_try(in, ','));
}

static void put_leaf(struct rr_out *out, const struct rr_told_leaf *leaf)
{
	if (!leaf->told)
		return;
	rr_out_word(out, ";leaf=");
	rr_out_number(out, leaf->leaf);
	rr_out_word(out, "/");
	rr_out_hex(out, leaf->from, 1);
	rr_out_word(out, "-");
	rr_out_hex(out, leaf->to, 1);
	for (uint32_t i = 0; i < leaf->n; i++) {
		rr_out_word(out, i == 0 ? ";pairs=" : ",");
		rr_out_hex(out, leaf->pair[i].id, 1);
		rr_out_word(out, "/");
		put_stream(out, leaf->pair[i].stamp.stream);
		rr_out_word(out, leaf->pair[i].gone ? "-" : "@");
		put_time(out, leaf->pair[i].stamp.time);
	}
}

/* --- parameters --------------------------------------------------------------------------- */

enum type {
	NODE,
	EPOCH,
	TIME,
	STREAM,
	SPAN,
	KIND,
	NUMBER32,
	NUMBER,
	BOOL,
	ROLE,
	TEXT,
	VECTOR,
	ROOT,
	LEAVES,
	SUMS,
	LEAF,
	PAIRS
};

struct param {
	const char *name;
	enum type type;
	size_t offset; /* in the struct that is read */
	bool required;
};

struct room {
	char *p;
	size_t left;
};

static void get_value(struct rr_in *in, const struct param *param, void *out, struct room *room)
{
	void *field = (char *)out + param->offset;

	switch (param->type) {
	case NODE:
		*(uint32_t *)field = get_node(in);
		break;
	case EPOCH:
		*(uint64_t *)field = get_epoch(in);
		break;
	case TIME:
		*(uint64_t *)field = get_time(in);
		break;
	case STREAM:
		*(struct rr_stream_id *)field = get_stream(in);
		break;
	case SPAN:
		*(struct rr_span *)field = get_span(in);
		break;
	case KIND:
		*(enum rr_kind *)field = get_kind(in);
		break;
	case NUMBER32:
		*(uint32_t *)field = (uint32_t)rr_in_number(in, UINT32_MAX);
		break;
	case NUMBER:
		*(uint64_t *)field = rr_in_number(in, UINT64_MAX);
		break;
	case BOOL:
		*(bool *)field = rr_in_number(in, 1) == 1;
		break;
	case ROLE:
		*(enum rr_role *)field = get_role(in);
		break;
	case TEXT:
		*(struct rr_str *)field = rr_in_text(in, &room->p, &room->left);
		break;
	case VECTOR:
		get_vector(in, field);
		break;
	case ROOT:
		get_root(in, field);
		break;
	case LEAVES:
		get_leaves(in, field);
		break;
	case SUMS:
		get_sums(in, field);
		break;
	case LEAF:
		get_leaf(in, field);
		break;
	case PAIRS:
		get_pairs(in, field);
		break;
	}
	if (!rr_in_end(in))
		rr_in_fail(in, RR_WIRE_ESYNTAX);
}

static const struct param *find(const struct param *params, size_t n, struct rr_str name)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(params[i].name) == name.len &&
			strncasecmp(params[i].name, name.s, name.len) == 0)
			return &params[i];
	return NULL;
}

/* name=value; an unknown one is read over, whatever its value. */
static void get_param(struct rr_in *in, const struct param *params, size_t n, uint32_t *seen,
	void *out, struct room *room)
{
	struct rr_str name = rr_in_until(in, "=; \t");
	const struct param *param = find(params, n, name);
	struct rr_str value = {in->p, 0};
	struct rr_in part;

	if (name.len == 0)
		rr_in_fail(in, RR_WIRE_ESYNTAX);
	if (rr_in_try(in, '='))
		value = rr_in_until(in, "; \t");
	if (!param || in->error)
		return;
	if (*seen & 1U << (param - params))
		rr_in_fail(in, RR_WIRE_EDUPLICATE);
	*seen |= 1U << (param - params);
	part = rr_in(value.s, value.len);
	get_value(&part, param, out, room);
	if (part.error)
		rr_in_fail(in, part.error);
}

static int get_header(struct rr_in *in, const struct param *params, size_t n, uint32_t *seen,
	void *out, struct room *room)
{
	rr_in_blank(in);
	if (rr_in_number(in, UINT32_MAX) != RR_WIRE_VERSION)
		rr_in_fail(in, RR_WIRE_EVERSION);
	rr_in_blank(in);
	while (!rr_in_end(in)) {
		rr_in_expect(in, ';');
		rr_in_blank(in);
		get_param(in, params, n, seen, out, room);
		rr_in_blank(in);
	}
	for (size_t i = 0; i < n; i++)
		if (params[i].required && !(*seen & 1U << i))
			rr_in_fail(in, RR_WIRE_EMISSING);
	return in->error;
}

/* --- Reg-Repl --------------------------------------------------------------------------------- */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void put_at(struct rr_out *out, uint64_t at)
{
	if (at) {
		rr_out_word(out, ";at=");
		rr_out_number(out, at);
	}
}

static const struct param msg_params[] = {
	{"from", NODE, offsetof(struct rr_msg, from), true},
	{"stream", STREAM, offsetof(struct rr_msg, stream), true},
	{"span", SPAN, offsetof(struct rr_msg, span), false},
	{"kind", KIND, offsetof(struct rr_msg, kind), false},
	{"time", TIME, offsetof(struct rr_msg, time), false},
	{"at", NUMBER, offsetof(struct rr_msg, at), false},
	{"keep", NUMBER32, offsetof(struct rr_msg, keep), false},
	{"domain", TEXT, offsetof(struct rr_msg, domain), false},
	{"aor", TEXT, offsetof(struct rr_msg, aor), false},
	{"cflags", TEXT, offsetof(struct rr_msg, cflags), false},
	{"attr", TEXT, offsetof(struct rr_msg, attr), false},
};

int rr_msg_parse(struct rr_msg *msg, const char *s, size_t len)
{
	struct rr_in in = rr_in(s, len);
	struct room room = {msg->text, sizeof(msg->text)};
	uint32_t seen = 0;
	int rc;

	memset(msg, 0, offsetof(struct rr_msg, text));
	rc = get_header(&in, msg_params, COUNT(msg_params), &seen, msg, &room);
	if (rc == 0 && msg->kind != RR_NONE && msg->time == 0)
		rc = RR_WIRE_EMISSING;
	if (rc < 0)
		memset(msg, 0, offsetof(struct rr_msg, text));
	return rc;
}

static void put_text(struct rr_out *out, const char *name, struct rr_str s)
{
	if (s.len == 0)
		return;
	rr_out_word(out, name);
	rr_out_text(out, s);
}

static int result(const struct rr_out *out)
{
	return out->full ? RR_WIRE_ETOOLONG : (int)out->length;
}

int rr_msg_encode(const struct rr_msg *msg, char *buf, size_t size)
{
	struct rr_out out = rr_out(buf, size);

	rr_out_number(&out, RR_WIRE_VERSION);
	rr_out_word(&out, ";from=");
	rr_out_number(&out, msg->from);
	rr_out_word(&out, ";stream=");
	put_stream(&out, msg->stream);
	if (msg->span.to) {
		rr_out_word(&out, ";span=");
		put_span(&out, msg->span);
	}
	if (msg->kind != RR_NONE) {
		rr_out_word(&out, msg->kind == RR_SET ? ";kind=set;time=" : ";kind=removed;time=");
		put_time(&out, msg->time);
	}
	put_at(&out, msg->at);
	if (msg->keep) {
		rr_out_word(&out, ";keep=");
		rr_out_number(&out, msg->keep);
	}
	put_text(&out, ";domain=", msg->domain);
	put_text(&out, ";aor=", msg->aor);
	put_text(&out, ";cflags=", msg->cflags);
	put_text(&out, ";attr=", msg->attr);
	return result(&out);
}

/* --- Reg-Repl-State -----------------------------------------------------------------------------
 */

static const struct param state_params[] = {
	{"node", NODE, offsetof(struct rr_state, node), true},
	{"epoch", EPOCH, offsetof(struct rr_state, epoch), true},
	{"clock", TIME, offsetof(struct rr_state, clock), false},
	{"wall", NUMBER, offsetof(struct rr_state, wall), false},
	{"at", NUMBER, offsetof(struct rr_state, at), false},
	{"bindings", NUMBER, offsetof(struct rr_state, bindings), false},
	{"body", NUMBER32, offsetof(struct rr_state, body), false},
	{"role", ROLE, offsetof(struct rr_state, role), false},
	{"part", BOOL, offsetof(struct rr_state, part), false},
	{"vector", VECTOR, 0, false},
	{"digest", ROOT, 0, false},
	{"leaves", LEAVES, offsetof(struct rr_state, digest), false},
	{"sums", SUMS, offsetof(struct rr_state, digest), false},
	{"leaf", LEAF, offsetof(struct rr_state, leaf), false},
	{"pairs", PAIRS, offsetof(struct rr_state, leaf), false},
};

int rr_state_parse(struct rr_state *state, const char *s, size_t len)
{
	struct rr_in in = rr_in(s, len);
	uint32_t seen = 0;
	int rc;

	memset(state, 0, sizeof(*state));
	rc = get_header(&in, state_params, COUNT(state_params), &seen, state, NULL);
	if (rc == 0 && state->leaf.n > 0 && !state->leaf.told)
		rc = RR_WIRE_EMISSING;
	if (rc < 0)
		memset(state, 0, sizeof(*state));
	return rc;
}

static void put_state(struct rr_out *out, const struct rr_state *state, uint32_t n, bool part)
{
	rr_out_number(out, RR_WIRE_VERSION);
	rr_out_word(out, ";node=");
	rr_out_number(out, state->node);
	rr_out_word(out, ";epoch=");
	rr_out_number(out, state->epoch);
	if (state->clock) {
		rr_out_word(out, ";clock=");
		put_time(out, state->clock);
	}
	if (state->wall) {
		rr_out_word(out, ";wall=");
		rr_out_number(out, state->wall);
	}
	put_at(out, state->at);
	if (part) {
		rr_out_word(out, ";part=1");
	} else {
		rr_out_word(out, ";bindings=");
		rr_out_number(out, state->bindings);
		if (state->role != RR_ROLE_UNKNOWN) {
			rr_out_word(out, ";role=");
			rr_out_word(out, rr_role_name(state->role));
		}
	}
	put_digest(out, &state->digest);
	put_leaf(out, &state->leaf);
	if (state->body) {
		rr_out_word(out, ";body=");
		rr_out_number(out, state->body);
	}
	for (uint32_t i = 0; i < n; i++) {
		rr_out_word(out, i == 0 ? ";vector=" : ",");
		put_item(out, &state->vector[i]);
	}
}

int rr_state_encode(const struct rr_state *state, char *buf, size_t size)
{
	uint32_t n = state->n;
	struct rr_out out;

	for (;;) {
		out = rr_out(buf, size);
		put_state(&out, state, n, state->part || n < state->n);
		if (!out.full || n == 0)
			return result(&out);
		n--;
	}
}
