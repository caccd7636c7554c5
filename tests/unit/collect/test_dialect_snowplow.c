/* test_dialect_snowplow.c - events of Snowplow's tracker protocol, and what they tell.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"
#include "support/test.h"

#define CONTEXT "'context':{'library':{'name':'snowplow'}}"
#define PAGE "{'type':'page','anonymousId':'a'," CONTEXT ",'properties':"
#define TRACK(event)                                                                               \
    "{'type':'track','event':'" event "','anonymousId':'a'," CONTEXT ",'properties':"
#define TP2 "/com.snowplowanalytics.snowplow/tp2"

static struct dialect_told post(const char *body)
{
    return dialect_case_tell(&dialect_snowplow, &(struct dialect_case){.path = TP2, .body = body});
}

/* Of one event with the device "a"; `members` begins with a comma. */
static struct dialect_told tell(const char *members)
{
    return post(arena_print(test_mem, "{'schema':'x','data':[{'duid':'a'%s}]}", members).data);
}

TEST(snowplow_events_become_events_of_their_kind)
{
    static const struct {
        const char *members, *told;
    } cases[] = {
        {",'e':'pv'", PAGE "{}}"},
        {",'e':'pp','pp_mix':'0','pp_max':'3','pp_miy':'-1','pp_may':700",
         TRACK(
             "page_ping") "{'engaged_ms':10000,'x_least':0,'x_most':3,'y_least':-1,'y_most':700}}"},
        {",'e':'se','se_ca':'c','se_ac':'A','se_la':'l','se_pr':'p','se_va':'1.50'",
         TRACK("A") "{'category':'c','label':'l','property':'p','value':1.50}}"},
        {",'e':'se','se_ca':'c'", TRACK("c") "{'category':'c'}}"},
        {",'e':'tr','tr_id':'o','tr_tt':'9','tr_cu':'EUR','tr_af':'s','tr_tx':'x'",
         TRACK("Order Completed") "{'order_id':'o','affiliation':'s','revenue':9,'tax':'x',"
                                  "'currency':'EUR'}}"},
        {",'e':'ti','ti_id':'o','ti_sk':'s','ti_nm':'N','ti_pr':'2','ti_qu':'1'",
         TRACK(
             "transaction_item") "{'order_id':'o','product_id':'s','sku':'s','name':'N','price':2,"
                                 "'quantity':1}}"},
        {",'e':'track','eid':'1'", "{'type':'e=track','messageId':'1','anonymousId':'a'," CONTEXT
                                   ",'properties':{'duid':'a','e':'track','eid':'1'}}"},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_told told = tell(c->members);

        CHECK_OK(told.err);
        CHECK_STR(told.text, c->told);
    }
}

TEST(snowplow_queries_are_read_like_payloads)
{
    const struct dialect_case request = {
        .path = "/i",
        .query = "stm=1767323045678&e=pv&url=https%3A%2F%2Fs.example%2Fa&page=T%20t&refr=r&duid=a"
                 "&lang=de&tz=Europe%2FBerlin&res=10x20&ua=cat&aid=shop&p=web&tv=js-4"};
    struct dialect_told told = dialect_case_tell(&dialect_snowplow, &request);

    CHECK_OK(told.err);
    CHECK_STR(told.text,
              "{'type':'page','anonymousId':'a','context':{'page':{'url':'https://s.example/a',"
              "'path':'/a','title':'T t','referrer':'r'},'userAgent':'cat','locale':'de',"
              "'timezone':'Europe/Berlin','screen':{'width':10,'height':20},"
              "'library':{'name':'snowplow'}},'properties':{}}");
    CHECK_INT(told.out.status, 200);
    CHECK_STR(told.out.media, "image/gif");
}

TEST(snowplow_payloads_are_answered_by_a_word)
{
    struct dialect_told told = post("{'data':[]}");

    CHECK_OK(told.err);
    CHECK_STR(told.text, "");
    CHECK_INT(told.out.status, 200);
    CHECK_STR(told.out.body, "ok");
}

