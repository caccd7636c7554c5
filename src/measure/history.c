/* history.c - the list of column files: read, replaced, kept in step with the folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The list is text: "myriad columns 1", then a line a file (number, first and next sequence
 * number), then a checksum of the lines before it.
 */
#include "measure/history.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "measure/mask.h"
#include "measure/source.h"
#include "measure/strays.h"
#include "measure/tally.h"
#include "people/roster.h"
#include "sys/file.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_LIST = 16 << 20,
    LIST_MEMORY = 64 << 20,
    NAME = 12,
    DIGITS = 8,
    SECTION_ROW_BYTES = 9, /* in memory, with what tells stripes apart */
};

static const char list_name[] = "files";
static const char list_head[] = "myriad columns 1\n";

struct member {
    uint32_t number;
    struct columns *columns;
    struct mask *mask;
    struct mask *human; /* without machines; of a file that tells them apart */
    struct strays *strays;
    struct tally_cache *tally;
};

static void member_close(struct member *member)
{
    columns_close(member->columns);
    mask_close(member->mask);
    mask_close(member->human);
    strays_close(member->strays);
    tally_file_close(member->tally);
}

static fallible member_open_facts(struct member *member)
{
    member->mask = mask_open();
    member->human = mask_open();
    member->strays = strays_open();
    member->tally = tally_file_open();
    return member->mask && member->human && member->strays && member->tally ? OK : mem_exhausted();
}

struct history {
    struct sys *sys;
    char *folder;
    unsigned char workspace[COLUMNS_WORKSPACE];
    struct columns_cache *cache;
    struct member *members;
    size_t count;
    _Atomic uint32_t last_number; /* given out */
};

static fallible path_of(const char *folder, uint32_t number, struct arena *mem, str *out_path)
{
    *out_path = arena_print(mem, "%s/%08u.col", folder, number);
    return out_path->data ? OK : arena_exhausted();
}

/* Reading the list. */

static fallible damaged_list(const char *folder)
{
    return fail(ERR_CORRUPT,
                "the list of column files %s/%s is damaged: remove the folder, and it is made anew "
                "from the log",
                folder, list_name);
}

struct listed {
    uint64_t number, first_seq, next_seq;
};

static bool read_line(str line, struct listed *out)
{
    str number = str_cut(&line, ' ');
    str first = str_cut(&line, ' ');

    return str_to_u64(number, &out->number) && str_to_u64(first, &out->first_seq) &&
           str_to_u64(line, &out->next_seq) && out->number <= UINT32_MAX &&
           out->first_seq <= out->next_seq;
}

/* Files must follow one another in the log. */
static fallible read_lines(const char *folder, str lines, struct arena *mem,
                           struct listed **out_list, size_t *out_count)
{
    struct listed *list = arena_array(mem, lines.len / 6 + 1, sizeof *list);
    uint64_t next = 1;
    size_t count = 0;

    if (!list)
        return arena_exhausted();
    while (lines.len) {
        if (!read_line(str_cut(&lines, '\n'), &list[count]) || list[count].first_seq != next)
            return damaged_list(folder);
        next = list[count++].next_seq;
    }
    *out_list = list;
    *out_count = count;
    return OK;
}

static fallible read_list(struct sys *sys, const char *folder, struct arena *mem,
                          struct listed **out_list, size_t *out_count)
{
    str path = arena_print(mem, "%s/%s", folder, list_name);
    str text, lines;
    uint64_t checksum;
    enum err err;

    if (!path.data)
        return arena_exhausted();
    *out_list = NULL;
    *out_count = 0;
    err = file_load(sys, path.data, MOST_LIST, mem, &text);
    if (err == ERR_ABSENT)
        return OK;
    TRY(err);
    if (text.len < 17 || text.data[text.len - 1] != '\n' || !str_starts(text, str_of(list_head)))
        return damaged_list(folder);
    lines = str_slice(text, 0, text.len - 1);
    while (lines.len && lines.data[lines.len - 1] != '\n')
        lines.len--;
    if (!str_to_u64(str_slice(text, lines.len, text.len - 1), &checksum) ||
        checksum != hash_checksum(lines.data, lines.len))
        return damaged_list(folder);
    return read_lines(
        folder, str_from(lines.data + sizeof list_head - 1, lines.len - (sizeof list_head - 1)),
        mem, out_list, out_count);
}

