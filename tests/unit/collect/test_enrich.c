/* test_enrich.c - what an event gains in its context, and what of it stays as it was sent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/enrich.h"
#include "collect/agent.h"
#include "collect/geography.h"
#include "collect/message.h"
#include "collect/memo.h"
#include "support/headers.h"
#include "support/test.h"

#define CHROME                                                                                     \
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "            \
    "Chrome/126.0.0.0 Safari/537.36"
#define IPHONE                                                                                     \
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "    \
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1"

/* For legibility the quotes of JSON are written '. */
static str quoted(const char *text)
{
    str copy = arena_dup(test_mem, str_of(text));

    for (size_t i = 0; i < copy.len; i++)
        if (copy.data[i] == '\'')
            ((char *)copy.data)[i] = '"';
    return copy;
}

struct desk {
    struct agent_reader *agents;
    struct geography *geography;
    struct enrich *enrich;
    struct json_reader *reader;
};

struct sender {
    const char *agent; /* NULL: none */
    const char *language;
    bool is_dialect;
    const char *context; /* of the batch; NULL: none */
    const char *hints;   /* other headers, as lines; NULL: none */
};

static const struct enrich_config EVERYTHING = {.has = {true, true, true, true, true, true, true}};

static struct desk open_desk(struct enrich_config config)
{
    struct desk desk;

    CHECK_OK(agent_open(&desk.agents));
    CHECK_OK(geography_open(S(""), &desk.geography));
    config.agents = desk.agents;
    config.geography = desk.geography;
    CHECK_OK(enrich_open(&config, &desk.enrich));
    desk.reader = json_reader_open();
    return desk;
}

static void close_desk(struct desk *desk)
{
    json_reader_close(desk->reader);
    enrich_close(desk->enrich);
    agent_close(desk->agents);
    geography_close(desk->geography);
}

static str header_of(const void *owner, str name)
{
    const struct sender *sender = owner;

    if (str_equals_nocase(name, S("user-agent")))
        return str_of(sender->agent);
    if (str_equals_nocase(name, S("accept-language")))
        return str_of(sender->language);
    return headers_find(sender->hints, name);
}

static struct message read_in_place(struct desk *desk, const struct sender *sender,
                                    const char *text)
{
    struct enrich_request request = {.header = header_of,
                                     .owner = sender,
                                     .header_count = 2,
                                     .address = S("198.51.100.77"),
                                     .is_dialect = sender->is_dialect};
    struct message_setting setting = {.received = INT64_C(1800000000000), .context = JSON_ABSENT};
    str whole = arena_print(test_mem, "{\"batch\":%.*s,\"context\":%s}", STR_ARG(quoted(text)),
                            sender->context ? quoted(sender->context).data : "null");
    struct message message;
    struct json doc;

    CHECK_OK(json_parse_copy(desk->reader, test_mem, whole, &doc));
    if (sender->context)
        setting.context = json_find(&doc, 0, S("context"));
    CHECK_OK(enrich_begin(desk->enrich, &request, test_mem, &setting.enrich));
    CHECK_OK(message_read(&doc, json_find(&doc, 0, S("batch")), &setting, test_mem, &message));
    enrich_end(setting.enrich);
    return message;
}

static struct message read(struct desk *desk, struct sender sender, const char *text)
{
    struct message message = read_in_place(desk, &sender, text);

    message.json = arena_dup(test_mem, message.json); /* the reader's own may move */
    return message;
}

/* The value at a path of members of the context, as it is written there; absent if none is. */
static str find(struct desk *desk, const struct message *message, const char *path)
{
    str rest = str_of(path);
    struct json doc;
    uint32_t at;

    CHECK_OK(json_parse_copy(desk->reader, test_mem, message->json, &doc));
    at = json_find(&doc, 0, S("context"));
    while (at != JSON_ABSENT && rest.data)
        at = json_find(&doc, at, str_cut(&rest, '.'));
    return at == JSON_ABSENT ? (str){NULL, 0} : json_raw(&doc, at);
}

static void expect(struct desk *desk, const struct message *message, const char *path,
                   const char *want)
{
    str got = find(desk, message, path);

    if (want)
        CHECK_STR(got, quoted(want).data);
    else
        CHECK(!got.data);
}

