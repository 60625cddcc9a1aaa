#include "trainer/base/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"

const char vsh_suite[] = "block";

/* ---- blocks ---------------------------------------------------------------------------------- */

static void a_block_is_zeroed_aligned_and_its_own(void)
{
    static const int64_t sizes[] = {1, 4096, 100000, 2 << 20, (2 << 20) + 1, 9000001};

    for (int place = 0; place < 2; place++)
        for (int i = 0; i < 6; i++) {
            vsh_block a, b;
            vsh_error err;
            bool zero = true;
            REQUIRE_OK(vsh_block_reserve("a", sizes[i], (vsh_place)place, &a, &err), &err);
            REQUIRE_OK(vsh_block_reserve("b", sizes[i], (vsh_place)place, &b, &err), &err);
            CHECK_INT(a.bytes, sizes[i]);
            CHECK_INT((int64_t)((uintptr_t)a.data % (sizes[i] < 2 << 20 ? 4096 : 2 << 20)), 0);
            for (int64_t at = 0; at < sizes[i]; at++)
                zero = zero && ((char *)a.data)[at] == 0;
            CHECK(zero);
            memset(a.data, 1, (size_t)sizes[i]);
            memset(b.data, 2, (size_t)sizes[i]);
            CHECK(((char *)a.data)[sizes[i] - 1] == 1);
            vsh_block_release(&a);
            vsh_block_release(&b);
            CHECK(a.data == NULL && a.bytes == 0);
            vsh_block_release(&a);
        }
}

static void a_block_beyond_the_machine_is_refused_with_both_sizes(void)
{
    vsh_block block;
    vsh_error err;

    CHECK_FAILS(vsh_block_reserve("parameters", (int64_t)1 << 50, VSH_PLACE_LOCAL, &block, &err),
                &err, VSH_EMACHINE, "parameters: needs 1.13 PB, the machine has ");
    CHECK_HAS(err.text, "B free");
    CHECK(block.data == NULL);
    CHECK_FAILS(vsh_block_reserve("all", INT64_MAX, VSH_PLACE_INTERLEAVED, &block, &err), &err,
                VSH_EMACHINE, "all: needs ");
}

/* A limit of the shell's, which no file shows. */
static void a_refusal_of_the_system_gives_its_reason(void)
{
#if defined(__SANITIZE_ADDRESS__)
    vsh_skip("AddressSanitizer needs more address space than a limit leaves");
#else
    struct rlimit before, less;
    vsh_block block;
    vsh_error err;
    vsh_status status;

    REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
    less = before;
    less.rlim_cur = 1 << 20; /* less than the program has already */
    REQUIRE(setrlimit(RLIMIT_AS, &less) == 0);
    status = vsh_block_reserve("activations", 8 << 20, VSH_PLACE_LOCAL, &block, &err);
    REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
    CHECK_FAILS(status, &err, VSH_EMACHINE, "free: Cannot allocate memory");
    CHECK(block.data == NULL);
#endif
}

/* ---- what is there --------------------------------------------------------------------------- */

static void a_block_is_resident_once_it_is_written(void)
{
    enum { BYTES = 64 << 20 };
    int64_t before = vsh_memory_resident(), after, peak;
    vsh_block block;
    vsh_error err;

    REQUIRE_OK(vsh_block_reserve("test", BYTES, VSH_PLACE_LOCAL, &block, &err), &err);
    CHECK(vsh_memory_resident() < before + BYTES / 2);
    memset(block.data, 1, BYTES);
    after = vsh_memory_resident();
    CHECK(after >= before + BYTES * 9 / 10);
    vsh_block_release(&block);
    CHECK(vsh_memory_resident() < after - BYTES / 2);
    peak = vsh_memory_resident_peak();
    CHECK(peak >= after - (1 << 20) && peak < after + BYTES);
}

static void this_machine_has_some_memory_left(void)
{
    CHECK(vsh_memory_available() > 0);
    CHECK(vsh_memory_available() <= (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
}

static void the_nodes_of_the_machine_are_counted(void)
{
    CHECK_HAS(vsh_numa_describe(), "NUMA node");
    if (access("/sys/devices/system/node/node0", F_OK) == 0 &&
        access("/sys/devices/system/node/node1", F_OK) != 0)
        CHECK_TEXT(vsh_numa_describe(), "1 NUMA node");
}

/* ---- limits, of systems of our own ----------------------------------------------------------- */

typedef struct {
    char root[64];
    const char *paths[64]; /* made, in order */
    int count;
} place;

static void make_place(place *p)
{
    *p = (place){0};
    snprintf(p->root, sizeof p->root, "/tmp/vsh-memory-XXXXXX");
    REQUIRE(mkdtemp(p->root) != NULL);
}

static const char *remember(place *p, const char *path)
{
    char whole[256];

    REQUIRE(p->count < 64);
    snprintf(whole, sizeof whole, "%s/%s", p->root, path);
    return p->paths[p->count++] = vsh_copy_text(vsh_test_arena(), whole, strlen(whole));
}

/* A file and the folders above it. */
static void put(place *p, const char *path, const char *text)
{
    char folder[128];
    FILE *out;

    for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(at - path), path);
        if (mkdir(remember(p, folder), 0700) != 0)
            p->count--; /* there already */
    }
    out = fopen(remember(p, path), "w");
    REQUIRE(out != NULL);
    fputs(text, out);
    fclose(out);
}

