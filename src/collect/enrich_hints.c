/* enrich_hints.c - what a browser says besides its agent: User-Agent Client Hints.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: WICG, "User-Agent Client Hints": Sec-CH-UA, a list of brands with their versions among
 * which one is made up; -Platform, -Platform-Version and -Model, texts; all by RFC 8941. Browsers
 * that tell them have frozen the same in their agents: Windows is always 10, Android 10 on a "K".
 */
#include "collect/enrich_hints.h"

enum { BRANDS_MOST = 16, VERSION_MOST = 8, MODEL_MOST = 64, WINDOWS_11 = 13 };

/* Who calls itself Chrome in its agent, by uap-core's name. */
static const struct {
    str brand;
    const char *browser;
} BRANDS[] = {
    {{"Brave", 5}, "Brave"},
    {{"Opera", 5}, "Opera"},
    {{"Vivaldi", 7}, "Vivaldi"},
    {{"YaBrowser", 9}, "Yandex Browser"},
    {{"DuckDuckGo", 10}, "DuckDuckGo"},
    {{"Microsoft Edge", 14}, "Edge"},
    {{"HeadlessChrome", 14}, "HeadlessChrome"},
    {{"Samsung Internet", 16}, "Samsung Internet"},
};

/* Platforms whose version is a system's, by uap-core's name. Linux tells its kernel's. */
static const struct {
    str platform;
    const char *system;
} SYSTEMS[] = {
    {{"macOS", 5}, "Mac OS X"},
    {{"Android", 7}, "Android"},
    {{"Windows", 7}, "Windows"},
    {{"Chrome OS", 9}, "Chrome OS"},
};

/* Cuts a string of RFC 8941 off, as it is written between its quotes. False: there is none. */
static bool cut_string(str *rest, str *out)
{
    size_t at = 1;

    if (!rest->len || rest->data[0] != '"')
        return false;
    while (at < rest->len && rest->data[at] != '"') {
        if (rest->data[at] < ' ' || rest->data[at] > '~')
            return false;
        at += rest->data[at] == '\\' ? 2 : 1;
    }
    if (at >= rest->len)
        return false;
    *out = str_slice(*rest, 1, at);
    *rest = str_slice(*rest, at + 1, rest->len);
    return true;
}

/* A header that is one string without escapes, which no name has; else absent. */
static str string_of(const struct enrich_request *request, str name, size_t most)
{
    str rest = request->header(request->owner, name), text;

    if (!cut_string(&rest, &text) || rest.len || text.len > most || str_find(text, '\\') >= 0)
        return (str){NULL, 0};
    return text.len ? text : (str){NULL, 0};
}

/* The digits that a version begins with. */
static str major_of(str version)
{
    size_t len = 0;

    while (len < version.len && len < VERSION_MOST && version.data[len] >= '0' &&
           version.data[len] <= '9')
        len++;
    return len && (len == version.len || version.data[len] == '.') ? str_slice(version, 0, len)
                                                                   : (str){NULL, 0};
}

static void take_brand(str brand, str version, struct enrich_hints *out)
{
    for (size_t i = 0; i < sizeof BRANDS / sizeof *BRANDS; i++)
        if (str_equals(brand, BRANDS[i].brand)) {
            out->browser = BRANDS[i].browser;
            out->major = major_of(version);
        }
}

/* "Chromium";v="141", "Brave";v="141": what is not written so ends the list. */
static void read_brands(str rest, struct enrich_hints *out)
{
    for (size_t i = 0; i < BRANDS_MOST; i++) {
        str brand, version;

        rest = str_trim(rest);
        if (!cut_string(&rest, &brand) || !str_starts(rest, S(";v=")))
            return;
        rest = str_slice(rest, 3, rest.len);
        if (!cut_string(&rest, &version))
            return;
        take_brand(brand, version, out);
        rest = str_trim(rest);
        if (!str_starts(rest, S(",")))
            return;
        rest = str_slice(rest, 1, rest.len);
    }
}

/* Windows tells the version of an interface: 0.1 is 7, 0.2 8, 0.3 8.1, up to 10 it is 10. */
static str windows_of(str version)
{
    static const struct {
        str version, name;
    } before[] = {{{"0.1", 3}, {"7", 1}}, {{"0.2", 3}, {"8", 1}}, {{"0.3", 3}, {"8.1", 3}}};
    uint64_t major;

    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        if (str_equals(str_slice(version, 0, 3), before[i].version))
            return before[i].name;
    if (!str_to_u64(major_of(version), &major) || !major)
        return (str){NULL, 0};
    return major >= WINDOWS_11 ? S("11") : S("10");
}

static void read_system(str platform, str version, struct enrich_hints *out)
{
    for (size_t i = 0; i < sizeof SYSTEMS / sizeof *SYSTEMS; i++)
        if (str_equals(platform, SYSTEMS[i].platform)) {
            out->system = SYSTEMS[i].system;
            out->version =
                str_equals(platform, S("Windows")) ? windows_of(version) : major_of(version);
        }
    if (!out->version.len)
        out->system = NULL;
}

/* Most browsers tell brands at most, and most of those are Chrome's: then nothing else is asked. */
bool enrich_hints_read(const struct enrich_request *request, struct enrich_hints *out)
{
    str brands = request->header(request->owner, S("sec-ch-ua")), version;

    *out = (struct enrich_hints){0};
    if (!brands.len)
        return false;
    read_brands(brands, out);
    version = string_of(request, S("sec-ch-ua-platform-version"), MODEL_MOST);
    if (version.len)
        read_system(string_of(request, S("sec-ch-ua-platform"), MODEL_MOST), version, out);
    out->model = string_of(request, S("sec-ch-ua-model"), MODEL_MOST);
    return out->browser || out->system || out->model.len;
}

void enrich_hints_apply(const struct enrich_hints *hints, struct agent *agent)
{
    bool is_chrome =
        str_equals(agent->browser, S("Chrome")) || str_equals(agent->browser, S("Chrome Mobile"));

    if (hints->browser && is_chrome) {
        agent->browser = str_of(hints->browser);
        if (hints->major.len)
            agent->browser_major = hints->major;
    }
    if (hints->system && str_equals(agent->system, str_of(hints->system)))
        agent->system_major = hints->version;
}