TEST(enrich_tells_browser_system_and_device)
{
    static const struct {
        const char *agent, *browser, *version, *os, *device;
    } cases[] = {
        {CHROME, "'Chrome'", "'126'", "'Windows'", "'desktop'"},
        {IPHONE, "'Mobile Safari'", "'17'", "'iOS'", "'mobile'"},
        {"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/16.6 Mobile/15E148 Safari/604.1",
         "'Mobile Safari'", "'16'", "'iOS'", "'tablet'"},
        {"Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/126.0.0.0 Safari/537.36",
         "'Chrome'", "'126'", "'Android'", "'tablet'"},
        {"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/126.0.0.0 Mobile Safari/537.36",
         "'Chrome Mobile'", "'126'", "'Android'", "'mobile'"},
        {"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) "
         "SamsungBrowser/4.0 Chrome/76.0.3809.146 TV Safari/537.36",
         "'Samsung Internet'", "'4'", "'Tizen'", "'tv'"},
        {"Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/15.4 Safari/605.1.15",
         NULL, NULL, NULL, "'console'"},
        {"Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 (KHTML, like Gecko) "
         "OculusBrowser/33.0 Chrome/126.0.0.0 VR Safari/537.36",
         NULL, NULL, NULL, "'headset'"},
        {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "'Googlebot'",
         "'2'", NULL, "'bot'"},
        {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/126.0.0.0 Safari/537.36",
         "'Chrome'", "'126'", "'Chrome OS'", "'desktop'"},
    };
    struct desk desk = open_desk(EVERYTHING);

    EACH_CASE(c, cases)
    {
        struct message message =
            read(&desk, (struct sender){.agent = c->agent}, "{'type':'page','userId':'u'}");

        CHECK(!message.is_misfit);
        if (c->browser) {
            expect(&desk, &message, "browser.name", c->browser);
            expect(&desk, &message, "browser.version", c->version);
        }
        if (c->os)
            expect(&desk, &message, "os.name", c->os);
        expect(&desk, &message, "device.type", c->device);
    }
    close_desk(&desk);
}

/* Whose agent it is: what it says of browser and traffic. */
#define PAGE "{'type':'page','userId':'u'}"
#define ANDROID                                                                                    \
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "  \
    "Mobile Safari/537.36"
#define CHROMIUM "Sec-CH-UA: \"Chromium\";v=\"141\"\n"
#define ELEVEN CHROMIUM "Sec-CH-UA-Platform: \"Windows\"\nSec-CH-UA-Platform-Version: \"15.0.0\"\n"
#define PIXEL                                                                                      \
    CHROMIUM "Sec-CH-UA-Platform: \"Android\"\nSec-CH-UA-Platform-Version: \"14.0.0\"\n"           \
             "Sec-CH-UA-Model: \"Pixel 7\"\n"

TEST(enrich_believes_hints_of_the_request_that_is_the_visitors)
{
    static const struct {
        const char *agent, *hints, *event, *os, *device;
    } cases[] = {
        {CHROME, NULL, PAGE, "{'name':'Windows','version':'10'}", "{'type':'desktop'}"},
        {CHROME, ELEVEN, PAGE, "{'name':'Windows','version':'11'}", "{'type':'desktop'}"},
        {CHROME, NULL, PAGE, "{'name':'Windows','version':'10'}", "{'type':'desktop'}"},
        {ANDROID, PIXEL, PAGE, "{'name':'Android','version':'14'}",
         "{'type':'mobile','model':'Pixel 7'}"},
        {ANDROID, ELEVEN, PAGE, "{'name':'Android','version':'10'}", "{'type':'mobile'}"},
        /* another's agent in the event: the request's headers are not its */
        {"curl/8.5.0", ELEVEN, "{'type':'page','userId':'u','context':{'userAgent':'" CHROME "'}}",
         "{'name':'Windows','version':'10'}", "{'type':'desktop'}"},
        /* what the sender tells stays, and nothing mixes with it */
        {ANDROID, PIXEL, "{'type':'page','userId':'u','context':{'device':{'model':'A'}}}",
         "{'name':'Android','version':'14'}", "{'model':'A'}"},
        /* no agent answers for those with hints */
        {NULL, NULL,
         "{'type':'page','userId':'u','context':{'userAgent':'\\u0001\\u0001\\u0001Windows"
         "\\u000111\\u0001\\u0001" CHROME "'}}",
         "{'name':'Windows','version':'10'}", "{'type':'desktop'}"},
    };
    struct desk desk = open_desk(EVERYTHING);

    EACH_CASE(c, cases)
    {
        struct sender sender = {.agent = c->agent, .hints = c->hints};
        struct message message = read(&desk, sender, c->event);

        expect(&desk, &message, "os", c->os);
        expect(&desk, &message, "device", c->device);
    }
    close_desk(&desk);
}

