#include "core/hardware_probe.h"

#include <assert.h>
#include <dlfcn.h>
#include <hwloc.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/precision.h"

enum {
    ROUNDS = 3,      /* the loops take turns, so a slow phase of a shared host spoils one round */
    TIMES_MAX = 256, /* repetitions remembered of one measurement */
    CPUS_MAX = 4096,
    LINE_BYTES = 4096 /* of one line of a file of /proc */
};
static const double repetition_seconds = 0.012; /* long beside the 0.05 ms a thread wakes in */
static const double slice_seconds = 0.05;       /* one loop, one thread count, one round */
static const double triad_seconds = 0.5;
static const double mebibyte = 1048576;
static const double cache_multiple = 12; /* STREAM: three arrays, each four times the caches */

/* ---- the machine described ------------------------------------------------------------------ */

typedef struct {
    char name[96], date[16];
    bool from_hwloc;
    int64_t cores, nodes, usable; /* usable: logical CPUs this process may run on */
    double l2_bytes, l3_bytes;    /* totals; 0 when unknown */
    double memory_bytes, available_bytes;
    bool memory_limited; /* by a control group, below what is installed */
    bool avx_vnni, amx, rapl;
} machine;

/* The rest of the first line that starts with key, without its colon, into room. */
static bool read_entry(const char *path, const char *key, char room[LINE_BYTES])
{
    FILE *file = fopen(path, "r");
    size_t length = strlen(key);
    bool found = false;

    if (!file)
        return false;
    while (!found && fgets(room, LINE_BYTES, file)) {
        char *value = room + length;
        if (strncmp(room, key, length) != 0)
            continue;
        value += strspn(value, " \t:");
        value[strcspn(value, "\n")] = '\0';
        memmove(room, value, strlen(value) + 1);
        found = true;
    }
    fclose(file);
    return found;
}

/* Printable ASCII that needs no care inside quotes, blanks in a row made one. */
static void copy_plain(char *room, size_t room_bytes, const char *text)
{
    size_t length = 0;

    for (; *text && length + 1 < room_bytes; text++) {
        char c = *text > ' ' && *text <= '~' && !strchr("\"'\\`", *text) ? *text : ' ';
        if (c != ' ' || (length && room[length - 1] != ' '))
            room[length++] = c;
    }
    while (length && room[length - 1] == ' ')
        length--;
    room[length] = '\0';
}

static void describe_name(machine *m)
{
    char line[LINE_BYTES];
    struct utsname system;

    if (read_entry("/proc/cpuinfo", "model name", line))
        copy_plain(m->name, sizeof m->name, line);
    if (!m->name[0] && uname(&system) >= 0) {
        snprintf(line, sizeof line, "%s processor", system.machine);
        copy_plain(m->name, sizeof m->name, line);
    }
    if (!m->name[0])
        snprintf(m->name, sizeof m->name, "this machine");
}

static void describe_date(machine *m)
{
    time_t now = time(NULL);
    struct tm calendar;

    if (!gmtime_r(&now, &calendar) || !strftime(m->date, sizeof m->date, "%Y-%m", &calendar))
        snprintf(m->date, sizeof m->date, "unknown");
}

/* Bits of a mask such as "ff,ffffffff"; 0 when it cannot be read. */
static int64_t count_mask(const char *mask)
{
    static const char digits[] = "0123456789abcdef";
    int64_t count = 0;

    for (; *mask; mask++) {
        const char *digit = strchr(digits, *mask);
        if (digit)
            count += __builtin_popcount((unsigned)(digit - digits));
    }
    return count;
}

/* What the affinity mask allows and a control group's quota pays for: threads beyond the quota
 * would look fast for a moment and then be stopped. */
