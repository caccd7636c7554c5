/* gate.c - one look at a request's head, before its body is read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "web/gate.h"

#include "base/mem.h"
#include "store/access.h"
#include "store/key_origins.h"
#include "sys/clock.h"
#include "sys/entropy.h"
#include "web/cookie.h"
#include "web/network.h"
#include "web/parameters.h"
#include "web/web.h"

#include <stdatomic.h>

enum { NAMES = 1 << 15 };

struct gate {
    struct sys *sys;
    const struct access *access;
    struct sessions *sessions;
    struct gate_rules rules;
    struct limits *limits[GATE_LIMITS];
    atomic_uint_fast64_t refused[GATE_LIMITS];
};

fallible gate_open(struct sys *sys, const struct access *access, struct sessions *sessions,
                   const struct gate_rules *rules, struct gate **out_gate)
{
    struct gate *gate = mem_alloc(sizeof *gate);
    enum err err = gate ? OK : mem_exhausted();
    hash_key key;

    if (err)
        return err;
    gate->sys = sys;
    gate->access = access;
    gate->sessions = sessions;
    gate->rules = *rules;
    for (int i = 0; i < GATE_LIMITS && !err; i++) {
        entropy_fill(sys, &key, sizeof key);
        err = limits_open(&key, NAMES, &gate->limits[i]);
    }
    if (err)
        gate_close(gate);
    else
        *out_gate = gate;
    return err;
}

void gate_close(struct gate *gate)
{
    if (!gate)
        return;
    for (int i = 0; i < GATE_LIMITS; i++)
        limits_close(gate->limits[i]);
    mem_free(gate);
}

uint64_t gate_refused(const struct gate *gate, enum gate_limit limit)
{
    return atomic_load_explicit(&((struct gate *)gate)->refused[limit], memory_order_relaxed);
}

static const struct {
    const char *name; /* in RateLimit headers; NULL: they do not speak of it */
    const char *sentence;
} LIMITS[] = {
    [GATE_KEY] = {"key", "this key asks too often: wait as long as Retry-After says"},
    [GATE_ADDRESS] = {"address", "too many requests from this address: wait as long as Retry-After "
                                 "says"},
    [GATE_WRONG_KEYS] = {NULL, "too many wrong keys from this address: wait as long as Retry-After "
                               "says"},
    [GATE_COLLECT] = {NULL, "this key sends too often: wait as long as Retry-After says"},
    [GATE_SIGN_INS] = {NULL, "too many attempts to sign in from this address: wait as long as "
                             "Retry-After says"},
};

static const struct limits_rate *rate_of(const struct gate *gate, enum gate_limit limit)
{
    const struct limits_rate *rates[] = {
        [GATE_KEY] = &gate->rules.key,
        [GATE_ADDRESS] = &gate->rules.address,
        [GATE_WRONG_KEYS] = &gate->rules.wrong_keys,
        [GATE_COLLECT] = &gate->rules.collect,
        [GATE_SIGN_INS] = &gate->rules.sign_ins,
    };

    return rates[limit];
}

static int64_t seconds_up(int64_t ms)
{
    return (ms + 999) / 1000;
}

static void add_seconds(struct exchange *x, str name, int64_t seconds)
{
    struct buf text = {0};

    buf_add_i64(&text, seconds < 1 ? 1 : seconds);
    exchange_add_header(x, name, buf_str(&text));
    buf_done(&text);
}

static void tell(struct exchange *x, enum gate_limit limit, const struct limits_rate *rate,
                 const struct limits_state *state)
{
    const char *name = LIMITS[limit].name;
    int64_t window_ms = (int64_t)(rate->burst * (uint64_t)rate->span_ms / rate->count);
    struct buf policy = {0}, now = {0};

    if (!name)
        return;
    buf_print(&policy, "\"%s\";q=%llu;w=%lld", name, (unsigned long long)rate->burst,
              (long long)seconds_up(window_ms));
    buf_print(&now, "\"%s\";r=%llu;t=%lld", name, (unsigned long long)state->left,
              (long long)seconds_up(state->full_ms));
    exchange_add_header(x, S("RateLimit-Policy"), buf_str(&policy));
    exchange_add_header(x, S("RateLimit"), buf_str(&now));
    buf_done(&policy);
    buf_done(&now);
}

