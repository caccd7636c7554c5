/* traffic_world.c - casts of visitors by a table: how they look, whence they come, what they do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "traffic_world.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_VISITS = 4000, PAGES = 3000, WORLD_BYTES_MOST = 1 << 30 };

enum looks {
    BROWSER,  /* all that it sends */
    OLD,      /* a browser before Sec-Fetch, not by TLS */
    PRIVATE,  /* a browser that tells little */
    SILENT,   /* a browser driven by a program, without a language */
    LIBRARY,  /* a program's headers under a browser's name */
    COPY,     /* a program that copied the headers of an older browser */
    HEADLESS, /* says so */
    NAMED,    /* a crawler's own name */
    PREVIEW,
    IMAGES,
    BARE,
    WATCHING,
    STRIPPED, /* a browser behind a company's proxy that takes headers away */
    SPOOFED,  /* a browser whose agent an extension has changed */
    MASKED,   /* a driven browser under another's name */
};

enum who {
    OWN,     /* an id of its own */
    NOBODY,  /* none: address and agent stand for it */
    FRESH,   /* a new id each hit, addresses of one network */
    ROTATES, /* new id and network each hit */
};

enum pace { FREE, EVEN, UNEVEN };

enum target {
    SITE,   /* pages by how popular they are */
    WALK,   /* one after another */
    LINK,   /* a link of its own that nobody has followed */
    SHARED, /* a link that went out to many at this hour */
    HOLES,
    TRAP,  /* pages, and the honeypot among them */
    STAYS, /* one page */
};

struct cast {
    const char *name;
    bool is_machine;
    unsigned share;
    enum looks looks;
    unsigned data_centre; /* percent */
    uint64_t asn;         /* where it is none */
    enum who who;
    unsigned least, most; /* pages */
    unsigned gap;         /* mean between pages in ms */
    enum pace pace;
    enum target target;
    unsigned used, again, tabs,
        ahead;       /* percent: in use, seen before, opened at once, prefetched */
    unsigned people; /* who share address and agent; 0: one */
};