TEST(enrich_asks_the_visitor_not_who_relays)
{
    static const struct {
        struct sender sender;
        const char *text, *browser, *verdict;
    } cases[] = {
        /* a page's script */
        {{.agent = CHROME, .language = "de"},
         "{'type':'page','userId':'u'}",
         "'Chrome'",
         "'human'"},
        /* a server: nothing is known of whose event it is */
        {{.agent = "analytics-node/2.1"}, "{'type':'page','userId':'u'}", NULL, NULL},
        {{.agent = "curl/8.5.0"}, "{'type':'page','userId':'u'}", NULL, NULL},
        {{.agent = NULL}, "{'type':'page','userId':'u'}", NULL, NULL},
        /* unless it says so */
        {{.agent = "analytics-node/2.1"},
         "{'type':'page','userId':'u','context':{'userAgent':'" IPHONE "'}}",
         "'Mobile Safari'",
         "'human'"},
        {{.agent = "curl/8.5.0"},
         "{'type':'page','userId':'u','context':{'userAgent':'curl/8.5.0'}}",
         "'curl'",
         "'machine'"},
        {{.agent = "axios/1.7", .context = "{'userAgent':'" IPHONE "'}"},
         "{'type':'page','userId':'u'}",
         "'Mobile Safari'",
         "'human'"},
        {{.agent = "axios/1.7", .context = "{'userAgent':'" IPHONE "'}"},
         "{'type':'page','userId':'u','context':{'userAgent':'" CHROME "'}}",
         "'Chrome'",
         "'human'"},
        /* a dialect has written down the request's agent, whoever it is */
        {{.agent = "python-requests/2.32", .is_dialect = true},
         "{'type':'page','userId':'u','context':{'userAgent':'python-requests/2.32'}}",
         NULL,
         NULL},
        {{.agent = "facebookexternalhit/1.1", .is_dialect = true},
         "{'type':'page','userId':'u','context':{'userAgent':'facebookexternalhit/1.1'}}",
         "'FacebookBot'",
         "'machine'"},
        {{.agent = CHROME, .is_dialect = true}, "{'type':'page','userId':'u'}", NULL, NULL},
    };
    struct desk desk = open_desk(EVERYTHING);

    EACH_CASE(c, cases)
    {
        struct message message = read(&desk, c->sender, c->text);

        expect(&desk, &message, "browser.name", c->browser);
        expect(&desk, &message, "traffic.verdict", c->verdict);
        if (!c->verdict)
            CHECK_STR(message.json, quoted(c->text).data); /* as it was sent */
    }
    close_desk(&desk);
}

