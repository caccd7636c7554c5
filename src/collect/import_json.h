/* import_json.h - JSON lines: one Segment message a line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/import_codec.h"

struct import_json;

fallible import_json_open(struct import_json **out_json);
void import_json_close(struct import_json *json); /* NULL is fine */
struct import_codec import_json_codec(struct import_json *json);
