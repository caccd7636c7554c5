/* parameters.h - the query string, by the table of what each route takes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "http/exchange.h"

/* ERR_INVALID names a parameter that the route does not take, that is there twice, or a text that
 * is too long. */
fallible parameters_check(struct exchange *x);
/* The route's parameter `name`, which must be a QUERY_NUMBER of parameters.def; its fallback when
 * absent. ERR_INVALID beyond its bounds. */
fallible parameters_number(struct exchange *x, str name, uint64_t *out_number);