TEST(snowplow_visitors_are_known_by_the_nearest_id)
{
    static const struct {
        const char *members, *told;
    } cases[] = {
        {"'duid':'a','nuid':'b','tnuid':'c','uid':'u'", "'userId':'u','anonymousId':'a'"},
        {"'nuid':'b','tnuid':'c'", "'anonymousId':'c'"},
        {"'nuid':'b'", "'anonymousId':'b'"},
        {"'uid':'u'", "'userId':'u'"},
        {"'aid':'shop'", "'visitor':'192.0.2.1 2026-11-18 '"},
    };

    EACH_CASE(c, cases)
    {
        str body = arena_print(test_mem, "{'data':[{'e':'pv',%s}]}", c->members);
        str want = arena_print(test_mem, "{'type':'page',%s," CONTEXT ",'properties':{}}", c->told);

        CHECK_STR(post(body.data).text, want.data);
    }
    CHECK_STR(post("{'data':[{'e':'pv','ip':'198.51.100.7'}]}").text,
              "{'type':'page','visitor':'198.51.100.7 2026-11-18 ','context':{'ip':'198.51.100.7',"
              "'library':{'name':'snowplow'}},'properties':{}}");
}

TEST(snowplow_times_are_the_devices_unless_true)
{
    static const struct {
        const char *members, *told;
    } cases[] = {
        {",'dtm':'1767225600001','stm':'1767225600002'",
         "'timestamp':'2026-01-01T00:00:00.001Z','sentAt':'2026-01-01T00:00:00.002Z'"},
        {",'dtm':'1767225600001','ttm':'1767225600003','stm':'1767225600002'",
         "'timestamp':'2026-01-01T00:00:00.003Z'"},
        {",'dtm':1767225600001", "'timestamp':'2026-01-01T00:00:00.001Z'"},
        {",'dtm':'noon'", "'timestamp':'noon'"}, /* which message.h refuses */
        {",'dtm':'99999999999999999'", "'timestamp':'99999999999999999'"},
    };

    EACH_CASE(c, cases)
    {
        str members = arena_print(test_mem, "%s,'e':'pv'", c->members);
        str want = arena_print(
            test_mem, "{'type':'page',%s,'anonymousId':'a'," CONTEXT ",'properties':{}}", c->told);

        CHECK_STR(tell(members.data).text, want.data);
    }
}

#define ORDER(members) TRACK("Order Completed") "{" members "}}"
#define PRODUCTS(products) "'products':[" products "]"
#define PRODUCT(sku) "{'product_id':'" sku "','sku':'" sku "'}"
#define ITEM(members) TRACK("transaction_item") "{" members "}}"

TEST(snowplow_transactions_take_their_items)
{
    static const struct {
        const char *events, *told;
    } cases[] = {
        /* Items before and behind, of two orders, one without. */
        {"{'e':'ti','ti_id':'2','ti_sk':'x','duid':'a'},{'e':'tr','tr_id':'1','duid':'a'},"
         "{'e':'ti','ti_id':'1','ti_sk':'y'},{'e':'tr','tr_id':'2','duid':'a'},"
         "{'e':'ti','ti_id':'1','ti_sk':'z'},{'e':'ti','ti_id':'3','ti_sk':'w','duid':'a'},"
         "{'e':'pv','duid':'a'}",
         PAGE "{}}," ORDER("'order_id':'1'," PRODUCTS(PRODUCT("y") "," PRODUCT("z"))) "," ORDER(
             "'order_id':'2'," PRODUCTS(PRODUCT("x"))) "," ITEM("'order_id':'3','product_id':'w',"
                                                                "'sku':'w'")},
        /* The second of one number gets none: else many of both would be very many. */
        {"{'e':'tr','tr_id':'1','duid':'a'},{'e':'tr','tr_id':'1','duid':'a'},"
         "{'e':'ti','ti_id':'1','ti_sk':'y'}",
         ORDER("'order_id':'1'," PRODUCTS(PRODUCT("y"))) "," ORDER("'order_id':'1'")},
        {"{'e':'tr','duid':'a'},{'e':'ti','ti_sk':'y','duid':'a'}",
         ORDER("") "," ITEM("'product_id':'y','sku':'y'")},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_told told = post(arena_print(test_mem, "{'data':[%s]}", c->events).data);

        CHECK_OK(told.err);
        CHECK_STR(told.text, c->told);
    }
}

