/* api.h - the handlers that routes.def names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once

struct exchange;

#define ROUTE(method, path, handler, ...) void handler(struct exchange *x);
#include "web/routes.def"
#undef ROUTE
