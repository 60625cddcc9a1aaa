#include "trainer/run/energy.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The first line of folder/file; false when there is none. */
static bool read_line(const char *folder, const char *file, char line[64])
{
    char path[128];
    FILE *in;
    bool read;

    if (snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path)
        return false;
    in = fopen(path, "r");
    if (!in)
        return false;
    read = fgets(line, 64, in) != NULL;
    fclose(in);
    return read;
}

static bool read_microjoules(const char *folder, const char *file, double *value)
{
    char line[64];

    return read_line(folder, file, line) && sscanf(line, "%lf", value) == 1 && *value >= 0;
}

/* A zone named package-N: "psys" counts the packages again, and more. */
static bool is_package(const char *folder)
{
    char line[64];

    return read_line(folder, "name", line) && strncmp(line, "package", 7) == 0;
}

bool vsh_energy_open(vsh_energy_meter *meter, const char *folder)
{
    assert(meter);
    *meter = (vsh_energy_meter){0};
    /* numbers may have gaps: psys takes one */
    for (int zone = 0; zone < 2 * VSH_ENERGY_PACKAGES; zone++) {
        int i = meter->count;
        char *path = meter->path[i];
        int length = snprintf(path, sizeof meter->path[i], "%s/intel-rapl:%d",
                              folder ? folder : "/sys/class/powercap", zone);
        if (length >= (int)sizeof meter->path[i] || !is_package(path) ||
            !read_microjoules(path, "energy_uj", &meter->last[i]))
            continue;
        if (!read_microjoules(path, "max_energy_range_uj", &meter->range[i]))
            meter->range[i] = 0;
        if (++meter->count == VSH_ENERGY_PACKAGES)
            break;
    }
    return meter->count > 0;
}

vsh_joules vsh_energy_read(vsh_energy_meter *meter)
{
    assert(meter);
    for (int i = 0; i < meter->count; i++) {
        double now, spent;
        if (!read_microjoules(meter->path[i], "energy_uj", &now))
            continue;
        spent = now - meter->last[i];
        if (spent < 0) /* wrapped; of a range that is not known nothing can be said */
            spent = meter->range[i] > 0 ? spent + meter->range[i] : 0;
        meter->last[i] = now;
        meter->joules += spent > 0 ? spent * 1e-6 : 0;
    }
    return (vsh_joules){meter->joules};
}

double vsh_energy_watts(const vsh_hardware *profile)
{
    const vsh_figure *chip = &profile->power_chip;

    return chip->known ? chip->value + vsh_figure_or(&profile->power_host, 0) : (double)NAN;
}
