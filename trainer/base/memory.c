#include "trainer/base/memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 1024, LINE_BYTES = 1024 };

/* The number after key at the start of a line ("": of the first line); -1 when there is none, as
 * in "max". */
static int64_t read_number(const char *path, const char *key)
{
    char line[LINE_BYTES];
    int64_t value = -1, found;
    size_t length = strlen(key);
    FILE *in = fopen(path, "r");

    if (!in)
        return -1;
    while (value < 0 && fgets(line, sizeof line, in))
        if (strncmp(line, key, length) == 0 && sscanf(line + length, "%" SCNd64, &found) == 1 &&
            found >= 0)
            value = found;
    fclose(in);
    return value;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- control groups -------------------------------------------------------------------------- */

/* Files of the two versions; hybrid systems mount the second one below "unified". */
typedef struct {
    const char *mount, *controller; /* of its line in /proc/self/cgroup */
    const char *limits[2], *used, *reclaimable;
} hierarchy;

static const hierarchy hierarchies[] = {
    {"/sys/fs/cgroup", "", {"memory.max", "memory.high"}, "memory.current", "inactive_file "},
    {"/sys/fs/cgroup/unified",
     "",
     {"memory.max", "memory.high"},
     "memory.current",
     "inactive_file "},
    {"/sys/fs/cgroup/memory",
     "memory",
     {"memory.limit_in_bytes", NULL},
     "memory.usage_in_bytes",
     "total_inactive_file "}};

/* Whether the comma-separated list of controllers, up to its colon, has this one. */
static bool has_controller(const char *list, const char *controller)
{
    size_t length = strlen(controller);

    for (;;) {
        size_t word = strcspn(list, ",:");
        if (word == length && strncmp(list, controller, word) == 0)
            return true;
        if (list[word] != ',')
            return false;
        list += word + 1;
    }
}

/* The path of this process's group: "4:memory:/a/b", or "0::/a/b"; "" when there is none. */
static void find_group(const char *root, const char *controller, char group[LINE_BYTES])
{
    char path[PATH_BYTES], line[LINE_BYTES];
    FILE *in;

    group[0] = '\0';
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    in = fopen(path, "r");
    if (!in)
        return;
    while (fgets(line, sizeof line, in)) {
        const char *list = strchr(line, ':'), *at = list ? strchr(list + 1, ':') : NULL;
        if (!at || !has_controller(list + 1, controller))
            continue;
        snprintf(group, LINE_BYTES, "%s", at + 1);
        group[strcspn(group, "\n")] = '\0';
        break;
    }
    fclose(in);
}

static int64_t read_entry(const char *folder, const char *file, const char *key)
{
    char path[PATH_BYTES + LINE_BYTES + 64];

    snprintf(path, sizeof path, "%s/%s", folder, file);
    return read_number(path, key);
}

/* What one group leaves; the kernel gives up cached files before it refuses. */
static int64_t group_left(const hierarchy *h, const char *folder, int64_t left)
{
    for (int i = 0; i < 2 && h->limits[i]; i++) {
        int64_t limit = read_entry(folder, h->limits[i], "");
        int64_t used = read_entry(folder, h->used, "");
        int64_t cached = read_entry(folder, "memory.stat", h->reclaimable);
        if (limit >= 0 && used >= 0)
            left = least(left, limit - used + (cached > 0 ? cached : 0));
    }
    return left;
}

/* From the process's group up to the root of what is mounted: a container sees its own group as
 * the root, whatever its path is called outside. */
static int64_t groups_left(const char *root, const hierarchy *h, int64_t left)
{
    char group[LINE_BYTES], folder[PATH_BYTES + LINE_BYTES];

    find_group(root, h->controller, group);
    for (;;) {
        char *end = strrchr(group, '/');
        snprintf(folder, sizeof folder, "%s%s%s", root, h->mount, group);
        left = group_left(h, folder, left);
        if (!end)
            return left;
        *end = '\0';
    }
}

/* ---- the interface --------------------------------------------------------------------------- */

int64_t vsh_memory_available_at(const char *root)
{
    char path[PATH_BYTES];
    int64_t left;

    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    left = read_number(path, "MemAvailable:");
    left = left >= 0 ? left * 1024 : (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < sizeof hierarchies / sizeof hierarchies[0]; i++)
        left = groups_left(root, &hierarchies[i], left);
    return left > 0 ? left : 0;
}

int64_t vsh_memory_available(void) { return vsh_memory_available_at(""); }

static int64_t own_kilobytes(const char *key)
{
    int64_t value = read_number("/proc/self/status", key);

    return value > 0 ? value * 1024 : 0;
}

int64_t vsh_memory_resident(void) { return own_kilobytes("VmRSS:"); }

int64_t vsh_memory_resident_peak(void) { return own_kilobytes("VmHWM:"); }