static fallible write_list(const struct history *history, const struct member *members,
                           size_t count)
{
    struct arena *mem = arena_open(LIST_MEMORY);
    struct buf text = {0};
    str path = {NULL, 0};
    enum err err = OK;

    if (mem)
        path = arena_print(mem, "%s/%s", history->folder, list_name);
    buf_add(&text, str_of(list_head));
    for (size_t i = 0; i < count; i++) {
        const struct columns_about *about = columns_about(members[i].columns);

        buf_print(&text, "%u %llu %llu\n", members[i].number, (unsigned long long)about->first_seq,
                  (unsigned long long)about->next_seq);
    }
    if (!buf_is_broken(&text))
        buf_print(&text, "%llu\n", (unsigned long long)hash_checksum(text.data, text.len));
    if (!path.data || buf_is_broken(&text))
        err = mem_exhausted();
    else
        err = file_replace(history->sys, path.data, buf_str(&text));
    buf_done(&text);
    arena_close(mem);
    return err;
}

/* Opening. */

static fallible open_member(const struct history *history, const struct listed *listed,
                            struct arena *mem, struct member *out_member)
{
    const struct columns_about *about;
    str path;

    out_member->number = (uint32_t)listed->number;
    TRY(path_of(history->folder, out_member->number, mem, &path));
    TRY(columns_open(history->sys, path.data, history->workspace, history->cache,
                     &out_member->columns));
    TRY(member_open_facts(out_member));
    about = columns_about(out_member->columns);
    if (about->first_seq != listed->first_seq || about->next_seq != listed->next_seq)
        return fail(ERR_CORRUPT, "%s covers other records than the list of column files says",
                    path.data);
    return OK;
}

static bool is_listed(const struct history *history, str name)
{
    uint64_t number;

    if (str_equals(name, str_of(list_name)) || str_equals(name, str_of(roster_name)))
        return true;
    if (name.len != NAME || !str_ends(name, S(".col")) ||
        !str_to_u64(str_slice(name, 0, DIGITS), &number))
        return false;
    for (size_t i = 0; i < history->count; i++)
        if (history->members[i].number == number)
            return true;
    return false;
}

static fallible remove_leftovers(const struct history *history, struct arena *mem)
{
    size_t count;
    str *names;

    TRY(folder_list(history->sys, history->folder, mem, &names, &count));
    for (size_t i = 0; i < count; i++) {
        str path;

        if (is_listed(history, names[i]))
            continue;
        path = arena_print(mem, "%s/%.*s", history->folder, STR_ARG(names[i]));
        if (!path.data)
            return arena_exhausted();
        TRY(file_remove(history->sys, path.data));
    }
    return OK;
}

static fallible open_all(struct history *history, struct arena *mem)
{
    struct listed *list;
    size_t count;

    TRY(folder_make(history->sys, history->folder));
    TRY(read_list(history->sys, history->folder, mem, &list, &count));
    history->members = mem_alloc((count + 1) * sizeof *history->members);
    if (!history->members)
        return mem_exhausted();
    for (; history->count < count; history->count++) {
        struct member *member = &history->members[history->count];
        enum err err = open_member(history, &list[history->count], mem, member);

        if (err) {
            member_close(member);
            return err;
        }
        if (member->number > atomic_load(&history->last_number))
            atomic_store(&history->last_number, member->number);
    }
    return remove_leftovers(history, mem);
}

fallible history_open(struct sys *sys, const char *folder,
                      const unsigned char workspace[COLUMNS_WORKSPACE], size_t cache_bytes,
                      struct history **out_history)
{
    struct history *history = mem_alloc(sizeof *history);
    struct arena *mem = arena_open(LIST_MEMORY);
    enum err err = history && mem ? OK : mem_exhausted();

