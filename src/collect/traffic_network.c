/* traffic_network.c - signs in the network that a hit comes from.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Networks: numbers of autonomous systems under the names that the Internet registries have for
 * them, compared in November 2026 with the routes of all addresses (npm's @ip-location-db/asn
 * 2.3.2026061719). They house servers for anybody, and few people come from there but by VPN.
 * Networks that carry people's browsers beside servers are not in it: relays (Cloudflare, Akamai,
 * Fastly: iCloud Private Relay) and companies' gates to the web (Zscaler, Netskope).
 */
#include "collect/traffic_int.h"

static const uint32_t DATA_CENTRES[] = {
    801,    6142,   6364,   6724,   7203,   7224,   7979,   8069,   8070,   8075,   8100,   8315,
    8560,   8987,   9009,   9123,   11878,  12876,  14061,  14618,  15169,  15395,  16247,  16276,
    16509,  18450,  18978,  19148,  19318,  19437,  19527,  19969,  19994,  20054,  20454,  20473,
    20738,  20773,  20860,  21409,  21859,  22612,  23470,  24867,  24940,  24961,  25780,  25820,
    26347,  26496,  27257,  27357,  27411,  28753,  29066,  29222,  29302,  29802,  30083,  30633,
    30860,  31103,  31898,  32097,  32181,  32244,  32613,  33070,  33387,  33517,  34119,  35106,
    35366,  35425,  35540,  35908,  35916,  36007,  36351,  36352,  36384,  36411,  36444,  36492,
    37963,  38365,  39572,  40021,  40509,  40676,  41745,  42831,  42973,  43350,  43515,  44066,
    45090,  45102,  45187,  45753,  46261,  46558,  46606,  46664,  46844,  47583,  48282,  49505,
    49981,  50340,  50673,  51167,  51852,  53667,  54253,  54265,  54290,  55286,  55293,  55990,
    57043,  58061,  59253,  59729,  60068,  60404,  60781,  61138,  61317,  61323,  62240,  62610,
    63949,  64102,  132203, 132335, 133478, 133499, 133752, 134963, 135377, 136787, 136907, 138915,
    141995, 150436, 197540, 197695, 199524, 200019, 200350, 202023, 202053, 202422, 203020, 204287,
    205544, 206092, 206264, 207990, 210558, 210644, 210976, 212238, 212317, 213230, 215859, 394380,
    395954, 396190, 396356, 396362, 396982, 398101,
};

/* Barracuda, Proofpoint, Mimecast, Cisco IronPort, Forcepoint, Trend Micro. */
static const uint32_t MAIL_FILTERS[] = {13448, 13916, 15324, 16417, 16880, 22843, 26211,
                                        30031, 30215, 30238, 42427, 44444, 52129};
/* Twitter, LinkedIn, Facebook, LINE, Telegram. */
static const uint32_t PREVIEWERS[] = {13414, 14413, 32934, 38631, 44907,
                                      59930, 62041, 63293, 211157};
/* Apple; those who carry its relay: Cloudflare, Akamai, Fastly. */
static const uint32_t APPLE[] = {714, 6185, 13335, 20940, 36183, 54113};

static bool is_among(const struct traffic_request *request, const uint32_t *list, size_t count)
{
    for (size_t i = 0; request->has_asn && i < count; i++)
        if (list[i] == request->asn)
            return true;
    return false;
}

#define AMONG(request, list) is_among(request, list, sizeof(list) / sizeof *(list))

bool traffic_network_data_centre_network(const struct traffic_seen *seen)
{
    return AMONG(seen->request, DATA_CENTRES);
}

bool traffic_network_mail_gateway_network(const struct traffic_seen *seen)
{
    return AMONG(seen->request, MAIL_FILTERS);
}

bool traffic_network_link_preview_network(const struct traffic_seen *seen)
{
    return AMONG(seen->request, PREVIEWERS);
}

bool traffic_network_apple_mail_privacy(const struct traffic_seen *seen)
{
    return str_equals(seen->text, S("Mozilla/5.0")) && AMONG(seen->request, APPLE);
}