TEST(enrich_leaves_what_the_sender_has_told)
{
    static const struct {
        const char *context, *path, *want;
    } cases[] = {
        {"{'browser':{'name':'Mine'}}", "browser", "{'name':'Mine'}"},
        {"{'browser':'Mine'}", "browser", "'Mine'"},
        {"{'browser':null}", "browser.name", "'Chrome'"},
        {"{'browser':{}}", "browser", "{'name':'Chrome','version':'126'}"},
        {"{'os':{'name':null,'kernel':6}}", "os.name", "null"}, /* the last of equal names */
        {"{'os':{'kernel':6}}", "os", "{'name':'Windows','version':'10','kernel':6}"},
        {"{'device':{'id':'d'}}", "device", "{'type':'desktop','id':'d'}"},
        {"{'device':{'type':'ios'}}", "device.type", "'ios'"},
        {"{'locale':'fr'}", "locale", "'fr'"},
        {"{}", "locale", "'de-AT'"},
        {"{'\\u006fs':{'name':'Mine'}}", "os", "{'name':'Mine'}"},
        {"{'referrer':{'type':'ad'},'page':{'url':'https://a.example/','referrer':"
         "'https://www.google.at/'}}",
         "referrer", "{'domain':'google.at','kind':'search','name':'Google','type':'ad'}"},
        {"{'campaign':{'source':'mine'},'page':{'url':'https://a.example/?utm_source=x&gclid=7'}}",
         "campaign", "{'click_id':'7','click_kind':'gclid','source':'mine'}"},
        {"{'campaign':null,'page':{'url':'https://a.example/?utm_source=x&gclid=7'}}", "campaign",
         "{'source':'x','click_id':'7','click_kind':'gclid'}"},
        /* of traffic only we tell */
        {"{'traffic':{'verdict':'human','probability':0,'mine':1}}", "traffic.mine", NULL},
        {"{'traffic':'human'}", "traffic.verdict", "'machine'"},
        {"{'traf\\u0066ic':'human'}", "traffic.verdict", "'machine'"},
    };
    struct desk desk = open_desk(EVERYTHING);
    struct sender sender = {.language = "de-AT,de;q=0.9"};

    EACH_CASE(c, cases)
    {
        str text =
            arena_print(test_mem, "{'type':'page','userId':'u','context':%s,'x':[1]}", c->context);
        struct message message;

        sender.agent = str_contains(text, S("traf"))
                           ? "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/126.0.0.0"
                           : CHROME;
        message = read(&desk, sender, text.data);
        CHECK(!message.is_misfit);
        expect(&desk, &message, c->path, c->want);
        /* The others are there, and what stood around the context. */
        CHECK(find(&desk, &message, "traffic.verdict").data);
        CHECK(str_contains(message.json, quoted("'x':[1]")));
    }
    close_desk(&desk);
}

TEST(enrich_tells_where_a_visitor_came_from)
{
    static const struct {
        const char *url, *referrer, *domain, *kind, *name;
    } cases[] = {
        {"https://shop.example/", "https://www.google.co.uk/", "'google.co.uk'", "'search'",
         "'Google'"},
        {"https://shop.example/", "https://www.google.com:443/?q=a", "'google.com'", "'search'",
         "'Google'"},
        {"https://shop.example/", "https://mail.google.com/mail/u/0/", "'mail.google.com'",
         "'mail'", "'Gmail'"},
        {"https://shop.example/", "https://gemini.google.com/app", "'gemini.google.com'", "'ai'",
         "'Gemini'"},
        {"https://shop.example/", "https://chatgpt.com/", "'chatgpt.com'", "'ai'", "'ChatGPT'"},
        {"https://shop.example/", "https://l.facebook.com/l.php?u=x", "'l.facebook.com'",
         "'social'", "'Facebook'"},
        {"https://shop.example/", "https://t.co/abc", "'t.co'", "'social'", "'X'"},
        {"https://shop.example/", "https://M.YouTube.com/watch", "'m.youtube.com'", "'video'",
         "'YouTube'"},
        {"https://shop.example/", "android-app://com.google.android.gm/", "'com.google.android.gm'",
         "'mail'", "'Gmail'"},
        {"https://shop.example/", "https://webmail.isp.example/", "'webmail.isp.example'", "'mail'",
         NULL},
        {"https://shop.example/", "https://blog.example.org/post", "'blog.example.org'", "'other'",
         NULL},
        {"https://shop.example/", "https://notgoogle.com/", "'notgoogle.com'", "'other'", NULL},
        {"https://shop.example/", "https://google.evil.example/", "'google.evil.example'",
         "'other'", NULL},
        {"https://www.shop.co.uk/a", "https://checkout.shop.co.uk/b", "'checkout.shop.co.uk'",
         "'internal'", NULL},
        {"https://a.co.uk/", "https://b.co.uk/", "'b.co.uk'", "'other'", NULL},
        {"http://localhost:8080/a", "http://localhost/b", "'localhost'", "'internal'", NULL},
        {"http://192.0.2.1/a", "http://192.0.2.2/b", "'192.0.2.2'", "'other'", NULL},
        {"https://shop.example/?gclid=1", "https://www.google.de/", "'google.de'", "'paid'",
         "'Google'"},
        {"https://shop.example/?fbclid=1", "", NULL, "'social'", NULL},
        {"https://shop.example/?fbclid=1", "https://blog.example.org/", "'blog.example.org'",
         "'social'", NULL},
        {"https://shop.example/?utm_medium=CPC&utm_source=x", "https://www.bing.com/", "'bing.com'",
         "'paid'", "'Bing'"},
        {"https://shop.example/?utm_medium=email", "", NULL, "'mail'", NULL},
        {"https://shop.example/?utm_source=poster", "", NULL, "'campaign'", NULL},
        {"https://shop.example/?utm_source=poster", "https://blog.example.org/",
         "'blog.example.org'", "'campaign'", NULL},
        {"https://shop.example/", "", NULL, NULL, NULL}, /* direct */
        {"https://shop.example/", "$direct", NULL, NULL, NULL},
        {"https://shop.example/", "https://user:pass@news.ycombinator.com/item",
         "'news.ycombinator.com'", "'social'", "'Hacker News'"},
        {"https://shop.example/", "https://", NULL, NULL, NULL},
        {"https://shop.example/", "https://[2001:db8::1]:80/", "'[2001:db8::1]:80'", "'other'",
         NULL},
    };
    struct desk desk = open_desk(EVERYTHING);

    EACH_CASE(c, cases)
    {
        str text = arena_print(test_mem,
                               "{'type':'page','userId':'u','context':{'page':{'url':'%s',"
                               "'referrer':'%s'}}}",
                               c->url, c->referrer);
        struct message message = read(&desk, (struct sender){.agent = NULL}, text.data);

        expect(&desk, &message, "referrer.domain", c->domain);
        expect(&desk, &message, "referrer.kind", c->kind);
        expect(&desk, &message, "referrer.name", c->name);
    }
    close_desk(&desk);
}

