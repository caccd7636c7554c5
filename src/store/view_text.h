/* view_text.h - what may stand in a saved view: its name, its page, its address.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * One person's view is opened by another, so an address is taken by what it may hold, not refused
 * by what it must not.
 */
#pragma once
#include "base/arena.h"

enum { VIEW_TEXT_NAME = 120, VIEW_TEXT_PAGE = 40, VIEW_TEXT_ADDRESS = 4096 };

/* 1 to VIEW_TEXT_NAME characters in one line, not only spaces. ERR_INVALID. */
fallible view_text_check_name(str name);
/* 1 to VIEW_TEXT_PAGE lower-case letters, digits and "-". ERR_INVALID. */
fallible view_text_check_page(str page);
/* A query string as a browser writes it, "a=1&b=x%20y", or nothing; at most VIEW_TEXT_ADDRESS
 * bytes. A parameter's name holds no ":", "/" or "?", so nothing can be read as a scheme, a host or
 * a path; quotes, "<", ">", "\" and spaces are encoded, and control characters are not even that.
 * Scratch in `mem`. ERR_INVALID. */
fallible view_text_check_address(str address, struct arena *mem);
