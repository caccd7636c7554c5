/* fuzz_log.c - a log with any bytes of it changed: no fault, no end without end, no record that was
 * never written.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Input: edits of six bytes each: what, which segment, where (2), two bytes more. Among them is the
 * making anew of checksums, so that what lies behind them is reached, too. Clear parts are not
 * authenticated, payloads are: what is read under a number is what was written under it.
 */
#include "store/log.h"
#include "store/log_format.h"
#include "sys/file.h"
#include "sys/sim.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    RECORDS = 36,
    PER_GROUP = 3,
    PAYLOAD = 300,
    SEGMENT = 6144,
    SEGMENTS = 3,
    MOST_EDITS = 32,
};

/* The disk and what its files held before anything was changed. */
static struct {
    struct sys *sys;
    struct vault *vault;
    char bytes[SEGMENTS][SEGMENT];
} pristine;

static void must(bool done)
{
    if (!done)
        abort();
}

static struct log_config config_of_log(void)
{
    return (struct log_config){pristine.sys, "log", pristine.vault, SEGMENT, 1};
}

static void make_payload(uint64_t seq, char *out)
{
    for (size_t i = 0; i < PAYLOAD; i++)
        out[i] = (char)(seq * 31 + i);
}

static void fill(struct log *log)
{
    for (unsigned i = 1; i <= RECORDS; i++) {
        char payload[PAYLOAD];
        struct log_entry entry = {RECORD_EVENTS, 1 + i % 3, 1, S("clear"), {payload, PAYLOAD}};

        make_payload(i, payload);
        if (i % PER_GROUP == 1)
            must(log_begin(log, PER_GROUP * (PAYLOAD + 5), PER_GROUP, 4) == OK);
        must(log_add(log, &entry) == i);
        if (i % PER_GROUP == 0)
            must(log_commit(log) == OK);
    }
}

static struct file *open_segment(uint32_t index, unsigned modes)
{
    struct file *file;
    char path[32];

    snprintf(path, sizeof path, "log/%08u.log", index + 1);
    must(file_open(pristine.sys, path, modes, &file) == OK);
    return file;
}

static void make_pristine(void)
{
    struct log_config config;
    struct log *log;

    pristine.sys = sim_open(1);
    must(pristine.sys && vault_open(pristine.sys, "keys", true, &pristine.vault) == OK);
    config = config_of_log();
    must(log_open(&config, &log, NULL) == OK);
    fill(log);
    log_close(log);
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        struct file *file = open_segment(i, FILE_READ);

        must(file_read_all(file, 0, pristine.bytes[i], SEGMENT) == OK);
        file_close(file);
    }
}

static void put_back(char bytes[SEGMENTS][SEGMENT], const size_t *sizes)
{
    struct arena *mem = arena_open(1 << 20);
    size_t count = 0;
    str *names = NULL;

    must(mem && folder_list(pristine.sys, "log", mem, &names, &count) == OK);
    for (size_t i = 0; i < count; i++) {
        char path[256];

        snprintf(path, sizeof path, "log/%.*s", STR_ARG(names[i]));
        must(file_remove(pristine.sys, path) == OK);
    }
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        struct file *file = open_segment(i, FILE_READ | FILE_WRITE | FILE_CREATE);

        must(file_write(file, 0, bytes[i], sizes[i]) == OK && file_sync(file) == OK);
        file_close(file);
    }
    must(folder_sync(pristine.sys, "log") == OK);
    arena_close(mem);
}

/* Checksums that fit what now stands there, as if it had been written so. */
static void reseal(char *bytes, size_t at, uint8_t what)
{
    struct log_segment_head segment;
    struct log_record_head record;
    struct log_group_head group;

    if (what % 3 == 0) {
        memcpy(&segment, bytes, sizeof segment);
        log_segment_head_close(&segment);
        memcpy(bytes, &segment, sizeof segment);
    } else if (what % 3 == 1 && at + sizeof record <= SEGMENT) {
        memcpy(&record, bytes + at, sizeof record);
        if (record.bytes < sizeof record || record.bytes > SEGMENT - at)
            return;
        record.checksum = log_record_checksum(bytes + at, record.bytes);
        memcpy(bytes + at, &record, sizeof record);
    } else if (at + sizeof group <= SEGMENT) {
        memcpy(&group, bytes + at, sizeof group);
        group.checksum = hash_checksum(&group, offsetof(struct log_group_head, checksum));
        memcpy(bytes + at, &group, sizeof group);
        if (group.body_bytes <= SEGMENT && at + log_group_size(group.body_bytes) <= SEGMENT)
            log_group_seal_trailer(bytes + at, group.body_bytes);
    }
}

static void edit(char bytes[SEGMENTS][SEGMENT], size_t *sizes, const uint8_t *how)
{
    uint32_t index = how[1] % SEGMENTS;
    size_t at = (size_t)(how[2] | how[3] << 8) % SEGMENT, len = how[4] * (how[5] % 16u + 1u);
    char *place = bytes[index] + at;

    if (len > SEGMENT - at)
        len = SEGMENT - at;
    switch (how[0] % 6) {
    case 0:
        *place = (char)(*place ^ (how[4] | 1));
        break;
    case 1:
        memset(place, 0, len);
        break;
    case 2: /* what stood elsewhere */
        memmove(place, bytes[(how[0] / 6) % SEGMENTS], len);
        break;
    case 3:
        reseal(bytes[index], at / LOG_ALIGN * LOG_ALIGN, how[4]);
        break;
    case 4:
        sizes[index] = at;
        break;
    case 5:
        memset(place, how[4], how[5] < SEGMENT - at ? how[5] : SEGMENT - at);
        break;
    }
}

static void read_all(struct log *log)
{
    struct log_reader *reader;
    struct log_record record;
    uint64_t last = 0;

    must(log_reader_open(log, 1, LOG_PLAIN, &reader) == OK);
    while (log_reader_next(reader, &record) == OK) {
        char payload[PAYLOAD];

        must(record.seq >= last);
        last = record.seq;
        if (!record.payload.data)
            continue;
        make_payload(record.seq, payload);
        must(record.seq <= RECORDS && record.payload.len == PAYLOAD);
        must(memcmp(record.payload.data, payload, PAYLOAD) == 0);
    }
    log_reader_close(reader);
}

static void open_and_read(void)
{
    struct log_config config = config_of_log();
    struct log *log;

    if (log_open(&config, &log, NULL) != OK)
        return;
    read_all(log);
    log_close(log);
}

static void ignore(void *argument, const char *sentence)
{
    (void)argument;
    (void)sentence;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[SEGMENTS][SEGMENT];
    size_t sizes[SEGMENTS] = {SEGMENT, SEGMENT, SEGMENT};
    struct log_config config;
    struct log_check check;

    if (!pristine.sys)
        make_pristine();
    config = config_of_log();
    memcpy(bytes, pristine.bytes, sizeof bytes);
    for (size_t i = 0; i + 6 <= size && i < 6 * MOST_EDITS; i += 6)
        edit(bytes, sizes, data + i);
    put_back(bytes, sizes);
    open_and_read();
    put_back(bytes, sizes);
    if (log_check(&config, false, ignore, NULL, &check) == OK &&
        log_check(&config, true, ignore, NULL, &check) == OK)
        open_and_read();
    return 0;
}
