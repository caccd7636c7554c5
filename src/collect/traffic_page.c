/* traffic_page.c - signs in what a hit asks for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/traffic_int.h"

str traffic_page_of(str url)
{
    str scheme = url, rest;

    url = str_cut(&scheme, '#');
    for (size_t i = 0; i + 2 < url.len && url.data[i] != '/' && url.data[i] != '?'; i++)
        if (url.data[i] == ':' && url.data[i + 1] == '/' && url.data[i + 2] == '/') {
            rest = str_slice(url, i + 3, url.len);
            for (size_t at = 0; at < rest.len; at++)
                if (rest.data[at] == '/' || rest.data[at] == '?')
                    return str_slice(rest, at, rest.len);
            return S("/");
        }
    return url;
}

bool traffic_page_is_part(str page)
{
    static const str ends[] = {{".css", 4},  {".js", 3},    {".mjs", 4}, {".png", 4},  {".jpg", 4},
                               {".jpeg", 5}, {".gif", 4},   {".svg", 4}, {".webp", 5}, {".ico", 4},
                               {".woff", 5}, {".woff2", 6}, {".ttf", 4}, {".avif", 5}, {".map", 4}};

    page = str_cut(&page, '?');
    if (str_find(page, '.') < 0)
        return false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(page, ends[i]))
            return true;
    return false;
}

/* Behind any slash of the page. */
bool traffic_page_probes_for_holes(const struct traffic_seen *seen)
{
    static const str words[] = {{".env", 4},        {".git/", 5},         {"phpmyadmin", 10},
                                {"phpMyAdmin", 10}, {".aws/", 5},         {"wp-config.php", 13},
                                {"etc/passwd", 10}, {"cgi-bin/php", 11},  {"vendor/phpunit", 14},
                                {"boaform/", 8},    {"HNAP1", 5},         {"actuator/env", 12},
                                {".ssh/", 5},       {"muieblackcat", 12}, {"pma/scripts", 11}};
    str rest = seen->page;

    for (str_cut(&rest, '/'); rest.len; str_cut(&rest, '/'))
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (rest.data[0] == words[i].data[0] && str_starts(rest, words[i]))
                return true;
    return false;
}

bool traffic_page_reads_what_crawlers_read(const struct traffic_seen *seen)
{
    str rest = seen->page, page = str_cut(&rest, '?');

    return str_equals(page, S("/robots.txt")) || str_equals(page, S("/ads.txt")) ||
           str_equals(page, S("/llms.txt")) ||
           (str_starts(page, S("/sitemap")) && str_contains(page, S(".xml")));
}
