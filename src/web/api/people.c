/* people.c - joining two persons and taking a join back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/api/api.h"
#include "web/api/job.h"
#include "web/web.h"

static void answer_merge(struct exchange *x, const struct intake_job *job)
{
    struct buf out = {0};

    buf_print(&out, "{\"merge\":\"%llu\"}", (unsigned long long)job->seq);
    web_answer_json(x, 200, &out);
    buf_done(&out);
}

static fallible read_with(struct exchange *x, struct intake_job *job)
{
    const struct web_config *config = web_config(web_of(x));
    struct json_reader *reader = web_take_reader(web_of(x));
    str id = exchange_path_value(x, S("id")), with;
    struct json doc;
    uint32_t at;
    enum err err;

    if (!reader)
        return arena_exhausted();
    err = web_read_object(x, reader, &doc);
    if (!err) {
        at = json_find(&doc, 0, S("with"));
        with = at == JSON_ABSENT ? (str){NULL, 0} : json_string(&doc, at, exchange_mem(x));
        if (with.len == 0)
            err = fail(ERR_INVALID, "\"with\" must be the id of the other person, a string");
    }
    if (!err) {
        job->a = intake_name(config->intake, id);
        job->b = intake_name(config->intake, with);
    }
    web_give_reader(web_of(x), reader);
    return err;
}

void people_merge(struct exchange *x)
{
    struct intake_job *job = job_new(x, INTAKE_MERGE);
    enum err err;

    if (!job)
        return;
    err = read_with(x, job);
    if (err)
        web_fail(x, err);
    else
        job_post(x, job, answer_merge);
}

static void answer_undo(struct exchange *x, const struct intake_job *job)
{
    (void)job;
    exchange_answer(x, 200, S("application/json"), S("{\"undone\":true}"));
}

void people_undo(struct exchange *x)
{
    struct intake_job *job = job_new(x, INTAKE_UNDO);

    if (!job)
        return;
    if (!str_to_u64(exchange_path_value(x, S("id")), &job->undone))
        web_fail(x, fail(ERR_ABSENT, "there is no such merge"));
    else
        job_post(x, job, answer_undo);
}