/* Takes one; ERR_BUSY, with the headers that say when to come back. */
static fallible take(struct gate *gate, struct exchange *x, enum gate_limit limit, str name)
{
    const struct limits_rate *rate = rate_of(gate, limit);
    struct limits_state state;

    if (!rate->burst)
        return OK;
    limits_take(gate->limits[limit], rate, name, clock_mono_ns(gate->sys), &state);
    if (state.is_over || limit == GATE_KEY)
        tell(x, limit, rate, &state);
    if (!state.is_over)
        return OK;
    atomic_fetch_add_explicit(&gate->refused[limit], 1, memory_order_relaxed);
    add_seconds(x, S("Retry-After"), seconds_up(state.wait_ms));
    return fail(ERR_BUSY, "%s", LIMITS[limit].sentence);
}

static fallible take_address(struct gate *gate, struct exchange *x, enum gate_limit limit)
{
    struct address room;

    if (!rate_of(gate, limit)->burst)
        return OK;
    return take(gate, x, limit, network_of(exchange_request(x)->peer, &room));
}

/* Keys */

unsigned gate_scope(int permission)
{
    switch (permission) {
    case WEB_READ:
    case WEB_SAVE:
        return ACCESS_QUERY;
    case WEB_EXPORT:
        return ACCESS_EXPORT;
    case WEB_PEOPLE:
        return ACCESS_PEOPLE;
    case WEB_MANAGE:
        return ACCESS_MANAGE;
    case WEB_KEYS:
        return ACCESS_KEYS;
    default:
        return ACCESS_ROOT;
    }
}

static str bearer(const struct exchange *x)
{
    str header = exchange_header(x, S("Authorization"));
    str word = str_cut(&header, ' ');

    return str_equals_nocase(word, S("Bearer")) ? str_trim(header) : (str){NULL, 0};
}

static str key_name(const struct access_grant *grant)
{
    return str_from(&grant->key_id, sizeof grant->key_id);
}

/* A key that nobody has may be a guess. */
static fallible check_key(struct gate *gate, struct exchange *x, str key, unsigned needed,
                          struct access_grant *out_grant)
{
    enum err err = access_check(gate->access, key, needed, clock_now(gate->sys), out_grant);

    if (err != ERR_ABSENT)
        return err;
    TRY(take_address(gate, x, GATE_WRONG_KEYS));
    return fail(ERR_ABSENT, needed == ACCESS_WRITE
                                ? "there is no such key: give the write key as Basic user name or "
                                  "as \"writeKey\" in the body"
                                : "there is no such key: give an API key as \"Authorization: "
                                  "Bearer KEY\"");
}

static fallible check_by_key(struct gate *gate, struct exchange *x, str key, int permission)
{
    struct access_grant grant;

    if (permission == WEB_SELF)
        return fail(ERR_DENIED, "this is of a user: sign in, a key is none");
    TRY(check_key(gate, x, key, gate_scope(permission), &grant));
    return take(gate, x, GATE_KEY, key_name(&grant));
}

/* Sessions */

static fallible check_role(enum users_role role, unsigned needed)
{
    struct buf scope = {0};
    enum err err;

    if ((users_scopes(role) & needed) == needed)
        return OK;
    access_scope_write(needed & (ACCESS_ROOT | ACCESS_KEYS) ? ACCESS_ADMIN : needed, &scope);
    err = fail(ERR_DENIED, "the role \"%s\" does not allow what needs \"%.*s\": ask an owner",
               users_role_name(role), STR_ARG(buf_str(&scope)));
    buf_done(&scope);
    return err;
}

static fallible check_session(struct gate *gate, struct exchange *x, str token, int permission)
{
    unsigned needed = permission == WEB_SELF ? 0 : gate_scope(permission);
    struct sessions_grant grant;
    int64_t user;

    TRY(sessions_check(gate->sessions, token, clock_now(gate->sys), &grant));
    TRY(cookie_check_request(x, token));
    TRY(check_role(grant.role, needed));
    user = -grant.user_id; /* ids of keys are above 0 */
    return take(gate, x, GATE_KEY, str_from(&user, sizeof user));
}

