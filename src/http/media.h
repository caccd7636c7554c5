/* media.h - which media types and content codings of a request are read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/str.h"
#include "http/gunzip.h"

/* XML and multipart: nobody who sends JSON calls it so. */
bool media_is_unreadable(str type);
/* gzip or deflate; `*out_format` only where it is. */
bool media_is_packed(str coding, enum gunzip_format *out_format);
bool media_is_known_coding(str coding);
