/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Management commands that change the list of peers. */
#ifndef REG_REPLICATE_MI_PEERS_H
#define REG_REPLICATE_MI_PEERS_H

#include "../../mi/mi.h"

mi_response_t *mi_peer_add(const mi_params_t *params, struct mi_handler *async);
mi_response_t *mi_peer_remove(const mi_params_t *params, struct mi_handler *async);
mi_response_t *mi_peer_enable(const mi_params_t *params, struct mi_handler *async);
mi_response_t *mi_peer_disable(const mi_params_t *params, struct mi_handler *async);
mi_response_t *mi_reload(const mi_params_t *params, struct mi_handler *async);

#endif