static int64_t count_usable(void)
{
    char line[LINE_BYTES];
    double quota, period;
    int64_t count = 0;

    if (read_entry("/proc/self/status", "Cpus_allowed:", line))
        count = count_mask(line);
    if (count < 1)
        count = sysconf(_SC_NPROCESSORS_ONLN);
    if (read_entry("/sys/fs/cgroup/cpu.max", "", line) &&
        sscanf(line, "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0 &&
        ceil(quota / period) < (double)count)
        count = (int64_t)ceil(quota / period);
    return count < 1 ? 1 : count > CPUS_MAX ? CPUS_MAX : count;
}

static double read_kilobytes(const char *key)
{
    char line[LINE_BYTES];

    return read_entry("/proc/meminfo", key, line) ? 1024.0 * strtod(line, NULL) : 0;
}

static void describe_memory(machine *m)
{
    static const char *const limits[] = {"/sys/fs/cgroup/memory.max",
                                         "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    char line[LINE_BYTES];

    m->memory_bytes = read_kilobytes("MemTotal");
    if (m->memory_bytes <= 0)
        m->memory_bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    m->available_bytes = read_kilobytes("MemAvailable");
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        /* "max" reads as 0 */
        double limit = read_entry(limits[i], "", line) ? strtod(line, NULL) : 0;
        if (limit > 0 && limit < m->memory_bytes) {
            m->memory_bytes = limit;
            m->memory_limited = true;
        }
    }
    if (m->available_bytes <= 0 || m->available_bytes > m->memory_bytes)
        m->available_bytes = m->memory_bytes;
}

/* hwloc comes by dlopen: only a program that measures pays for loading it. */
typedef struct {
    int (*init)(hwloc_topology_t *);
    int (*load)(hwloc_topology_t);
    int (*type_depth)(hwloc_topology_t, hwloc_obj_type_t);
    unsigned (*count)(hwloc_topology_t, int);
    hwloc_obj_t (*object)(hwloc_topology_t, int, unsigned);
    void (*destroy)(hwloc_topology_t);
} hwloc_calls;

static bool resolve(void *library, hwloc_calls *calls)
{
    const struct {
        const char *name;
        void *place; /* of a function pointer, which dlsym cannot return in ISO C */
    } names[] = {{"hwloc_topology_init", &calls->init},
                 {"hwloc_topology_load", &calls->load},
                 {"hwloc_get_type_depth", &calls->type_depth},
                 {"hwloc_get_nbobjs_by_depth", &calls->count},
                 {"hwloc_get_obj_by_depth", &calls->object},
                 {"hwloc_topology_destroy", &calls->destroy}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        void *symbol = dlsym(library, names[i].name);
        if (!symbol)
            return false;
        memcpy(names[i].place, &symbol, sizeof symbol);
    }
    return true;
}

static int64_t count_objects(const hwloc_calls *calls, hwloc_topology_t topology,
                             hwloc_obj_type_t type)
{
    int depth = calls->type_depth(topology, type);

    if (depth == HWLOC_TYPE_DEPTH_UNKNOWN || depth == HWLOC_TYPE_DEPTH_MULTIPLE)
        return 0;
    return calls->count(topology, depth);
}

static double sum_caches(const hwloc_calls *calls, hwloc_topology_t topology,
                         hwloc_obj_type_t type)
{
    int64_t count = count_objects(calls, topology, type);
    double bytes = 0;

    for (int64_t i = 0; i < count; i++) {
        hwloc_obj_t cache = calls->object(topology, calls->type_depth(topology, type), (unsigned)i);
        if (cache && cache->attr)
            bytes += (double)cache->attr->cache.size;
    }
    return bytes;
}

static bool describe_by_hwloc(const hwloc_calls *calls, machine *m)
{
    hwloc_topology_t topology;
    bool loaded;

    if (calls->init(&topology) != 0)
        return false;
    loaded = calls->load(topology) == 0;
    if (loaded) {
        m->cores = count_objects(calls, topology, HWLOC_OBJ_CORE);
        m->nodes = count_objects(calls, topology, HWLOC_OBJ_NUMANODE);
        m->l2_bytes = sum_caches(calls, topology, HWLOC_OBJ_L2CACHE);
        m->l3_bytes = sum_caches(calls, topology, HWLOC_OBJ_L3CACHE);
    }
    calls->destroy(topology);
    return loaded;
}

static void describe_topology(machine *m)
{
    void *library = dlopen("libhwloc.so.15", RTLD_NOW | RTLD_LOCAL);
    hwloc_calls calls;

    if (library) {
        m->from_hwloc = resolve(library, &calls) && describe_by_hwloc(&calls, m);
        dlclose(library);
    }
    if (!m->from_hwloc) {
        long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE), l3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
        m->l2_bytes = l2 > 0 ? (double)l2 * (double)m->usable : 0;
        m->l3_bytes = l3 > 0 ? (double)l3 : 0;
    }
    if (m->cores < 1)
        m->cores = m->usable;
    if (m->nodes < 1)
        m->nodes = 1;
}

static void describe(machine *m)
{
    char line[LINE_BYTES];

    *m = (machine){.usable = count_usable()};
    describe_name(m);
    describe_date(m);
    describe_memory(m);
    describe_topology(m);
    if (read_entry("/proc/cpuinfo", "flags", line)) {
        m->avx_vnni = strstr(line, " avx_vnni"); /* clang 14 cannot ask the processor for it */
        m->amx = strstr(line, " amx_tile");
    }
    m->rapl = access("/sys/class/powercap/intel-rapl", F_OK) == 0;
}

