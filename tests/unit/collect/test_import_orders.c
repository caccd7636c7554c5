/* test_import_orders.c - line items made orders, and orders refused whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "collect/import_orders.h"

#include "import_rows.h"
#include "support/test.h"

static void scan(void *orders)
{
    CHECK_OK(import_orders_scan(orders));
}

struct outcome {
    str text; /* a line a message or a rejected row */
    uint64_t rows;
    bool is_cut_short;
};

/* Both passes; the second over another text, if there is one. */
static struct outcome import(const char *map_text, str text, str second)
{
    struct import_rows rows = {.mem = test_mem, .reader = json_reader_open()};
    struct import_orders *orders;
    struct import_table *table;
    struct import_map map;
    struct outcome out;

    import_map_default(&map);
    if (map_text)
        CHECK_OK(import_map_read(test_mem, str_of(map_text), &map));
    CHECK_OK(import_table_open(IMPORT_ORDERS, &map, text, true, &table));
    CHECK_OK(import_orders_open(table, &orders));
    import_rows_cut(import_orders_codec(orders), text, scan, orders);
    import_orders_decide(orders);
    import_rows_run(&rows, import_orders_codec(orders), second.data ? second : text);
    out = (struct outcome){arena_dup(test_mem, buf_str(&rows.out)), rows.rows, rows.is_cut_short};
    buf_done(&rows.out);
    json_reader_close(rows.reader);
    import_orders_close(orders);
    import_table_close(table);
    import_map_done(&map);
    return out;
}

#define ORDER(id) "{\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u\"," ID(id)
#define ID(id) "\"messageId\":\"order-" id "\""
#define ITEM(id, price) "{\"product_id\":\"" id "\",\"price\":" price "}"

TEST(import_orders_makes_an_event_of_the_rows_of_an_order)
{
    static const struct {
        const char *map, *text, *want;
        uint64_t rows;
    } cases[] = {
        /* Apart, and the order whose last row comes first is first. */
        {NULL, "order_id,userId,product_id,price\nA,u,p,1.50\nB,u,q,2\n\nA,u,r,0.25\n",
         "3 " ORDER("B") ",\"properties\":{\"order_id\":\"B\",\"revenue\":2,\"products\":[" ITEM(
             "q", "2") "]}}\n"
                       "2 " ORDER("A") ",\"properties\":{\"order_id\":\"A\",\"revenue\":1.75,"
                                       "\"products\":[" ITEM("p", "1.50") "," ITEM("r",
                                                                                   "0.25") "]}}\n",
         3},
        /* What the order says is said once, in any of its rows. */
        {NULL,
         "order_id,userId,timestamp,revenue,tax,currency,product_id,price,quantity\n"
         "A,u,2026-01-02,,1.00,EUR,p,9.99,3\nA,,,30.97,,EUR,q,1,\n",
         "2 " ORDER("A") ",\"timestamp\":\"2026-01-02T00:00:00.000Z\",\"properties\":{"
                         "\"order_id\":\"A\",\"revenue\":30.97,\"tax\":1.00,\"currency\":\"EUR\","
                         "\"products\":["
                         "{\"product_id\":\"p\",\"price\":9.99,\"quantity\":3}," ITEM("q",
                                                                                      "1") "]}}\n",
         2},
        /* The sum is exact; without a price there is none. */
        {NULL, "order_id,userId,price,quantity\nA,u,0.1,3\nA,u,0.2,1.5\nB,u,,2\nB,u,1,1\n",
         "2 " ORDER("A") ",\"properties\":{\"order_id\":\"A\",\"revenue\":0.6,\"products\":["
                         "{\"price\":0.1,\"quantity\":3},{\"price\":0.2,\"quantity\":1.5}]}}\n"
                         "4 " ORDER("B") ",\"properties\":{\"order_id\":\"B\",\"products\":["
                                         "{\"quantity\":2},{\"price\":1,\"quantity\":1}]}}\n",
         4},
        /* Other columns: the items' when they differ in some order, else the order's. */
        {NULL,
         "order_id,userId,shop,colour,products.shop,properties.sku,sku\n"
         "A,u,web,red,x,s,1\nA,u,web,blue,y,s,2\nB,u,pos,red,,,\n",
         "2 " ORDER("A") ",\"properties\":{\"order_id\":\"A\",\"shop\":\"web\",\"sku\":\"s\","
                         "\"products\":[{\"colour\":\"red\",\"shop\":\"x\",\"sku\":1},"
                         "{\"colour\":\"blue\",\"shop\":\"y\",\"sku\":2}]}}\n"
                         "4 " ORDER("B") ",\"properties\":{\"order_id\":\"B\",\"shop\":\"pos\","
                                         "\"products\":[{\"colour\":\"red\"}]}}\n",
         3},
        /* The customer's traits are an identify call of its own. */
        {NULL,
         "order_id,userId,traits.email,context.locale,messageId\nA,u,e@x,de,m\nA,u,,,\nB,u,,,\n",
         "2 {\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u\",\"messageId\":\"m\","
         "\"properties\":{\"order_id\":\"A\",\"products\":[]},\"context\":{\"locale\":\"de\"}}\n"
         "2 {\"type\":\"identify\",\"userId\":\"u\",\"messageId\":\"customer-of-m\","
         "\"traits\":{\"email\":\"e@x\"}}\n"
         "4 " ORDER("B") ",\"properties\":{\"order_id\":\"B\",\"products\":[]}}\n",
         3},
        {"{\"columns\":[\"order_id\",\"userId\",\"timestamp\",\"quantity\",null,\"price\"],"
         "\"delimiter\":\"|\",\"formats\":{\"timestamp\":\"%Y%m%d\"},"
         "\"set\":{\"event\":\"Order Completed\",\"currency\":\"EUR\",\"revenue\":7}}",
         "A|u|20260102|2|x|1\n",
         "1 " ORDER("A") ",\"timestamp\":\"2026-01-02T00:00:00.000Z\",\"properties\":{"
                         "\"order_id\":\"A\",\"currency\":\"EUR\",\"revenue\":7,\"products\":["
                         "{\"quantity\":2,\"price\":1}]}}\n",
         1},
    };

    EACH_CASE(c, cases)
    {
        struct outcome got = import(c->map, str_of(c->text), (str){NULL, 0});

        CHECK_STR(got.text, c->want);
        CHECK_INT(got.rows, c->rows);
        CHECK(!got.is_cut_short);
    }
}

