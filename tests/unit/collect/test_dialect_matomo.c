/* test_dialect_matomo.c - requests of Matomo's tracking API, and what they tell.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"
#include "support/test.h"

#define CONTEXT "'context':{'library':{'name':'matomo'}}"
#define TRACK(event)                                                                               \
    "{'type':'track','event':'" event "','anonymousId':'a'," CONTEXT ",'properties':"

static struct dialect_told get(const char *query)
{
    return dialect_case_tell(&dialect_matomo,
                             &(struct dialect_case){.path = "/matomo.php", .query = query});
}

static struct dialect_told post(const char *body)
{
    return dialect_case_tell(&dialect_matomo,
                             &(struct dialect_case){.path = "/matomo.php", .body = body});
}

TEST(matomo_requests_become_events_of_their_kind)
{
    static const struct {
        const char *query, *told;
    } cases[] = {
        {"", "{'type':'page','anonymousId':'a'," CONTEXT ",'properties':{}}"},
        {"&ping=1&action_name=&search=x", TRACK("ping") "{'engaged_ms':15000,'query':'x'}}"},
        {"&ping=0&idgoal=", "{'type':'page','anonymousId':'a'," CONTEXT ",'properties':{}}"},
        {"&e_c=Videos&e_a=Play&e_n=Intro&e_v=3.5",
         TRACK("Play") "{'category':'Videos','label':'Intro','value':3.5}}"},
        {"&e_c=Videos&search=x", TRACK("Site Search") "{'category':'Videos','query':'x'}}"},
        {"&search=1984&search_cat=books&search_count=0",
         TRACK("Site Search") "{'query':'1984','search_category':'books','results':0}}"},
        {"&download=https://a/b.zip", TRACK("Download") "{'url':'https://a/b.zip'}}"},
        {"&link=https://a/", TRACK("Outlink") "{'url':'https://a/'}}"},
        {"&c_n=Ad&c_p=a.png&c_t=/x",
         TRACK("Content Impression") "{'content_name':'Ad','content_piece':'a.png',"
                                     "'content_target':'/x'}}"},
        {"&c_n=Ad&c_i=click",
         TRACK("Content Interaction") "{'content_name':'Ad','content_interaction':'click'}}"},
        {"&cra=boom&cra_rl=7&ca=1", TRACK("Error") "{'message':'boom','line':7}}"},
        {"&ca=1&dimension2=blue&dimensionx=1&dimension=2&other=3",
         TRACK("Custom Action") "{'dimension2':'blue'}}"},
        {"&idgoal=4&revenue=1e3", TRACK("Goal Conversion") "{'goal_id':4,'revenue':'1e3'}}"},
        {"&idgoal=0&revenue=9.5", TRACK("Cart Updated") "{'value':9.5}}"},
        {"&h=9&m=05&s=59&pv_id=ab&pf_srv=12",
         "{'type':'page','anonymousId':'a'," CONTEXT
         ",'properties':{'server_ms':12,'page_view_id':'ab','local_time':'09:05:59'}}"},
        {"&h=24&m=05&s=59", "{'type':'page','anonymousId':'a'," CONTEXT ",'properties':{}}"},
    };

    EACH_CASE(c, cases)
    {
        str query = arena_print(test_mem, "idsite=1&rec=1&_id=a%s", c->query);
        struct dialect_told told = get(query.data);

        CHECK_OK(told.err);
        CHECK_STR(told.text, c->told);
    }
}

TEST(matomo_orders_have_their_products)
{
    static const struct {
        const char *items, *told;
    } cases[] = {
        {"[['s','N','c',1.5,2]]", "'products':[{'product_id':'s','sku':'s','name':'N',"
                                  "'category':'c','price':1.5,'quantity':2}]"},
        {"[['7','N',['c','d'],'1.5'],['t']]",
         "'products':[{'product_id':'7','sku':'7','name':'N','category':['c','d'],'price':1.5},"
         "{'product_id':'t','sku':'t'}]"},
        {"[[1,2,3,4,5,6,7],7,{},[]]", "'products':[{'product_id':1,'sku':1,'name':2,'category':3,"
                                      "'price':4,'quantity':5},{}]"},
        {"[]", "'products':[]"},
        {"{}", "'ec_items':'{}'"},
        {"[[", "'ec_items':'[['"},
    };

    EACH_CASE(c, cases)
    {
        str query = arena_print(test_mem,
                                "idsite=1&rec=1&_id=a&idgoal=0&ec_id=o-1&revenue=3&ec_st=2.5"
                                "&ec_tx=.5&ec_sh=0&ec_dt=1&ec_items=%s",
                                c->items);
        str want = arena_print(test_mem,
                               "%s{'revenue':3,'order_id':'o-1','subtotal':2.5,'tax':'.5',"
                               "'shipping':0,'discount':1,%s}}",
                               TRACK("Order Completed"), c->told);
        struct dialect_told told = get(query.data);

        CHECK_OK(told.err);
        CHECK_STR(told.text, want.data);
    }
}

TEST(matomo_variables_are_properties)
{
    static const struct {
        const char *variables, *told;
    } cases[] = {
        {"{'1':['plan','weekly'],'2':['age','7']}", "'plan':'weekly','age':7"},
        {"{'1':['x',null],'2':['y',true],'3':['z',[1]]}", "'x':null,'y':true,'z':[1]"},
        {"{'1':[],'2':['a'],'3':[7,8],'4':7,'5':['',1],'6':['k','v','w']}", "'k':'v'"},
        {"[]", "'cvar':'[]'"},
        {"{", "'cvar':'{'"},
    };

    EACH_CASE(c, cases)
    {
        str query = arena_print(test_mem, "idsite=1&rec=1&_id=a&cvar=%s", c->variables);
        str want = arena_print(
            test_mem, "{'type':'page','anonymousId':'a'," CONTEXT ",'properties':{%s}}", c->told);

        CHECK_STR(get(query.data).text, want.data);
    }
}

TEST(matomo_visitors_are_known_by_what_is_given)
{
    static const struct {
        const char *query, *told;
    } cases[] = {
        {"&_id=a&cid=b&uid=u", "{'type':'page','userId':'u','anonymousId':'b'," CONTEXT},
        {"", "{'type':'page','visitor':'192.0.2.1 2026-11-18 '," CONTEXT},
        {"&cip=198.51.100.7", "{'type':'page','visitor':'192.0.2.1 2026-11-18 '," CONTEXT},
        {"&cip=198.51.100.7&token_auth=k&ua=cat",
         "{'type':'page','visitor':'198.51.100.7 2026-11-18 cat',"
         "'context':{'userAgent':'cat','ip':'198.51.100.7','library':{'name':'matomo'}}"},
    };

    EACH_CASE(c, cases)
    {
        str query = arena_print(test_mem, "idsite=1&rec=1%s", c->query);
        str want = arena_print(test_mem, "%s,'properties':{}}", c->told);

        CHECK_STR(get(query.data).text, want.data);
    }
}

TEST(matomo_pages_have_their_context)
{
    CHECK_STR(get("idsite=1&rec=1&_id=a&url=https%3A%2F%2Fs.example%2Fa%3Futm_source%3Dx%26q%3D"
                  "1%23f&action_name=Title+%E2%82%AC&urlref=https://r.example/&lang=de-de,de;q="
                  "0.8&res=1920x1080&ua=cat")
                  .text,
              "{'type':'page','anonymousId':'a','context':{'page':{'url':'https://s.example/a?"
              "utm_source=x&q=1#f','path':'/a','search':'?utm_source=x&q=1','title':'Title \u20ac',"
              "'referrer':'https://r.example/'},'campaign':{'source':'x'},'userAgent':'cat',"
              "'locale':'de-de','screen':{'width':1920,'height':1080},'library':{'name':'matomo'}},"
              "'properties':{}}");
}

TEST(matomo_product_pages_are_told_twice)
{
    CHECK_STR(get("idsite=1&rec=1&_id=a&_pks=s&_pkn=N&_pkp=1.5&_pkc=c").text,
              "{'type':'page','anonymousId':'a'," CONTEXT
              ",'properties':{}}," TRACK("Product Viewed") "{'product_id':'s','sku':'s','name':'N',"
                                                           "'price':1.5,'category':'c'}}");
    CHECK_STR(get("idsite=1&rec=1&_id=a&_pkc=c").text,
              "{'type':'page','anonymousId':'a'," CONTEXT
              ",'properties':{}}," TRACK("Product List Viewed") "{'category':'c'}}");
}

TEST(matomo_times_are_seconds_or_dates)
{
    static const struct {
        const char *query, *time;
    } cases[] = {
        {"cdt=1767225600", "2026-01-01T00:00:00.000Z"},
        {"cdt=2026-01-01%2000:00:05", "2026-01-01T00:00:05.000Z"},
        {"cdt=1767225600&cdo=60", "2025-12-31T23:59:00.000Z"},
        {"cdo=5", "2026-11-18T11:06:35.678Z"},
        {"cdt=yesterday", "yesterday"}, /* which message.h refuses */
        {"cdt=9223372036854775807", "9223372036854775807"},
        {"cdt=999999999999999", "999999999999999"},
    };

    EACH_CASE(c, cases)
    {
        str query = arena_print(test_mem, "idsite=1&rec=1&_id=a&%s", c->query);
        str want = arena_print(test_mem,
                               "{'type':'page','timestamp':'%s','anonymousId':'a'," CONTEXT
                               ",'properties':{}}",
                               c->time);

        CHECK_STR(get(query.data).text, want.data);
    }
}

