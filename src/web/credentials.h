/* credentials.h - e-mail addresses and passwords as people type them, in one form.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/arena.h"

enum { CREDENTIALS_EMAIL_MOST = 254 }; /* bytes, RFC 5321 */

/* Without blanks around it, the domain in lower case as DNS carries it (IDN). ERR_INVALID. */
fallible credentials_email(str typed, struct arena *mem, str *out_email);
/* In Unicode's form NFKC, as NIST SP 800-63B advises: an "é" is one, whatever keyboard wrote it.
 * What is not UTF-8 stays as it is. */
fallible credentials_password(str typed, struct arena *mem, str *out_password);
