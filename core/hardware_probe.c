#include "core/hardware_probe.h"

#include <assert.h>
#include <dlfcn.h>
#include <hwloc.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core/ceiling.h"
#include "core/precision.h"
#include "core/thread_team.h"

enum {
    CPUS_MAX = 4096,
    LINE_BYTES = 4096 /* of one line of a file of /proc */
};
static const double mebibyte = 1048576;
static const double cache_multiple = 12; /* STREAM: three arrays, each four times the caches */

/* ---- the machine described ------------------------------------------------------------------ */

typedef struct {
    char name[96], date[16];
    bool from_hwloc;
    int64_t cores, nodes, usable; /* usable: logical CPUs allowed and paid for */
    double l2_bytes, l3_bytes;    /* totals; 0 when unknown */
    double memory_bytes, available_bytes;
    bool memory_limited; /* by a control group, below what is installed */
    bool amx, rapl;
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

/* What the affinity mask allows and a control group's quota pays for: threads beyond the quota
 * would look fast for a moment and then be stopped. */
static void describe_usable(machine *m)
{
    char line[LINE_BYTES];
    double quota, period, count;

    count = (double)vsh_team_cpus();
    if (count < 1)
        count = (double)sysconf(_SC_NPROCESSORS_ONLN);
    if (read_entry("/sys/fs/cgroup/cpu.max", "", line) &&
        sscanf(line, "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0)
        count = fmin(count, ceil(quota / period));
    m->usable = (int64_t)fmin(fmax(count, 1), CPUS_MAX);
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
    } names[] = {
        {"hwloc_topology_init", &calls->init},        {"hwloc_topology_load", &calls->load},
        {"hwloc_get_type_depth", &calls->type_depth}, {"hwloc_get_nbobjs_by_depth", &calls->count},
        {"hwloc_get_obj_by_depth", &calls->object},   {"hwloc_topology_destroy", &calls->destroy}};

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

static double sum_caches(const hwloc_calls *calls, hwloc_topology_t topology, hwloc_obj_type_t type)
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

    *m = (machine){0};
    describe_usable(m);
    describe_name(m);
    describe_date(m);
    describe_memory(m);
    describe_topology(m);
    m->amx = read_entry("/proc/cpuinfo", "flags", line) && strstr(line, " amx_tile");
    m->rapl = access("/sys/class/powercap/intel-rapl", F_OK) == 0;
}

static double last_cache_bytes(const machine *m) { return fmax(m->l2_bytes, m->l3_bytes); }

/* Of the triad's arrays together: enough to leave the caches, never much of the memory. */
static vsh_bytes choose_triad_bytes(const machine *m)
{
    double cache = last_cache_bytes(m);
    double wanted = cache > 0 ? fmax(cache_multiple * cache, 128 * mebibyte) : 512 * mebibyte;

    return (vsh_bytes){fmax(fmin(fmin(wanted, 1024 * mebibyte), m->available_bytes / 8), mebibyte)};
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
static bool has_peak(const vsh_ceiling *ceiling, int p)
{
    const vsh_ceiling_peak *peak = &ceiling->peak[p];

    return peak->name && peak->one.v >= ceiling->peak[VSH_FP32].one.v;
}

static double cores_in_use(const machine *m, const vsh_ceiling *ceiling)
{
    return (double)(m->cores < ceiling->threads ? m->cores : ceiling->threads);
}

static void write_note_scaling(vsh_text *yaml, const machine *m, const vsh_ceiling *ceiling)
{
    const vsh_ceiling_peak *fp32 = &ceiling->peak[VSH_FP32];
    double times = vsh_flop_rate_ratio(fp32->all, fp32->one);

    /* clocks fall to some 0.65 of one core's when all work; below that it is something else */
    if (times < 0.6 * cores_in_use(m, ceiling))
        vsh_text_add(yaml,
                     " In fp32 all threads together did only %.2f times the work of one: the "
                     "machine may have been busy; measure again.",
                     times);
}

static void write_note_peaks(vsh_text *yaml, const machine *m, const vsh_ceiling *ceiling)
{
    const char *before = " One thread alone: ";

    for (int p = 0; p < VSH_PRECISION_COUNT && ceiling->threads > 1; p++)
        if (ceiling->peak[p].name) {
            vsh_text_add(yaml, "%s%s %s%s", before, vsh_precision_words[p],
                         show_rate(ceiling->peak[p].one.v).text, rate_unit(p));
            before = ", ";
        }
    if (ceiling->threads > 1)
        vsh_text_add(yaml, ".");
    vsh_text_add(yaml, " Peaks are of instructions in registers.");
    for (int p = 0; p < VSH_PRECISION_COUNT; p++)
        if (ceiling->peak[p].name && !has_peak(ceiling, p))
            vsh_text_add(yaml, " %s (%s) reaches only %s%s a thread, below fp32: it has no peak.",
                         ceiling->peak[p].name, vsh_precision_words[p],
                         show_rate(ceiling->peak[p].one.v).text, rate_unit(p));
    if (m->amx &&
        strncmp(ceiling->peak[VSH_BF16].name ? ceiling->peak[VSH_BF16].name : "", "AMX", 3))
        vsh_text_add(yaml, " The AMX tiles of this processor were not measured.");
#if !defined(__x86_64__)
    vsh_text_add(yaml, " bf16 and int8 were not measured on this kind of processor.");
#endif
}

static void write_note_memory(vsh_text *yaml, const machine *m, const vsh_ceiling *ceiling)
{
    double cache = last_cache_bytes(m);

    vsh_text_add(yaml, " The triad ran over %s", vsh_show_bytes(ceiling->triad_bytes.v).text);
    if (cache <= 0)
        vsh_text_add(yaml, "; the size of the last-level cache is unknown.");
    else
        vsh_text_add(yaml, " beside a reported last-level cache of %.6g MiB%s.", cache / mebibyte,
                     ceiling->triad_bytes.v <= cache
                         ? ", which holds it all: the rate is the cache's and tagged assumed"
                     : ceiling->triad_bytes.v < cache_multiple * cache
                         ? ", less than the 12 times STREAM asks for: part may have come from it"
                         : "");
    if (m->memory_limited)
        vsh_text_add(yaml, " The memory is what this process's control group allows.");
}

static void write_head(vsh_text *yaml, const machine *m, const vsh_ceiling *ceiling)
{
    vsh_text_add(yaml, "# measured by vishwa; every figure with its source, date and tag\n");
    vsh_text_add(yaml, "name: \"%s\"\nkind: cpu\n", m->name);
    vsh_text_add(yaml, "note: \"This machine, measured: %lld thread%s on %lld core%s, ",
                 (long long)ceiling->threads, plural(ceiling->threads), (long long)m->cores,
                 plural(m->cores));
    vsh_text_add(yaml, "%lld NUMA node%s (%s).", (long long)m->nodes, plural(m->nodes),
                 m->from_hwloc ? "hwloc" : "assumed: hwloc could not be loaded, sysconf answered");
    write_note_peaks(yaml, m, ceiling);
    write_note_scaling(yaml, m, ceiling);
    write_note_memory(yaml, m, ceiling);
    vsh_text_add(yaml, " Power was not measured%s.\"\n",
                 m->rapl ? ", though /sys/class/powercap/intel-rapl exists" : "");
}

static void write_peaks(vsh_text *yaml, const machine *m, const vsh_ceiling *ceiling)
{
    vsh_text_add(yaml, "peak:\n");
    for (int p = 0; p < VSH_PRECISION_COUNT; p++) {
        const vsh_ceiling_peak *peak = &ceiling->peak[p];
        if (!has_peak(ceiling, p))
            continue;
        vsh_text_add(yaml, "  %s: {value: %s%s, source: \"%s on %lld thread%s, ",
                     vsh_precision_words[p], show_rate(peak->all.v).text, rate_unit(p), peak->name,
                     (long long)ceiling->threads, plural(ceiling->threads));
        vsh_text_add(yaml, "best of %d, the median at %.2f of it\", date: %s, tag: measured}\n",
                     peak->repeated.count, peak->repeated.median, m->date);
    }
}

static void write_memory(vsh_text *yaml, const machine *m, const vsh_ceiling *ceiling)
{
    const vsh_repetitions *repeated = &ceiling->triad_repeated;

    vsh_text_add(yaml,
                 "memory:\n  capacity: {value: %s, source: \"%s\", date: %s, "
                 "tag: measured}\n",
                 vsh_show_bytes(sane(m->memory_bytes, 1e6, 9e14)).text,
                 m->memory_limited ? "limit of the control group" : "MemTotal of /proc/meminfo",
                 m->date);
    vsh_text_add(yaml, "  bandwidth: {value: %s/s, source: \"triad a = b + s c on fp32, ",
                 vsh_show_bytes(sane(ceiling->triad.v, 1e6, 9e14)).text);
    vsh_text_add(yaml, "%lld thread%s, best of %d parts, the median at %.2f of it; ",
                 (long long)ceiling->threads, plural(ceiling->threads), repeated->count,
                 repeated->median);
    vsh_text_add(yaml,
                 "3 x 4 bytes an element as STREAM counts; ordinary stores, so up to 4/3 of "
                 "it moves, and non-temporal ones would be faster\", date: %s, tag: %s}\n",
                 m->date, ceiling->triad_bytes.v <= last_cache_bytes(m) ? "assumed" : "measured");
    if (m->l2_bytes >= 1)
        vsh_text_add(yaml,
                     "scratchpad:\n  capacity: {value: %.6g MiB, source: \"L2 of all cores, "
                     "%s\", date: %s, tag: measured}\n",
                     sane(m->l2_bytes, 1024, 9e11) / mebibyte,
                     m->from_hwloc ? "hwloc" : "sysconf times the CPUs", m->date);
}

/* triple: the value, the lowest, the highest */
static void write_assumed(vsh_text *yaml, const machine *m, const char *key, const char *unit,
                          const double triple[3], const char *source)
{
    vsh_text_add(yaml,
                 "%s: {value: %.3g%s, low: %.3g%s, high: %.3g%s, source: \"%s\", date: %s, "
                 "tag: assumed}\n",
                 key, triple[0], unit, triple[1], unit, triple[2], unit, source, m->date);
}

/* Nobody measured the power: 10 W a core in use, and a third of that for the rest of the box. */
static void write_assumptions(vsh_text *yaml, const machine *m, const vsh_ceiling *ceiling)
{
    double chip = sane(10.0 * cores_in_use(m, ceiling), 10, 500), host = chip / 3;

    vsh_text_add(yaml, "power:\n");
    write_assumed(yaml, m, "  chip", " W", (double[]){chip, chip / 2, chip * 2},
                  "10 W a core in use, from 10 to 500 W, assumed");
    write_assumed(yaml, m, "  host_share", " W", (double[]){host, host / 2, host * 2},
                  "a third of the chip, assumed");
    vsh_text_add(yaml, "scenarios:\n  measured:\n");
    write_assumed(yaml, m, "    mfu", "", (double[]){0.45, 0.3, 0.7},
                  "share of the FMA peak that a CPU trainer reaches: PyTorch 1.13 about 0.47 on "
                  "two AVX-512 cores (measured for this project)");
    vsh_text_add(yaml, "default_scenario: measured\n");
}

vsh_status vsh_hardware_probe(vsh_arena *arena, int64_t threads, vsh_text *yaml, vsh_error *err)
{
    machine m;
    vsh_ceiling ceiling;

    assert(arena && yaml);
    if (threads < 0)
        return vsh_fail(err, VSH_EINPUT, "threads: expected 0 (all) or more, got %lld",
                        (long long)threads);
    describe(&m);
    threads = threads && threads < m.usable ? threads : m.usable;
    VSH_TRY(vsh_ceiling_measure(arena, threads, choose_triad_bytes(&m), &ceiling, err));
    *yaml = (vsh_text){.arena = arena};
    write_head(yaml, &m, &ceiling);
    write_peaks(yaml, &m, &ceiling);
    write_memory(yaml, &m, &ceiling);
    write_assumptions(yaml, &m, &ceiling);
    if (yaml->failed)
        return vsh_fail(err, VSH_EMACHINE, "measuring this machine: out of memory");
    return VSH_OK;
}
