/* sandbox.c - Landlock by bare system calls, seccomp by libseccomp.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names of hosts are looked up later, so what the C library reads for that is allowed. Such a file
 * of /etc may be replaced by another of its name, and Landlock knows files, not names: a server
 * that is not root may therefore read what lies in /etc, where the rights of files guard the rest.
 */
#include "sys/sandbox.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock as the kernel documents it; Debian's header is older than the versions used here. */
enum {
    RIGHT_EXECUTE = 1 << 0,
    RIGHT_WRITE_FILE = 1 << 1,
    RIGHT_READ_FILE = 1 << 2,
    RIGHT_READ_FOLDER = 1 << 3,
    RIGHT_REMOVE_FOLDER = 1 << 4,
    RIGHT_REMOVE_FILE = 1 << 5,
    RIGHT_MAKE_FOLDER = 1 << 7,
    RIGHT_MAKE_FILE = 1 << 8,
    RIGHTS_FIRST = (1 << 13) - 1, /* all of version 1 */
    RIGHT_REFER = 1 << 13,        /* version 2: rename from folder to folder */
    RIGHT_TRUNCATE = 1 << 14,     /* version 3 */
    RIGHT_IOCTL_DEVICE = 1 << 15, /* version 5 */

    RIGHTS_OF_FILES =
        RIGHT_EXECUTE | RIGHT_WRITE_FILE | RIGHT_READ_FILE | RIGHT_TRUNCATE | RIGHT_IOCTL_DEVICE,
    RIGHTS_READ = RIGHT_READ_FILE | RIGHT_READ_FOLDER,
    RIGHTS_CHANGE = RIGHTS_READ | RIGHT_WRITE_FILE | RIGHT_TRUNCATE | RIGHT_REFER |
                    RIGHT_MAKE_FILE | RIGHT_MAKE_FOLDER | RIGHT_REMOVE_FILE | RIGHT_REMOVE_FOLDER,

    SCOPE_SIGNALS = 1 << 1, /* version 6: none to processes outside */

    LEAST_VERSION = 2, /* version 1 refuses every rename from folder to folder */
    ASK_VERSION = 1,
    RULE_PATH_BENEATH = 1,
};

struct ruleset_attributes {
    uint64_t files;
    uint64_t connections;
    uint64_t scopes;
};

struct path_beneath {
    uint64_t rights;
    int32_t fd;
} __attribute__((packed));

struct ruleset {
    int fd;
    uint64_t handled;
};

/* Of every program. */
static const struct sandbox_place EVERYWHERE[] = {
    {"/usr", SANDBOX_READ},
    {"/lib", SANDBOX_READ},
    {"/lib64", SANDBOX_READ},
    {"/proc", SANDBOX_READ},
    {"/sys/devices/system/cpu", SANDBOX_READ},
    {"/dev/null", SANDBOX_CHANGE},
    {"/dev/urandom", SANDBOX_READ},
    {"/etc/ssl/certs", SANDBOX_READ},
    {"/etc/ssl/openssl.cnf", SANDBOX_READ},
    {"/etc/ca-certificates", SANDBOX_READ},
    {"/etc/pki/tls/certs", SANDBOX_READ},
    {"/etc/pki/ca-trust/extracted", SANDBOX_READ},
    {"/etc/ld.so.cache", SANDBOX_READ},
    {"/etc/localtime", SANDBOX_READ},
    {"/etc/resolv.conf", SANDBOX_READ},
    {"/etc/hosts", SANDBOX_READ},
    {"/etc/host.conf", SANDBOX_READ},
    {"/etc/nsswitch.conf", SANDBOX_READ},
    {"/etc/gai.conf", SANDBOX_READ},
    {"/etc/services", SANDBOX_READ},
    {"/etc/protocols", SANDBOX_READ},
    {"/run/systemd/resolve", SANDBOX_READ},
    {"/run/resolvconf", SANDBOX_READ},
    {"/run/NetworkManager", SANDBOX_READ},
};
static const struct sandbox_place CONFIGURATION = {"/etc", SANDBOX_READ};

/* Landlock */

static uint64_t rights_of(int version)
{
    return RIGHTS_FIRST | RIGHT_REFER | (version >= 3 ? RIGHT_TRUNCATE : 0) |
           (version >= 5 ? RIGHT_IOCTL_DEVICE : 0);
}

/* What cannot be opened cannot be allowed either, and is then refused: the safe side. */
static void allow(const struct ruleset *rules, const char *path, uint64_t rights)
{
    struct path_beneath rule = {.rights = rights & rules->handled};
    struct stat about;

    rule.fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.fd < 0)
        return;
    if (fstat(rule.fd, &about) == 0 && !S_ISDIR(about.st_mode))
        rule.rights &= RIGHTS_OF_FILES;
    (void)syscall(SYS_landlock_add_rule, rules->fd, RULE_PATH_BENEATH, &rule, 0);
    close(rule.fd);
}

static void allow_folder_of(const struct ruleset *rules, const char *path)
{
    char folder[PATH_MAX];
    size_t len = str_of(path).len;

    while (len && path[len - 1] != '/')
        len--;
    if (len == 0 || len >= sizeof folder)
        return;
    memcpy(folder, path, len);
    folder[len] = 0;
    /* Not everything, for a file of the root. */
    allow(rules, len == 1 ? path : folder, RIGHTS_READ);
}

