/* test_config.c - settings: defaults, file, environment, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "app/config.h"

#include "base/buf.h"
#include "support/test.h"
#include "sys/file.h"
#include "sys/sim.h"
#include "sys/sys.h"

#include <stdlib.h>

static struct sys *with_file(const char *text)
{
    struct sys *sys = sim_open(1);

    CHECK_OK(file_replace(sys, "myriad.ini", str_of(text)));
    return sys;
}

TEST(config_without_file_is_the_defaults)
{
    struct sys *sys = sim_open(1);
    struct config config;

    CHECK_OK(config_read(sys, NULL, &config));
    CHECK_INT(config.segment_mb, 64);
    CHECK_INT(config.window_hours, 7 * 24);
    CHECK_INT(config.most_ids, 1000000000);
    sim_close(sys);
}

TEST(config_takes_what_the_file_sets_and_keeps_the_rest)
{
    struct sys *sys = with_file("; a comment\n[log]\nsegment_mb = 8\n\n[server]\nworkers=3\n");
    struct config config;

    CHECK_OK(config_read(sys, "myriad.ini", &config));
    CHECK_INT(config.segment_mb, 8);
    CHECK_INT(config.workers, 3);
    CHECK_INT(config.recent_mb, 96);
    sim_close(sys);
}

TEST(config_lets_the_environment_win)
{
    struct sys *sys = with_file("[log]\nsegment_mb = 8\n");
    struct config config;

    setenv("MYRIAD_LOG_SEGMENT_MB", "16", 1);
    CHECK_OK(config_read(sys, "myriad.ini", &config));
    CHECK_INT(config.segment_mb, 16);
    setenv("MYRIAD_LOG_SEGMENT_MB", "7", 1);
    CHECK_ERR(ERR_INVALID, config_read(sys, "myriad.ini", &config));
    unsetenv("MYRIAD_LOG_SEGMENT_MB");
    sim_close(sys);
}

TEST(config_refuses_with_file_and_setting_and_sets_nothing)
{
    static const struct {
        const char *text;
        const char *named;
    } cases[] = {
        {"[log]\nsegment_mb = 7\n", "segment_mb"},    /* below the least */
        {"[log]\nsegment_mb = 1025\n", "segment_mb"}, /* above the most */
        {"[log]\nsegment_mb = 8x\n", "segment_mb"},
        {"[log]\nsegment_mb = -8\n", "segment_mb"},
        {"[log]\nsegment_mb =\n", "segment_mb"},
        {"[log]\nsegment_mb = 99999999999999999999\n", "segment_mb"},
        {"[log]\nbogus = 8\n", "bogus"},
        {"[bogus]\nsegment_mb = 8\n", "bogus"},
        {"segment_mb = 8\n", "segment_mb"},
        {"[server]\nworkers = 2\n[log\n", "line 3"},
        {"[log]\nnonsense\n", "line 2"},
    };

    EACH_CASE(c, cases)
    {
        struct sys *sys = with_file(c->text);
        struct config config = {.segment_mb = 12345, .workers = 12345};

        CHECK_ERR(ERR_INVALID, config_read(sys, "myriad.ini", &config));
        CHECK(str_contains(str_of(err_text()), str_of(c->named)));
        CHECK(str_contains(str_of(err_text()), S("myriad.ini")));
        CHECK_INT(config.segment_mb, 12345);
        CHECK_INT(config.workers, 12345);
        sim_close(sys);
    }
}

TEST(config_needs_the_file_it_is_given)
{
    struct sys *sys = sim_open(1);
    struct config config;

    CHECK_ERR(ERR_ABSENT, config_read(sys, "none.ini", &config));
    sim_close(sys);
}

TEST(config_help_reads_back_as_the_defaults)
{
    struct buf help = {0};
    struct config from_help, defaults;
    struct sys *sys = sim_open(1);

    config_write_help(&help);
    CHECK_OK(file_replace(sys, "myriad.ini", buf_str(&help)));
    buf_done(&help);
    CHECK_OK(config_read(sys, "myriad.ini", &from_help));
    CHECK_OK(config_read(sys, NULL, &defaults));
    assert_memory_equal(&from_help, &defaults, sizeof defaults);
    sim_close(sys);
}

TEST(config_names_what_only_a_new_start_puts_to_work)
{
    struct sys *sys = with_file("[server]\nworkers = 9\ntrusted_proxies = 10.0.0.0/8\n[tls]\n"
                                "listen = :443\nkey = a.key\nhsts_seconds = 300\n");
    struct config defaults, changed;
    const char *section, *name;
    size_t at = 0;

    CHECK_OK(config_read(sys, NULL, &defaults));
    CHECK_OK(config_read(sys, "myriad.ini", &changed));
    CHECK(config_next_fixed(&defaults, &changed, &at, &section, &name));
    CHECK_STR(str_of(section), "server");
    CHECK_STR(str_of(name), "workers");
    CHECK(config_next_fixed(&defaults, &changed, &at, &section, &name));
    CHECK_STR(str_of(section), "tls");
    CHECK_STR(str_of(name), "listen");
    CHECK(!config_next_fixed(&defaults, &changed, &at, &section, &name));
    at = 0;
    CHECK(!config_next_fixed(&changed, &changed, &at, &section, &name));
    sim_close(sys);
}