static fallible check_nobody(struct gate *gate, struct exchange *x)
{
    TRY(cookie_check_origin(x, false));
    return take_address(gate, x, GATE_SIGN_INS);
}

str gate_secret(const struct exchange *x)
{
    str key = bearer(x);

    return key.data || exchange_header(x, S("Authorization")).data ? key : cookie_find(x);
}

/* Without "Authorization" a session counts. */
static fallible check_visitor(struct gate *gate, struct exchange *x, int permission)
{
    str key = bearer(x), token;

    if (key.data)
        return check_by_key(gate, x, key, permission);
    token = gate_secret(x);
    if (token.data)
        return check_session(gate, x, token, permission);
    return fail(ERR_ABSENT, permission == WEB_SELF
                                ? "sign in: there is no session"
                                : "give an API key as \"Authorization: Bearer KEY\", or sign in");
}

static fallible check(struct gate *gate, struct exchange *x, int permission)
{
    TRY(take_address(gate, x, GATE_ADDRESS));
    TRY(permission == WEB_SIGN_IN ? check_nobody(gate, x) : check_visitor(gate, x, permission));
    return parameters_check(x);
}

fallible gate_identify(struct gate *gate, const struct exchange *x,
                       struct gate_visitor *out_visitor)
{
    millis now = clock_now(gate->sys);
    struct gate_visitor visitor = {.is_user = !bearer(x).data};
    struct access_grant grant;

    if (visitor.is_user) {
        if (sessions_check(gate->sessions, gate_secret(x), now, &visitor.session) != OK)
            return fail(ERR_DENIED, "the session ended meanwhile");
        visitor.scopes = users_scopes(visitor.session.role);
    } else {
        if (access_check(gate->access, bearer(x), 0, now, &grant) != OK)
            return fail(ERR_DENIED, "the key was revoked meanwhile");
        visitor.key_id = grant.key_id;
        visitor.scopes = grant.scopes;
    }
    *out_visitor = visitor;
    return OK;
}

bool gate_still_allows(const struct access *access, struct sessions *sessions, str secret,
                       unsigned scope, millis now)
{
    struct sessions_grant session;
    struct access_grant grant;

    if (str_starts(secret, S("ms_")))
        return sessions_check(sessions, secret, now, &session) == OK &&
               (users_scopes(session.role) & scope) == scope;
    return access_check(access, secret, scope, now, &grant) == OK;
}

bool gate_admit(struct gate *gate, struct exchange *x, int permission)
{
    enum err err;
    int status;

    if (permission == WEB_COLLECT)
        return true;
    err = check(gate, x, permission);
    if (!err)
        return true;
    if (err == ERR_ABSENT || err == ERR_EXPIRED)
        exchange_add_header(x, S("WWW-Authenticate"), S("Bearer"));
    status = err == ERR_DENIED ? 403 : err == ERR_BUSY ? 429 : err == ERR_INVALID ? 422 : 401;
    exchange_answer_problem(x, status, str_of(err_text()));
    return false;
}

/* Collection */

/* A page's origin, or that of the page which shows an image. */
static str origin_of(const struct exchange *x)
{
    str origin = exchange_header(x, S("Origin"));

    return origin.data ? origin : key_origins_of_page(exchange_header(x, S("Referer")));
}

bool gate_knows_origin(const struct gate *gate, str origin)
{
    return access_has_origin(gate->access, origin, clock_now(gate->sys));
}

fallible gate_collect(struct gate *gate, struct exchange *x, str key)
{
    struct access_grant grant;
    enum err err;

    if (!key.data) {
        if (gate_knows_origin(gate, origin_of(x)))
            return OK;
        return fail(ERR_DENIED, "no write key is for this origin: add it to a key's \"origins\"");
    }
    err = check_key(gate, x, key, ACCESS_WRITE, &grant);
    if (err == ERR_DENIED)
        return fail(ERR_ABSENT, "this key does not collect: use a write key");
    if (err)
        return err;
    if (grant.origins.data)
        TRY(access_check_origin(&grant, origin_of(x)));
    return take(gate, x, GATE_COLLECT, key_name(&grant));
}
