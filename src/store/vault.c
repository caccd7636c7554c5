/* vault.c - keys in fixed slots, made in synced chunks before anyone needs them.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * secret:      magic 8, workspace id 16, hash key 16, checksum 8
 * nodes.keys:  magic 8, workspace id 16, checksum 8; then a slot of 40 bytes for each node:
 *              key 32, checksum 8. A destroyed slot holds zeros and the checksum of that.
 */
#include "store/vault.h"

#include "base/mem.h"
#include "store/sealer.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/thread.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
    KEY_SIZE = SEALER_KEY,
    SLOT_SIZE = KEY_SIZE + 8,
    SECTOR = 512,
    CHUNK_SLOTS = 4096,
    AHEAD_SLOTS = 2 * CHUNK_SLOTS, /* kept ready */
    CHUNK_BYTES = CHUNK_SLOTS * SLOT_SIZE,
    CHUNKS_MOST = 1 << 20, /* all node ids of 32 bits */
    HEADER_SIZE = 8 + VAULT_ID_SIZE + 8,
    SECRET_SIZE = 8 + VAULT_ID_SIZE + (int)sizeof(hash_key) + 8,
    ASSOCIATED_MOST = 64,
    KEYS_AT_ONCE = 64,
    FETCHED_MOST = 512, /* chunks in memory that nobody asked for: 70 MB */
    PATH_SIZE = 4096,
};

static const char SECRET_MAGIC[8] = "MYRSECR1";
static const char KEYS_MAGIC[8] = "MYRKEYS1";
static const uint64_t DESTROYED_SEED = 0x64657374726f7965; /* any constant that no node id is */

enum slot_state { SLOT_DAMAGED, SLOT_TORN, SLOT_ALIVE, SLOT_DESTROYED };

struct chunk {
    unsigned char keys[CHUNK_SLOTS][KEY_SIZE];
    _Atomic unsigned char states[CHUNK_SLOTS];
};

struct vault {
    struct sys *sys;
    struct file *file;
    struct mutex *lock;      /* for loading chunks */
    struct mutex *grow_lock; /* for making them */
    struct sealer *sealer;
    struct chunk *_Atomic *chunks;
    _Atomic node_id reserved;
    _Atomic node_id wanted; /* the most that anyone reserved */
    unsigned char id[VAULT_ID_SIZE];
    hash_key hash_key;
    atomic_bool is_broken; /* a write or sync failed: no further promise can be made */
};

static uint64_t slot_offset(node_id node)
{
    return HEADER_SIZE + (uint64_t)node * SLOT_SIZE;
}

static uint64_t slot_checksum(const unsigned char *key, node_id node, bool destroyed)
{
    return hash_checksum_seeded(key, KEY_SIZE, destroyed ? DESTROYED_SEED ^ node : node);
}

static void write_slot(unsigned char *slot, const unsigned char *key, node_id node, bool destroyed)
{
    uint64_t checksum = slot_checksum(key, node, destroyed);

    memcpy(slot, key, KEY_SIZE);
    memcpy(slot + KEY_SIZE, &checksum, sizeof checksum);
}

/* Was the slot never written whole? As in the log: a sector that was not written reads as zeros,
 * and no part of a slot in one sector is all zeros. */
static bool is_torn(const unsigned char *slot, node_id node)
{
    uint64_t offset = slot_offset(node);
    size_t first = SECTOR - (size_t)(offset % SECTOR);

    if (first >= SLOT_SIZE)
        return sodium_is_zero(slot, SLOT_SIZE);
    return sodium_is_zero(slot, first) || sodium_is_zero(slot + first, SLOT_SIZE - first);
}

static enum slot_state read_slot(const unsigned char *slot, node_id node)
{
    uint64_t checksum;

    memcpy(&checksum, slot + KEY_SIZE, sizeof checksum);
    if (checksum == slot_checksum(slot, node, false))
        return SLOT_ALIVE;
    if (checksum == slot_checksum(slot, node, true) && sodium_is_zero(slot, KEY_SIZE))
        return SLOT_DESTROYED;
    return SLOT_DAMAGED;
}

/* Files */

static void seal_checksum(unsigned char *bytes, size_t size)
{
    uint64_t checksum = hash_checksum(bytes, size - sizeof checksum);

    memcpy(bytes + size - sizeof checksum, &checksum, sizeof checksum);
}

static bool has_checksum(const unsigned char *bytes, size_t size)
{
    uint64_t checksum;

    memcpy(&checksum, bytes + size - sizeof checksum, sizeof checksum);
    return checksum == hash_checksum(bytes, size - sizeof checksum);
}