/* A text for a member of JSON: its quotes are escaped. */
static str escaped(const char *json)
{
    struct buf text = {0};
    str given = str_of(json), kept;

    for (size_t i = 0; i < given.len; i++) {
        if (given.data[i] == '\'')
            buf_add_byte(&text, '\\');
        buf_add_byte(&text, given.data[i]);
    }
    buf_add_byte(&text, '\0');
    kept = arena_dup(test_mem, buf_str(&text));
    buf_done(&text);
    return kept;
}

TEST(snowplow_described_events_have_the_name_of_their_schema)
{
    static const struct {
        const char *described, *told;
    } cases[] = {
        {"{'schema':'iglu:com.acme/seen/jsonschema/1-0-0','data':{'a':1,'b':[2,{'c':null}]}}",
         TRACK("seen") "{'a':1,'b':[2,{'c':null}]}}"},
        {"{'schema':'iglu:com.acme/seen/jsonschema/1-0-0','data':[7]}",
         TRACK("seen") "{'data':[7]}}"},
        {"{'schema':'iglu:com.acme/seen/jsonschema/1-0-0'}", TRACK("seen") "{}}"},
        {"{'schema':'iglu:com.acme/screen_view/jsonschema/1-0-0','data':{'name':'S'}}",
         TRACK("screen_view") "{'name':'S'}}"},
        {"{'schema':'iglu:com.snowplowanalytics.mobile/screen_view/jsonschema/1-0-0',"
         "'data':{'name':'S','id':'i'}}",
         "{'type':'screen','name':'S','anonymousId':'a'," CONTEXT
         ",'properties':{'name':'S','id':'i'}}"},
    };

    EACH_CASE(c, cases)
    {
        str outer = arena_print(test_mem,
                                "{'schema':'iglu:c.s.s/unstruct_event/jsonschema/1-0-0',"
                                "'data':%s}",
                                c->described);
        str members = arena_print(test_mem, ",'e':'ue','ue_pr':'%s'", escaped(outer.data).data);

        CHECK_STR(tell(members.data).text, c->told);
    }
}

TEST(snowplow_described_events_may_be_packed)
{
    /* {"data":{"schema":"iglu:com.acme/seen/jsonschema/1-0-0","data":{"x":"~~?>\u00fb\u00ff"}}} */
#define PACKED                                                                                     \
    "eyJkYXRhIjp7InNjaGVtYSI6ImlnbHU6Y29tLmFjbWUvc2Vlbi9qc29uc2NoZW1hLzEtMC0wIiwiZGF0YSI6eyJ4Ijo"  \
    "ifn4_PsO7w78ifX19"
    CHECK_STR(tell(",'e':'ue','ue_px':'" PACKED "'").text,
              TRACK("seen") "{'x':'~~?>\u00fb\u00ff'}}");
#undef PACKED
}

TEST(snowplow_described_events_that_cannot_be_read_are_misfits)
{
    static const struct {
        const char *members, *told;
    } cases[] = {
        {"", ""},
        {",'ue_pr':'{'", "'ue_pr':'{'"},
        {",'ue_pr':'7'", "'ue_pr':'7'"},
        {",'ue_pr':'{}'", "'ue_pr':'{}'"},
        {",'ue_px':'!'", "'ue_px':'!'"},
        {",'ue_px':'AAAA'", "'ue_px':'AAAA'"},
    };

    EACH_CASE(c, cases)
    {
        str members = arena_print(test_mem, ",'e':'ue'%s", c->members);
        str want = arena_print(
            test_mem, "{'type':'ue','anonymousId':'a'," CONTEXT ",'properties':{%s}}", c->told);

        CHECK_STR(tell(members.data).text, want.data);
    }
}

#define ENTITY(name, data) "{'schema':'iglu:com.acme/" name "/jsonschema/1-0-0','data':" data "}"

