#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "core/clock.h"
#include "trainer/build/build_inside.h"

/* ---- progress ----------------------------------------------------------------------------- */

static const double tell_s = 0.1; /* between two calls of the user's function */

static void begin_stage(vsh_building *b, const char *stage, int64_t total)
{
    b->progress.stage = stage;
    b->progress.total = total;
    b->progress.began = vsh_clock_now().v;
    b->progress.told = 0;
    atomic_store(&b->progress.done, 0);
    atomic_store(&b->progress.skipped, 0);
}

/* By whoever comes when it is due; the others go on. */
static void tell(vsh_building *b)
{
    double now = vsh_clock_now().v, elapsed = now - b->progress.began;
    double done, total = (double)b->progress.total, fresh, rate, share;

    if (!b->o->progress || pthread_mutex_trylock(&b->progress.gate) != 0)
        return;
    if (now - b->progress.told >= tell_s) {
        b->progress.told = now;
        done = (double)atomic_load(&b->progress.done);
        fresh = done - (double)atomic_load(&b->progress.skipped);
        /* a second's worth is the least that a rate can be told from */
        rate = elapsed >= 1 && fresh > 0 ? fresh / elapsed : (double)NAN;
        share = total > 0 ? fmin(done / total, 1) : (double)NAN;
        b->o->progress(b->o->context, b->progress.stage, share, rate,
                       total > done ? (total - done) / rate : (double)NAN);
    }
    pthread_mutex_unlock(&b->progress.gate);
}

void vsh_build_progress(vsh_building *b, int64_t bytes)
{
    atomic_fetch_add(&b->progress.done, bytes);
    tell(b);
}

void vsh_build_progress_skip(vsh_building *b, int64_t bytes)
{
    atomic_fetch_add(&b->progress.skipped, bytes);
    vsh_build_progress(b, bytes);
}

void vsh_build_progress_stage(vsh_building *b, const char *stage)
{
    begin_stage(b, stage, 0);
    tell(b);
}

/* ---- stopping ----------------------------------------------------------------------------- */

bool vsh_build_stopped(const vsh_building *b) { return b->o->stop && *b->o->stop; }

vsh_status vsh_build_say_stopped(vsh_error *err)
{
    return vsh_fail(err, VSH_ESTOPPED, "stopped; the same command goes on from here");
}

int64_t vsh_build_span_bytes(const vsh_building *b, int64_t span)
{
    const vsh_span *s = &b->sources.span[span];
    int64_t bytes = 0;

    if (s->begin > 0 || s->end < b->sources.source[s->first].bytes) {
        bytes = b->sources.source[s->first].bytes;
        return (s->end < bytes ? s->end : bytes) - s->begin;
    }
    for (int64_t i = 0; i < s->count; i++)
        bytes += b->sources.source[s->first + i].bytes;
    return bytes;
}

vsh_status vsh_build_segment_read(const vsh_building *b, vsh_arena *arena, int64_t span,
                                  int64_t part, vsh_segment *segment, vsh_error *err)
{
    return vsh_segment_read(arena, vsh_build_segment_path(b, span, part).text, b->key, segment,
                            err);
}

/* Another size or date than it was found with: the hash of a segment does not say which of its
 * files is another. */
static bool seems_changed(const vsh_source *source)
{
    struct stat now;

    return stat(source->path, &now) != 0 || now.st_size != source->bytes ||
           now.st_mtim.tv_sec != source->written_s || now.st_mtim.tv_nsec != source->written_ns;
}

vsh_status vsh_build_input_changed(const vsh_building *b, int64_t span, vsh_error *err)
{
    static const char what[] = "no more what this build has read before; --force starts over";
    const vsh_span *s = &b->sources.span[span];
    const vsh_source *first = &b->sources.source[s->first];

    for (int64_t i = 0; i < s->count; i++)
        if (s->count == 1 || seems_changed(&first[i]))
            return vsh_fail(err, VSH_EINPUT, "%s: is %s", first[i].path, what);
    return vsh_fail(err, VSH_EINPUT, "%s to %s: one of these %s files is %s", first->path,
                    first[s->count - 1].path, vsh_show_integer(s->count).text, what);
}

/* ---- all spans ---------------------------------------------------------------------------- */

typedef struct {
    vsh_building *b;
    vsh_build_span_work *work;
    void *context;
    atomic_bool ended; /* one failed: nobody begins another */
    pthread_mutex_t gate;
    int64_t span; /* of the failure that counts */
    vsh_status status;
    vsh_error err;
} pass;

static void do_span(void *context, int64_t span, int thread)
{
    pass *p = context;
    vsh_status status;
    vsh_error err = {0};

    if (atomic_load(&p->ended))
        return;
    status = vsh_build_stopped(p->b) ? vsh_build_say_stopped(&err)
                                     : p->work(p->b, p->context, span, thread, &err);
    if (status == VSH_OK)
        return;
    pthread_mutex_lock(&p->gate);
    if (p->status == VSH_OK || span < p->span) {
        p->span = span;
        p->status = status;
        p->err = err;
    }
    pthread_mutex_unlock(&p->gate);
    atomic_store(&p->ended, true);
}

vsh_status vsh_build_each_span(vsh_building *b, const char *stage, vsh_build_span_work *work,
                               void *context, vsh_error *err)
{
    pass p = {.b = b, .work = work, .context = context};

    begin_stage(b, stage, b->sources.bytes);
    pthread_mutex_init(&p.gate, NULL);
    vsh_pool_run(b->pool, do_span, &p, b->sources.spans);
    pthread_mutex_destroy(&p.gate);
    if (p.status != VSH_OK && err)
        *err = p.err;
    return p.status;
}