static fallible load_secret(struct vault *vault, const char *path)
{
    unsigned char bytes[SECRET_SIZE];
    struct file *file;
    uint64_t size;
    enum err err;

    TRY(file_open(vault->sys, path, FILE_READ, &file));
    err = file_size(file, &size);
    if (!err && size != sizeof bytes)
        err = fail(ERR_CORRUPT, "the workspace's secret has %llu bytes instead of %d",
                   (unsigned long long)size, SECRET_SIZE);
    if (!err)
        err = file_read_all(file, 0, bytes, sizeof bytes);
    if (!err && (memcmp(bytes, SECRET_MAGIC, 8) != 0 || !has_checksum(bytes, sizeof bytes)))
        err = fail(ERR_CORRUPT, "the workspace's secret is damaged: restore it from a key backup");
    if (!err) {
        memcpy(vault->id, bytes + 8, VAULT_ID_SIZE);
        memcpy(&vault->hash_key, bytes + 8 + VAULT_ID_SIZE, sizeof vault->hash_key);
    }
    sodium_memzero(bytes, sizeof bytes);
    file_close(file);
    return err;
}

static fallible make_secret(struct vault *vault, const char *path)
{
    unsigned char bytes[SECRET_SIZE];
    enum err err;

    memcpy(bytes, SECRET_MAGIC, 8);
    entropy_fill(vault->sys, bytes + 8, VAULT_ID_SIZE + sizeof(hash_key));
    seal_checksum(bytes, sizeof bytes);
    err = file_replace(vault->sys, path, str_from(bytes, sizeof bytes));
    sodium_memzero(bytes, sizeof bytes);
    return err;
}

static fallible make_keys(struct vault *vault, const char *path)
{
    unsigned char header[HEADER_SIZE];

    memcpy(header, KEYS_MAGIC, 8);
    memcpy(header + 8, vault->id, VAULT_ID_SIZE);
    seal_checksum(header, sizeof header);
    return file_replace(vault->sys, path, str_from(header, sizeof header));
}

static fallible open_keys(struct vault *vault, const char *path)
{
    unsigned char header[HEADER_SIZE];
    uint64_t size;

    TRY(file_open(vault->sys, path, FILE_READ | FILE_WRITE, &vault->file));
    TRY(file_read_all(vault->file, 0, header, sizeof header));
    if (memcmp(header, KEYS_MAGIC, 8) != 0 || !has_checksum(header, sizeof header))
        return fail(ERR_CORRUPT, "the file of node keys has a damaged header");
    if (memcmp(header + 8, vault->id, VAULT_ID_SIZE) != 0)
        return fail(ERR_CONFLICT, "the file of node keys belongs to another workspace");
    TRY(file_size(vault->file, &size));
    atomic_store(&vault->reserved, (node_id)((size - HEADER_SIZE) / CHUNK_BYTES * CHUNK_SLOTS));
    return OK;
}

static fallible open_files(struct vault *vault, const char *folder, bool create)
{
    char secret[PATH_SIZE], keys[PATH_SIZE];

    snprintf(secret, sizeof secret, "%s/secret", folder);
    snprintf(keys, sizeof keys, "%s/nodes.keys", folder);
    if (create) {
        TRY(folder_make(vault->sys, folder));
        if (!file_exists(vault->sys, secret))
            TRY(make_secret(vault, secret));
    }
    TRY(load_secret(vault, secret));
    if (create && !file_exists(vault->sys, keys))
        TRY(make_keys(vault, keys));
    return open_keys(vault, keys);
}

fallible vault_open(struct sys *sys, const char *folder, bool create, struct vault **out_vault)
{
    struct vault *vault = mem_alloc(sizeof *vault);
    enum err err;

    if (!vault)
        return mem_exhausted();
    vault->sys = sys;
    vault->lock = mutex_open();
    vault->grow_lock = mutex_open();
    vault->chunks = mem_alloc(CHUNKS_MOST * sizeof *vault->chunks);
    if (!vault->lock || !vault->grow_lock || !vault->chunks)
        err = mem_exhausted();
    else
        err = sodium_init() < 0 ? fail(ERR_IO, "libsodium could not start")
                                : sealer_open(sys, &vault->sealer);
    if (!err)
        err = open_files(vault, folder, create);
    if (!err && create)
        err = vault_reserve(vault, 1);
    if (err) {
        vault_close(vault);
        return err;
    }
    *out_vault = vault;
    return OK;
}

