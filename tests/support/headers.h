/* headers.h - headers of a request written as lines "Name: value".
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * `lines` is a C string, or NULL for none: the owner that those ask who read a request's headers.
 */
#pragma once
#include "base/str.h"

str headers_find(const void *lines, str name); /* in any case; absent if there is none */
str headers_name_at(const void *lines, size_t i);
size_t headers_count(const char *lines);
