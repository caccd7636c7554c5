/* fields.c - names found by halving.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/fields.h"

#include "proto/form.h"

static void put(struct fields *fields, str name, str value)
{
    size_t from = 0, to = fields->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = str_compare(name, fields->names[middle]);

        if (order == 0) {
            fields->values[middle] = value.len ? value : (str){NULL, 0};
            return;
        }
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    if (fields->other && value.len)
        fields->other(fields->owner, name, value);
}

fallible fields_read_form(struct fields *fields, str text)
{
    str name, value;

    while (form_next(&text, &name, &value)) {
        name = form_decode(fields->mem, name, true);
        value = form_decode(fields->mem, value, true);
        if (!name.data || !value.data)
            return arena_exhausted();
        put(fields, name, value);
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

fallible fields_read_object(struct fields *fields, const struct json *doc, uint32_t object)
{
    EACH_MEMBER(doc, object, key, value)
    {
        str name = json_string(doc, key, fields->mem), text;

        if (!name.data)
            return arena_exhausted();
        TRY(read_value(fields->mem, doc, value, &text));
        put(fields, name, text);
    }
    return OK;
}