void vault_close(struct vault *vault)
{
    if (!vault)
        return;
    for (size_t i = 0; vault->chunks && i < vault->reserved / CHUNK_SLOTS; i++) {
        struct chunk *chunk = vault->chunks[i];
        if (!chunk)
            continue;
        sodium_memzero(chunk, sizeof *chunk);
        mem_free(chunk);
    }
    sodium_memzero(&vault->hash_key, sizeof vault->hash_key);
    mem_free(vault->chunks);
    sealer_close(vault->sealer);
    mutex_close(vault->grow_lock);
    mutex_close(vault->lock);
    file_close(vault->file);
    mem_free(vault);
}

const unsigned char *vault_workspace_id(const struct vault *vault)
{
    return vault->id;
}

hash128 vault_hash(const struct vault *vault, unsigned char domain, str text)
{
    hash_key key = vault->hash_key;

    key.bytes[0] ^= domain;
    return hash_keyed(&key, text);
}

/* Chunks */

static fallible load_chunk(struct vault *vault, node_id first, struct chunk **out_chunk)
{
    unsigned char *slots = mem_alloc(CHUNK_BYTES);
    struct chunk *chunk = mem_alloc(sizeof *chunk);
    enum err err = slots && chunk ? OK : mem_exhausted();

    if (!err)
        err = file_read_all(vault->file, slot_offset(first), slots, CHUNK_BYTES);
    for (node_id i = 0; !err && i < CHUNK_SLOTS; i++) {
        const unsigned char *slot = slots + i * SLOT_SIZE;
        enum slot_state state = read_slot(slot, first + i);

        if (state == SLOT_DAMAGED && is_torn(slot, first + i))
            state = SLOT_TORN;
        chunk->states[i] = (unsigned char)state;
        memcpy(chunk->keys[i], slot, KEY_SIZE);
    }
    if (slots)
        sodium_memzero(slots, CHUNK_BYTES);
    mem_free(slots);
    if (err)
        mem_free(chunk);
    else
        *out_chunk = chunk;
    return err;
}

static fallible get_chunk(struct vault *vault, node_id node, struct chunk **out_chunk)
{
    struct chunk *_Atomic *place = &vault->chunks[node / CHUNK_SLOTS];
    struct chunk *chunk = atomic_load_explicit(place, memory_order_acquire);
    enum err err = OK;

    if (!chunk) {
        if (node >= atomic_load(&vault->reserved))
            return fail(ERR_CORRUPT, "node %u has no key", node);
        mutex_lock(vault->lock);
        chunk = atomic_load(place);
        if (!chunk) {
            err = load_chunk(vault, node / CHUNK_SLOTS * CHUNK_SLOTS, &chunk);
            if (!err)
                atomic_store_explicit(place, chunk, memory_order_release);
        }
        mutex_unlock(vault->lock);
    }
    if (!err)
        *out_chunk = chunk;
    return err;
}

bool vault_fetch(struct vault *vault)
{
    node_id end = atomic_load(&vault->reserved) / CHUNK_SLOTS;

    for (node_id i = end; i > 0 && end - i < FETCHED_MOST; i--) {
        struct chunk *chunk;

        if (!atomic_load_explicit(&vault->chunks[i - 1], memory_order_acquire))
            return get_chunk(vault, (i - 1) * CHUNK_SLOTS, &chunk) == OK;
    }
    return false;
}

/* Puts new keys into the slots that `slots` (of nodes from `first` on) holds none in. */
static void fill_slots(struct vault *vault, unsigned char *slots, node_id first, node_id end)
{
    unsigned char keys[KEYS_AT_ONCE][KEY_SIZE];
    unsigned left = 0;

    for (node_id node = first; node < end; node++) {
        unsigned char *slot = slots + (size_t)(node - first) * SLOT_SIZE;

        if (read_slot(slot, node) != SLOT_DAMAGED)
            continue;
        if (!left) {
            entropy_fill(vault->sys, keys, sizeof keys);
            left = KEYS_AT_ONCE;
        }
        write_slot(slot, keys[--left], node, false);
    }
    sodium_memzero(keys, sizeof keys);
}

static fallible write_slots(struct vault *vault, const unsigned char *slots, node_id first,
                            node_id end)
{
    enum err err =
        file_write(vault->file, slot_offset(first), slots, (size_t)(end - first) * SLOT_SIZE);

    if (!err && file_sync(vault->file) != OK)
        err = fail(ERR_IO, "a sync of the file of node keys failed");
    if (err && err != ERR_FULL) /* without room nothing was promised: it can be tried again */
        vault->is_broken = true;
    return err;
}

