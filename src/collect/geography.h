/* geography.h - where an address is, by databases in MaxMind's format (MMDB 2.0).
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Understood are the layouts of GeoLite2 (country, city, ASN) and of the flat ip-location-db.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum { GEOGRAPHY_FILES_MOST = 4 };

struct geography; /* any thread */

struct geography_fact {
    str country;  /* ISO 3166-1 alpha-2; absent: unknown */
    str region;   /* ISO 3166-2 behind the hyphen, or its name */
    str city;     /* its English name */
    str timezone; /* IANA */
    bool has_asn;
    uint64_t asn;
    str network; /* the narrowest that a database knows the address by: "81.2.69.0/24" */
};

/* `paths` are names of files, apart by commas; empty: nothing is known of any address. ERR_ABSENT,
 * ERR_CORRUPT and ERR_LIMIT name the file. */
fallible geography_open(str paths, struct geography **out_geography);
void geography_close(struct geography *geography);          /* NULL is fine */
bool geography_is_empty(const struct geography *geography); /* it knows of no address */
/* Texts live in `mem`. ERR_INVALID: not an address; ERR_CORRUPT: a database is damaged; ERR_LIMIT.
 */
fallible geography_find(const struct geography *geography, str text, struct arena *mem,
                        struct geography_fact *out_fact);
