/* courier.c - libcurl's multi interface.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/courier.h"

#include "base/mem.h"
#include "http/syntax.h"
#include "sys/outward.h"

#include <curl/curl.h>
#include <string.h>

enum {
    CONNECT_MS = 10000,
    KEPT_BODY = 512,      /* bytes of an answer that are kept */
    MOST_BODY = 64 << 10, /* more of it is not waited for */
    KEPT_CONNECTIONS = 64,
    US_MS = 1000,
};

struct parcel {
    struct courier *courier;
    struct parcel *before, *behind;
    CURL *curl;
    struct curl_slist *headers;
    struct buf url, body, answer;
    size_t answered; /* bytes of the answer so far */
    bool is_cut;     /* the rest of the answer is not wanted */
    bool is_blocked;
    struct buf reason;
    void (*done)(void *argument, const struct courier_outcome *outcome);
    void *argument;
};

struct courier {
    CURLM *multi;
    const struct networks *allowed;
    struct parcel *first;
    size_t count;
};

fallible courier_open(const struct networks *allowed, struct courier **out_courier)
{
    struct courier *courier = mem_alloc(sizeof *courier);

    if (!courier)
        return mem_exhausted();
    courier->allowed = allowed;
    courier->multi = curl_multi_init();
    if (!courier->multi) {
        mem_free(courier);
        return mem_exhausted();
    }
    curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    *out_courier = courier;
    return OK;
}

static void drop(struct parcel *parcel)
{
    struct courier *courier = parcel->courier;

    if (parcel->before)
        parcel->before->behind = parcel->behind;
    else
        courier->first = parcel->behind;
    if (parcel->behind)
        parcel->behind->before = parcel->before;
    courier->count--;
    if (parcel->curl) {
        curl_multi_remove_handle(courier->multi, parcel->curl);
        curl_easy_cleanup(parcel->curl);
    }
    curl_slist_free_all(parcel->headers);
    buf_done(&parcel->url);
    buf_done(&parcel->body);
    buf_done(&parcel->answer);
    buf_done(&parcel->reason);
    mem_free(parcel);
}

void courier_close(struct courier *courier)
{
    if (!courier)
        return;
    while (courier->first)
        drop(courier->first);
    curl_multi_cleanup(courier->multi);
    mem_free(courier);
}

size_t courier_count(const struct courier *courier)
{
    return courier->count;
}

void courier_wake(struct courier *courier)
{
    curl_multi_wakeup(courier->multi);
}

void courier_cancel(struct courier *courier, const void *argument)
{
    struct parcel *next;

    for (struct parcel *parcel = courier->first; parcel; parcel = next) {
        next = parcel->behind;
        if (parcel->argument == argument)
            drop(parcel);
    }
}

/* Checking */

static fallible refuse_address(const struct address *address)
{
    struct buf text = {0};
    enum err err;

    address_write(address, &text);
    err = fail(ERR_INVALID,
               "\"url\" leads to %.*s, which is no public address ([webhooks] allow_networks)",
               STR_ARG(buf_str(&text)));
    buf_done(&text);
    return err;
}

static enum err look_at(void *argument, const struct address *address)
{
    return reach_allows(argument, address) ? OK : refuse_address(address);
}

static fallible check_host(const struct networks *allowed, str host)
{
    struct address address;
    enum err err;

    if (reach_read(host, &address))
        return look_at((void *)allowed, &address);
    err = outward_resolve(host, look_at, (void *)allowed);
    if (err == ERR_ABSENT && reach_is_local_name(host))
        return fail(ERR_INVALID, "\"url\" leads to %.*s, which is a local name", STR_ARG(host));
    return err == ERR_ABSENT ? OK : err;
}