/* Makes keys for nodes [first, end), which nobody has used, durable: those that are there stay.
 * Slots that power has torn are cleared first, so that a slot never holds parts of two keys. */
static fallible make_keys_last(struct vault *vault, node_id first, node_id end)
{
    size_t size = (size_t)(end - first) * SLOT_SIZE;
    unsigned char *slots = mem_alloc(size);
    bool has_torn = false;
    enum err err =
        slots ? file_read_all(vault->file, slot_offset(first), slots, size) : mem_exhausted();

    for (node_id node = first; !err && node < end; node++) {
        unsigned char *slot = slots + (size_t)(node - first) * SLOT_SIZE;

        if (read_slot(slot, node) != SLOT_DAMAGED || sodium_is_zero(slot, SLOT_SIZE))
            continue;
        sodium_memzero(slot, SLOT_SIZE);
        has_torn = true;
    }
    if (!err && has_torn)
        err = write_slots(vault, slots, first, end);
    if (!err) {
        fill_slots(vault, slots, first, end);
        err = write_slots(vault, slots, first, end);
    }
    if (slots)
        sodium_memzero(slots, size);
    mem_free(slots);
    return err;
}

static fallible add_chunk(struct vault *vault, node_id first)
{
    TRY(file_allocate(vault->file, slot_offset(first + CHUNK_SLOTS)));
    TRY(make_keys_last(vault, first, first + CHUNK_SLOTS));
    atomic_store(&vault->reserved, first + CHUNK_SLOTS);
    return OK;
}

static fallible grow_to(struct vault *vault, node_id count)
{
    enum err err = OK;

    mutex_lock(vault->grow_lock);
    if (vault->is_broken)
        err = fail(ERR_IO, "the file of node keys failed before: restart to recover");
    while (!err && atomic_load(&vault->reserved) < count)
        err = add_chunk(vault, atomic_load(&vault->reserved));
    mutex_unlock(vault->grow_lock);
    return err;
}

fallible vault_reserve(struct vault *vault, node_id count)
{
    if (count > atomic_load(&vault->wanted))
        atomic_store(&vault->wanted, count);
    if (vault->is_broken)
        return fail(ERR_IO, "the file of node keys failed before: restart to recover");
    return count <= atomic_load(&vault->reserved) ? OK : grow_to(vault, count);
}

fallible vault_prepare(struct vault *vault)
{
    node_id reserved = atomic_load(&vault->reserved), wanted = atomic_load(&vault->wanted);
    struct chunk *chunk;

    if (!wanted || reserved > UINT32_MAX - CHUNK_SLOTS || reserved - wanted >= AHEAD_SLOTS)
        return OK;
    TRY(grow_to(vault, reserved + CHUNK_SLOTS));
    return get_chunk(vault, reserved, &chunk); /* so that the writer need not read it */
}

node_id vault_reserved(const struct vault *vault)
{
    return atomic_load(&((struct vault *)vault)->reserved);
}

uint64_t vault_bytes(const struct vault *vault)
{
    return slot_offset(vault_reserved(vault));
}

static void forget_chunk(struct vault *vault, node_id node)
{
    struct chunk *chunk = atomic_exchange(&vault->chunks[node / CHUNK_SLOTS], NULL);

    if (chunk)
        sodium_memzero(chunk, sizeof *chunk);
    mem_free(chunk);
}

/* A sync that failed before a crash may have left keys in the page cache alone: writing the unused
 * ones once more makes them last before anyone uses them. */
fallible vault_settle(struct vault *vault, node_id used)
{
    node_id reserved = atomic_load(&vault->reserved);
    struct chunk *chunk;

    if (used > reserved)
        return fail(ERR_CORRUPT,
                    "the log knows %u nodes but only %u have keys: the keys are older than the "
                    "log, restore a newer key backup",
                    used, reserved);
    if (used == reserved)
        return OK;
    TRY(get_chunk(vault, used, &chunk));
    for (node_id node = used / CHUNK_SLOTS * CHUNK_SLOTS; node < used; node++)
        if (chunk->states[node % CHUNK_SLOTS] <= SLOT_TORN)
            return fail(ERR_CORRUPT, "the key of node %u is damaged", node);
    TRY(make_keys_last(vault, used, reserved));
    for (node_id node = used; node < reserved; node += CHUNK_SLOTS)
        forget_chunk(vault, node);
    return OK;
}

