/* json_int.h - what the files of the JSON reader share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The structural index by simdjson: where brackets, commas, colons and values start, strings
 * skipped. White space and the insides of values are all that lies between two places. */
struct json_index;

enum json_index_state {
    JSON_INDEX_GOOD,
    JSON_INDEX_BAD_UTF8, /* the index is good all the same */
    JSON_INDEX_EMPTY,    /* nothing but white space */
    JSON_INDEX_UNCLOSED, /* the text ends within a string */
    JSON_INDEX_CONTROL,  /* a control character within a string */
    JSON_INDEX_NO_MEMORY,
};

struct json_index *json_index_open(void);        /* NULL without memory */
void json_index_close(struct json_index *index); /* NULL is fine */
/* Reads no byte behind the text. On success *out_places (borrowed until the next run) holds
 * *out_count places in rising order and `len` once more behind them. len < 4 GiB - 64. */
enum json_index_state json_index_run(struct json_index *index, const char *text, size_t len,
                                     const uint32_t **out_places, uint32_t *out_count);

#ifdef __cplusplus
}
#endif
