/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dialog structures for requests of our own.
 */
#include "dlg.h"

#include <string.h>

#include "../../dprint.h"
#include "../../mem/shm_mem.h"
#include "../../ut.h"

static int copy(str *dst, const str *src)
{
	return src != NULL && src->len > 0 ? shm_str_dup(dst, src) : 0;
}

int new_dlg_uac(
	str *_cid, str *_ltag, unsigned int _lseq, str *_luri, str *_turi, str *_ruri, dlg_t **_d)
{
	dlg_t *d;

	if (_cid == NULL || _ltag == NULL || _luri == NULL || _turi == NULL || _d == NULL) {
		LM_ERR("invalid parameter value\n");
		return -1;
	}
	d = shm_malloc(sizeof(*d));
	if (d == NULL) {
		LM_ERR("no more shared memory\n");
		return -2;
	}
	memset(d, 0, sizeof(*d));
	if (copy(&d->id.call_id, _cid) < 0 || copy(&d->id.loc_tag, _ltag) < 0 ||
		copy(&d->loc_uri, _luri) < 0 || copy(&d->rem_uri, _turi) < 0 ||
		copy(&d->rem_target, _ruri != NULL ? _ruri : _turi) < 0) {
		LM_ERR("no more shared memory\n");
		free_dlg(d);
		return -2;
	}
	d->loc_seq.value = _lseq;
	d->loc_seq.is_set = 1;
	*_d = d;
	return 0;
}

void free_dlg(dlg_t *_d)
{
	if (_d == NULL)
		return;
	shm_free(_d->id.call_id.s);
	shm_free(_d->id.rem_tag.s);
	shm_free(_d->id.loc_tag.s);
	shm_free(_d->loc_uri.s);
	shm_free(_d->rem_uri.s);
	shm_free(_d->rem_target.s);
	shm_free(_d);
}