/* Rows of order A; the line that is to blame, and why. B, behind them, is imported all the same. */
TEST(import_orders_rejects_an_order_with_a_bad_row_whole)
{
    static const struct {
        const char *rows;
        const char *bad, *other; /* how its line begins, and that of another row of the order */
        uint64_t taken;          /* besides B */
    } cases[] = {
        {"A,u,,1,EUR\nA,u,,x,EUR\nA,u,,1,EUR", "\n3 !\"price\" is \"x\", not a number\n",
         "2 !its order is rejected for line 3: \"price\" is", 0},
        {"A,u,,1,EUR\nA,v,,1,EUR", "\n3 !\"userId\" is \"v\", but \"u\" in another line",
         "2 !its order is rejected for line 3: \"userId\"", 0},
        {"A,u,,1,EUR\nA,u,,1,USD", "\n3 !\"currency\" is \"USD\", but \"EUR\" in another", "2 !its",
         0},
        {"A,u,,1,euros\nA,u,,1,", "2 !\"currency\" is \"euros\", not a code", "\n3 !its order", 0},
        {"A,u,someday,1,\nA,u,,1,", "2 !\"timestamp\" must be a time", "\n3 !its order", 0},
        {"A,,,1,\nA,,,1,", "2 !needs a \"userId\" or an \"anonymousId\"", "\n3 !its order", 0},
        {"A,u,,1,EUR\nA,u,,1,EUR,", "\n3 !it has 6 cells where there are 5", "2 !its order", 0},
        {"A,u,,1,EUR\nA,u", "\n3 !it has 2 cells where there are 5", "2 !its order", 0},
        {"A,u,,1,EUR\nA,\"u\"x,,1,EUR", "\n3 !something stands behind a closing", "2 !its order",
         0},
        {"A,u,,1,EUR\nA,\xFF,,1,EUR", "\n3 !it is not UTF-8", "2 !its order", 0},
        {"A,u,,999999999999999999,EUR\nA,u,,1e18,EUR", "2 {", "\"revenue\":1999999999999999999", 1},
        {",u,,1,EUR\nA,u,,1,EUR", "2 !\"order_id\" is empty", "\n3 {", 1},
        {" ,u,,1,EUR\nA,u,,1,EUR", "2 !\"order_id\" is empty", "\n3 {", 1},
    };

    EACH_CASE(c, cases)
    {
        str text = arena_print(test_mem, "order_id,userId,timestamp,price,currency\n%s\nB,b,,1,\n",
                               c->rows);
        struct outcome got = import(NULL, text, (str){NULL, 0});

        CHECK(str_contains(got.text, str_of(c->bad)));
        CHECK(str_contains(got.text, str_of(c->other)));
        CHECK(str_contains(got.text, S("\"messageId\":\"order-B\"")));
        CHECK_INT(str_contains(got.text, S("\"messageId\":\"order-A\"")), c->taken);
        CHECK(!got.is_cut_short);
    }
}

