/* segment.c - request bodies of Segment's HTTP tracking API, made into jobs for the log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/segment.h"

#include "collect/plan_book.h"

static str string_at(const struct json *doc, uint32_t object, str key, struct arena *mem)
{
    uint32_t at = json_find(doc, object, key);

    return at != JSON_ABSENT && json_type_of(doc, at) == JSON_STRING ? json_string(doc, at, mem)
                                                                     : (str){NULL, 0};
}

static fallible read_one(const struct intake *intake, const struct json *doc, uint32_t at,
                         const struct message_setting *setting, struct intake_job *job)
{
    struct intake_event *event = &job->events[job->count];

    TRY(message_read(doc, at, setting, job->mem, &event->message));
    if (!setting->is_history)
        TRY(plan_book_judge(intake_plans(intake), doc, at, job->mem, &event->message));
    intake_hash(intake, event);
    job->count++;
    return OK;
}

static size_t count_elements(const struct json *doc, uint32_t array)
{
    size_t count = 0;

    EACH_ELEMENT(doc, array, element)
    {
        (void)element;
        count++;
    }
    return count;
}

static fallible read_batch(const struct intake *intake, const struct json *doc,
                           struct message_setting *setting, struct intake_job *job)
{
    uint32_t batch = json_find(doc, 0, S("batch"));

    if (batch == JSON_ABSENT || json_type_of(doc, batch) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"batch\" must be an array of events");
    setting->context = json_find(doc, 0, S("context"));
    setting->sent_at = string_at(doc, 0, S("sentAt"), job->mem);
    job->events = arena_array(job->mem, count_elements(doc, batch), sizeof *job->events);
    if (!job->events)
        return arena_exhausted();
    EACH_ELEMENT(doc, batch, element)
    TRY(read_one(intake, doc, element, setting, job));
    return OK;
}

fallible segment_read(const struct intake *intake, struct json_reader *reader, str body,
                      const struct segment_call *call, struct intake_job *job, str *out_write_key)
{
    struct message_setting setting = {
        .received = call->received,
        .type = call->type,
        .context = JSON_ABSENT,
        .is_history = call->is_history,
        .enrich = call->enrich,
    };
    hash_key visitors;
    struct json doc;

    if (call->has_visitors) {
        visitors = intake_visitors(intake);
        setting.visitors = &visitors;
    }
    TRY(json_parse(reader, job->mem, body, &doc));
    if (json_type_of(&doc, 0) != JSON_OBJECT)
        return fail(ERR_INVALID, "the body must be a JSON object");
    job->kind = INTAKE_EVENTS;
    job->received = call->received;
    job->count = 0;
    if (call->type.data) {
        job->events = arena_array(job->mem, 1, sizeof *job->events);
        if (!job->events)
            return arena_exhausted();
        TRY(read_one(intake, &doc, 0, &setting, job));
    } else {
        TRY(read_batch(intake, &doc, &setting, job));
    }
    *out_write_key = string_at(&doc, 0, S("writeKey"), job->mem);
    return OK;
}
