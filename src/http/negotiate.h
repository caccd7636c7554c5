/* negotiate.h - what a client takes, and what it has already, by the head of its request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/str.h"

/* Of Accept-Encoding, absent or not: may an answer be packed by gzip? */
bool negotiate_gzip(str accept_encoding);
/* Of If-None-Match, absent or not: is what has this tag ("\"...\"") what the client has? */
bool negotiate_is_held(str if_none_match, str tag);