/* ---- instruction loops ---------------------------------------------------------------------- */

typedef float lanes16 __attribute__((vector_size(16), may_alias)); /* by bytes */
typedef float lanes32 __attribute__((vector_size(32), may_alias));
typedef float lanes64 __attribute__((vector_size(64), may_alias));

/* Twelve chains of dependent steps cover the latency of two units of up to six clocks, and fit
 * the sixteen registers of AVX2 beside the operands x and y. All start from memory and end there,
 *
 *   registers: [r0][r1] ... [r11][x][y], 64 bytes each
 *
 * so the compiler knows no value and drops no step. */
enum { CHAINS = 12, REGISTER_BYTES = 64, REGISTERS_BYTES = (CHAINS + 2) * REGISTER_BYTES };

typedef void loop_function(unsigned char *registers, int64_t iterations);
typedef void triad_function(float *a, const float *b, const float *c, int64_t count);

#define EACH(DO, argument)                                                                         \
    DO(0, argument) DO(1, argument) DO(2, argument) DO(3, argument)                                \
    DO(4, argument) DO(5, argument) DO(6, argument) DO(7, argument)                                \
    DO(8, argument) DO(9, argument) DO(10, argument) DO(11, argument)
#define LOAD(i, vector) vector r##i = *(const vector *)(registers + REGISTER_BYTES * i);
#define STORE(i, vector) *(vector *)(registers + REGISTER_BYTES * i) = r##i;

/* One step of chain i. The instruction is named: gcc 12 turns r * x + y into two under
 * -ffp-contract=off, and puts a register move beside every _mm512_dpbusd_epi32. */