    if (!err) {
        history->sys = sys;
        memcpy(history->workspace, workspace, COLUMNS_WORKSPACE);
        history->folder = mem_text(folder);
        err = history->folder ? columns_cache_open(cache_bytes, &history->cache) : mem_exhausted();
    }
    if (!err)
        err = open_all(history, mem);
    arena_close(mem);
    if (err)
        history_close(history);
    else
        *out_history = history;
    return err;
}

void history_close(struct history *history)
{
    if (!history)
        return;
    for (size_t i = 0; i < history->count; i++)
        member_close(&history->members[i]);
    mem_free(history->members);
    columns_cache_close(history->cache);
    mem_free(history->folder);
    mem_free(history);
}

size_t history_count(const struct history *history)
{
    return history->count;
}

struct columns *history_file(const struct history *history, size_t at)
{
    return history->members[at].columns;
}

/* The mask of a file that is for the source. */
static struct mask *mask_for(const struct member *member, const struct source *source,
                             struct mask_wish *out_wish)
{
    *out_wish = source->without;
    out_wish->is_human &= mask_tells_apart(member->columns, source->without.verdicts);
    return out_wish->is_human ? member->human : member->mask;
}

fallible history_mask(const struct history *history, size_t at, const struct source *source,
                      const struct mask_rows **out_rows)
{
    const struct member *member = &history->members[at];
    struct mask_wish wish;
    struct mask *mask = mask_for(member, source, &wish);

    return mask_read(mask, member->columns, &wish, out_rows);
}

bool history_mask_ready(const struct history *history, size_t at, const struct source *source,
                        const struct mask_rows **out_rows)
{
    const struct member *member = &history->members[at];
    struct mask_wish wish;
    struct mask *mask = mask_for(member, source, &wish);

    return mask_ready(mask, member->columns, &wish, out_rows);
}

fallible history_strays(const struct history *history, size_t at, const struct source *source,
                        const struct strays_rows **out_rows)
{
    return strays_read(history->members[at].strays, history->members[at].columns, source, out_rows);
}

struct opening {
    const struct history *history;
    uint32_t number;
};

/* A tally_opener. */
static enum err open_again(const void *argument, struct columns **out_columns)
{
    const struct opening *opening = argument;
    const struct history *history = opening->history;
    struct arena *mem = arena_open(LIST_MEMORY);
    str path;
    enum err err = mem ? path_of(history->folder, opening->number, mem, &path) : mem_exhausted();

    if (!err)
        err =
            columns_open(history->sys, path.data, history->workspace, history->cache, out_columns);
    arena_close(mem);
    return err;
}

fallible history_tally(const struct history *history, size_t at, const struct mask_rows *rows,
                       const struct tally **out_tally)
{
    const struct member *member = &history->members[at];
    struct opening opening = {history, member->number};

    return tally_file_read(member->tally, member->columns, rows, open_again, &opening, out_tally);
}

uint64_t history_next_seq(const struct history *history)
{
    return history->count ? columns_about(history->members[history->count - 1].columns)->next_seq
                          : 1;
}

uint64_t history_identity_seq(const struct history *history)
{
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < history->count; i++) {
        uint64_t seq = columns_about(history->members[i].columns)->identity_seq;

        least = seq < least ? seq : least;
    }
    return least;
}

const char *history_folder(const struct history *history)
{
    return history->folder;
}

const unsigned char *history_workspace(const struct history *history)
{
    return history->workspace;
}

size_t history_cache_bytes(const struct history *history)
{
    return columns_cache_bytes(history->cache);
}

size_t history_memory(const struct history *history)
{
    return columns_cache_bound(history->cache);
}

/* So that times and numbers of one section take half of it: two files can be read at once. */
uint32_t history_section_rows(const struct history *history)
{
    size_t rows = history_memory(history) / (2 * SECTION_ROW_BYTES);

    if (rows < COLUMNS_STRIPE_ROWS)
        return COLUMNS_STRIPE_ROWS;
    return rows < UINT32_MAX ? (uint32_t)rows : UINT32_MAX;
}

