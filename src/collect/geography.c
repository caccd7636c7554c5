/* geography.c - libmaxminddb, and which of a record's members say what.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/geography.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sys/address.h"

#include <maxminddb.h>
#include <string.h>

enum { PATH_MOST = 4096, IPV4_OFFSET = 96, SHOWN_MOST = 64 };

struct geography {
    MMDB_s files[GEOGRAPHY_FILES_MOST];
    size_t count;
};

void geography_close(struct geography *geography)
{
    if (!geography)
        return;
    while (geography->count)
        MMDB_close(&geography->files[--geography->count]);
    mem_free(geography);
}

bool geography_is_empty(const struct geography *geography)
{
    return geography->count == 0;
}

static fallible open_file(struct geography *geography, str path)
{
    char name[PATH_MOST];
    int status;

    if (path.len >= PATH_MOST || geography->count == GEOGRAPHY_FILES_MOST)
        return fail(ERR_LIMIT,
                    "setting mmdb of [enrich] names more than %d files, or too long ones",
                    GEOGRAPHY_FILES_MOST);
    memcpy(name, path.data, path.len);
    name[path.len] = 0;
    status = MMDB_open(name, MMDB_MODE_MMAP, &geography->files[geography->count]);
    if (status == MMDB_OUT_OF_MEMORY_ERROR)
        return mem_exhausted();
    if (status == MMDB_FILE_OPEN_ERROR)
        return fail(ERR_ABSENT, "%s, which setting mmdb of [enrich] names, cannot be opened", name);
    if (status != MMDB_SUCCESS)
        return fail(ERR_CORRUPT, "%s is no database of addresses: %s", name, MMDB_strerror(status));
    geography->count++;
    return OK;
}

fallible geography_open(str paths, struct geography **out_geography)
{
    struct geography *geography = mem_alloc(sizeof *geography);
    enum err err = OK;

    if (!geography)
        return mem_exhausted();
    while (paths.data && !err) {
        str path = str_trim(str_cut(&paths, ','));

        if (path.len)
            err = open_file(geography, path);
    }
    if (err)
        geography_close(geography);
    else
        *out_geography = geography;
    return err;
}

/* The text at a path of members; leaves `*out` as it is where there is none. */
static fallible add_text(MMDB_entry_s *entry, const char *const *path, struct arena *mem, str *out)
{
    MMDB_entry_data_s data;
    int status = MMDB_aget_value(entry, &data, path);

    if (status == MMDB_OUT_OF_MEMORY_ERROR)
        return mem_exhausted();
    if (status != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING ||
        !data.data_size || out->data)
        return OK;
    *out = arena_dup(mem, str_from(data.utf8_string, data.data_size));
    return out->data ? OK : arena_exhausted();
}

static bool has_number(MMDB_entry_s *entry, const char *const *path, uint64_t *out)
{
    MMDB_entry_data_s data;

    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data)
        return false;
    if (data.type == MMDB_DATA_TYPE_UINT32)
        *out = data.uint32;
    else if (data.type == MMDB_DATA_TYPE_UINT16)
        *out = data.uint16;
    else
        return false;
    return true;
}

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

static fallible add_facts(MMDB_entry_s *entry, struct arena *mem, struct geography_fact *fact)
{
    TRY(add_text(entry, PATH("country", "iso_code"), mem, &fact->country));
    TRY(add_text(entry, PATH("country_code"), mem, &fact->country));
    TRY(add_text(entry, PATH("subdivisions", "0", "iso_code"), mem, &fact->region));
    TRY(add_text(entry, PATH("state1"), mem, &fact->region));
    TRY(add_text(entry, PATH("city", "names", "en"), mem, &fact->city));
    TRY(add_text(entry, PATH("city"), mem, &fact->city));
    TRY(add_text(entry, PATH("location", "time_zone"), mem, &fact->timezone));
    TRY(add_text(entry, PATH("timezone"), mem, &fact->timezone));
    if (!fact->has_asn)
        fact->has_asn = has_number(entry, PATH("autonomous_system_number"), &fact->asn);
    return OK;
}

/* The bits of the address that the database looked at, and the address without the others. */
static fallible write_network(struct address address, unsigned netmask, bool is_tree_of_six,
                              struct arena *mem, str *out)
{
    unsigned all = address_bits(&address);
    unsigned bits = address.is_four && is_tree_of_six && netmask >= IPV4_OFFSET
                        ? netmask - IPV4_OFFSET
                        : netmask;
    struct buf text = {0};

    bits = bits < all ? bits : all;
    for (unsigned bit = bits; bit < all; bit++)
        address.bytes[bit / 8] &= (unsigned char)~(128u >> bit % 8);
    address_write(&address, &text);
    buf_add_byte(&text, '/');
    buf_add_u64(&text, bits);
    *out = buf_is_broken(&text) ? (str){NULL, 0} : arena_dup(mem, buf_str(&text));
    buf_done(&text);
    return out->data ? OK : arena_exhausted();
}

static struct sockaddr_storage socket_address(const struct address *address)
{
    struct sockaddr_storage storage = {0};

    if (address->is_four) {
        struct sockaddr_in four = {.sin_family = AF_INET};

        memcpy(&four.sin_addr, address->bytes, sizeof four.sin_addr);
        memcpy(&storage, &four, sizeof four);
    } else {
        struct sockaddr_in6 six = {.sin6_family = AF_INET6};

        memcpy(&six.sin6_addr, address->bytes, sizeof six.sin6_addr);
        memcpy(&storage, &six, sizeof six);
    }
    return storage;
}

fallible geography_find(const struct geography *geography, str text, struct arena *mem,
                        struct geography_fact *out_fact)
{
    struct geography_fact fact = {0};
    struct sockaddr_storage where;
    struct address address;
    uint16_t narrowest = 0;

    if (!address_read(text, &address))
        return fail(ERR_INVALID, "\"%.*s\" is no address such as 203.0.113.7 or 2001:db8::7",
                    (int)(text.len < SHOWN_MOST ? text.len : SHOWN_MOST), text.data);
    where = socket_address(&address);
    for (size_t i = 0; i < geography->count; i++) {
        const MMDB_s *file = &geography->files[i];
        int status;
        MMDB_lookup_result_s found =
            MMDB_lookup_sockaddr(file, (const struct sockaddr *)&where, &status);

        if (status == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR)
            continue;
        if (status != MMDB_SUCCESS)
            return fail(ERR_CORRUPT, "a database of addresses is damaged: %s",
                        MMDB_strerror(status));
        if (!found.found_entry)
            continue;
        TRY(add_facts(&found.entry, mem, &fact));
        if (found.netmask >= narrowest) {
            narrowest = found.netmask;
            TRY(write_network(address, found.netmask, file->metadata.ip_version == 6, mem,
                              &fact.network));
        }
    }
    *out_fact = fact;
    return OK;
}