#define STEP_IN_C(i, unused) r##i = r##i * x + y;
#if defined(__aarch64__)
#define STEP(i, instruction)                                                                       \
    __asm__(instruction " %0.4s, %1.4s, %2.4s" : "+w"(r##i) : "w"(x), "w"(y));
#else
#define STEP(i, instruction)                                                                       \
    __asm__(instruction " %2, %1, %0" : "+v"(r##i) : "v"(x), "v"(y));
#endif

/* A sanitizer would keep the chains in memory, and time that. */
#define UNSANITIZED __attribute__((no_sanitize("address", "undefined", "thread")))

#define LOOP(name, attribute, vector, step, instruction)                                           \
    UNSANITIZED attribute static void name(unsigned char *registers, int64_t iterations)           \
    {                                                                                              \
        EACH(LOAD, vector)                                                                         \
        vector x = *(const vector *)(registers + REGISTER_BYTES * CHAINS);                         \
        vector y = *(const vector *)(registers + REGISTER_BYTES * (CHAINS + 1));                   \
                                                                                                   \
        for (; iterations > 0; iterations--) {                                                     \
            EACH(step, instruction)                                                                \
        }                                                                                          \
        EACH(STORE, vector)                                                                        \
    }

/* a[i] = b[i] + 0.5 c[i].   a, b, c (count), a multiple of 16 */
#define TRIAD(name, attribute, vector)                                                             \
    attribute static void name(float *a, const float *b, const float *c, int64_t count)            \
    {                                                                                              \
        for (; count > 0; count -= (int64_t)(sizeof(vector) / sizeof *a)) {                        \
            *(vector *)a = *(const vector *)b + 0.5f * *(const vector *)c;                         \
            a += sizeof(vector) / sizeof *a;                                                       \
            b += sizeof(vector) / sizeof *b;                                                       \
            c += sizeof(vector) / sizeof *c;                                                       \
        }                                                                                          \
    }

TRIAD(triad_16, , lanes16)
#if defined(__x86_64__)
#define TARGET(features) __attribute__((target(features)))
LOOP(loop_plain, , lanes16, STEP_IN_C, )
LOOP(loop_fma_32, TARGET("avx2"), lanes32, STEP, "vfmadd213ps")
LOOP(loop_fma_64, TARGET("avx512f"), lanes64, STEP, "vfmadd213ps")
LOOP(loop_bf16_64, TARGET("avx512f"), lanes64, STEP, "vdpbf16ps")
LOOP(loop_int8_64, TARGET("avx512f"), lanes64, STEP, "vpdpbusd")
LOOP(loop_int8_32, TARGET("avx2"), lanes32, STEP, "%{vex%} vpdpbusd")
TRIAD(triad_32, TARGET("avx2"), lanes32)
TRIAD(triad_64, TARGET("avx512f"), lanes64)
#elif defined(__aarch64__)
LOOP(loop_fma_16, , lanes16, STEP, "fmla")
#else
LOOP(loop_plain, , lanes16, STEP_IN_C, )
#endif

/* How this processor multiplies in one precision. */
typedef struct {
    loop_function *loop; /* NULL: it has no instruction for it */
    double operations;   /* of one instruction; a multiply-add is two */
    const char *name;
} kernel;

static void find_kernels(const machine *m, kernel found[VSH_PRECISION_COUNT],
                         triad_function **triad)
{
    (void)m; /* not every kind of processor asks it */
    *triad = triad_16;
#if defined(__x86_64__)
    found[VSH_FP32] = (kernel){loop_plain, 8, "SSE multiply and add"};
    if (__builtin_cpu_supports("avx512f")) {
        found[VSH_FP32] = (kernel){loop_fma_64, 32, "AVX-512 FMA"};
        *triad = triad_64;
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        found[VSH_FP32] = (kernel){loop_fma_32, 16, "AVX2 FMA"};
        *triad = triad_32;
    }
    if (__builtin_cpu_supports("avx512bf16"))
        found[VSH_BF16] = (kernel){loop_bf16_64, 64, "AVX-512 VDPBF16PS"};
    if (__builtin_cpu_supports("avx512vnni"))
        found[VSH_INT8] = (kernel){loop_int8_64, 128, "AVX-512 VPDPBUSD"};
    else if (m->avx_vnni && __builtin_cpu_supports("avx2"))
        found[VSH_INT8] = (kernel){loop_int8_32, 64, "AVX-VNNI VPDPBUSD"};
#elif defined(__aarch64__)
    found[VSH_FP32] = (kernel){loop_fma_16, 8, "NEON FMLA"};
#else
    found[VSH_FP32] = (kernel){loop_plain, 8, "multiply and add in C"};
#endif
}

/* x = 0.5 and y = 1: a float chain ends at 2 or stops growing at 2^23, never near a denormal; the
 * bf16 pairs inside are (0, 0.5) and (0, 1); the integer loop takes any bits and wraps. */
static void fill_registers(unsigned char registers[REGISTERS_BYTES])
{
    for (int i = 0; i < CHAINS + 2; i++)
        for (size_t at = 0; at < REGISTER_BYTES; at += sizeof(float)) {
            float value = i == CHAINS ? 0.5f : i > CHAINS ? 1.0f : 1.0f + 0.0625f * (float)i;
            memcpy(registers + REGISTER_BYTES * (size_t)i + at, &value, sizeof value);
        }
}

/* ---- a team of threads ---------------------------------------------------------------------- */

typedef struct {
    double seconds[TIMES_MAX]; /* of repetitions: the first start to the last end */
    int count;
} timing;

typedef struct thread_team thread_team;

typedef struct {
    _Alignas(64) unsigned char registers[REGISTERS_BYTES];
    thread_team *team;
    double start, end; /* of the last repetition */
    bool failed;       /* to prepare: no memory */
    vsh_arena arena;   /* a thread's own, so that it touches its pages first */
    float *a, *b, *c;
} member;

typedef struct {
    bool (*prepare)(member *); /* once, may be NULL */
    void (*work)(member *);
    double seconds; /* repeated for this long, at least once */
    loop_function *loop;
    triad_function *triad;
    int64_t count; /* iterations of the loop, or floats of each of a thread's arrays */
} job;

struct thread_team {
    pthread_mutex_t gate; /* held while threads are started: if one fails, nobody begins */
    pthread_barrier_t meeting;
    member *members;
    pthread_t *ids;
    int64_t size;         /* of this run */
    bool cancelled, done; /* behind the gate; decided by member 0 between two meetings */
    double deadline;
    job job;
    timing *timing;
};

/* Only member 0, between the meeting that ends a repetition and the one that starts the next. */
static void close_repetition(thread_team *team)
{
    double first = team->members[0].start, last = team->members[0].end;

    for (int64_t i = 1; i < team->size; i++) {
        first = fmin(first, team->members[i].start);
        last = fmax(last, team->members[i].end);
    }
    team->timing->seconds[team->timing->count++] = fmax(last - first, 1e-9);
    team->done = last >= team->deadline || team->timing->count == TIMES_MAX;
}

static void open_repetitions(thread_team *team)
{
    team->done = team->timing->count == TIMES_MAX;
    for (int64_t i = 0; i < team->size; i++)
        team->done = team->done || team->members[i].failed;
    team->deadline = vsh_clock_now().v + team->job.seconds;
}

static void take_part(member *m)
{
    thread_team *team = m->team;
    bool leads = m == team->members;

    m->failed = team->job.prepare && !team->job.prepare(m);
    pthread_barrier_wait(&team->meeting);
    if (leads)
        open_repetitions(team);
    for (;;) {
        pthread_barrier_wait(&team->meeting);
        if (team->done)
            return;
        m->start = vsh_clock_now().v;
        team->job.work(m);
        m->end = vsh_clock_now().v;
        pthread_barrier_wait(&team->meeting);
        if (leads)
            close_repetition(team);
    }
}

static void *run_member(void *argument)
{
    member *m = argument;
    bool cancelled;

    pthread_mutex_lock(&m->team->gate);
    cancelled = m->team->cancelled;
    pthread_mutex_unlock(&m->team->gate);
    if (!cancelled)
        take_part(m);
    return NULL;
}

/* Runs team->job on size threads, the caller being the first, and adds to *times. */
static vsh_status team_run(thread_team *team, int64_t size, timing *times, vsh_error *err)
{
    int64_t started = 1;
    int failure;

    team->size = size;
    team->timing = times;
    failure = pthread_barrier_init(&team->meeting, NULL, (unsigned)size);
    if (failure)
        return vsh_fail(err, VSH_EMACHINE,
                        "measuring this machine: no barrier for %lld threads: %s",
                        (long long)size, strerror(failure));
    pthread_mutex_lock(&team->gate);
    while (started < size && !failure) {
        failure = pthread_create(&team->ids[started], NULL, run_member, &team->members[started]);
        started += !failure;
    }
    team->cancelled = failure != 0;
    pthread_mutex_unlock(&team->gate);
    if (!failure)
        take_part(&team->members[0]);
    for (int64_t i = 1; i < started; i++)
        pthread_join(team->ids[i], NULL);
    pthread_barrier_destroy(&team->meeting);
    if (failure)
        return vsh_fail(err, VSH_EMACHINE,
                        "measuring this machine: thread %lld of %lld does not start: %s",
                        (long long)started + 1, (long long)size, strerror(failure));
    return VSH_OK;
}

static vsh_status team_form(vsh_arena *arena, int64_t size, thread_team *team, vsh_error *err)
{
    *team = (thread_team){.members = vsh_alloc(arena, (size_t)size, sizeof(member)),
                          .ids = vsh_alloc(arena, (size_t)size, sizeof(pthread_t))};
    if (!team->members || !team->ids)
        return vsh_fail(err, VSH_EMACHINE, "measuring this machine: out of memory");
    for (int64_t i = 0; i < size; i++) {
        team->members[i].team = team;
        fill_registers(team->members[i].registers);
    }
    if (pthread_mutex_init(&team->gate, NULL) != 0)
        return vsh_fail(err, VSH_EMACHINE, "measuring this machine: no mutex");
    return VSH_OK;
}

/* ---- measurements --------------------------------------------------------------------------- */

typedef struct {
    double rate;   /* a second, of the fastest repetition: what slows others is not the machine */
    double median; /* of all repetitions, as a share of the rate */
    int count;
} speed;

typedef struct {
    kernel kernels[VSH_PRECISION_COUNT];
    triad_function *triad_code;
    speed one[VSH_PRECISION_COUNT], all[VSH_PRECISION_COUNT];
    speed triad;        /* bytes */
    double triad_bytes; /* of the three arrays of all threads */
    int64_t threads;
} findings;

static int by_value(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static speed conclude(timing *times, double work)
{
    assert(times->count > 0);
    qsort(times->seconds, (size_t)times->count, sizeof times->seconds[0], by_value);
    return (speed){.rate = work / times->seconds[0],
                   .median = times->seconds[0] / times->seconds[times->count / 2],
                   .count = times->count};
}

static void work_loop(member *m) { m->team->job.loop(m->registers, m->team->job.count); }

static double time_loop(loop_function *loop, int64_t iterations, member *m)
{
    double start = vsh_clock_now().v;

    loop(m->registers, iterations);
    return vsh_clock_now().v - start;
}

/* Iterations that take one repetition's time on the calling thread. The better of two trials,
 * since an interruption would leave the repetitions too short. */
static int64_t calibrate(loop_function *loop, member *m)
{
    for (int64_t iterations = 4096;; iterations *= 2) {
        double seconds = time_loop(loop, iterations, m);
        if (seconds >= repetition_seconds / 4)
            seconds = fmin(seconds, time_loop(loop, iterations, m));
        if (seconds >= repetition_seconds / 4)
            return (int64_t)((double)iterations * fmin(repetition_seconds / seconds, 4)) + 1;
    }
}

static vsh_status measure_loops(thread_team *team, findings *found, vsh_error *err)
{
    timing one[VSH_PRECISION_COUNT] = {0}, all[VSH_PRECISION_COUNT] = {0};
    int64_t iterations[VSH_PRECISION_COUNT] = {0};

    for (int round = 0; round < ROUNDS; round++)
        for (int p = 0; p < VSH_PRECISION_COUNT; p++) {
            loop_function *loop = found->kernels[p].loop;
            if (!loop)
                continue;
            if (round == 0)
                iterations[p] = calibrate(loop, team->members);
            team->job = (job){.work = work_loop,
                              .seconds = slice_seconds,
                              .loop = loop,
                              .count = iterations[p]};
            VSH_TRY(team_run(team, 1, &one[p], err));
            VSH_TRY(team_run(team, found->threads, &all[p], err));
        }
    for (int p = 0; p < VSH_PRECISION_COUNT; p++) {
        double work = found->kernels[p].operations * CHAINS * (double)iterations[p];
        if (!found->kernels[p].loop)
            continue;
        found->one[p] = conclude(&one[p], work);
        found->all[p] = conclude(&all[p], work * (double)found->threads);
    }
    return VSH_OK;
}

/* Not left at zero: some Intel caches do not write back a zero stored over a zero
 * (travisdowns.github.io, "Hardware Store Elimination", 2020). */
static bool prepare_triad(member *m)
{
    size_t count = (size_t)m->team->job.count;

    m->a = vsh_alloc(&m->arena, count, sizeof *m->a);
    m->b = vsh_alloc(&m->arena, count, sizeof *m->b);
    m->c = vsh_alloc(&m->arena, count, sizeof *m->c);
    if (!m->a || !m->b || !m->c)
        return false;
    for (size_t i = 0; i < count / 4; i++) {
        ((lanes16 *)m->b)[i] = (lanes16){1, 1, 1, 1};
        ((lanes16 *)m->c)[i] = (lanes16){2, 2, 2, 2};
    }
    return true;
}

static void work_triad(member *m)
{
    m->team->job.triad(m->a, m->b, m->c, m->team->job.count);
}

static double last_cache_bytes(const machine *m) { return fmax(m->l2_bytes, m->l3_bytes); }

/* Of all arrays together: enough to leave the caches, never much of the memory. */
static double choose_triad_bytes(const machine *m)
{
    double cache = last_cache_bytes(m);
    double wanted = cache > 0 ? fmax(cache_multiple * cache, 128 * mebibyte) : 512 * mebibyte;

    return fmax(fmin(fmin(wanted, 1024 * mebibyte), m->available_bytes / 8), mebibyte);
}

static vsh_status measure_triad(thread_team *team, const machine *m, findings *found,
                                vsh_error *err)
{
    int64_t floats = (int64_t)(choose_triad_bytes(m) / 12 / (double)found->threads) / 16 * 16 + 16;
    timing times = {0};
    vsh_status status;
    bool failed = false;

    found->triad_bytes = 12.0 * (double)floats * (double)found->threads;
    team->job = (job){.prepare = prepare_triad,
                      .work = work_triad,
                      .seconds = triad_seconds,
                      .triad = found->triad_code,
                      .count = floats};
    status = team_run(team, found->threads, &times, err);
    for (int64_t i = 0; i < found->threads; i++) {
        failed = failed || team->members[i].failed;
        vsh_arena_free(&team->members[i].arena);
    }
    VSH_TRY(status);
    if (failed)
        return vsh_fail(err, VSH_EMACHINE,
                        "measuring this machine: no memory for arrays of %s in total",
                        vsh_show_bytes(found->triad_bytes).text);
    found->triad = conclude(&times, found->triad_bytes);
    return VSH_OK;
}

static vsh_status measure(vsh_arena *arena, const machine *m, findings *found, vsh_error *err)
{
    thread_team team;
    vsh_status status;

    VSH_TRY(team_form(arena, found->threads, &team, err));
    find_kernels(m, found->kernels, &found->triad_code);
    status = measure_loops(&team, found, err);
    if (status == VSH_OK)
        status = measure_triad(&team, m, found, err);
    pthread_mutex_destroy(&team.gate);
    return status;
}

/* ---- the profile ---------------------------------------------------------------------------- */

/* Inside what a profile may hold, and inside the units its reader knows. */
static double sane(double value, double least, double most)
{
    return value >= least ? fmin(value, most) : least;
}

static vsh_figure_text show_rate(double rate) { return vsh_show_si(sane(rate, 1e6, 1e17)); }

static const char *rate_unit(int precision) { return precision == VSH_INT8 ? "OP/s" : "FLOP/s"; }

static const char *plural(int64_t count) { return count == 1 ? "" : "s"; }

/* A precision slower than fp32 has no peak of its own: a program converts and is faster. Judged
 * on one thread, which a busy machine disturbs least. */
static bool has_peak(const findings *found, int p)
{
    return found->kernels[p].loop && found->one[p].rate >= found->one[VSH_FP32].rate;
}

static void write_note_scaling(vsh_text *yaml, const machine *m, const findings *found)
{
    double cores = (double)(m->cores < found->threads ? m->cores : found->threads);
    double times = found->all[VSH_FP32].rate / found->one[VSH_FP32].rate;

    /* clocks fall to some 0.65 of one core's when all work; below that it is something else */
    if (times < 0.6 * cores)
        vsh_text_add(yaml, " In fp32 all threads together did only %.2f times the work of one: the "
                           "machine may have been busy; measure again.", times);
}

static void write_note_peaks(vsh_text *yaml, const machine *m, const findings *found)
{
    const char *before = " One thread alone: ";

    for (int p = 0; p < VSH_PRECISION_COUNT && found->threads > 1; p++)
        if (found->kernels[p].loop) {
            vsh_text_add(yaml, "%s%s %s%s", before, vsh_precision_words[p],
                         show_rate(found->one[p].rate).text, rate_unit(p));
            before = ", ";
        }
    if (found->threads > 1)
        vsh_text_add(yaml, ".");
    vsh_text_add(yaml, " Peaks are of vector instructions in registers.");
    for (int p = 0; p < VSH_PRECISION_COUNT; p++)
        if (found->kernels[p].loop && !has_peak(found, p))
            vsh_text_add(yaml, " %s (%s) reaches only %s%s a thread, below fp32, so it has no peak.",
                         found->kernels[p].name, vsh_precision_words[p],
                         show_rate(found->one[p].rate).text, rate_unit(p));
    if (m->amx)
        vsh_text_add(yaml, " The AMX tiles of this processor were not measured.");
#if !defined(__x86_64__)
    vsh_text_add(yaml, " bf16 and int8 were not measured on this kind of processor.");
#endif
}

static void write_note_memory(vsh_text *yaml, const machine *m, const findings *found)
{
    double cache = last_cache_bytes(m);

    vsh_text_add(yaml, " The triad ran over %s", vsh_show_bytes(found->triad_bytes).text);
    if (cache <= 0)
        vsh_text_add(yaml, "; the size of the last-level cache is unknown.");
    else
        vsh_text_add(yaml, " beside a reported last-level cache of %.6g MiB%s.", cache / mebibyte,
                     found->triad_bytes <= cache
                         ? ", which holds it all: the rate is the cache's and tagged assumed"
                     : found->triad_bytes < cache_multiple * cache
                         ? ", less than the 12 times STREAM asks for: part may have come from it"
                         : "");
    if (m->memory_limited)
        vsh_text_add(yaml, " The memory is what this process's control group allows.");
}

static void write_head(vsh_text *yaml, const machine *m, const findings *found)
{
    vsh_text_add(yaml, "# measured by vishwa; every figure with its source, date and tag\n");
    vsh_text_add(yaml, "name: \"%s\"\nkind: cpu\n", m->name);
    vsh_text_add(yaml, "note: \"This machine, measured: %lld thread%s on %lld core%s, ",
                 (long long)found->threads, plural(found->threads), (long long)m->cores,
                 plural(m->cores));
    vsh_text_add(yaml, "%lld NUMA node%s (%s).", (long long)m->nodes, plural(m->nodes),
                 m->from_hwloc ? "hwloc" : "assumed: hwloc could not be loaded, sysconf answered");
    write_note_peaks(yaml, m, found);
    write_note_scaling(yaml, m, found);
    write_note_memory(yaml, m, found);
    vsh_text_add(yaml, " Power was not measured%s.\"\n",
                 m->rapl ? ", though /sys/class/powercap/intel-rapl exists" : "");
}

static void write_peaks(vsh_text *yaml, const machine *m, const findings *found)
{
    vsh_text_add(yaml, "peak:\n");
    for (int p = 0; p < VSH_PRECISION_COUNT; p++) {
        const speed *all = &found->all[p];
        if (!has_peak(found, p))
            continue;
        vsh_text_add(yaml, "  %s: {value: %s%s, source: \"%s on %lld thread%s, ",
                     vsh_precision_words[p], show_rate(all->rate).text, rate_unit(p),
                     found->kernels[p].name, (long long)found->threads, plural(found->threads));
        vsh_text_add(yaml, "best of %d, the median at %.2f of it\", date: %s, tag: measured}\n",
                     all->count, all->median, m->date);
    }
}

static void write_memory(vsh_text *yaml, const machine *m, const findings *found)
{
    const speed *triad = &found->triad;

    vsh_text_add(yaml, "memory:\n  capacity: {value: %s, source: \"%s\", date: %s, "
                       "tag: measured}\n",
                 vsh_show_bytes(sane(m->memory_bytes, 1e6, 9e14)).text,
                 m->memory_limited ? "limit of the control group" : "MemTotal of /proc/meminfo",
                 m->date);
    vsh_text_add(yaml, "  bandwidth: {value: %s/s, source: \"triad a = b + s c on fp32, ",
                 vsh_show_bytes(sane(triad->rate, 1e6, 9e14)).text);
    vsh_text_add(yaml, "%lld thread%s, best of %d, the median at %.2f of it; ",
                 (long long)found->threads, plural(found->threads), triad->count, triad->median);
    vsh_text_add(yaml, "3 x 4 bytes an element as STREAM counts; ordinary stores, so up to 4/3 of "
                       "it moves, and non-temporal ones would be faster\", date: %s, tag: %s}\n",
                 m->date, found->triad_bytes <= last_cache_bytes(m) ? "assumed" : "measured");
    if (m->l2_bytes >= 1)
        vsh_text_add(yaml, "scratchpad:\n  capacity: {value: %.6g MiB, source: \"L2 of all cores, "
                           "%s\", date: %s, tag: measured}\n",
                     sane(m->l2_bytes, 1024, 9e11) / mebibyte,
                     m->from_hwloc ? "hwloc" : "sysconf times the CPUs", m->date);
}

/* Nobody measured the power: 10 W a core in use, and a third of that for the rest of the box. */
static void write_assumptions(vsh_text *yaml, const machine *m, const findings *found)
{
    int64_t cores = m->cores < found->threads ? m->cores : found->threads;
    double chip = sane(10.0 * (double)cores, 10, 500), host = chip / 3;

    vsh_text_add(yaml, "power:\n  chip: {value: %.3g W, low: %.3g W, high: %.3g W, source: \"10 W "
                       "a core in use, from 10 to 500 W, assumed\", date: %s, tag: assumed}\n",
                 chip, chip / 2, chip * 2, m->date);
    vsh_text_add(yaml, "  host_share: {value: %.3g W, low: %.3g W, high: %.3g W, source: \"a third "
                       "of the chip, assumed\", date: %s, tag: assumed}\n",
                 host, host / 2, host * 2, m->date);
    vsh_text_add(yaml, "scenarios:\n  measured:\n    mfu: {value: 0.45, low: 0.3, high: 0.7, "
                       "source: \"share of the FMA peak that a CPU trainer reaches: PyTorch 1.13 "
                       "about 0.47 on two AVX-512 cores (measured for this project)\", "
                       "date: %s, tag: assumed}\ndefault_scenario: measured\n",
                 m->date);
}

vsh_status vsh_hardware_probe(vsh_arena *arena, int64_t threads, vsh_text *yaml, vsh_error *err)
{
    machine m;
    findings found = {0};

    assert(arena && yaml);
    if (threads < 0)
        return vsh_fail(err, VSH_EINPUT, "threads: expected 0 (all) or more, got %lld",
                        (long long)threads);
    describe(&m);
    found.threads = threads && threads < m.usable ? threads : m.usable;
    VSH_TRY(measure(arena, &m, &found, err));
    *yaml = (vsh_text){.arena = arena};
    write_head(yaml, &m, &found);
    write_peaks(yaml, &m, &found);
    write_memory(yaml, &m, &found);
    write_assumptions(yaml, &m, &found);
    if (yaml->failed)
        return vsh_fail(err, VSH_EMACHINE, "measuring this machine: out of memory");
    return VSH_OK;
}