TEST(import_orders_refuses_columns_that_make_no_orders)
{
    static const struct {
        const char *map, *head, *word;
    } cases[] = {
        {NULL, "userId,price\n", "order_id"},
        {NULL, "order_id,price\n", "userId"},
        {NULL, "order_id,userId,products\n", "products.price"},
        {NULL, "order_id,userId,products.\n", "products.price"},
        {NULL, "order_id,userId,price,products.price\n", "two columns"},
        {NULL, "order_id,userId,tax,properties.tax\n", "two columns"},
        {"{\"set\":{\"products.price\":1}}", "order_id,userId\n", "cannot be set"},
    };

    EACH_CASE(c, cases)
    {
        struct import_table *table;
        struct import_map map;

        import_map_default(&map);
        if (c->map)
            CHECK_OK(import_map_read(test_mem, str_of(c->map), &map));
        CHECK_ERR(ERR_INVALID,
                  import_table_open(IMPORT_ORDERS, &map, str_of(c->head), true, &table));
        CHECK(str_contains(str_of(err_text()), str_of(c->word)));
        import_map_done(&map);
    }
}

TEST(import_orders_takes_only_orders)
{
    struct outcome got =
        import(NULL, S("order_id,userId,event\nA,u,Order Completed\nB,u,Refund\n"), (str){NULL, 0});

    CHECK(str_starts(got.text, S("2 {")));
    CHECK(str_contains(got.text,
                       S("\n3 !\"event\" is \"Refund\", but an order's is Order Completed")));
}

TEST(import_orders_bounds_an_order)
{
    static const struct {
        uint32_t items;
        bool is_taken;
    } cases[] = {{300, true}, {1200, true}, {1300, false}, {4000, false}};

    EACH_CASE(c, cases)
    {
        struct buf text = {0};
        struct outcome got;

        /* 25 bytes an item: 32,768 hold 1,300 of them less what stands in front. */
        buf_add(&text, S("order_id,userId,product_id\n"));
        for (uint32_t i = 0; i < c->items; i++)
            buf_add(&text, S("A,u,p1234567\n"));
        got = import(NULL, buf_str(&text), (str){NULL, 0});
        CHECK_INT(got.rows, c->items);
        CHECK_INT(str_starts(got.text, S("2 {")), c->is_taken);
        CHECK_INT(str_contains(got.text, S("the order is larger than 32 KB")) ||
                      str_contains(got.text, S("the event is larger than 32 KB")),
                  !c->is_taken);
        buf_done(&text);
    }
}

TEST(import_orders_keeps_rows_within_its_bound)
{
    str text = S("order_id,userId\nA,u\nB,u\nC,u\nC,u\nB,u\nA,u\n");
    struct import_orders *orders;
    struct import_table *table;
    struct import_codec codec;
    struct import_map map;
    struct import_row row;
    struct message message;
    struct import_out out = {.message = &message, .mem = test_mem};

    import_map_default(&map);
    CHECK_OK(import_table_open(IMPORT_ORDERS, &map, text, true, &table));
    CHECK_OK(import_orders_open(table, &orders));
    codec = import_orders_codec(orders);
    import_rows_cut(codec, text, scan, orders);
    import_orders_decide(orders);
    import_orders_bound(orders, 100); /* two short rows and what goes with them */
    do
        CHECK(codec.next(codec.state, &text, true, &row));
    while (!row.text.data && text.len);
    CHECK_ERR(ERR_LIMIT, codec.read(codec.state, &row, &out));
    CHECK(str_contains(str_of(err_text()), S("sort the file by order_id")));
    import_orders_close(orders);
    import_table_close(table);
}

TEST(import_orders_counts_any_number_of_orders)
{
    struct buf text = {0};
    struct outcome got;
    uint64_t lines = 0;

    buf_add(&text, S("order_id,userId\n"));
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 9000; i++)
            buf_print(&text, "o%d,u\n", i);
    got = import(NULL, buf_str(&text), (str){NULL, 0});
    for (size_t i = 0; i < got.text.len; i++)
        lines += got.text.data[i] == '\n';
    CHECK_INT(lines, 9000);
    CHECK_INT(got.rows, 18000);
    CHECK(str_starts(got.text, S("2 {")));
    CHECK(!str_contains(got.text, S("!")));
    buf_done(&text);
}

TEST(import_orders_notices_a_file_that_changed_between_the_passes)
{
    str text = S("order_id,userId\nA,u\nA,u\n");

    CHECK(import(NULL, text, S("order_id,userId\nA,u\n")).is_cut_short);
}
