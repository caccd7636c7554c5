/* sim_disk_int.h - the simulated disk; for the files sim*.c only.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every file has two contents and every folder two lists of entries: as they are now, which is what
 * the process sees, and as they were synced. What lies between is kept as changes, in the order in
 * which they were made.
 */
#pragma once
#include "base/str.h"

struct sim;
struct sim_change;
struct sim_file;

enum { SIM_PAGE = 4096, SIM_SECTOR = 512 };

/* Shared by contents; one with several `refs` must not be written. */
struct sim_page {
    unsigned refs;
    unsigned char bytes[SIM_PAGE];
};

/* Bytes without memory for the holes: a page that is NULL, or beyond `count`, reads as zero, and so
 * does what follows `size` in the last page. */
struct sim_content {
    struct sim_page **pages;
    size_t count;
    uint64_t size;
};

struct sim_node;

struct sim_entry {
    char *name; /* owned */
    struct sim_node *node;
};

/* Sorted by the bytes of the names. */
struct sim_entries {
    struct sim_entry *list;
    size_t count;
    size_t room;
};

/* A file or a folder. */
struct sim_node {
    struct sim_node *next; /* of all */
    uint64_t id;
    bool is_folder;
    bool is_wanted;          /* for the sweep */
    bool is_changed;         /* what is now may not be what is synced */
    struct sim_node *parent; /* where it lies now; NULL: nowhere */

    struct sim_entries entries, synced_entries;

    struct sim_content content, synced;
    struct sim_change *first_change, *last_change;
    unsigned handles;
    struct sim_file *holder; /* of the lock */
    uint64_t charged;        /* its part of the disk's used bytes */
};

enum sim_change_kind { SIM_WRITE, SIM_RESIZE, SIM_PLACE };

struct sim_change {
    struct sim_change *older, *newer; /* of the disk */
    struct sim_change *next;          /* of the same file */
    struct sim_node *node;
    enum sim_change_kind kind;
    uint64_t index; /* among the changes of a power loss */
    uint64_t offset, size;
    struct sim_node *from, *to; /* folders: NULL for "did not exist" and "is removed" */
    str from_name, to_name;
    char bytes[]; /* what is written, or the two names */
};

/* sim_content.c: false means no memory; then nothing has changed but, for write and take, a part of
 * the bytes. */
void sim_content_done(struct sim_content *content);
void sim_content_read(const struct sim_content *content, uint64_t offset, void *out, size_t len);
bool sim_content_write(struct sim_content *content, uint64_t offset, const void *data, size_t len);
bool sim_content_resize(struct sim_content *content, uint64_t size);
/* Takes over the pages that [offset, end) touches, not the size. */
bool sim_content_take(struct sim_content *content, const struct sim_content *from, uint64_t offset,
                      uint64_t end);
bool sim_content_copy(struct sim_content *content, const struct sim_content *from);
uint64_t sim_content_digest(const struct sim_content *content, uint64_t seed);

/* sim_tree.c */
struct sim_node *sim_node_make(struct sim *sim, bool is_folder); /* NULL without memory */
void sim_node_charge(struct sim *sim, struct sim_node *node); /* after its size or links change */
struct sim_entry *sim_entries_find(const struct sim_entries *entries, str name);
bool sim_entries_copy(struct sim_entries *entries, const struct sim_entries *from);
/* Puts the node there and nowhere else, in place of what is there; to == NULL takes it away. False
 * without memory; then nothing has changed. */
bool sim_node_place(struct sim *sim, struct sim_node *node, struct sim_node *to, str name);
bool sim_node_is_within(const struct sim_node *node, const struct sim_node *folder);
/* The folder and the last name of a path; the root has neither (NULL). */
int sim_tree_walk(const struct sim *sim, const char *path, struct sim_node **out_folder,
                  str *out_name);
int sim_tree_find(const struct sim *sim, const char *path, struct sim_node **out_node);
void sim_tree_sweep(struct sim *sim); /* frees what nothing leads to any more, now and then */
void sim_tree_done(struct sim *sim);

/* sim_change.c: does a thing and keeps it in mind until it is synced. False means no memory. */
bool sim_change_write(struct sim *sim, struct sim_node *node, uint64_t offset, const void *data,
                      size_t len);
bool sim_change_resize(struct sim *sim, struct sim_node *node, uint64_t size);
/* A node's way from one name to another; a NULL folder for none. */
bool sim_change_place(struct sim *sim, struct sim_node *node, struct sim_node *from, str from_name,
                      struct sim_node *to, str to_name);
void sim_change_drop(struct sim *sim, struct sim_change *change);
/* Makes the content last as it is now. */
bool sim_change_sync_file(struct sim *sim, struct sim_node *node);
/* What a failed sync does: of each change it may or may not last, and all are forgotten. */
void sim_change_doubt_file(struct sim *sim, struct sim_node *node);
bool sim_change_sync_folder(struct sim *sim, struct sim_node *folder);
