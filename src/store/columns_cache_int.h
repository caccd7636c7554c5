/* columns_cache_int.h - what the cache of unpacked blocks does for columns files. For columns*.c
 * alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "store/columns.h"

struct columns_slot;
struct columns_unit;
struct columns_work;

fallible columns_cache_lend(struct columns_cache *cache, struct columns_work **out_work);
void columns_cache_give_back(struct columns_cache *cache, struct columns_work *work);
/* Holds what is loaded; false if it is not. */
bool columns_cache_pin_ready(struct columns_slot *slot);
/* Holds what is loaded, or waits for who loads it, or tells the caller to load it: then it ends
 * that with columns_cache_put. */
bool columns_cache_pin(struct columns_cache *cache, struct columns_slot *slot);
/* NULL without memory. Its `bytes` are `size` or more. */
struct columns_unit *columns_cache_unit(struct columns_cache *cache, size_t size);
/* Of one that was not put; NULL is fine. */
void columns_cache_unit_done(struct columns_cache *cache, struct columns_unit *unit);
/* NULL: it could not be loaded. Else it is held, and others give way to it. */
void columns_cache_put(struct columns_cache *cache, struct columns_slot *slot,
                       struct columns_unit *unit);
/* Gives up what is there and not held. */
void columns_cache_let_go(struct columns_cache *cache, struct columns_slot *slot);
/* Counts memory that stays, of which there is a bound, too. False: it would be too much. */
bool columns_cache_keep(struct columns_cache *cache, size_t bytes);
void columns_cache_unkeep(struct columns_cache *cache, size_t bytes);
/* Of a file that is closed: nothing of it is held. */
void columns_cache_forget(struct columns_cache *cache, struct columns_slot *slots, size_t count);