static const struct cast CASTS[] = {
    {"visitor", 0, 300, BROWSER, 1, 0, OWN, 1, 8, 40000, FREE, SITE, 80, 30, 2, 0, 0},
    {"shopper", 0, 80, BROWSER, 1, 0, OWN, 15, 60, 12000, FREE, SITE, 70, 35, 10, 0, 0},
    {"slow reader", 0, 80, BROWSER, 1, 0, OWN, 2, 10, 180000, FREE, SITE, 95, 20, 0, 0, 0},
    {"bounce", 0, 250, BROWSER, 1, 0, OWN, 1, 1, 1000, FREE, SITE, 45, 0, 0, 0, 0},
    {"office behind one address", 0, 4, BROWSER, 0, 0, NOBODY, 2, 8, 60000, FREE, SITE, 80, 40, 1,
     0, 40},
    {"private browser", 0, 60, PRIVATE, 30, 0, NOBODY, 1, 8, 40000, FREE, SITE, 60, 30, 2, 0, 0},
    {"by VPN", 0, 40, BROWSER, 100, 0, OWN, 1, 8, 40000, FREE, SITE, 80, 30, 2, 0, 0},
    {"script blocked", 0, 15, BROWSER, 1, 0, OWN, 1, 12, 40000, FREE, SITE, 0, 30, 2, 0, 0},
    {"old browser", 0, 30, OLD, 1, 0, OWN, 1, 8, 40000, FREE, SITE, 60, 30, 2, 0, 0},
    {"browser that fetches ahead", 0, 40, BROWSER, 1, 0, OWN, 2, 8, 40000, FREE, SITE, 80, 30, 2,
     30, 0},
    {"reader of a newsletter", 0, 60, BROWSER, 1, 0, OWN, 1, 4, 40000, FREE, SHARED, 70, 30, 0, 0,
     0},
    {"tabs by the dozen", 0, 20, BROWSER, 1, 0, OWN, 10, 40, 15000, FREE, SITE, 60, 10, 60, 0, 0},
    {"behind a company's proxy", 0, 8, STRIPPED, 0, 0, OWN, 1, 8, 40000, FREE, SITE, 75, 30, 2, 0,
     0},
    {"agent changed by an extension", 0, 8, SPOOFED, 5, 0, OWN, 1, 8, 40000, FREE, SITE, 70, 30, 2,
     0, 0},
    {"telephones behind one carrier", 0, 3, BROWSER, 0, 0, FRESH, 15, 40, 20000, FREE, SITE, 60, 10,
     0, 0, 0},
    {"page left open", 0, 6, BROWSER, 0, 0, OWN, 10, 60, 60000, EVEN, STAYS, 3, 0, 0, 0, 0},

    {"crawler by its name", 1, 60, NAMED, 80, 0, NOBODY, 5, 60, 4000, UNEVEN, WALK, 0, 0, 0, 0, 0},
    {"crawler under a browser's name", 1, 30, LIBRARY, 70, 0, NOBODY, 20, 120, 900, UNEVEN, WALK, 0,
     0, 0, 0, 0},
    {"careful crawler", 1, 20, COPY, 20, 0, NOBODY, 30, 80, 8000, FREE, WALK, 0, 0, 0, 0, 0},
    {"mail filter from its network", 1, 40, BROWSER, 0, 22843, NOBODY, 1, 2, 900, UNEVEN, LINK, 0,
     0, 0, 0, 0},
    {"mail filter from a cloud", 1, 40, COPY, 100, 0, NOBODY, 1, 3, 700, UNEVEN, LINK, 0, 0, 0, 0,
     0},
    {"mail filter from many addresses", 1, 12, COPY, 50, 0, ROTATES, 6, 14, 700, UNEVEN, LINK, 0,
     100, 0, 0, 0},
    {"preview by its name", 1, 40, PREVIEW, 60, 0, NOBODY, 1, 1, 100, EVEN, SITE, 0, 0, 0, 0, 0},
    {"preview fan-out under a browser's name", 1, 10, LIBRARY, 60, 0, ROTATES, 6, 20, 400, UNEVEN,
     LINK, 0, 100, 0, 0, 0},
    {"Apple mail privacy", 1, 40, BARE, 0, 714, NOBODY, 1, 1, 100, EVEN, LINK, 0, 0, 0, 0, 0},
    {"image proxy", 1, 40, IMAGES, 0, 15169, NOBODY, 1, 1, 100, EVEN, LINK, 0, 0, 0, 0, 0},
    {"scraper with rotating addresses", 1, 3, COPY, 50, 0, ROTATES, 60, 150, 2000, UNEVEN, WALK, 0,
     0, 0, 0, 0},
    {"scraper in one network", 1, 3, BROWSER, 30, 0, FRESH, 40, 80, 4000, UNEVEN, WALK, 0, 0, 0, 0,
     0},
    {"headless by its name", 1, 20, HEADLESS, 60, 0, OWN, 3, 40, 3000, UNEVEN, WALK, 0, 0, 0, 0, 0},
    {"click farm, driven browsers", 1, 20, SILENT, 30, 0, OWN, 10, 50, 3000, EVEN, SITE, 0, 20, 0,
     0, 0},
    {"click farm, masked", 1, 15, MASKED, 40, 0, OWN, 5, 40, 5000, UNEVEN, SITE, 0, 20, 0, 0, 0},
    {"click farm, hidden", 1, 15, BROWSER, 10, 0, OWN, 12, 50, 4000, EVEN, SITE, 0, 20, 0, 0, 0},
    {"click farm, plays a person", 1, 10, BROWSER, 10, 0, OWN, 3, 12, 15000, FREE, SITE, 70, 20, 0,
     0, 0},
    {"clicks without hands", 1, 10, BROWSER, 10, 0, OWN, 6, 30, 12, UNEVEN, WALK, 0, 0, 0, 0, 0},
    {"watch by its name", 1, 10, WATCHING, 100, 0, NOBODY, 20, 40, 60000, EVEN, STAYS, 0, 0, 0, 0,
     0},
    {"prober for holes", 1, 15, LIBRARY, 60, 0, NOBODY, 3, 12, 300, UNEVEN, HOLES, 0, 0, 0, 0, 0},
    {"crawler that falls into the trap", 1, 10, COPY, 10, 0, NOBODY, 6, 30, 6000, FREE, TRAP, 0, 0,
     0, 0, 0},
};

