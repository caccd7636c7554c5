/* json_index.cc - simdjson's first stage behind a C interface.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only the first stage is used: it finds the structure with SIMD. Its second stage would stop at
 * the first number or string it dislikes, where a batch must lose one event only.
 */
#include "base/json_int.h"

#include <memory>
#include <new>
#include <simdjson.h>

struct json_index {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

namespace
{

constexpr size_t LEAST_CAPACITY = 64 * 1024;
constexpr size_t LEAST_DEPTH = 1; /* of the second stage, which never runs */

bool make_room(json_index *index, size_t len)
{
    size_t capacity = LEAST_CAPACITY;

    if (index->stage && index->stage->capacity() >= len)
        return true;
    while (capacity < len)
        capacity *= 2;
    if (capacity > simdjson::SIMDJSON_MAXSIZE_BYTES)
        capacity = simdjson::SIMDJSON_MAXSIZE_BYTES;
    index->stage.reset(); /* first, so that the old and the new index never stand side by side */
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(
            capacity, LEAST_DEPTH, index->stage)) {
        index->stage.reset();
        return false;
    }
    return true;
}

} // namespace

struct json_index *json_index_open(void)
{
    return new (std::nothrow) json_index();
}

void json_index_close(struct json_index *index)
{
    delete index;
}

enum json_index_state json_index_run(struct json_index *index, const char *text, size_t len,
                                     const uint32_t **out_places, uint32_t *out_count)
{
    simdjson::error_code code;

    if (len == 0)
        return JSON_INDEX_EMPTY;
    if (!make_room(index, len))
        return JSON_INDEX_NO_MEMORY;
    code = index->stage->stage1(reinterpret_cast<const uint8_t *>(text), len,
                                simdjson::stage1_mode::regular);
    if (code == simdjson::UNCLOSED_STRING)
        return JSON_INDEX_UNCLOSED;
    if (code == simdjson::UNESCAPED_CHARS)
        return JSON_INDEX_CONTROL;
    if (code != simdjson::SUCCESS && code != simdjson::UTF8_ERROR)
        return JSON_INDEX_EMPTY;
    *out_places = index->stage->structural_indexes.get();
    *out_count = index->stage->n_structural_indexes;
    return code == simdjson::SUCCESS ? JSON_INDEX_GOOD : JSON_INDEX_BAD_UTF8;
}
