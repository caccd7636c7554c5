/* visitor.h - where a request comes from, as far as sessions and the audit log may know it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "http/exchange.h"
#include "store/audit.h"
#include "store/users_sign_in.h"

/* Of an address its network, "203.0.113.0/24" or "2001:db8:7::/48"; with `is_kept` the address. */
fallible visitor_network(str address, bool is_kept, struct arena *mem, str *out_network);
/* In exchange_mem. */
fallible visitor_read(struct exchange *x, struct users_sign_in_visit *out_visit);
/* Whose doing the request is: a user's or a key's that the gate let in. In exchange_mem. */
fallible visitor_by(struct exchange *x, struct audit_by *out_by);
/* Records what the request has done; durable when it returns. `details`: a JSON object, or absent.
 */
fallible visitor_audit(struct exchange *x, const char *action, str object, str details);
