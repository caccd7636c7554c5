/* history_text.h - one event of the history as text: JSON lines, CSV, and what other engines load.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"
#include "base/time.h"

enum history_identity { HISTORY_USER = 1, HISTORY_ANONYMOUS = 2, HISTORY_BOTH = 3 };

enum { HISTORY_NAMES = 12, HISTORY_COUNTRIES = 60, HISTORY_PRODUCTS = 50000 };
enum { HISTORY_CAMPAIGNS = 200, HISTORY_ROW_ROOM = 512, HISTORY_NO_PRODUCT = HISTORY_PRODUCTS };

struct history_event {
    uint64_t seq; /* place among the events */
    uint32_t person;
    enum history_identity identity;
    millis time;
    uint32_t name, product, source, campaign, device, country;
    uint32_t cents; /* 0: no revenue */
};

/* What is written twice a second costs time; days are spelt once. */
struct history_day {
    int64_t number;
    char text[10];
};

str history_name(uint32_t number);
str history_country(uint32_t number);

void history_csv_head(struct buf *out);
/* Each appends one row of at most HISTORY_ROW_ROOM bytes, for which there must be room. */
void history_json(struct buf *out, struct history_day *day, const struct history_event *event);
void history_csv(struct buf *out, struct history_day *day, const struct history_event *event);
/* The identify call that tells the person's country. */
void history_json_person(struct buf *out, struct history_day *day,
                         const struct history_event *event, uint32_t country);
void history_csv_person(struct buf *out, struct history_day *day, const struct history_event *event,
                        uint32_t country);
/* seq, person, time in milliseconds, then as in the CSV; the person is what joins end in. */
void history_peer(struct buf *out, const struct history_event *event);
/* An identifier of the person; the row of a person of the peers' table. */
void history_identifier(struct buf *out, uint32_t person, bool is_user);