TEST(snowplow_entities_are_properties_by_name)
{
    static const struct {
        const char *entities, *told;
    } cases[] = {
        {"{'data':[" ENTITY("user", "{'type':'tester'}") "]}",
         "'contexts':{'user':{'type':'tester'}}"},
        {"{'data':[" ENTITY("b", "1") "," ENTITY("a", "2") "," ENTITY("b", "3") "]}",
         "'contexts':{'a':2,'b':[1,3]}"},
        {"{'data':[7,{},{'schema':'x','data':1},{'schema':'iglu:a','data':1}]}", ""},
        {"{'data':7}", ""},
        {"[", "'contexts':'['"},
    };

    EACH_CASE(c, cases)
    {
        str members = arena_print(test_mem, ",'e':'pv','co':'%s'", escaped(c->entities).data);
        str want = arena_print(test_mem, PAGE "{%s}}", c->told);

        CHECK_STR(tell(members.data).text, want.data);
    }
}

TEST(snowplow_devices_without_a_domain_are_known_by_their_session)
{
    str members = escaped("{'data':[" ENTITY("client_session", "{'userId':'phone'}") "]}");
    str body = arena_print(test_mem, "{'data':[{'e':'pv','co':'%s'}]}", members.data);

    CHECK_STR(post(body.data).text,
              "{'type':'page','anonymousId':'phone'," CONTEXT
              ",'properties':{'contexts':{'client_session':{'userId':'phone'}}}}");
}

TEST(snowplow_shop_actions_become_events_of_shops)
{
#define OF(id) ENTITY("product", "{'id':'" id "','price':2}")
    static const struct {
        const char *action, *entities, *told;
    } cases[] = {
        {"product_view", OF("p"),
         TRACK(
             "Product Viewed") "{'type':'product_view','product_id':'p','price':2,'contexts':{}}}"},
        {"add_to_cart", OF("p") "," OF("q") "," ENTITY("cart", "{'total_value':4}"),
         TRACK("Product Added") "{'type':'add_to_cart','products':[{'product_id':'p','price':2},"
                                "{'product_id':'q','price':2}],'contexts':{'cart':{'total_value':4}"
                                "}}}"},
        {"transaction", ENTITY("transaction", "{'transaction_id':'o','revenue':2}") "," OF("p"),
         TRACK("Order Completed") "{'type':'transaction','order_id':'o','revenue':2,"
                                  "'products':[{'product_id':'p','price':2}],'contexts':{}}}"},
        {"dance", OF("p"),
         TRACK("snowplow_ecommerce_action") "{'type':'dance','contexts':{'product':{'id':'p',"
                                            "'price':2}}}}"},
    };

    EACH_CASE(c, cases)
    {
        str described =
            arena_print(test_mem,
                        "{'data':{'schema':'iglu:com.snowplowanalytics.snowplow.ecommerce/"
                        "snowplow_ecommerce_action/jsonschema/1-0-1','data':{'type':'%s'}}}",
                        c->action);
        str entities = arena_print(test_mem, "{'data':[%s]}", c->entities);
        str members = arena_print(test_mem, ",'e':'ue','ue_pr':'%s','co':'%s'",
                                  escaped(described.data).data, escaped(entities.data).data);

        CHECK_STR(tell(members.data).text, c->told);
    }
#undef OF
}

TEST(snowplow_keeps_the_others_of_a_payload)
{
    CHECK_STR(post("{'data':[7,'pv',null,[],{'e':'pv','duid':'a'}]}").text,
              "7,'pv',null,[]," PAGE "{}}");
}

TEST(snowplow_refuses_what_is_no_request)
{
    static const char *const bodies[] = {"",   "{",          "[]",          "7",
                                         "{}", "{'data':7}", "{'data':{}}", "e=pv"};
    static const char *const queries[] = {"", "e=", "p=web&aid=shop", "E=pv"};

    EACH_CASE(c, bodies)
    CHECK_ERR(ERR_INVALID, post(*c).err);
    EACH_CASE(c, queries)
    CHECK_ERR(ERR_INVALID, dialect_case_tell(&dialect_snowplow,
                                             &(struct dialect_case){.path = "/i", .query = *c})
                               .err);
}
