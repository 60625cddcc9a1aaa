#include "trainer/base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "core/thread_team.h"

/* Spins before it sleeps: a step is thousands of short pieces of work, and waking a thread costs
 * as much as one of them. A pause is 40 to 140 cycles, so this is 0.3 to 1 ms.
 *
 * Who is waited for may itself be waiting for our processor. With more threads than processors we
 * step aside at once (four threads on two: a round in 5 us, else 500); otherwise only after a
 * while, because another program's turn, once given, takes milliseconds. */
enum { SPINS = 20000, PATIENCE = 4096, NO_PATIENCE = 64, SPINS_A_TURN = 64 };

typedef struct {
    vsh_pool *pool;
    int number;
} member;

struct vsh_pool {
    int threads;
    int patience; /* spins before it lets others run */
    char *scratch;
    int64_t scratch_bytes; /* of each thread */
    vsh_pool_work *work;
    void *context;
    int64_t parts;
    _Alignas(64) atomic_uint round; /* goes up when there is work */
    _Alignas(64) atomic_llong next; /* the next part to take */
    _Alignas(64) atomic_int busy;   /* members that have not finished the round */
    bool stop;
    pthread_mutex_t gate;
    pthread_cond_t wake;
    pthread_t *ids;
    member *members;
};

static void pause_a_moment(const vsh_pool *pool, int spins)
{
#if defined(__x86_64__)
    _mm_pause();
#endif
    if (spins >= pool->patience && spins % SPINS_A_TURN == 0)
        sched_yield();
}

static void flush_denormals(void)
{
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040); /* FTZ and DAZ */
#endif
}

static void take_parts(vsh_pool *pool, int thread)
{
    int64_t part;

    while ((part = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed)) < pool->parts)
        pool->work(pool->context, part, thread);
}

static void wait_for_round(vsh_pool *pool, unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->round, memory_order_acquire) != seen)
            return;
        pause_a_moment(pool, i);
    }
    pthread_mutex_lock(&pool->gate);
    while (atomic_load_explicit(&pool->round, memory_order_acquire) == seen)
        pthread_cond_wait(&pool->wake, &pool->gate);
    pthread_mutex_unlock(&pool->gate);
}

static void *serve(void *context)
{
    member *self = context;
    vsh_pool *pool = self->pool;
    unsigned seen = 0;

    flush_denormals();
    for (;;) {
        wait_for_round(pool, seen);
        seen++;
        if (pool->stop)
            return NULL;
        take_parts(pool, self->number);
        atomic_fetch_sub_explicit(&pool->busy, 1, memory_order_release);
    }
}

static void begin_round(vsh_pool *pool)
{
    pthread_mutex_lock(&pool->gate);
    atomic_fetch_add_explicit(&pool->round, 1, memory_order_release);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->gate);
}

vsh_status vsh_pool_start(vsh_arena *arena, int threads, void *scratch, int64_t scratch_bytes,
                          vsh_pool **started, vsh_error *err)
{
    vsh_pool *pool = vsh_alloc(arena, 1, sizeof *pool);

    assert(threads >= 1 && threads <= VSH_POOL_THREADS_MAX);
    assert(scratch_bytes >= 0 && scratch_bytes % 64 == 0 && (scratch || scratch_bytes == 0));
    if (!pool || !(pool->ids = vsh_alloc(arena, (size_t)threads, sizeof *pool->ids)) ||
        !(pool->members = vsh_alloc(arena, (size_t)threads, sizeof *pool->members)))
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    pool->scratch = scratch;
    pool->scratch_bytes = scratch_bytes;
    pool->threads = 1;
    pool->patience = threads > vsh_team_cpus() ? NO_PATIENCE : PATIENCE;
    pthread_mutex_init(&pool->gate, NULL);
    pthread_cond_init(&pool->wake, NULL);
    flush_denormals();
    for (int i = 1; i < threads; i++) {
        int failure;
        pool->members[i] = (member){pool, i};
        failure = pthread_create(&pool->ids[i], NULL, serve, &pool->members[i]);
        if (failure) {
            vsh_pool_stop(pool);
            return vsh_fail(err, VSH_EMACHINE, "thread %d of %d does not start: %s", i + 1, threads,
                            strerror(failure));
        }
        pool->threads++;
    }
    *started = pool;
    return VSH_OK;
}

void vsh_pool_stop(vsh_pool *pool)
{
    if (!pool)
        return;
    pool->stop = true;
    begin_round(pool);
    for (int i = 1; i < pool->threads; i++)
        pthread_join(pool->ids[i], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->gate);
}

int vsh_pool_threads(const vsh_pool *pool) { return pool->threads; }

void *vsh_pool_scratch(const vsh_pool *pool, int thread)
{
    assert(thread >= 0 && thread < pool->threads && pool->scratch);
    return pool->scratch + thread * pool->scratch_bytes;
}

void vsh_pool_run(vsh_pool *pool, vsh_pool_work *work, void *context, int64_t parts)
{
    assert(pool && work && parts >= 0);
    if (pool->threads == 1 || parts <= 1) {
        for (int64_t part = 0; part < parts; part++)
            work(context, part, 0);
        return;
    }
    pool->work = work;
    pool->context = context;
    pool->parts = parts;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->busy, pool->threads - 1, memory_order_relaxed);
    begin_round(pool);
    take_parts(pool, 0);
    for (int i = 0; atomic_load_explicit(&pool->busy, memory_order_acquire) > 0;
         i = i < SPINS ? i + 1 : pool->patience)
        pause_a_moment(pool, i);
}