enum { CAST_COUNT = sizeof CASTS / sizeof *CASTS };

size_t world_casts(void)
{
    return CAST_COUNT;
}

const char *world_cast_name(size_t cast)
{
    return CASTS[cast].name;
}

bool world_cast_is_machine(size_t cast)
{
    return CASTS[cast].is_machine;
}

double world_cast_share(size_t cast)
{
    double all = 0;

    for (size_t i = 0; i < CAST_COUNT; i++)
        all += CASTS[i].share;
    return CASTS[cast].share / all;
}

/* Looks: pairs, the first of each for fitting, the second held out. $ is the version. */

#define MOZILLA "Mozilla/5.0 "
#define WEBKIT " AppleWebKit/537.36 (KHTML, like Gecko) "
#define HINTS(brand, mobile, system)                                                               \
    "sec-ch-ua-platform: \"" system "\"\nUser-Agent: @\nsec-ch-ua: \"Chromium\";v=\"$\", \"" brand \
    "\";v=\"$\", \"Not_A Brand\";v=\"24\"\nsec-ch-ua-mobile: ?" mobile "\n"
#define FETCH "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors\nSec-Fetch-Dest: empty\n"
#define CHROMIUM(brand, mobile, system)                                                            \
    "Host: shop.example\nConnection: keep-alive\n" HINTS(                                          \
        brand, mobile,                                                                             \
        system) "Accept: */*\nOrigin: https://shop.example\n" FETCH                                \
                "Referer: https://shop.example/\nAccept-Encoding: gzip, deflate, br, zstd\n"       \
                "Accept-Language: en-US,en;q=0.9\n"
#define GECKO                                                                                      \
    "Host: shop.example\nUser-Agent: @\nAccept: */*\nAccept-Language: en-US,en;q=0.5\n"            \
    "Accept-Encoding: gzip, deflate, br, zstd\nReferer: https://shop.example/\n"                   \
    "Connection: keep-alive\n" FETCH
#define SAFARI                                                                                     \
    "Host: shop.example\nAccept: */*\n" FETCH "Accept-Language: en-GB,en;q=0.9\n"                  \
    "Accept-Encoding: gzip, deflate, br\nUser-Agent: @\nConnection: keep-alive\n"
#define AGED                                                                                       \
    "Host: shop.example\nConnection: keep-alive\nUser-Agent: @\nAccept: */*\n"                     \
    "Accept-Encoding: gzip, deflate\nAccept-Language: en-US,en;q=0.8\n"

struct look {
    enum looks looks;
    unsigned version; /* the oldest of ten */
    const char *agent, *headers;
};