TEST(enrich_reads_the_campaign_of_a_pages_address)
{
    static const struct {
        const char *page, *want;
    } cases[] = {
        {"'url':'https://a.example/?utm_source=n&utm_medium=email&utm_campaign=spring+sale&"
         "utm_term=t&utm_content=c&utm_id=9#utm_source=no'",
         "{'source':'n','medium':'email','name':'spring sale','term':'t','content':'c','id':'9'}"},
        {"'url':'https://a.example/?utm_source=%C3%BC%22&utm_source=second'",
         "{'source':'\xc3\xbc\\\\'\'}"},
        {"'search':'?utm_source=n'", "{'source':'n'}"},
        {"'url':'https://a.example/?fbclid=f&gclid=g'",
         "{'click_id':'g','click_kind':'gclid'}"}, /* who was paid comes first */
        {"'url':'https://a.example/?msclkid=m'", "{'click_id':'m','click_kind':'msclkid'}"},
        {"'url':'https://a.example/?gclid=&utm_source='", NULL},
        {"'url':'https://a.example/utm_source=n'", NULL},
        {"'url':'https:\\/\\/a.example\\/?utm_source=n'", "{'source':'n'}"},
    };
    struct desk desk = open_desk(EVERYTHING);

    EACH_CASE(c, cases)
    {
        str text =
            arena_print(test_mem, "{'type':'page','userId':'u','context':{'page':{%s}}}", c->page);
        str property = arena_print(
            test_mem, "{'type':'page','userId':'u','properties':{'url':'https://b.example/',%s}}",
            c->page);
        struct message message = read(&desk, (struct sender){.agent = NULL}, text.data);

        if (str_contains(text, S("%22"))) {
            CHECK_STR(find(&desk, &message, "campaign"), "{\"source\":\"\xc3\xbc\\\"\"}");
            continue;
        }
        expect(&desk, &message, "campaign", c->want);
        if (str_contains(text, S("'url'"))) {
            message = read(&desk, (struct sender){.agent = NULL}, property.data);
            expect(&desk, &message, "campaign", c->want);
        }
    }
    close_desk(&desk);
}