static void allow_place(const struct ruleset *rules, const struct sandbox_place *place)
{
    char real[PATH_MAX];

    switch (place->use) {
    case SANDBOX_CHANGE:
        allow(rules, place->path, RIGHTS_CHANGE);
        break;
    case SANDBOX_READ:
        allow(rules, place->path, RIGHTS_READ);
        break;
    case SANDBOX_BESIDE:
        allow_folder_of(rules, place->path);
        if (realpath(place->path, real))
            allow_folder_of(rules, real);
        break;
    }
}

static fallible open_rules(struct ruleset *out_rules)
{
    struct ruleset_attributes attributes = {0};
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
    long fd;

    if (version < 0)
        return fail(ERR_ABSENT, "this kernel has no Landlock, or it is turned off");
    if (version < LEAST_VERSION)
        return fail(ERR_ABSENT, "this kernel's Landlock is too old (version %ld, needed is %d)",
                    version, LEAST_VERSION);
    attributes.files = rights_of((int)version);
    attributes.scopes = version >= 6 ? SCOPE_SIGNALS : 0;
    fd = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (fd < 0)
        return fail(ERR_ABSENT, "Landlock does not begin (error %d)", errno);
    *out_rules = (struct ruleset){(int)fd, attributes.files};
    return OK;
}

fallible sandbox_limit_files(const struct sandbox_place *places, size_t count)
{
    struct ruleset rules = {.fd = -1};
    enum err err = OK;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return fail(ERR_ABSENT, "this kernel cannot keep a process from new rights");
    TRY(open_rules(&rules));
    for (size_t i = 0; i < sizeof EVERYWHERE / sizeof EVERYWHERE[0]; i++)
        allow_place(&rules, &EVERYWHERE[i]);
    if (geteuid() != 0)
        allow_place(&rules, &CONFIGURATION);
    for (size_t i = 0; i < count; i++)
        allow_place(&rules, &places[i]);
    if (syscall(SYS_landlock_restrict_self, rules.fd, 0))
        err = fail(ERR_ABSENT, "Landlock is not allowed here (error %d)", errno);
    close(rules.fd);
    return err;
}

/* seccomp */

struct call {
    const char *name;
    bool is_allowed;
};

static const struct call CALLS[] = {
#define ALLOW(call) {#call, true},
#define REFUSE(call) {#call, false},
#include "sys/sandbox_calls.def"
#undef REFUSE
#undef ALLOW
};

enum {
    THREAD_FLAGS = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND,
    SPACE_FLAGS = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                  CLONE_NEWPID | CLONE_NEWNET,
};

/* Calls that are harmless with some arguments only: thread, not process; settings and signals of
 * its own. Memory may be mapped to be executed, for expressions become machine code when they are
 * first needed; what was mapped for data never is. */
static int add_narrow_calls(scmp_filter_ctx filter)
{
    const struct {
        int call;
        struct scmp_arg_cmp argument; /* its place, what to compare, mask or value, value */
    } narrow[] = {
        {SCMP_SYS(clone),
         {0, SCMP_CMP_MASKED_EQ, (uint64_t)(THREAD_FLAGS | SPACE_FLAGS), (uint64_t)THREAD_FLAGS}},
        {SCMP_SYS(mprotect), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
        {SCMP_SYS(prctl), {0, SCMP_CMP_EQ, PR_SET_NAME, 0}},
        {SCMP_SYS(prctl), {0, SCMP_CMP_EQ, PR_SET_VMA, 0}},
        {SCMP_SYS(prlimit64), {0, SCMP_CMP_EQ, 0, 0}},
        {SCMP_SYS(tgkill), {0, SCMP_CMP_EQ, (uint64_t)getpid(), 0}},
        {SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, TCGETS, 0}},
        {SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, FIONBIO, 0}},
        {SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, FIONREAD, 0}},
        {SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_INET, 0}},
        {SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_INET6, 0}},
        {SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_UNIX, 0}},
        {SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_NETLINK, 0}},
    };
    int error = 0;

    for (size_t i = 0; !error && i < sizeof narrow / sizeof narrow[0]; i++)
        error =
            seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, narrow[i].call, 1, &narrow[i].argument);
    return error;
}

static int add_calls(scmp_filter_ctx filter)
{
    int error = add_narrow_calls(filter);

    for (size_t i = 0; !error && i < sizeof CALLS / sizeof CALLS[0]; i++) {
        int call = seccomp_syscall_resolve_name(CALLS[i].name);

        if (call != __NR_SCMP_ERROR)
            error = seccomp_rule_add(
                filter, CALLS[i].is_allowed ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM), call, 0);
    }
    return error;
}

/* All threads at once; refusals go to the audit log where there is one. Kernels before 5.16 slow a
 * filtered process down against a leak between programs of one process: here is one. */
static int load(scmp_filter_ctx filter)
{
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

    if (!error)
        error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (!error)
        error = add_calls(filter);
    if (error)
        return error;
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    return seccomp_load(filter);
}

fallible sandbox_limit_calls(void)
{
    const struct rlimit none = {0, 0};
    scmp_filter_ctx filter;
    int error;

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (!filter)
        return fail(ERR_LIMIT, "out of memory");
    error = load(filter);
    seccomp_release(filter);
    if (error)
        return fail(ERR_ABSENT, "this kernel does not take the list of calls (error %d)", -error);
    return OK;
}
