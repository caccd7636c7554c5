/* test_posthog_event.c - events of PostHog's libraries, told as messages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dialect_case.h"
#include "support/test.h"

#define CONTEXT "'context':{'library':{'name':'posthog'}}"

static void check_all(const struct dialect_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dialect_case_check(&dialect_posthog, &cases[i]);
}

#define CHECK_ALL(cases) check_all(cases, sizeof(cases) / sizeof((cases)[0]))

TEST(posthog_events_become_messages)
{
    static const struct dialect_case cases[] = {
        {.path = "/e/",
         .body = "{'api_key':'k','event':'Bought','distinct_id':'anna','uuid':'u-1',"
                 "'timestamp':'2026-01-02T03:04:05Z','properties':{'n':1.50,'title':'Dune'}}",
         .want = "{'type':'track','event':'Bought','messageId':'u-1',"
                 "'timestamp':'2026-01-02T03:04:05Z','userId':'anna'," CONTEXT
                 ",'properties':{'n':1.50,'title':'Dune'}}"},
        {.path = "/e/",
         .body =
             "[{'event':'$pageview','properties':{'token':'k','distinct_id':'d','$device_id':'d',"
             "'$current_url':'https://a.example/b?utm_source=x#c','title':'T','$host':'a.example',"
             "'$referrer':'$direct','$browser_language':'de','$timezone':'Europe/Berlin',"
             "'$raw_user_agent':'A','$screen_width':19,'$screen_height':10,'$lib':'web',"
             "'$prev_pageview_duration':1.2345}}]",
         .want = "{'type':'page','anonymousId':'d','context':{'page':{"
                 "'url':'https://a.example/b?utm_source=x#c','path':'/b','search':'?utm_source=x',"
                 "'title':'T'},'campaign':{'source':'x'},'userAgent':'A','locale':'de',"
                 "'timezone':'Europe/Berlin','screen':{'width':19,'height':10},"
                 "'library':{'name':'posthog'}},'properties':{'$lib':'web','engaged_ms':1235}}"},
        {.path = "/batch/",
         .body = "{'api_key':'k','batch':[{'event':'$screen','distinct_id':'a',"
                 "'properties':{'$screen_name':'Start'}},"
                 "{'event':'Tapped','distinct_id':'a','properties':{'$screen_name':'Start'}}]}",
         .want = "{'type':'screen','name':'Start','userId':'a'," CONTEXT ",'properties':{}},"
                 "{'type':'track','event':'Tapped','userId':'a'," CONTEXT
                 ",'properties':{'$screen_name':'Start'}}"},
        {.path = "/e/",
         .body =
             "{'token':'k','event':'$groupidentify','distinct_id':'$company_acme','properties':{"
             "'$group_type':'company','$group_key':'acme','$group_set':{'size':3}}}",
         .want = "{'type':'group','anonymousId':'$company_acme','groupId':'acme'," CONTEXT
                 ",'properties':{'$group_type':'company'},'traits':{'size':3}}"},
        {.path = "/batch/", .body = "{'api_key':'k','batch':[]}", .want = ""},
        {.path = "/batch/", /* what is no event is handed on, to be quarantined */
         .body = "{'api_key':'k','batch':[7,{'distinct_id':'a','properties':'x'}]}",
         .want = "7,{'type':'track','userId':'a'," CONTEXT ",'properties':{}}"},
    };

    CHECK_ALL(cases);
}

TEST(posthog_tells_users_from_devices)
{
    static const struct {
        const char *properties, *user, *anonymous;
    } cases[] = {
        {"", "x", NULL},                                /* of a server */
        {"'$process_person_profile':false", NULL, "x"}, /* of nobody in particular */
        {"'$device_id':'x'", NULL, "x"},                /* a page before it knows the user */
        {"'$device_id':'d'", "x", "d"},                 /* after it */
        {"'$device_id':'d','$user_id':'x'", "x", "d"},
        {"'$device_id':'d','$user_id':'y'", NULL, "x"}, /* signed out again */
        {"'$device_id':'d','$is_identified':false", NULL, "x"},
        {"'$device_id':'x','$is_identified':true", "x", "x"},
        {"'$is_identified':true,'$process_person_profile':false", "x", NULL},
        {"'$is_identified':false,'$process_person_profile':true", NULL, "x"},
    };

    EACH_CASE(c, cases)
    {
        str comma = c->properties[0] ? S(",") : S("");
        str body = arena_print(test_mem,
                               "{'api_key':'k','event':'A','properties':{'distinct_id':'x'%.*s%s}}",
                               STR_ARG(comma), c->properties);
        str user = c->user ? arena_print(test_mem, "'userId':'%s',", c->user) : S("");
        str anonymous =
            c->anonymous ? arena_print(test_mem, "'anonymousId':'%s',", c->anonymous) : S("");
        str want = arena_print(test_mem,
                               "{'type':'track','event':'A',%.*s%.*s" CONTEXT ",'properties':{}}",
                               STR_ARG(user), STR_ARG(anonymous));
        struct dialect_case request = {.path = "/e", .body = body.data, .want = want.data};

        dialect_case_check(&dialect_posthog, &request);
    }
}

