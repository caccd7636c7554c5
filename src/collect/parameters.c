/* parameters.c - names found by halving.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/parameters.h"

#include "proto/form.h"

static void put(struct parameters *parameters, str name, str value)
{
    size_t from = 0, to = parameters->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = str_compare(name, parameters->names[middle]);

        if (order == 0) {
            parameters->values[middle] = value.len ? value : (str){NULL, 0};
            return;
        }
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    if (parameters->other && value.len)
        parameters->other(parameters->owner, name, value);
}

fallible parameters_read_form(struct parameters *parameters, str text)
{
    str name, value;

    while (form_next(&text, &name, &value)) {
        name = form_decode(parameters->mem, name, true);
        value = form_decode(parameters->mem, value, true);
        if (!name.data || !value.data)
            return arena_exhausted();
        put(parameters, name, value);
    }
    return OK;
}

static fallible read_value(struct arena *mem, const struct json *doc, uint32_t at, str *out_value)
{
    str value = json_raw(doc, at);

    switch (json_type_of(doc, at)) {
    case JSON_NULL:
        value = S("");
        break;
    case JSON_FALSE:
        value = S("0");
        break;
    case JSON_TRUE:
        value = S("1");
        break;
    case JSON_STRING:
        value = json_string(doc, at, mem);
        break;
    case JSON_NUMBER:
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    if (!value.data)
        return arena_exhausted();
    *out_value = value;
    return OK;
}

fallible parameters_read_object(struct parameters *parameters, const struct json *doc,
                                uint32_t object)
{
    EACH_MEMBER(doc, object, key, value)
    {
        str name = json_string(doc, key, parameters->mem), text;

        if (!name.data)
            return arena_exhausted();
        TRY(read_value(parameters->mem, doc, value, &text));
        put(parameters, name, text);
    }
    return OK;
}
