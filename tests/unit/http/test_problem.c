/* test_problem.c - problem documents.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/problem.h"

#include "support/test.h"

TEST(problem_documents_name_type_title_status_and_detail)
{
    static const struct {
        int status;
        str detail;
        const char *want;
    } cases[] = {
        {404, S("no such link"),
         "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
         "\"detail\":\"no such link\"}"},
        {429, S(""), "{\"type\":\"about:blank\",\"title\":\"Too Many Requests\",\"status\":429}"},
        {400, S("a \"b\"\n<c>"),
         "{\"type\":\"about:blank\",\"title\":\"Bad Request\","
         "\"status\":400,\"detail\":\"a \\\"b\\\"\\n\\u003cc>\"}"},
        {599, S(""), "{\"type\":\"about:blank\",\"title\":\"Status\",\"status\":599}"},
    };

    EACH_CASE(c, cases)
    {
        struct buf out = {0};

        problem_write(&out, c->status, c->detail);
        CHECK_STR(buf_str(&out), c->want);
        buf_done(&out);
    }
}