static void drop(place *p)
{
    while (p->count > 0)
        remove(p->paths[--p->count]);
    CHECK_INT(rmdir(p->root), 0);
}

static const char meminfo[] =
    "MemTotal:       10000 kB\nMemFree:  100 kB\nMemAvailable:  8000 kB\n";

static void without_groups_the_available_memory_is_left(void)
{
    place p;

    make_place(&p);
    put(&p, "proc/meminfo", meminfo);
    CHECK_INT(vsh_memory_available_at(p.root), 8000 * 1024);
    put(&p, "proc/self/cgroup", "0::/user/run\n");
    put(&p, "sys/fs/cgroup/user/run/memory.max", "max\n");
    put(&p, "sys/fs/cgroup/user/run/memory.current", "5\n");
    CHECK_INT(vsh_memory_available_at(p.root), 8000 * 1024);
    drop(&p);
}

static void the_tightest_group_above_decides_and_cached_files_are_free(void)
{
    place p;

    make_place(&p);
    put(&p, "proc/meminfo", meminfo);
    put(&p, "proc/self/cgroup", "0::/user/run\n");
    put(&p, "sys/fs/cgroup/user/run/memory.max", "6000000\n");
    put(&p, "sys/fs/cgroup/user/run/memory.current", "1000000\n");
    CHECK_INT(vsh_memory_available_at(p.root), 5000000);
    put(&p, "sys/fs/cgroup/user/memory.max", "4000000\n");
    put(&p, "sys/fs/cgroup/user/memory.current", "2000000\n");
    put(&p, "sys/fs/cgroup/user/memory.stat", "anon 7\ninactive_file 500000\nactive_file 9\n");
    CHECK_INT(vsh_memory_available_at(p.root), 2500000);
    put(&p, "sys/fs/cgroup/user/memory.high", "3000000\n");
    CHECK_INT(vsh_memory_available_at(p.root), 1500000);
    put(&p, "sys/fs/cgroup/user/memory.max", "1000\n"); /* lowered below what is used */
    CHECK_INT(vsh_memory_available_at(p.root), 0);
    drop(&p);
}

static void groups_of_the_first_version_count_too(void)
{
    place p;

    make_place(&p);
    put(&p, "proc/meminfo", meminfo);
    put(&p, "proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n");
    put(&p, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put(&p, "sys/fs/cgroup/memory/memory.usage_in_bytes", "70000000\n");
    CHECK_INT(vsh_memory_available_at(p.root), 8000 * 1024);
    put(&p, "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "3000000\n");
    put(&p, "sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", "1000000\n");
    put(&p, "sys/fs/cgroup/memory/docker/abc/memory.stat",
        "inactive_file 1\ntotal_inactive_file 200000\n");
    CHECK_INT(vsh_memory_available_at(p.root), 2200000);
    drop(&p);
}

/* Its path is the host's, which is not there; the limit stands at the root of the mount. */
static void a_container_finds_its_limit_at_the_root(void)
{
    place p;

    make_place(&p);
    put(&p, "proc/meminfo", meminfo);
    put(&p, "proc/self/cgroup", "4:memory:/kubepods/pod1/c2\n0::/../../outside\n");
    put(&p, "sys/fs/cgroup/memory/memory.limit_in_bytes", "3000000\n");
    put(&p, "sys/fs/cgroup/memory/memory.usage_in_bytes", "1000000\n");
    CHECK_INT(vsh_memory_available_at(p.root), 2000000);
    drop(&p);
}

static void a_system_that_says_nothing_has_what_is_installed(void)
{
    place p;

    make_place(&p);
    CHECK_INT(vsh_memory_available_at(p.root),
              (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
    drop(&p);
}

const vsh_test vsh_tests[] = {
    {"a_block_is_zeroed_aligned_and_its_own", a_block_is_zeroed_aligned_and_its_own},
    {"a_block_beyond_the_machine_is_refused_with_both_sizes",
     a_block_beyond_the_machine_is_refused_with_both_sizes},
    {"a_refusal_of_the_system_gives_its_reason", a_refusal_of_the_system_gives_its_reason},
    {"a_block_is_resident_once_it_is_written", a_block_is_resident_once_it_is_written},
    {"this_machine_has_some_memory_left", this_machine_has_some_memory_left},
    {"the_nodes_of_the_machine_are_counted", the_nodes_of_the_machine_are_counted},
    {"without_groups_the_available_memory_is_left", without_groups_the_available_memory_is_left},
    {"the_tightest_group_above_decides_and_cached_files_are_free",
     the_tightest_group_above_decides_and_cached_files_are_free},
    {"groups_of_the_first_version_count_too", groups_of_the_first_version_count_too},
    {"a_container_finds_its_limit_at_the_root", a_container_finds_its_limit_at_the_root},
    {"a_system_that_says_nothing_has_what_is_installed",
     a_system_that_says_nothing_has_what_is_installed},
    {NULL, NULL}};
