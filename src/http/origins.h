/* origins.h - what scripts of other origins may read and send (CORS, Fetch Standard).
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Shared routes know their caller by a key in the request and by nothing that a browser adds by
 * itself, so any origin may call them, with credentials or without: beacons always send some.
 */
#pragma once
#include "http/router.h"

/* Lets the page that sent the request read the answer to it. */
void origins_allow(struct exchange *x);
/* Answers 204 to the question whether a page may send the request it has in mind, where the path
 * has a shared route, or 403 where allows_origin says no; false, and no answer, where it was not
 * that question. */
bool origins_answer(struct exchange *x, const struct router_match *match);
