/* test_content.c - media types and content codings by their names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http/content.h"

#include "support/test.h"

TEST(media_that_is_no_json_is_told_from_what_may_be)
{
    static const struct {
        const char *type;
        bool is_unreadable;
    } cases[] = {
        {"", false},
        {"application/json", false},
        {"text/plain;charset=UTF-8", false}, /* as a beacon says */
        {"application/x-www-form-urlencoded", false},
        {"text/xml", true},
        {"application/SOAP+XML; charset=utf-8", true},
        {"Multipart/Form-Data; boundary=x", true},
        {"multipart", false},
        {"xml", false},
        {"text/xmlish", false},
    };

    EACH_CASE(c, cases)
    CHECK_INT(content_is_unreadable(str_of(c->type)), c->is_unreadable);
}

TEST(media_codings_are_known_in_any_case)
{
    static const struct {
        const char *coding;
        bool is_known, is_packed;
        enum gunzip_format format;
    } cases[] = {
        {"", true, false, 0},
        {"identity", true, false, 0},
        {"gzip", true, true, GUNZIP_GZIP},
        {"X-GZIP", true, true, GUNZIP_GZIP},
        {"Deflate", true, true, GUNZIP_DEFLATE},
        {"br", false, false, 0},
        {"gzip, gzip", false, false, 0},
    };

    EACH_CASE(c, cases)
    {
        enum gunzip_format format;
        bool is_packed = content_is_packed(str_of(c->coding), &format);

        CHECK_INT(content_is_known(str_of(c->coding)), c->is_known);
        CHECK_INT(is_packed, c->is_packed);
        if (is_packed)
            CHECK_INT(format, c->format);
    }
}
