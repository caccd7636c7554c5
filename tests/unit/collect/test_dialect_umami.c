/* test_dialect_umami.c - what Umami's script and library send, told as messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"
#include "support/test.h"

#define VISITOR "'visitor':'192.0.2.1 2026-11-18 '"
#define LIBRARY "'library':{'name':'umami'}"

TEST(umami_events_become_messages)
{
    static const struct dialect_case cases[] = {
        {.body = "{'type':'event','payload':{'website':'w','hostname':'a.example','url':'/b?q=1',"
                 "'title':'T','referrer':'/','language':'de-DE','screen':'1920x1080'}}",
         .want = "{'type':'page'," VISITOR ",'context':{'page':{'url':'https://a.example/b?q=1',"
                 "'path':'/b','search':'?q=1','title':'T','referrer':'https://a.example/'},"
                 "'locale':'de-DE','screen':{'width':1920,'height':1080}," LIBRARY
                 "},'properties':{}}"},
        {.body = "{'type':'event','payload':{'website':'w','hostname':'a.example',"
                 "'url':'http://a.example:81/b','referrer':'https://b.example/','screen':'big'}}",
         .want = "{'type':'page'," VISITOR ",'context':{'page':{'url':'http://a.example:81/b',"
                 "'path':'/b','referrer':'https://b.example/'}," LIBRARY "},'properties':{}}"},
        {.body = "{'type':'event','payload':{'website':'w','url':'/b'}}",
         .want = "{'type':'page'," VISITOR ",'context':{'page':{'url':'/b','path':'/b'}," LIBRARY
                 "},'properties':{}}"},
        {.body = "{'type':'event','payload':{'website':'w','name':'Bought','tag':'t','n':1,"
                 "'data':{'n':2.50,'list':[1,{'a':null}]}}}",
         .want = "{'type':'track','event':'Bought'," VISITOR ",'context':{" LIBRARY
                 "},'properties':{'tag':'t','n':1,'n':2.50,'list':[1,{'a':null}]}}"},
        {.body = "{'type':'event','payload':{'website':'w','name':'Bought','data':[1,2]}}",
         .want = "{'type':'track','event':'Bought'," VISITOR ",'context':{" LIBRARY
                 "},'properties':{'data':[1,2]}}"},
        {.body = "{'type':'performance','payload':{'website':'w','name':'x','lcp':1200.5}}",
         .want = "{'type':'track','event':'performance'," VISITOR ",'context':{" LIBRARY
                 "},'properties':{'lcp':1200.5}}"},
        {.body =
             "{'type':'identify','payload':{'website':'w','id':'anna','vid':'v','data':{'x':1}}}",
         .want = "{'type':'identify','userId':'anna','anonymousId':'v','context':{" LIBRARY
                 "},'traits':{'x':1}}"},
        {.body = "{'type':'identify','payload':{'website':'w','data':null}}",
         .want = "{'type':'identify'," VISITOR ",'context':{" LIBRARY "},'traits':{}}"},
        {.body = "{'type':'event','payload':{'pixel':'p','timestamp':1800000000,'ip':'192.0.2.8',"
                 "'userAgent':'U'}}",
         .want = "{'type':'page','timestamp':'2027-01-15T08:00:00.000Z',"
                 "'visitor':'192.0.2.8 2026-11-18 "
                 "U','context':{'userAgent':'U','ip':'192.0.2.8'," LIBRARY "},'properties':{}}"},
        {.body = "{'type':'event','payload':{'link':'l','timestamp':9e18}}", /* no such year */
         .want = "{'type':'page','timestamp':'9e18'," VISITOR ",'context':{" LIBRARY
                 "},'properties':{}}"},
    };

    EACH_CASE(c, cases)
    {
        struct dialect_out out = dialect_case_check(&dialect_umami, c).out;

        CHECK_INT(out.status, 200);
        CHECK(str_starts(out.body, S("{\"cache\":\"")));
        CHECK(!out.key.data); /* Umami has none */
    }
}

TEST(umami_sessions_are_one_visitors)
{
    static const struct dialect_case visitors[] = {
        {.body = "{'type':'event','payload':{'website':'w','url':'/a'}}"},
        {.body = "{'type':'event','payload':{'website':'other','url':'/a'}}"},
        {.body = "{'type':'event','payload':{'website':'w','ip':'192.0.2.8'}}"},
        {.body = "{'type':'event','payload':{'website':'w','userAgent':'U'}}"},
        {.body = "{'type':'event','payload':{'website':'w','id':'anna'}}"},
    };
    static const struct dialect_case again = {
        .body = "{'type':'event','payload':{'website':'w','url':'/b','name':'x'}}"};
    struct dialect_told first = dialect_case_tell(&dialect_umami, &visitors[0]);
    struct dialect_told second = dialect_case_tell(&dialect_umami, &again);

    CHECK_OK(first.err);
    CHECK_OK(second.err);
    CHECK(str_equals(first.out.body, second.out.body));
    for (size_t i = 1; i < sizeof visitors / sizeof visitors[0]; i++) {
        second = dialect_case_tell(&dialect_umami, &visitors[i]);
        CHECK_OK(second.err);
        CHECK(!str_equals(first.out.body, second.out.body));
    }
}

TEST(umami_refuses_what_its_server_would)
{
    static const struct dialect_case cases[] = {
        {.body = ""},
        {.body = "7"},
        {.body = "[]"},
        {.body = "{}"},
        {.body = "{'type':'event'}"},
        {.body = "{'type':'event','payload':null}"},
        {.body = "{'type':'event','payload':{}}"},
        {.body = "{'type':'event','payload':{'website':''}}"},
        {.body = "{'type':'event','payload':{'website':['w']}}"},
        {.body = "{'type':'evil','payload':{'website':'w'}}"},
        {.body = "{'payload':{'website':'w'}}"},
    };

    EACH_CASE(c, cases)
    CHECK_ERR(ERR_INVALID, dialect_case_tell(&dialect_umami, c).err);
}
