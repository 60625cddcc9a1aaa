#include "trainer/base/pool.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "tests/harness.h"

const char vsh_suite[] = "pool";

enum { MOST = 5000, SCRATCH_BYTES = 1 << 20 };

static vsh_error err;

typedef struct {
    vsh_pool *pool;
    atomic_int times[MOST];
    atomic_int threads[8];
    float denormal;
} record;

static vsh_pool *start(int threads)
{
    vsh_pool *pool = NULL;
    void *scratch = vsh_alloc(vsh_test_arena(), (size_t)threads, SCRATCH_BYTES);

    REQUIRE(scratch != NULL);
    REQUIRE_OK(vsh_pool_start(vsh_test_arena(), threads, scratch, SCRATCH_BYTES, &pool, &err),
               &err);
    CHECK_INT(vsh_pool_threads(pool), threads);
    return pool;
}

static void count(void *context, int64_t part, int thread)
{
    record *r = context;

    atomic_fetch_add(&r->times[part], 1);
    atomic_fetch_add(&r->threads[thread], 1);
}

static void every_part_is_done_once_by_the_time_run_returns(void)
{
    static const int64_t parts[] = {0, 1, 2, 3, 7, 64, 1000, MOST};

    for (int threads = 1; threads <= 5; threads += 2) {
        vsh_pool *pool = start(threads);
        for (int round = 0; round < 300; round++) {
            record *r = vsh_alloc(vsh_test_arena(), 1, sizeof *r);
            int64_t n = parts[round % 8], wrong = 0, all = 0;
            REQUIRE(r != NULL);
            vsh_pool_run(pool, count, r, n);
            for (int64_t i = 0; i < MOST; i++)
                wrong += r->times[i] != (i < n);
            for (int i = 0; i < 8; i++)
                all += r->threads[i];
            CHECK_INT(wrong, 0);
            CHECK_INT(all, n);
        }
        vsh_pool_stop(pool);
    }
}

static void wait_for_others(void *context, int64_t part, int thread)
{
    record *r = context;

    count(context, part, thread);
    while (atomic_load(&r->times[0]) + atomic_load(&r->times[1]) + atomic_load(&r->times[2]) < 3)
        ;
}

static void parts_run_side_by_side(void)
{
    vsh_pool *pool = start(3);
    record *r = vsh_alloc(vsh_test_arena(), 1, sizeof *r);

    REQUIRE(r != NULL);
    vsh_pool_run(pool, wait_for_others, r, 3); /* returns only if three threads are in it at once */
    for (int i = 0; i < 3; i++)
        CHECK_INT(r->threads[i], 1);
    vsh_pool_stop(pool);
}

static void threads_that_sleep_wake_up(void)
{
    vsh_pool *pool = start(2);
    record *r = vsh_alloc(vsh_test_arena(), 1, sizeof *r);

    REQUIRE(r != NULL);
    for (int i = 0; i < 5; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); /* far beyond the spinning */
        vsh_pool_run(pool, count, r, 10);
    }
    for (int i = 0; i < 10; i++)
        CHECK_INT(r->times[i], 5);
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    vsh_pool_stop(pool); /* and go home from their sleep */
    vsh_pool_stop(NULL);
}

static void touch_scratch(void *context, int64_t part, int thread)
{
    record *r = context;
    char *scratch = vsh_pool_scratch(r->pool, thread);

    memset(scratch, thread, SCRATCH_BYTES);
    for (int64_t i = 0; i < SCRATCH_BYTES; i += 4096)
        if (scratch[i] != (char)thread || (uintptr_t)scratch % 64 != 0)
            return;
    atomic_fetch_add(&r->times[part], 1);
}

static void each_thread_has_scratch_of_its_own(void)
{
    vsh_pool *pool = start(3);
    record *r = vsh_alloc(vsh_test_arena(), 1, sizeof *r);

    REQUIRE(r != NULL);
    r->pool = pool;
    vsh_pool_run(pool, touch_scratch, r, 20);
    for (int i = 0; i < 20; i++)
        CHECK_INT(r->times[i], 1);
    vsh_pool_stop(pool);
}

static void halve(void *context, int64_t part, int thread)
{
    record *r = context;
    volatile float value = r->denormal;

    (void)thread;
    value = value * 0.5F;
    atomic_fetch_add(&r->times[part], value == 0.0F);
}

static void denormals_are_zero_on_every_thread(void)
{
#if defined(__x86_64__)
    vsh_pool *pool = start(3);
    record *r = vsh_alloc(vsh_test_arena(), 1, sizeof *r);

    REQUIRE(r != NULL);
    r->denormal = 1.2e-38F; /* half of it is one */
    vsh_pool_run(pool, halve, r, 100);
    for (int i = 0; i < 100; i++)
        CHECK_INT(r->times[i], 1);
    vsh_pool_stop(pool);
#else
    vsh_skip("only x86 is told to");
#endif
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
const vsh_test vsh_tests[] = {TEST(every_part_is_done_once_by_the_time_run_returns),
                              TEST(parts_run_side_by_side),
                              TEST(threads_that_sleep_wake_up),
                              TEST(each_thread_has_scratch_of_its_own),
                              TEST(denormals_are_zero_on_every_thread),
                              {NULL, NULL}};
