/* admission.h - what can be decided of a request from its head.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "http/exchange.h"

struct site;

/* Finds x->route. False when it is answered already: there is none, or it may not be taken. */
bool admission_check(struct site *site, struct exchange *x);