TEST(posthog_does_not_take_everybody_for_one)
{
    static const struct dialect_case cases[] = {
        {.path = "/e",
         .body = "{'api_key':'k','event':'$identify','distinct_id':'Undefined',"
                 "'properties':{'$anon_distinct_id':'d'}}",
         .want = "{'type':'identify','anonymousId':'d'," CONTEXT ",'properties':{}}"},
        {.path = "/e",
         .body = "{'api_key':'k','event':'A','distinct_id':'[object Object]'}",
         .want = "{'type':'track','event':'A','visitor':'192.0.2.1 2026-11-18 '," CONTEXT
                 ",'properties':{}}"},
        {.path = "/e", /* a page that stores nothing */
         .body = "{'api_key':'k','event':'A','distinct_id':'$posthog_cookieless',"
                 "'properties':{'$device_id':null,'$raw_user_agent':'U','$ip':'192.0.2.8'}}",
         .want = "{'type':'track','event':'A','visitor':'192.0.2.8 2026-11-18 U',"
                 "'context':{'userAgent':'U','ip':'192.0.2.8','library':{'name':'posthog'}},'"
                 "properties':{}}"},
        {.path = "/e",
         .body = "{'api_key':'k','event':'A','distinct_id':'None','properties':{'$device_id':'d'}}",
         .want = "{'type':'track','event':'A','anonymousId':'d'," CONTEXT ",'properties':{}}"},
    };

    CHECK_ALL(cases);
}

TEST(posthog_persons_become_traits_and_aliases)
{
    static const struct dialect_case cases[] = {
        {.path = "/e",
         .body = "{'api_key':'k','event':'$identify','distinct_id':'a','uuid':'u','$set':{'x':1},"
                 "'properties':{'$anon_distinct_id':'d','$set':{'x':2,'y':3},'$set_once':{'z':4}}}",
         .want = "{'type':'identify','messageId':'u','userId':'a','anonymousId':'d'," CONTEXT
                 ",'properties':{},'traits':{'z':4,'x':2,'y':3,'x':1}}"},
        {.path = "/e",
         .body = "{'api_key':'k','event':'$set','distinct_id':'a','properties':{'$set':{'x':1}}}",
         .want = "{'type':'identify','userId':'a'," CONTEXT ",'properties':{},'traits':{'x':1}}"},
        {.path = "/e",
         .body = "{'api_key':'k','event':'A','distinct_id':'a','uuid':'u','$set_once':{},"
                 "'properties':{'$set':{'x':1}}}",
         .want =
             "{'type':'track','event':'A','messageId':'u','userId':'a'," CONTEXT
             ",'properties':{}},"
             "{'type':'identify','messageId':'u/set','userId':'a'," CONTEXT ",'traits':{'x':1}}"},
        {.path = "/engage/",
         .body = "{'$token':'k','$distinct_id':'a','$set':{'x':1}}",
         .want = "{'type':'identify','userId':'a'," CONTEXT ",'properties':{},'traits':{'x':1}}"},
        {.path = "/e",
         .body = "{'api_key':'k','event':'$create_alias','distinct_id':'a','uuid':'u',"
                 "'properties':{'distinct_id':'a','alias':'b'}}",
         .want = "{'type':'alias','messageId':'u','userId':'a','previousId':'b'," CONTEXT
                 ",'properties':{}},"
                 "{'type':'alias','messageId':'u/alias','userId':'b','previousId':'a'," CONTEXT
                 ",'properties':{}}"},
        {.path = "/e", /* a page that does not know its user gives the visitor a name */
         .body = "{'api_key':'k','event':'$create_alias',"
                 "'properties':{'distinct_id':'d','$device_id':'d','alias':'b'}}",
         .want = "{'type':'alias','userId':'b','previousId':'d'," CONTEXT ",'properties':{}}"},
    };

    CHECK_ALL(cases);
}

TEST(posthog_times_are_the_senders)
{
    static const struct dialect_case cases[] = {
        {.path = "/e",
         .body = "{'api_key':'k','sent_at':'2027-01-15T08:00:01Z','event':'A','distinct_id':'a',"
                 "'offset':1500}",
         .want = "{'type':'track','event':'A','timestamp':'2027-01-15T07:59:59.500Z','userId':'a'"
                 "," CONTEXT ",'properties':{}}"},
        {.path = "/e",
         .query = "ip=1&_=1800000001000",
         .body = "{'api_key':'k','event':'A','distinct_id':'a','offset':1000}",
         .want = "{'type':'track','event':'A','timestamp':'2027-01-15T08:00:00.000Z','userId':'a'"
                 "," CONTEXT ",'properties':{}}"},
        {.path = "/e",
         .body =
             "{'api_key':'k','event':'A','distinct_id':'a','properties':{'$time':1800000000.25}}",
         .want = "{'type':'track','event':'A','timestamp':'2027-01-15T08:00:00.250Z','userId':'a'"
                 "," CONTEXT ",'properties':{}}"},
        {.path = "/e",
         .body = "{'api_key':'k','event':'A','distinct_id':'a','timestamp':1800000000250}",
         .want = "{'type':'track','event':'A','timestamp':'2027-01-15T08:00:00.250Z','userId':'a'"
                 "," CONTEXT ",'properties':{}}"},
        {.path = "/e", /* not a time: left for the quarantine to say so */
         .body = "{'api_key':'k','event':'A','distinct_id':'a','timestamp':'soon','offset':1}",
         .want = "{'type':'track','event':'A','timestamp':'soon','userId':'a'," CONTEXT
                 ",'properties':{}}"},
        {.path = "/e", /* no time of this calendar */
         .body = "{'api_key':'k','event':'A','distinct_id':'a','offset':-1e300}",
         .want = "{'type':'track','event':'A','userId':'a'," CONTEXT ",'properties':{}}"},
    };

    CHECK_ALL(cases);
}