/* Sealing */

struct bound {
    unsigned char bytes[VAULT_ID_SIZE + sizeof(node_id) + ASSOCIATED_MOST];
    size_t len;
};

static fallible bind_words(const struct vault *vault, node_id node, str associated,
                           struct bound *out)
{
    if (associated.len > ASSOCIATED_MOST)
        return fail(ERR_LIMIT, "associated data of %zu bytes", associated.len);
    memcpy(out->bytes, vault->id, VAULT_ID_SIZE);
    memcpy(out->bytes + VAULT_ID_SIZE, &node, sizeof node);
    if (associated.len)
        memcpy(out->bytes + VAULT_ID_SIZE + sizeof node, associated.data, associated.len);
    out->len = VAULT_ID_SIZE + sizeof node + associated.len;
    return OK;
}

static fallible get_key(struct vault *vault, node_id node, const unsigned char **out_key)
{
    struct chunk *chunk;

    TRY(get_chunk(vault, node, &chunk));
    switch ((enum slot_state)chunk->states[node % CHUNK_SLOTS]) {
    case SLOT_ALIVE:
        *out_key = chunk->keys[node % CHUNK_SLOTS];
        return OK;
    case SLOT_DESTROYED:
        return fail(ERR_EXPIRED, "the key of node %u was destroyed", node);
    case SLOT_DAMAGED:
    case SLOT_TORN:
        break;
    }
    return fail(ERR_CORRUPT, "the key of node %u is damaged", node);
}

fallible vault_ready(struct vault *vault, node_id node)
{
    const unsigned char *key;

    return get_key(vault, node, &key);
}

void vault_warm(const struct vault *vault, node_id node)
{
    const struct chunk *chunk =
        atomic_load_explicit(&vault->chunks[node / CHUNK_SLOTS], memory_order_acquire);

    if (!chunk)
        return;
    __builtin_prefetch(chunk->keys[node % CHUNK_SLOTS]);
    __builtin_prefetch((const void *)&chunk->states[node % CHUNK_SLOTS]);
}

fallible vault_seal(struct vault *vault, node_id node, str associated, str text, void *out)
{
    const unsigned char *key;
    struct bound bound;

    TRY(bind_words(vault, node, associated, &bound));
    TRY(get_key(vault, node, &key));
    return sealer_seal(vault->sealer, key, str_from(bound.bytes, bound.len), text, out);
}

fallible vault_unseal(struct vault *vault, node_id node, str associated, str sealed, void *out)
{
    const unsigned char *key;
    struct bound bound;

    TRY(bind_words(vault, node, associated, &bound));
    TRY(get_key(vault, node, &key));
    return sealer_unseal(vault->sealer, key, str_from(bound.bytes, bound.len), sealed, out);
}

fallible vault_destroy(struct vault *vault, node_id node)
{
    static const unsigned char nothing[KEY_SIZE];
    unsigned char slot[SLOT_SIZE];
    struct chunk *chunk;
    enum err err;

    TRY(get_chunk(vault, node, &chunk));
    write_slot(slot, nothing, node, true);
    err = file_write(vault->file, slot_offset(node), slot, sizeof slot);
    if (!err)
        err = file_sync(vault->file);
    if (err) {
        vault->is_broken = true;
        return err;
    }
    atomic_store(&chunk->states[node % CHUNK_SLOTS], (unsigned char)SLOT_DESTROYED);
    sodium_memzero(chunk->keys[node % CHUNK_SLOTS], KEY_SIZE);
    return OK;
}

fallible vault_check(struct vault *vault, node_id used, void (*report)(void *, const char *),
                     void *argument)
{
    node_id reserved = atomic_load(&vault->reserved);

    if (used > reserved) {
        char sentence[96];

        snprintf(sentence, sizeof sentence, "the keys of nodes %u to %u are missing", reserved,
                 used - 1);
        report(argument, sentence);
    }
    for (node_id node = 0; node < reserved; node++) {
        struct chunk *chunk;
        char sentence[96];
        enum slot_state state;

        TRY(get_chunk(vault, node, &chunk));
        state = (enum slot_state)chunk->states[node % CHUNK_SLOTS];
        if (state != SLOT_DAMAGED && (state != SLOT_TORN || node >= used))
            continue;
        snprintf(sentence, sizeof sentence, "the key of node %u is damaged", node);
        report(argument, sentence);
    }
    return OK;
}
