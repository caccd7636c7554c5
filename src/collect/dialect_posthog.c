/* dialect_posthog.c - PostHog: what its libraries send, and what they ask before.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: posthog-js (request.ts, posthog-core.ts, remote-config.ts), posthog-node (client.ts,
 * capture-v1) and posthog.com/docs/api/capture. There are no flags, surveys or recordings here,
 * and the answers say so, so that no library asks for more.
 */
#include "collect/posthog_body.h"
#include "collect/posthog_event.h"
#include "proto/form.h"

enum { EVENTS_MOST = 10000 /* of a request; libraries send hundreds, and fewer when told 413 */ };

/* What a page's library may do, as /array/KEY/config tells it. */
#define SETTINGS                                                                                   \
    "\"supportedCompression\":[\"gzip\",\"gzip-js\"],\"hasFeatureFlags\":false,"                   \
    "\"analytics\":{\"endpoint\":\"/i/v0/e/\"},\"elementsChainAsString\":true,"                    \
    "\"autocapture_opt_out\":false,\"capturePerformance\":false,"                                  \
    "\"autocaptureExceptions\":false,\"captureDeadClicks\":false,\"heatmaps\":false,"              \
    "\"sessionRecording\":false,\"surveys\":false,\"productTours\":false,"                         \
    "\"conversations\":false,\"defaultIdentifiedOnly\":true,\"siteApps\":[],"                      \
    "\"toolbarParams\":{},\"isAuthenticated\":false"

/* Older libraries got the settings with the flags. */
#define FLAGS                                                                                      \
    "\"flags\":{},\"featureFlags\":{},\"featureFlagPayloads\":{},"                                 \
    "\"errorsWhileComputingFlags\":false,\"config\":{\"enable_collect_everything\":true}"

static bool is_path(str path, const char *name)
{
    if (str_ends(path, S("/")))
        path = str_slice(path, 0, path.len - 1);
    return str_equals(path, str_of(name));
}

/* The events: an array, or JSON_ABSENT: the document itself is one. */
static fallible find_events(const struct json *doc, uint32_t *out_array)
{
    uint32_t batch = json_find(doc, 0, S("batch"));
    enum json_type type = json_type_of(doc, 0);

    if (type == JSON_OBJECT && batch != JSON_ABSENT && json_type_of(doc, batch) != JSON_ARRAY)
        return fail(ERR_INVALID, "\"batch\" must be a list of events");
    *out_array = type == JSON_ARRAY ? 0 : batch;
    return OK;
}

/* Never absent: who gives none is refused. `events` as from find_events. */
static str read_key(const struct posthog_call *call, uint32_t events)
{
    const struct dialect_request *request = call->out->request;
    const struct json *doc = call->doc;
    str bearer = request->header(request->owner, S("authorization"));
    str word = str_cut(&bearer, ' '), key = {NULL, 0};

    if (str_equals_nocase(word, S("bearer")))
        key = str_trim(bearer);
    if (!key.data)
        key = posthog_event_key(call, 0);
    if (!key.data && events != JSON_ABSENT && doc->nodes[events].next > events + 1)
        key = posthog_event_key(call, events + 1);
    if (!key.data)
        key = dialect_query(call->out, "api_key");
    if (!key.data)
        key = dialect_query(call->out, "token");
    return key.data ? key : S("");
}

/* By the sender's clock; older libraries say so in the query, in milliseconds. */
static str read_sent_at(const struct posthog_call *call)
{
    const struct dialect_request *request = call->out->request;
    str text = posthog_event_time(call, json_find(call->doc, 0, S("sent_at")));
    int64_t at;

    if (!text.data)
        text = request->header(request->owner, S("posthog-request-timestamp"));
    if (text.data)
        return text;
    text = dialect_query(call->out, "sent_at");
    if (!text.data)
        text = dialect_query(call->out, "_");
    return str_to_i64(text, &at) ? dialect_time(call->out, at) : text;
}

static void answer_json(struct dialect_out *out, str json)
{
    out->media = S("application/json");
    out->body = json;
}

static fallible read_events(struct dialect_out *out, const struct json *doc)
{
    struct posthog_call call = {.out = out, .doc = doc};
    uint32_t events, count = 0;

    TRY(find_events(doc, &events));
    call.is_engage = is_path(out->request->path, "/engage");
    out->key = read_key(&call, events);
    out->sent_at = read_sent_at(&call);
    if (events == JSON_ABSENT)
        return posthog_event_tell(&call, 0);
    EACH_ELEMENT(doc, events, event)
    {
        if (++count > EVENTS_MOST)
            return fail(ERR_LIMIT, "more than 10,000 events in one request");
        TRY(posthog_event_tell(&call, event));
    }
    return OK;
}

static fallible read_posted(struct dialect_out *out)
{
    str path = out->request->path, body;
    struct json doc;

    TRY(posthog_body_unwrap(out, &body));
    TRY(json_parse(out->reader, out->mem, body, &doc));
    if (is_path(path, "/decide") || is_path(path, "/flags")) {
        out->key = read_key(&(struct posthog_call){.out = out, .doc = &doc}, JSON_ABSENT);
        answer_json(out, S("{" FLAGS "," SETTINGS "}"));
        return OK;
    }
    TRY(read_events(out, &doc));
    answer_json(out, str_starts(path, S("/i/v1/")) ? S("{\"results\":{}}") /* nothing to complain */
                                                   : S("{\"status\":\"Ok\"}"));
    if (str_equals(dialect_query(out, "beacon"), S("1")))
        out->status = 204;
    return OK;
}

/* GET /array/KEY/config and config.js */
static fallible read_asked(struct dialect_out *out)
{
    str rest = str_slice(out->request->path, sizeof "/array/" - 1, out->request->path.len);
    struct buf text = {0};
    struct json_writer w = {.out = &text};

    out->key = form_decode(out->mem, str_cut(&rest, '/'), false);
    if (!str_ends(rest, S(".js"))) {
        answer_json(out, S("{" SETTINGS "}"));
        return OK;
    }
    buf_add(&text,
            S("(function(){(window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{})["));
    json_text(&w, out->key);
    buf_add(&text, S("]={config:{" SETTINGS "},siteApps:[]}})();"));
    out->media = S("application/javascript");
    out->body = dialect_keep(out, &text);
    return out->body.data ? OK : arena_exhausted();
}

static fallible read_request(struct dialect_out *out)
{
    return str_starts(out->request->path, S("/array/")) ? read_asked(out) : read_posted(out);
}

const struct dialect dialect_posthog = {.name = "posthog", .read = read_request};