static fallible check_parts(const struct networks *allowed, CURLU *parts, const char *url)
{
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER);
    char *host = NULL;
    enum err err;

    if (code == CURLUE_USER_NOT_ALLOWED)
        return fail(ERR_INVALID, "\"url\" may hold no user and password");
    if (!code)
        code = curl_url_get(parts, CURLUPART_HOST, &host, CURLU_URLDECODE);
    if (code)
        return fail(ERR_INVALID, "\"url\" is no http address: %s", curl_url_strerror(code));
    err = check_host(allowed, str_of(host));
    curl_free(host);
    return err;
}

fallible courier_check(const struct networks *allowed, str url)
{
    CURLU *parts;
    char *text;
    enum err err;

    if (!syntax_scheme(url) || !syntax_is_target(url))
        return fail(ERR_INVALID, "\"url\" must be an http:// or https:// address");
    parts = curl_url();
    text = mem_alloc(url.len + 1);
    if (text && url.len)
        memcpy(text, url.data, url.len);
    err = parts && text ? check_parts(allowed, parts, text) : mem_exhausted();
    mem_free(text);
    curl_url_cleanup(parts);
    return err;
}

/* Callbacks */

static size_t take_body(char *data, size_t one, size_t len, void *argument)
{
    struct parcel *parcel = argument;
    size_t room = KEPT_BODY - parcel->answer.len;

    (void)one; /* always 1 */
    buf_add_bytes(&parcel->answer, data, len < room ? len : room);
    parcel->answered += len;
    parcel->is_cut = parcel->answered > MOST_BODY;
    return parcel->is_cut ? 0 : len;
}

/* The last moment, and the only one at which it is certain where the bytes will go. */
static curl_socket_t open_socket(void *argument, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct parcel *parcel = argument;
    struct address address;

    (void)purpose;
    if (!parcel->is_blocked && outward_address(&to->addr, to->addrlen, &address) &&
        reach_allows(parcel->courier->allowed, &address))
        return outward_socket(to->family, to->socktype, to->protocol);
    if (!parcel->is_blocked) {
        buf_add(&parcel->reason, S("its address "));
        if (outward_address(&to->addr, to->addrlen, &address))
            address_write(&address, &parcel->reason);
        buf_add(&parcel->reason, S(" is not a public one ([webhooks] allow_networks)"));
    }
    parcel->is_blocked = true;
    return CURL_SOCKET_BAD;
}

/* Sending */

static fallible add_line(struct parcel *parcel, struct buf *line)
{
    struct curl_slist *longer;

    buf_add_byte(line, 0);
    longer = buf_is_broken(line) ? NULL : curl_slist_append(parcel->headers, line->data);
    if (!longer)
        return mem_exhausted();
    parcel->headers = longer;
    return OK;
}

static fallible add_headers(struct parcel *parcel, const struct courier_parcel *wanted)
{
    struct buf line = {0};
    enum err err = OK;

    for (size_t i = 0; !err && i < wanted->header_count; i++) {
        const struct http_header *header = &wanted->headers[i];

        buf_clear(&line);
        buf_add(&line, header->name);
        buf_add(&line, S(": "));
        buf_add(&line, header->value);
        err = syntax_is_token(header->name) && syntax_is_value(header->value)
                  ? add_line(parcel, &line)
                  : fail(ERR_INVALID, "a header of the request is malformed");
    }
    buf_clear(&line);
    buf_add(&line, S("Expect:")); /* no waiting for "100 Continue" */
    if (!err)
        err = add_line(parcel, &line);
    buf_done(&line);
    return err;
}

static CURLcode set_options(struct parcel *parcel, int64_t timeout_ms)
{
    CURLcode code = CURLE_OK;
    CURL *curl = parcel->curl;

#define SET(option, value)                                                                         \
    if (!code)                                                                                     \
    code = curl_easy_setopt(curl, option, value)
    SET(CURLOPT_PRIVATE, parcel);
    SET(CURLOPT_URL, parcel->url.data);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, ""); /* not that of the environment either */
    SET(CURLOPT_HTTPHEADER, parcel->headers);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)parcel->body.len);
    SET(CURLOPT_POSTFIELDS, parcel->body.data ? parcel->body.data : "");
    SET(CURLOPT_USERAGENT, "Myriad/" MYRIAD_VERSION);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, parcel);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, parcel);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
