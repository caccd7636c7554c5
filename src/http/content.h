/* content.h - what the head of a request says about its body.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "http/gunzip.h"

bool content_is_unreadable(str type); /* XML, or in several parts */
/* Of Content-Encoding: packed, and how. */
bool content_is_packed(str encoding, enum gunzip_format *out_format);
bool content_is_known(str encoding); /* packed in a way known here, or not packed */
