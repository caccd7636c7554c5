/* admission.h - may this request have its body read?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "http/site.h"

/* Everything that can be decided from the head: finds the route of `x`. False when it is answered
 * already. */
bool admission_decide(struct site *site, struct exchange *x);