#undef SET
    return code;
}

static fallible fill(struct parcel *parcel, const struct courier_parcel *wanted)
{
    CURLcode code;

    if (!syntax_scheme(wanted->url) || !syntax_is_target(wanted->url))
        return fail(ERR_INVALID, "%.*s is not an http address", STR_ARG(wanted->url));
    buf_add(&parcel->url, wanted->url);
    buf_add_byte(&parcel->url, 0);
    buf_add(&parcel->body, wanted->body);
    parcel->curl = curl_easy_init();
    if (!parcel->curl || buf_is_broken(&parcel->url) || buf_is_broken(&parcel->body))
        return mem_exhausted();
    TRY(add_headers(parcel, wanted));
    code = set_options(parcel, wanted->timeout_ms);
    if (code == CURLE_OUT_OF_MEMORY)
        return mem_exhausted();
    if (code)
        return fail(ERR_INVALID, "%.*s: %s", STR_ARG(wanted->url), curl_easy_strerror(code));
    return curl_multi_add_handle(parcel->courier->multi, parcel->curl) ? mem_exhausted() : OK;
}

fallible courier_send(struct courier *courier, const struct courier_parcel *wanted)
{
    struct parcel *parcel = mem_alloc(sizeof *parcel);
    enum err err;

    if (!parcel)
        return mem_exhausted();
    parcel->courier = courier;
    parcel->done = wanted->done;
    parcel->argument = wanted->argument;
    parcel->behind = courier->first;
    if (parcel->behind)
        parcel->behind->before = parcel;
    courier->first = parcel;
    courier->count++;
    err = fill(parcel, wanted);
    if (err)
        drop(parcel);
    return err;
}

/* Ends */

static enum courier_end end_of(const struct parcel *parcel, CURLcode code, long status)
{
    if (code == CURLE_OK || (parcel->is_cut && status))
        return COURIER_ANSWERED;
    if (parcel->is_blocked)
        return COURIER_BLOCKED;
    return code == CURLE_OPERATION_TIMEDOUT ? COURIER_EXPIRED : COURIER_FAILED;
}

static void finish(struct parcel *parcel, CURLcode code)
{
    struct courier_outcome outcome;
    curl_off_t elapsed_us = 0, retry_after_s = 0;
    long status = 0;

    curl_easy_getinfo(parcel->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(parcel->curl, CURLINFO_TOTAL_TIME_T, &elapsed_us);
    curl_easy_getinfo(parcel->curl, CURLINFO_RETRY_AFTER, &retry_after_s);
    if (code && !parcel->reason.len)
        buf_add(&parcel->reason, str_of(curl_easy_strerror(code)));
    outcome = (struct courier_outcome){
        .end = end_of(parcel, code, status),
        .status = (int)status,
        .elapsed_ms = elapsed_us / US_MS,
        .retry_after_s = retry_after_s,
        .reason = buf_str(&parcel->reason),
        .body = buf_str(&parcel->answer),
    };
    parcel->done(parcel->argument, &outcome);
    drop(parcel);
}

void courier_run(struct courier *courier, int64_t timeout_ms)
{
    CURLMsg *message;
    int running, waiting, done = 0;

    curl_multi_perform(courier->multi, &running);
    while ((message = curl_multi_info_read(courier->multi, &waiting)) != NULL) {
        CURLcode code = message->data.result;
        void *parcel = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &parcel);
        finish(parcel, code);
        done++;
    }
    if (!done && timeout_ms > 0)
        curl_multi_poll(courier->multi, NULL, 0, (int)timeout_ms, NULL);
}
