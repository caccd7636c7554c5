/* sim_content.c - a file's bytes as pages, which contents share until one of them writes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/hash.h"
#include "base/mem.h"
#include "sys/sim_disk_int.h"

#include <string.h>

static void release(struct sim_page *page)
{
    if (page && --page->refs == 0)
        mem_free(page);
}

void sim_content_done(struct sim_content *content)
{
    for (size_t i = 0; i < content->count; i++)
        release(content->pages[i]);
    mem_free(content->pages);
    *content = (struct sim_content){0};
}

static bool grow_table(struct sim_content *content, size_t count)
{
    size_t room = 8;
    struct sim_page **pages;

    if (count <= content->count)
        return true;
    /* The room of the table is the power of two that holds its count. */
    while (room < content->count)
        room *= 2;
    if (!content->pages || room < count) {
        while (room < count)
            room *= 2;
        pages = mem_grow(content->pages, room * sizeof *pages);
        if (!pages)
            return false;
        content->pages = pages;
    }
    while (content->count < count)
        content->pages[content->count++] = NULL;
    return true;
}

/* The page, there and not shared; NULL without memory. */
static struct sim_page *own_page(struct sim_content *content, size_t index)
{
    struct sim_page *old, *page;

    if (!grow_table(content, index + 1))
        return NULL;
    old = content->pages[index];
    if (old && old->refs == 1)
        return old;
    page = mem_alloc(sizeof *page);
    if (!page)
        return NULL;
    if (old)
        memcpy(page->bytes, old->bytes, SIM_PAGE);
    page->refs = 1;
    release(old);
    content->pages[index] = page;
    return page;
}

static size_t part_within_page(uint64_t offset, size_t len)
{
    size_t left = SIM_PAGE - (size_t)(offset % SIM_PAGE);

    return len < left ? len : left;
}

void sim_content_read(const struct sim_content *content, uint64_t offset, void *out, size_t len)
{
    unsigned char *to = out;

    while (len) {
        size_t index = (size_t)(offset / SIM_PAGE), part = part_within_page(offset, len);
        const struct sim_page *page = index < content->count ? content->pages[index] : NULL;

        if (page)
            memcpy(to, page->bytes + offset % SIM_PAGE, part);
        else
            memset(to, 0, part);
        to += part;
        offset += part;
        len -= part;
    }
}

bool sim_content_write(struct sim_content *content, uint64_t offset, const void *data, size_t len)
{
    const unsigned char *from = data;

    while (len) {
        size_t part = part_within_page(offset, len);
        struct sim_page *page = own_page(content, (size_t)(offset / SIM_PAGE));

        if (!page)
            return false;
        memcpy(page->bytes + offset % SIM_PAGE, from, part);
        from += part;
        offset += part;
        len -= part;
        if (content->size < offset)
            content->size = offset;
    }
    return true;
}

bool sim_content_resize(struct sim_content *content, uint64_t size)
{
    size_t kept = (size_t)((size + SIM_PAGE - 1) / SIM_PAGE), tail = (size_t)(size % SIM_PAGE);

    if (tail && kept <= content->count && content->pages[kept - 1]) {
        struct sim_page *page = own_page(content, kept - 1);
        if (!page)
            return false;
        memset(page->bytes + tail, 0, SIM_PAGE - tail);
    }
    while (content->count > kept) {
        release(content->pages[--content->count]);
        content->pages[content->count] = NULL;
    }
    content->size = size;
    return true;
}

bool sim_content_take(struct sim_content *content, const struct sim_content *from, uint64_t offset,
                      uint64_t end)
{
    size_t most = from->count > content->count ? from->count : content->count;
    size_t last = end / SIM_PAGE < most ? (size_t)((end + SIM_PAGE - 1) / SIM_PAGE) : most;

    if (!grow_table(content, from->count < last ? from->count : last))
        return false;
    for (size_t i = (size_t)(offset / SIM_PAGE); i < last && i < content->count; i++) {
        struct sim_page *page = i < from->count ? from->pages[i] : NULL;

        if (page)
            page->refs++;
        release(content->pages[i]);
        content->pages[i] = page;
    }
    return true;
}

bool sim_content_copy(struct sim_content *content, const struct sim_content *from)
{
    if (!sim_content_take(content, from, 0, UINT64_MAX))
        return false;
    content->size = from->size;
    return true;
}

static bool is_zero(const struct sim_page *page)
{
    return !page ||
           (page->bytes[0] == 0 && memcmp(page->bytes, page->bytes + 1, SIM_PAGE - 1) == 0);
}

uint64_t sim_content_digest(const struct sim_content *content, uint64_t seed)
{
    uint64_t digest = hash_checksum_seeded(&content->size, sizeof content->size, seed);

    for (size_t i = 0; i < content->count; i++)
        if (!is_zero(content->pages[i]))
            digest = hash_checksum_seeded(content->pages[i]->bytes, SIM_PAGE, digest + i);
    return digest;
}
