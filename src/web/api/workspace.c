/* workspace.c - what is the same for everybody who works here, shown and changed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/settings.h"

#include "store/vault.h"
#include "web/api/api.h"
#include "web/web.h"
#include "web/wish.h"

#include <sodium.h>

static void answer(struct exchange *x, const struct settings *settings)
{
    char id[2 * VAULT_ID_SIZE + 1];
    struct buf out = {0};
    struct json_writer w = {.out = &out};

    sodium_bin2hex(id, sizeof id, vault_workspace_id(web_config(web_of(x))->vault), VAULT_ID_SIZE);
    json_open(&w, '{');
    json_key(&w, S("id"));
    json_text(&w, str_of(id));
    json_key(&w, S("name"));
    json_text(&w, settings->name);
    json_key(&w, S("timezone"));
    json_text(&w, settings->timezone);
    json_key(&w, S("currency"));
    json_text(&w, settings->currency);
    json_shut(&w, '}');
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

void workspace_show(struct exchange *x)
{
    struct settings settings;
    enum err err = settings_get(web_config(web_of(x))->catalog, exchange_mem(x), &settings);

    if (err)
        web_fail(x, err);
    else
        answer(x, &settings);
}

static fallible read_settings(struct exchange *x, struct settings *out_settings)
{
    struct settings settings = {0};
    const struct wish_member members[] = {
        {.name = "name", .text = &settings.name},
        {.name = "timezone", .text = &settings.timezone},
        {.name = "currency", .text = &settings.currency},
    };

    TRY(wish_read(x, members, 3));
    for (size_t i = 0; i < 3; i++)
        if (!members[i].text->data)
            return fail(ERR_INVALID, "\"%s\" is missing: give \"name\", \"timezone\" and "
                                     "\"currency\"",
                        members[i].name);
    *out_settings = settings;
    return OK;
}

void workspace_set(struct exchange *x)
{
    struct settings settings;
    enum err err = read_settings(x, &settings);

    if (!err)
        err = settings_set(web_config(web_of(x))->catalog, &settings);
    if (err)
        web_fail(x, err);
    else
        answer(x, &settings);
}
