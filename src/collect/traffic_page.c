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
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(page, ends[i]))
            return true;
    return false;
}

bool traffic_page_probes_for_holes(const struct traffic_seen *seen)
{
    static const str words[] = {{"/.env", 5},        {"/.git/", 6},         {"/phpmyadmin", 11},
                                {"/phpMyAdmin", 11}, {"/.aws/", 6},         {"/wp-config.php", 14},
                                {"/etc/passwd", 11}, {"/cgi-bin/php", 12},  {"/vendor/phpunit", 15},
                                {"/boaform/", 9},    {"/HNAP1", 6},         {"/actuator/env", 13},
                                {"/.ssh/", 6},       {"/muieblackcat", 13}, {"/pma/scripts", 12}};

    str page = traffic_page_of(seen->request->page);

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_contains(page, words[i]))
            return true;
    return false;
}

bool traffic_page_reads_what_crawlers_read(const struct traffic_seen *seen)
{
    str page = traffic_page_of(seen->request->page);

    page = str_cut(&page, '?');
    return str_equals(page, S("/robots.txt")) || str_equals(page, S("/ads.txt")) ||
           str_equals(page, S("/llms.txt")) ||
           (str_starts(page, S("/sitemap")) && str_contains(page, S(".xml")));
}