TEST(matomo_single_requests_are_answered_by_an_image_unless_unwanted)
{
    const struct dialect_case both = {
        .path = "/matomo.php", .query = "rec=1&send_image=0", .body = "idsite=1"};
    struct dialect_told image = post("idsite=1&rec=1"), none = get("idsite=1&rec=1&send_image=0");

    CHECK_INT(image.out.status, 200);
    CHECK_STR(image.out.media, "image/gif");
    CHECK(str_starts(image.out.body, S("GIF89a")));
    CHECK_INT(none.out.status, 204);
    CHECK_INT(dialect_case_tell(&dialect_matomo, &both).out.status, 204);
}

TEST(matomo_refuses_what_is_no_request)
{
    static const char *const cases[] = {
        "",        "idsite=1",        "rec=1",          "idsite=0&rec=1",   "idsite=-1&rec=1",
        "[]",      "idsite=a&rec=1",  "idsite=1&rec=0", "\xff\xfe&=%",      "{",
        "{}",      " {'requests':7}", "{'requests':{}", "{'requests':[],}", "{'requests':null}",
        "{'a':1}",
    };

    EACH_CASE(c, cases)
    CHECK_ERR(ERR_INVALID, post(*c).err);
}

TEST(matomo_bulk_tells_each_request)
{
    struct dialect_told told = post(
        " {'requests':['?idsite=1&rec=1&_id=a&e_c=c&e_a=A','https://m/p.php?idsite=1&rec=1&_id=a',"
        "{'idsite':1,'rec':'1','_id':'a','ping':true},'idsite=1&rec=1',7,{'idsite':1}]}");

    CHECK_OK(told.err);
    CHECK_STR(told.text, TRACK("A") "{'category':'c'}},{'type':'page','anonymousId':'a'," CONTEXT
                                    ",'properties':{}}," TRACK(
                                        "ping") "{'engaged_ms':15000}},"
                                                "{'visitor':'192.0.2.1 2026-11-18 '," CONTEXT
                                                ",'properties':{'request':''}},"
                                                "{'visitor':'192.0.2.1 2026-11-18 '," CONTEXT
                                                ",'properties':{'request':'7'}},"
                                                "{'visitor':'192.0.2.1 2026-11-18 '," CONTEXT
                                                ",'properties':{'request':'{\\'idsite\\':1}'}}");
    CHECK_STR(told.out.media, "application/json");
    CHECK_STR(told.out.body, "{\"status\":\"success\",\"tracked\":3,\"invalid\":3}");
}