/* Changing. */

uint32_t history_next_number(struct history *history)
{
    return atomic_fetch_add(&history->last_number, 1) + 1;
}

uint32_t history_number(const struct history *history, size_t at)
{
    return history->members[at].number;
}

fallible history_path(const struct history *history, uint32_t number, struct arena *mem,
                      str *out_path)
{
    return path_of(history->folder, number, mem, out_path);
}

/* The files that count from now on, of which `fresh` is one; the old array stays as it is. */
static struct member *spliced(const struct history *history, size_t at, size_t count,
                              const struct member *fresh)
{
    struct member *members = mem_alloc((history->count + 2) * sizeof *members);
    size_t behind = history->count - at - count;

    if (!members)
        return NULL;
    if (at)
        memcpy(members, history->members, at * sizeof *members);
    members[at] = *fresh;
    if (behind)
        memcpy(members + at + 1, history->members + at + count, behind * sizeof *members);
    return members;
}

/* A file that cannot be removed now is removed at the next opening: it is not in the list. */
static void drop(struct history *history, size_t at, size_t count, struct arena *mem)
{
    for (size_t i = at; i < at + count; i++) {
        str path;

        member_close(&history->members[i]);
        if (path_of(history->folder, history->members[i].number, mem, &path) == OK)
            (void)!file_remove(history->sys, path.data);
    }
}

/* The list may have been replaced although that could not be made to last: then the file stays. */
static void drop_fresh(const struct history *history, const struct member *fresh, struct arena *mem)
{
    struct listed *list;
    size_t count;
    str path;

    if (!mem || read_list(history->sys, history->folder, mem, &list, &count) != OK)
        return;
    for (size_t i = 0; i < count; i++)
        if (list[i].number == fresh->number)
            return;
    if (path_of(history->folder, fresh->number, mem, &path) == OK)
        (void)!file_remove(history->sys, path.data);
}

fallible history_replace(struct history *history, uint32_t number, size_t at, size_t count)
{
    struct arena *mem = arena_open(LIST_MEMORY);
    struct member fresh = {.number = number};
    struct member *members = NULL;
    str path;
    enum err err = mem ? path_of(history->folder, fresh.number, mem, &path) : mem_exhausted();

    if (!err)
        err = columns_open(history->sys, path.data, history->workspace, history->cache,
                           &fresh.columns);
    if (!err)
        err = member_open_facts(&fresh);
    if (!err) {
        members = spliced(history, at, count, &fresh);
        err = members ? write_list(history, members, history->count - count + 1) : mem_exhausted();
    }
    if (err) {
        char why[512];

        snprintf(why, sizeof why, "%s", err_text());
        member_close(&fresh);
        drop_fresh(history, &fresh, mem);
        mem_free(members);
        err = fail(err, "%s", why);
    } else {
        drop(history, at, count, mem);
        mem_free(history->members);
        history->members = members;
        history->count = history->count - count + 1;
    }
    arena_close(mem);
    return err;
}

fallible history_check(struct sys *sys, const char *folder,
                       const unsigned char workspace[COLUMNS_WORKSPACE],
                       void (*report)(void *, const char *), void *argument)
{
    const struct roster_config roster = {.sys = sys, .folder = folder, .workspace = workspace};
    struct arena *mem = arena_open(LIST_MEMORY);
    struct listed *list;
    size_t count = 0;
    enum err err = mem ? read_list(sys, folder, mem, &list, &count) : mem_exhausted();
    enum err worst = err;

    if (err == ERR_CORRUPT)
        report(argument, err_text());
    for (size_t i = 0; i < count; i++) {
        str path;

        err = path_of(folder, (uint32_t)list[i].number, mem, &path);
        if (!err)
            err = columns_check(sys, path.data, workspace, report, argument);
        worst = err ? err : worst;
    }
    if (count) {
        err = roster_check(&roster, list[count - 1].next_seq, report, argument);
        worst = err ? err : worst;
    }
    arena_close(mem);
    return worst;
}
