/* syntax.h - the small grammar of HTTP: which bytes may stand where.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/str.h"

bool syntax_is_token(str text);  /* at least one token character, nothing else */
bool syntax_is_value(str text);  /* a field value: no control character but the tab; may be empty */
bool syntax_is_target(str text); /* visible ASCII without '#', as browsers send it; not empty */
bool syntax_is_version(str text);      /* HTTP/d.d */
bool syntax_is_host(str text);         /* a name or address with an optional port */
bool syntax_is_escaped_well(str text); /* each '%' is followed by two hexadecimal digits */

/* Lengths of what stands at the start of `text`; 0 if it does not. */
size_t syntax_token(str text);
size_t syntax_quoted(str text); /* a quoted-string with its quotes */
size_t syntax_scheme(str text); /* "http://" or "https://" */
/* Bytes before the path or query of what follows a scheme. */
size_t syntax_authority(str text);
