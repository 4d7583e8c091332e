/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tcp_conn.h"
#include "../globals.h"
#include "../socket_info.h"
#include "../timer.h"

#define BUCKETS 1024

struct table {
	gen_lock_t lock;
	unsigned int next_id;
	int count;
	struct tcp_connection *by_id[BUCKETS], *by_addr[BUCKETS];
};

static struct table *tab;

int tcp_conn_init(void)
{
	tab = shm_malloc(sizeof(*tab));
	if (!tab)
		return -1;
	memset(tab, 0, sizeof(*tab));
	lock_init(&tab->lock);
	return 0;
}

void tcp_conn_destroy(void)
{
	if (!tab)
		return;
	for (int i = 0; i < BUCKETS; i++)
		while (tab->by_id[i]) {
			struct tcp_connection *next = tab->by_id[i]->id_next;

			shm_free(tab->by_id[i]);
			tab->by_id[i] = next;
		}
	shm_free(tab);
	tab = NULL;
}

static unsigned int addr_bucket(const struct ip_addr *ip, unsigned short port)
{
	unsigned int h = port;

	for (unsigned int i = 0; i < ip->len; i++)
		h = (h ^ ip->u.addr[i]) * 16777619u;
	return (h ^ h >> 16) % BUCKETS;
}

struct tcp_connection *tcp_conn_new(const union sockaddr_union *su, const struct socket_info *si)
{
	struct tcp_connection *c = NULL, **bucket;

	if (tab->count < tcp_max_connections)
		c = shm_malloc(sizeof(*c));
	else
		LM_ERR("more than %d connections (tcp_max_connections)\n", tcp_max_connections);
	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->s = c->fd = c->proc_id = -1;
	c->refcnt = 2; /* the table's and the caller's */
	c->in_table = 1;
	lock_init(&c->write_lock);
	c->rcv.src_su = *su;
	su2ip_addr(&c->rcv.src_ip, su);
	c->rcv.src_port = su_getport(su);
	c->rcv.bind_address = si;
	c->rcv.dst_ip = si->address;
	c->rcv.dst_port = si->port_no;
	c->rcv.proto = si->proto;
	tcp_conn_touch(c);

	lock_get(&tab->lock);
	while (++tab->next_id == 0)
		;
	c->id = c->rcv.proto_reserved1 = tab->next_id;
	c->id_next = tab->by_id[c->id % BUCKETS];
	tab->by_id[c->id % BUCKETS] = c;
	bucket = &tab->by_addr[addr_bucket(&c->rcv.src_ip, c->rcv.src_port)];
	c->addr_next = *bucket;
	*bucket = c;
	tab->count++;
	lock_release(&tab->lock);
	return c;
}

/* Under the lock. */
static struct tcp_connection *find(unsigned int id, const union sockaddr_union *su, int proto)
{
	struct tcp_connection *c = NULL;
	struct ip_addr ip;

	if (id)
		for (c = tab->by_id[id % BUCKETS]; c; c = c->id_next)
			if (c->id == id && c->state == S_CONN_OK)
				return c;
	if (!su)
		return NULL;
	su2ip_addr(&ip, su);
	for (c = tab->by_addr[addr_bucket(&ip, su_getport(su))]; c; c = c->addr_next)
		if (c->state == S_CONN_OK && c->rcv.proto == proto &&
			c->rcv.src_port == su_getport(su) && ip_addr_cmp(&c->rcv.src_ip, &ip))
			return c;
	return NULL;
}

struct tcp_connection *tcp_conn_get(unsigned int id, const union sockaddr_union *su, int proto)
{
	struct tcp_connection *c;

	lock_get(&tab->lock);
	c = find(id, su, proto);
	if (c)
		c->refcnt++;
	lock_release(&tab->lock);
	return c;
}

struct tcp_connection *tcp_conn_get_any(unsigned int id)
{
	struct tcp_connection *c;

	lock_get(&tab->lock);
	for (c = tab->by_id[id % BUCKETS]; c && c->id != id; c = c->id_next)
		;
	if (c)
		c->refcnt++;
	lock_release(&tab->lock);
	return c;
}

void tcp_conn_put(struct tcp_connection *c)
{
	int refs;

	lock_get(&tab->lock);
	refs = --c->refcnt;
	lock_release(&tab->lock);
	if (refs == 0)
		shm_free(c);
}

void tcp_conn_remove(struct tcp_connection *c)
{
	struct tcp_connection **at;
	int was;

	lock_get(&tab->lock);
	c->state = S_CONN_BAD;
	was = c->in_table;
	if (was) {
		at = &tab->by_id[c->id % BUCKETS];
		while (*at != c)
			at = &(*at)->id_next;
		*at = c->id_next;
		at = &tab->by_addr[addr_bucket(&c->rcv.src_ip, c->rcv.src_port)];
		while (*at != c)
			at = &(*at)->addr_next;
		*at = c->addr_next;
		c->in_table = 0;
		tab->count--;
	}
	lock_release(&tab->lock);
	if (was)
		tcp_conn_put(c);
}

void tcp_conn_touch(struct tcp_connection *c)
{
	c->timeout = get_ticks() + (unsigned int)tcp_con_lifetime;
}