TEST(enrich_stores_no_address)
{
    static const struct {
        const char *text;
        bool is_misfit;
    } cases[] = {
        {"{'type':'page','userId':'u','context':{'ip':'198.51.100.77'}}", false},
        {"{'type':'page','userId':'u','context':{'a':1,'ip':'198.51.100.77'}}", false},
        {"{'type':'page','userId':'u','context':{'ip':'198.51.100.77','a':1},'x':1}", false},
        {"{'type':'page','userId':'u','context':{'ip':'198.51.100.77','\\u0069p':"
         "'198.51.100.77','ip':{'x':'198.51.100.77'}}}",
         false},
        {"{'context':{'ip':'198.51.100.77'},'type':'page','userId':'u','context':{'a':1}}", false},
        {"{'context':{'ip':'198.51.100.77'},'type':'page','userId':'u','context':'x'}", false},
        {"{'type':'jump','userId':'u','context':{'ip':'198.51.100.77'}}", true},
        {"{'context':{'ip':'198.51.100.77'},'type':'jump','context':7}", true},
        {"{'type':'page','context':{'ip':'198.51.100.77','x':'\\ud800'}}", true},
    };
    struct desk desk = open_desk(EVERYTHING);

    EACH_CASE(c, cases)
    {
        struct message message = read(
            &desk, (struct sender){.agent = CHROME, .context = "{'ip':'198.51.100.77'}"}, c->text);

        CHECK_INT(message.is_misfit, c->is_misfit);
        CHECK(!str_contains(message.json, S("198.51.100.77")));
    }
    close_desk(&desk);
}

TEST(enrich_keeps_addresses_where_it_may)
{
    struct enrich_config config = EVERYTHING;
    struct message message;
    struct desk desk;

    config.keeps_addresses = true;
    desk = open_desk(config);
    message = read(&desk, (struct sender){.agent = CHROME}, "{'type':'page','userId':'u'}");
    expect(&desk, &message, "ip", "'198.51.100.77'");
    message = read(&desk, (struct sender){.agent = "axios/1.7"}, "{'type':'page','userId':'u'}");
    expect(&desk, &message, "ip", NULL); /* it is not the visitor's */
    message = read(&desk, (struct sender){.agent = CHROME},
                   "{'type':'page','userId':'u','context':{'ip':'192.0.2.9'}}");
    expect(&desk, &message, "ip", "'192.0.2.9'");
    close_desk(&desk);
}

TEST(enrich_leaves_the_hash_of_what_was_sent)
{
    static const char *const cases[] = {
        "{'type':'page','userId':'u','context':{'userAgent':'" CHROME "','page':{'url':"
        "'https://a.example/?utm_source=n'}}}",
        "{'type':'page','userId':'u','sentAt':'2027-01-15T08:00:00Z','context':{'ip':'192.0.2.1',"
        "'userAgent':'" CHROME "'}}",
        "{'type':'page','userId':'u','writeKey':'k','context':{'traffic':1,'os':{'a':1}}}",
        "{'type':'page','userId':'u'}",
    };
    struct enrich_config nothing = {.keeps_addresses = false};
    struct desk on = open_desk(EVERYTHING), off = open_desk(nothing);

    EACH_CASE(c, cases)
    {
        struct sender sender = {
            .agent = CHROME, .language = "de", .context = "{'app':{'name':'x'}}"};
        struct message with = read(&on, sender, *c), without = read(&off, sender, *c);

        CHECK(!str_equals(with.json, without.json));
        CHECK(with.sent_hash == without.sent_hash && with.sent_hash);
        sender.context = NULL;
        with = read(&on, sender, *c);
        without = read(&off, sender, *c);
        if (without.sent_hash)
            CHECK(with.sent_hash == without.sent_hash);
        else
            CHECK(with.sent_hash == hash_checksum(without.json.data, without.json.len));
    }
    close_desk(&on);
    close_desk(&off);
}

TEST(enrich_has_a_switch_for_each_part)
{
    static const struct {
        enum enrich_part part;
        const char *path;
    } cases[] = {
        {ENRICH_AGENT, "browser"},   {ENRICH_REFERRER, "referrer"}, {ENRICH_CAMPAIGN, "campaign"},
        {ENRICH_LANGUAGE, "locale"}, {ENRICH_TRAFFIC, "traffic"},
    };

    EACH_CASE(c, cases)
    {
        struct enrich_config config = EVERYTHING;
        struct message message;
        struct desk desk;

        config.has[c->part] = false;
        desk = open_desk(config);
        message = read(&desk, (struct sender){.agent = CHROME, .language = "de"},
                       "{'type':'page','userId':'u','context':{'page':{'url':"
                       "'https://a.example/?utm_source=n'}}}");
        EACH_CASE(other, cases)
        CHECK_INT(find(&desk, &message, other->path).data != NULL, other != c);
        EACH_CASE(other, cases)
        CHECK_INT(enrich_count(desk.enrich, other->part), other != c);
        close_desk(&desk);
    }
}

