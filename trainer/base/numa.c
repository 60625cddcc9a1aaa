#include "trainer/base/numa.h"

#include <dlfcn.h>
#include <numa.h>
#include <unistd.h>

typedef struct {
    void *library;
    int (*available)(void);
    unsigned (*weight)(const struct bitmask *);
    void (*interleave)(void *, size_t, struct bitmask *);
    struct bitmask **all; /* nodes this process may take memory from */
} calls;

static bool find(void *library, const char *name, void *function)
{
    *(void **)function = dlsym(library, name);
    return *(void **)function != NULL;
}

/* Nodes there are, the calls loaded; 0, and nothing loaded, without libnuma. */
static int load(calls *c)
{
    c->library = dlopen("libnuma.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!c->library)
        return 0;
    if (find(c->library, "numa_available", &c->available) &&
        find(c->library, "numa_bitmask_weight", &c->weight) &&
        find(c->library, "numa_interleave_memory", &c->interleave) &&
        find(c->library, "numa_all_nodes_ptr", &c->all) && c->available() >= 0)
        return (int)c->weight(*c->all);
    dlclose(c->library);
    return 0;
}

bool vsh_numa_interleave(void *pages, size_t bytes)
{
    calls c;
    int nodes = load(&c);

    if (nodes > 1)
        c.interleave(pages, bytes, *c.all);
    if (nodes > 0)
        dlclose(c.library);
    return nodes > 1;
}

const char *vsh_numa_describe(void)
{
    static const char *const texts[] = {
        "1 NUMA node",
        "2 NUMA nodes, parameters interleaved",
        "3 NUMA nodes, parameters interleaved",
        "4 NUMA nodes, parameters interleaved",
        "5 NUMA nodes, parameters interleaved",
        "6 NUMA nodes, parameters interleaved",
        "7 NUMA nodes, parameters interleaved",
        "8 NUMA nodes, parameters interleaved",
    };
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    calls c;
    int nodes = load(&c);

    if (nodes > 0)
        dlclose(c.library);
    if (nodes == 0 && access("/sys/devices/system/node/node1", F_OK) == 0)
        return "several NUMA nodes, nothing interleaved: no libnuma";
    if (nodes > TEXTS)
        return "more than 8 NUMA nodes, parameters interleaved";
    return texts[nodes > 0 ? nodes - 1 : 0];
}