static const struct look LOOKS[] = {
    {BROWSER, 132, MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     CHROMIUM("Google Chrome", "0", "Windows")},
    {BROWSER, 130,
     MOZILLA "(Macintosh; Intel Mac OS X 10_15_7)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     CHROMIUM("Google Chrome", "0", "macOS")},
    {BROWSER, 132, MOZILLA "(Linux; Android 10; K)" WEBKIT "Chrome/$.0.0.0 Mobile Safari/537.36",
     CHROMIUM("Google Chrome", "1", "Android")},
    {BROWSER, 126,
     MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36 Edg/$.0.0.0",
     CHROMIUM("Microsoft Edge", "0", "Windows")},
    {BROWSER, 131, MOZILLA "(Windows NT 10.0; Win64; x64; rv:$.0) Gecko/20100101 Firefox/$.0",
     GECKO},
    {BROWSER, 128, MOZILLA "(X11; Linux x86_64; rv:$.0) Gecko/20100101 Firefox/$.0", GECKO},
    {BROWSER, 17,
     MOZILLA "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
             "Version/$.1 Safari/605.1.15",
     SAFARI},
    {BROWSER, 17,
     MOZILLA "(iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
             "Version/$.5 Mobile/15E148 Safari/604.1",
     SAFARI},
    {OLD, 60, MOZILLA "(Windows NT 6.1; Win64; x64)" WEBKIT "Chrome/$.0.3239.84 Safari/537.36",
     AGED},
    {OLD, 45, MOZILLA "(Windows NT 6.1; rv:$.0) Gecko/20100101 Firefox/$.0",
     "Host: shop.example\nUser-Agent: @\nAccept: */*\nAccept-Language: en-US,en;q=0.5\n"
     "Accept-Encoding: gzip, deflate\nConnection: keep-alive\n"},
    {PRIVATE, 128, MOZILLA "(X11; Linux x86_64; rv:$.0) Gecko/20100101 Firefox/$.0",
     "Host: shop.example\nUser-Agent: @\nAccept: */*\nAccept-Language: en-US,en;q=0.5\n"
     "Accept-Encoding: gzip, deflate, br, zstd\nSec-GPC: 1\nConnection: keep-alive\n" FETCH},
    {PRIVATE, 130, MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     "Host: shop.example\nConnection: keep-alive\nUser-Agent: @\nAccept: */*\nDNT: 1\nSec-GPC: "
     "1\n" FETCH "Accept-Encoding: gzip, deflate, br\nAccept-Language: en-US,en\n"},
    {SILENT, 120, MOZILLA "(X11; Linux x86_64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     "Host: shop.example\nConnection: keep-alive\n" HINTS(
         "Google Chrome", "0", "Linux") "Accept: */*\n" FETCH
                                        "Accept-Encoding: gzip, deflate, br\n"},
    {SILENT, 118, MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     "Host: shop.example\nConnection: keep-alive\n" HINTS(
         "Google Chrome", "0", "Linux") "Accept: */*\n" FETCH
                                        "Accept-Encoding: gzip, deflate, br\n"},
    {LIBRARY, 110, MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     "Host: shop.example\nUser-Agent: @\nAccept-Encoding: gzip, deflate\nAccept: */*\n"
     "Connection: keep-alive\n"},
    {LIBRARY, 100,
     MOZILLA "(Macintosh; Intel Mac OS X 10_15_7)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     "Host: shop.example\nUser-Agent: @\nAccept-Encoding: gzip\n"},
    {LIBRARY, 110, MOZILLA "(X11; Linux x86_64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     "Accept: application/json, text/plain, */*\nUser-Agent: @\n"
     "Accept-Encoding: gzip, compress, deflate, br\nHost: shop.example\nConnection: close\n"},
    {LIBRARY, 100, MOZILLA "(Windows NT 10.0; rv:$.0) Gecko/20100101 Firefox/$.0",
     "Host: shop.example\nUser-Agent: @\nAccept: */*\n"},
    {COPY, 96, MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     "Host: shop.example\nUser-Agent: @\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\n"
     "Accept-Language: en-US,en;q=0.9\nAccept-Encoding: gzip, deflate\nConnection: keep-alive\n"},
    {COPY, 100, MOZILLA "(Macintosh; Intel Mac OS X 10_15_7)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     "Host: shop.example\nUser-Agent: @\nAccept: text/html,*/*;q=0.8\n"
     "Accept-Encoding: gzip, deflate, br\nAccept-Language: en-US,en;q=0.9\n"},
    {HEADLESS, 120, MOZILLA "(X11; Linux x86_64)" WEBKIT "HeadlessChrome/$.0.0.0 Safari/537.36",
     CHROMIUM("HeadlessChrome", "0", "Linux")},
    {HEADLESS, 122,
     MOZILLA "(Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) "
             "PhantomJS/2.1.1 Safari/538.1",
     AGED},
    {NAMED, 2, MOZILLA "(compatible; bingbot/$.0; +http://www.bing.com/bingbot.htm)",
     "Host: shop.example\nUser-Agent: @\nAccept: */*\nAccept-Encoding: gzip, deflate\nFrom: "
     "bingbot(at)microsoft.com\n"},
    {NAMED, 2, MOZILLA "(compatible; Googlebot/$.1; +http://www.google.com/bot.html)",
     "Host: shop.example\nUser-Agent: @\nAccept: */*\nAccept-Encoding: gzip\n"},
    {NAMED, 7, MOZILLA "(compatible; AhrefsBot/$.0; +http://ahrefs.com/robot/)",
     "Host: shop.example\nUser-Agent: @\nAccept: */*\nAccept-Encoding: gzip\n"},
    {NAMED, 7, "python-requests/2.$", "Host: shop.example\nUser-Agent: @\nAccept: */*\n"},
    {PREVIEW, 1, "Slackbot-LinkExpanding $.0 (+https://api.slack.com/robots)",
     "Host: shop.example\nUser-Agent: @\nAccept: */*\nRange: bytes=0-32768\n"},
    {PREVIEW, 2, "WhatsApp/$.23.20.0", "Host: shop.example\nUser-Agent: @\nAccept: */*\n"},
    {IMAGES, 11,
     MOZILLA "(Windows NT 5.1; rv:11.0) Gecko Firefox/$.0 (via ggpht.com GoogleImageProxy)",
     "Host: shop.example\nUser-Agent: @\nAccept-Encoding: gzip, deflate, br\n"},
    {IMAGES, 1, "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
     "Host: shop.example\nUser-Agent: @\nAccept: image/*\n"},
    {BARE, 5, "Mozilla/5.0", "Host: shop.example\nUser-Agent: @\nAccept: */*\n"},
    {BARE, 5, "Mozilla/5.0", "Host: shop.example\nAccept: image/*\nUser-Agent: @\n"},
    {WATCHING, 2, MOZILLA "(compatible; UptimeRobot/$.0; http://www.uptimerobot.com/)",
     "Host: shop.example\nUser-Agent: @\nAccept: */*\n"},
    {WATCHING, 1, "Pingdom.com_bot_version_$.4_(http://www.pingdom.com/)",
     "Host: shop.example\nUser-Agent: @\nAccept: */*\n"},
    {STRIPPED, 128, MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     "Host: shop.example\nVia: 1.1 gate (squid)\nUser-Agent: @\nAccept: */*\n"
     "Accept-Language: en-US,en;q=0.9\nAccept-Encoding: gzip\n"},
    {STRIPPED, 128, MOZILLA "(Windows NT 10.0; Win64; x64; rv:$.0) Gecko/20100101 Firefox/$.0",
     "Host: shop.example\nX-Forwarded-For: 10.1.2.3\nUser-Agent: @\nAccept: */*\n"
     "Accept-Encoding: identity\nAccept-Language: en-US,en;q=0.5\n"},
    {SPOOFED, 128, MOZILLA "(X11; Linux x86_64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     CHROMIUM("Google Chrome", "0", "Windows")},
    {SPOOFED, 128,
     MOZILLA "(Macintosh; Intel Mac OS X 10_15_7)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     CHROMIUM("Google Chrome", "0", "Windows")},
    {MASKED, 128, MOZILLA "(Windows NT 10.0; Win64; x64)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     CHROMIUM("Google Chrome", "0", "Linux")},
    {MASKED, 128,
     MOZILLA "(Macintosh; Intel Mac OS X 10_15_7)" WEBKIT "Chrome/$.0.0.0 Safari/537.36",
     CHROMIUM("Google Chrome", "0", "Linux")},
};

enum { LOOK_COUNT = sizeof LOOKS / sizeof *LOOKS };

struct maker {
    struct world *world;
    random_state random;
    enum world_half half;
    millis span;
};

static uint64_t between(struct maker *maker, uint64_t least, uint64_t most)
{
    return least + random_below(&maker->random, most - least + 1);
}

static bool chance(struct maker *maker, unsigned percent)
{
    return random_below(&maker->random, 100) < percent;
}

static const struct look *pick_look(struct maker *maker, enum looks looks)
{
    for (;;) {
        size_t i = random_below(&maker->random, LOOK_COUNT);

        if (LOOKS[i].looks == looks && i % 2 == (size_t)maker->half)
            return &LOOKS[i];
    }
}

/* $ becomes the version, @ the agent. */
static void fill(struct buf *out, const char *form, unsigned version, const char *agent)
{
    for (; *form; form++) {
        if (*form == '$')
            buf_print(out, "%u", version);
        else if (*form == '@')
            fill(out, agent, version, "");
        else
            buf_add_byte(out, *form);
    }
}

static const char *write_headers(struct maker *maker, const struct cast *cast, bool has_cookie,
                                 const char **out_ahead)
{
    const struct look *look = pick_look(maker, cast->looks);
    unsigned version = look->version + (unsigned)between(maker, 0, look->version > 30 ? 9 : 1);
    struct buf text = {0};
    const char *headers;

    fill(&text, look->headers, version, look->agent);
    if (has_cookie)
        buf_add(&text, S("Cookie: a=b\n"));
    headers = arena_dup(maker->world->mem, buf_str(&text)).data;
    buf_add(&text, S("Sec-Purpose: prefetch;prerender\nPurpose: prefetch\n"));
    *out_ahead = arena_dup(maker->world->mem, buf_str(&text)).data;
    buf_done(&text);
    return headers;
}

static const char *write_address(struct maker *maker)
{
    return arena_print(maker->world->mem, "%u.%u.%u.%u", (unsigned)between(maker, 11, 126),
                       (unsigned)between(maker, 0, 255), (unsigned)between(maker, 0, 255),
                       (unsigned)between(maker, 1, 254))
        .data;
}

static uint64_t pick_network(struct maker *maker, const struct cast *cast)
{
    static const uint64_t centres[2][4] = {{16509, 24940, 8075, 14061},
                                           {16276, 396982, 20473, 51167}};

    return chance(maker, cast->data_centre) ? centres[maker->half][between(maker, 0, 3)]
                                            : cast->asn;
}

static bool add_actor(struct maker *maker, size_t cast_number)
{
    struct world *world = maker->world;
    const struct cast *cast = &CASTS[cast_number];
    struct world_actor actor = {.cast = cast_number, .is_secure = cast->looks != OLD};

    if (world->actor_count == world->actor_room) {
        size_t room = world->actor_room ? 2 * world->actor_room : 1024;
        struct world_actor *grown = mem_grow(world->actors, room * sizeof *grown);

        if (!grown)
            return false;
        world->actors = grown;
        world->actor_room = room;
    }
    actor.headers = write_headers(maker, cast, cast->who == OWN && chance(maker, 60), &actor.ahead);
    actor.address = write_address(maker);
    actor.asn = pick_network(maker, cast);
    actor.visitor =
        cast->who == NOBODY
            ? ""
            : arena_print(world->mem, "%016llx", (unsigned long long)random_next(&maker->random))
                  .data;
    actor.is_old = cast->looks == LIBRARY && chance(maker, 15);
    world->actors[world->actor_count++] = actor;
    return actor.headers && actor.ahead && actor.address && actor.visitor;
}

static bool add_hit(struct maker *maker, const struct world_hit *hit)
{
    struct world *world = maker->world;

    if (world->hit_count == world->hit_room) {
        size_t room = world->hit_room ? 2 * world->hit_room : 4096;
        struct world_hit *grown = mem_grow(world->hits, room * sizeof *grown);

        if (!grown)
            return false;
        world->hits = grown;
        world->hit_room = room;
    }
    world->hits[world->hit_count] = *hit;
    world->hits[world->hit_count].actor = (uint32_t)(world->actor_count - 1);
    world->hits[world->hit_count].order = (uint32_t)world->hit_count;
    world->hit_count++;
    return hit->page != NULL;
}

static const char *pick_page(struct maker *maker, const struct cast *cast, millis at, size_t i,
                             uint64_t first)
{
    static const char *const holes[] = {
        "/.env",  "/wp-login.php", "/.git/config",        "/phpmyadmin/",
        "/admin", "/backup.zip",   "/vendor/phpunit/src", "/old/"};
    double rare = (double)between(maker, 0, 999999) / 1e6;
    struct arena *mem = maker->world->mem;

    switch (cast->target) {
    case WALK:
        return arena_print(mem, "/p/%u", (unsigned)((first + i) % PAGES)).data;
    case LINK:
        return arena_print(mem, "/r/%llu?step=%u", (unsigned long long)first,
                           chance(maker, cast->again) ? 0 : (unsigned)i)
            .data;
    case SHARED:
        if (!i)
            return arena_print(mem, "/news/%u", (unsigned)(at / MILLIS_HOUR)).data;
        break;
    case HOLES:
        return holes[between(maker, 0, 7)];
    case TRAP:
        if (i > 4 && chance(maker, 20))
            return "/for-machines";
        return arena_print(mem, "/p/%u", (unsigned)((first + i) % PAGES)).data;
    case STAYS:
        return "/board";
    case SITE:
        break;
    }
    return chance(maker, cast->again)
               ? "/"
               : arena_print(mem, "/p/%u", (unsigned)(rare * rare * rare * PAGES)).data;
}

static millis pick_gap(struct maker *maker, const struct cast *cast)
{
    double unit = (double)between(maker, 1, 1000000) / 1e6;

    if (cast->pace == FREE && chance(maker, cast->tabs))
        return (millis)between(maker, 120, 500);
    if (cast->pace == FREE)
        return 700 + (millis)(-log(unit) * cast->gap);
    if (cast->pace == EVEN)
        return (millis)(cast->gap * (0.99 + 0.02 * unit));
    return (millis)(cast->gap * (0.4 + 1.2 * unit));
}

/* What follows from the page that was shown: it is used; another one is fetched ahead. */
static bool add_view(struct maker *maker, const struct cast *cast, struct world_hit hit, size_t i,
                     uint64_t first)
{
    hit.page = pick_page(maker, cast, hit.at, i, first);
    hit.act = cast->target == LINK || cast->target == SHARED ? TRAFFIC_CLICK : TRAFFIC_VIEW;
    if (!add_hit(maker, &hit))
        return false;
    if (chance(maker, cast->used)) {
        struct world_hit used = hit;

        used.at += (millis)between(maker, 500, 20000);
        used.act = TRAFFIC_ENGAGED;
        if (!add_hit(maker, &used))
            return false;
    }
    if (chance(maker, cast->ahead)) {
        struct world_hit ahead = hit;

        ahead.at += (millis)between(maker, 100, 900);
        ahead.page = pick_page(maker, cast, hit.at, i + 1, first);
        ahead.is_ahead = true;
        ahead.is_machine = true;
        return add_hit(maker, &ahead);
    }
    return true;
}

static bool add_visit(struct maker *maker, size_t cast_number, millis start)
{
    const struct cast *cast = &CASTS[cast_number];
    size_t pages = between(maker, cast->least, cast->most), person = 0;
    uint64_t first = between(maker, 0, UINT32_MAX);
    struct world_hit hit = {.at = start, .is_machine = cast->is_machine};

    if (!add_actor(maker, cast_number))
        return false;
    do {
        if (person)
            hit.at = start + (millis)between(maker, 0, (uint64_t)MILLIS_HOUR);
        for (size_t i = 0; i < pages; i++) {
            if (i && (cast->who == ROTATES || cast->who == FRESH)) {
                struct world_actor before = maker->world->actors[maker->world->actor_count - 1];

                if (!add_actor(maker, cast_number))
                    return false;
                if (cast->who == FRESH)
                    maker->world->actors[maker->world->actor_count - 1].address = before.address;
            }
            if (!add_view(maker, cast, hit, i, first))
                return false;
            hit.at += pick_gap(maker, cast);
        }
    } while (++person < cast->people);
    return true;
}

static size_t pick_cast(struct maker *maker)
{
    double at = (double)between(maker, 0, 999999) / 1e6;
    size_t cast = 0;

    for (; cast + 1 < CAST_COUNT && at >= world_cast_share(cast); cast++)
        at -= world_cast_share(cast);
    return cast;
}

static int by_time(const void *a, const void *b)
{
    const struct world_hit *left = a, *right = b;

    if (left->at != right->at)
        return left->at < right->at ? -1 : 1;
    return left->order < right->order ? -1 : 1;
}

bool world_make(uint64_t seed, size_t visits, enum world_half half, struct world *out_world)
{
    struct maker maker = {.world = out_world, .random = {seed}, .half = half};

    *out_world = (struct world){.mem = arena_open(WORLD_BYTES_MOST)};
    if (!out_world->mem)
        return false;
    maker.span = (millis)(visits / DAY_VISITS + 1) * MILLIS_DAY;
    for (size_t i = 0; i < visits; i++)
        if (!add_visit(&maker, pick_cast(&maker),
                       (millis)1790000000 * 1000 +
                           (millis)between(&maker, 0, (uint64_t)maker.span)))
            return false;
    qsort(out_world->hits, out_world->hit_count, sizeof *out_world->hits, by_time);
    return true;
}

void world_done(struct world *world)
{
    arena_close(world->mem);
    mem_free(world->actors);
    mem_free(world->hits);
}