TEST(matomo_bulk_is_answered_as_it_wants)
{
    static const struct {
        const char *body;
        int status;
        const char *answer;
    } cases[] = {
        {"{'requests':[]}", 200, "{\"status\":\"success\",\"tracked\":0,\"invalid\":0}"},
        {"{'requests':['?'],'token_auth':'k'}", 200,
         "{\"status\":\"success\",\"tracked\":0,\"invalid\":1,\"invalid_indices\":[0]}"},
        {"{'requests':[],'send_image':0}", 204, ""},
        {"{'requests':[],'send_image':'0'}", 204, ""},
        {"{'requests':[],'send_image':false}", 204, ""},
        {"{'requests':[],'send_image':1}", 200,
         "{\"status\":\"success\",\"tracked\":0,\"invalid\":0}"},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_told told = post(c->body);

        CHECK_OK(told.err);
        CHECK_INT(told.out.status, c->status);
        CHECK(str_equals(told.out.body, str_of(c->answer)));
    }
}

TEST(matomo_finds_the_key_wherever_it_is)
{
    static const struct {
        const char *query, *body, *key;
    } cases[] = {
        {"token_auth=k", "idsite=1&rec=1", "k"},
        {"", "idsite=1&rec=1&token_auth=k", "k"},
        {"token_auth=k", "{'requests':[]}", "k"},
        {"", "{'requests':[],'token_auth':'k'}", "k"},
        {"", "{'requests':['?idsite=1&rec=1&token_auth=k']}", "k"},
        {"", "{'requests':[{'idsite':1,'rec':1,'token_auth':'k'}],'token_auth':'k'}", "k"},
        {"", "{'requests':[],'token_auth':'anonymous'}", NULL},
        {"token_auth=", "idsite=1&rec=1", NULL},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_case request = {.path = "/piwik.php", .query = c->query, .body = c->body};
        struct dialect_told told = dialect_case_tell(&dialect_matomo, &request);

        CHECK_OK(told.err);
        CHECK(str_equals(told.out.key, str_of(c->key)) && !told.out.key.data == !c->key);
    }
    CHECK_ERR(ERR_INVALID,
              post("{'requests':['?idsite=1&rec=1&token_auth=j'],'token_auth':'k'}").err);
}