TEST(enrich_lets_an_event_tell_that_its_device_is_new)
{
    static const struct {
        const char *agent, *text, *want;
    } cases[] = {
        {CHROME, "{'type':'page','anonymousId':'a','context':{},'x':1}", "{'is_new':true}"},
        {CHROME, "{'type':'page','anonymousId':'a'}", "{'is_new':true}"},
        {CHROME, "{'type':'page','userId':'a'}", NULL}, /* a person is no device */
        {CHROME, "{'type':'page','anonymousId':'a','context':{'visitor':7}}", "7"},
        {"axios/1.7", "{'type':'page','anonymousId':'a'}", NULL},
    };
    struct desk desk = open_desk(EVERYTHING);

    EACH_CASE(c, cases)
    {
        struct sender sender = {.agent = c->agent};
        struct message message = read_in_place(&desk, &sender, c->text);
        str before = arena_dup(test_mem, message.json);

        message_tell_new(&message);
        expect(&desk, &message, "visitor", c->want);
        if (c->want && *c->want == '{')
            CHECK_INT(message.json.len, before.len + MESSAGE_NEWS);
        else
            CHECK(str_equals(message.json, before));
    }
    close_desk(&desk);
}

TEST(enrich_of_what_is_long_or_strange_stays_within_bounds)
{
    struct desk desk = open_desk(EVERYTHING);
    struct buf text = {0};
    struct message message;

    buf_add(&text, S("{'type':'page','userId':'u','context':{'page':{'url':'https://a.example/?"));
    for (int i = 0; i < 6; i++) {
        static const char *const names[] = {"source", "medium",  "campaign",
                                            "term",   "content", "id"};

        buf_print(&text, "&utm_%s=", names[i]);
        for (int j = 0; j < 400; j++)
            buf_add(&text, S("%01"));
    }
    buf_add(&text, S("&gclid="));
    for (int j = 0; j < 1000; j++)
        buf_add(&text, S("\xc3\xbc"));
    buf_add(&text, S("'}}}"));
    message =
        read(&desk, (struct sender){.agent = CHROME}, arena_dup(test_mem, buf_str(&text)).data);
    CHECK(!message.is_misfit);
    CHECK(message.json.len < text.len + 16 * 1024);
    CHECK_INT(find(&desk, &message, "campaign.click_id").len, 256 + 2);
    buf_done(&text);
    close_desk(&desk);
}

TEST(enrich_adds_nothing_to_what_would_become_too_large)
{
    static const struct {
        size_t size;
        bool gains;
    } cases[] = {{MESSAGE_MOST_BYTES - 2000, true},
                 {MESSAGE_MOST_BYTES - 100, false},
                 {MESSAGE_MOST_BYTES, false}};
    struct desk desk = open_desk(EVERYTHING);

    EACH_CASE(c, cases)
    {
        struct buf text = {0};
        struct message message;

        buf_add(&text, S("{'type':'page','anonymousId':'u','context':{'traffic':1},'x':'"));
        while (text.len < c->size - 2)
            buf_add_byte(&text, 'x');
        buf_add(&text, S("'}"));
        buf_add_byte(&text, 0);
        message = read(&desk, (struct sender){.agent = CHROME}, text.data);
        CHECK(!message.is_misfit);
        CHECK_INT(find(&desk, &message, "browser").data != NULL, c->gains);
        CHECK(!str_equals(find(&desk, &message, "traffic"), S("1")));
        CHECK(message.json.len + MESSAGE_NEWS <= MESSAGE_MOST_BYTES || !message.news);
        buf_done(&text);
    }
    close_desk(&desk);
}

TEST(enrich_without_memory_says_so)
{
    struct desk desk = open_desk(EVERYTHING);
    struct enrich_call *call;
    struct arena *small = arena_open(4096);

    while (arena_take(small, 64))
        ;
    CHECK_ERR(ERR_LIMIT, enrich_begin(desk.enrich, NULL, small, &call));
    arena_close(small);
    close_desk(&desk);
}
