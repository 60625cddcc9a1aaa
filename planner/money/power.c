#include "planner/money/power.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#define PATTERSON "Patterson et al. 2021, arXiv:2104.10350 table 3"

/* Means of meters, not of data sheets: hours x TDP, which most model cards print as energy, is not
 * among them, nor is energy whose accelerator hours are not published (OLMo, OLMo 2). H100: 8-GPU
 * nodes at 76 % of their rated 10.2 kW in demanding training; the most seen on one is 8.4 kW. TPU
 * v4: one run, PaLM 540B. Primary but for TPU v4 (secondary). */
static const vsh_measured_power measured[] = {
    {"TPU v2", 221, 0.05, "2021", PATTERSON},
    {"TPU v3", 283, 0.10, "2021", PATTERSON},
    {"TPU v4", 378.5, 0, "2022", "PaLM, arXiv:2204.02311 p. 66"},
    {"P100", 271, 0.11, "2021", PATTERSON},
    {"V100", 325, 0.02, "2021", PATTERSON},
    {"H100 SXM", 969, 0, "2025",
     "76 % of a 10.2 kW node of 8, arXiv:2506.14551; at most 8.4 kW, arXiv:2412.08602"},
};

enum { MEASURED_COUNT = sizeof measured / sizeof measured[0] };

/* The words stand in the name, whole: "TPU v4" is not in "TPU v4i". */
static bool has_words(const char *name, const char *words)
{
    size_t length = strlen(words);

    for (const char *at = strstr(name, words); at; at = strstr(at + 1, words))
        if ((at == name || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length]))
            return true;
    return false;
}

const vsh_measured_power *vsh_power_measured(const char *name)
{
    for (int i = 0; name && i < MEASURED_COUNT; i++)
        if (has_words(name, measured[i].chip))
            return &measured[i];
    return NULL;
}

static vsh_figure sum_of_parts(const vsh_figure *chip, const vsh_figure *host)
{
    vsh_figure sum = *chip;

    sum.value += host->value;
    sum.low += host->low;
    sum.high += host->high;
    if (host->tag == VSH_TAG_ASSUMED)
        sum.tag = VSH_TAG_ASSUMED;
    return sum;
}

vsh_power vsh_power_of(const vsh_hardware *h)
{
    const vsh_measured_power *m = vsh_power_measured(h->name);
    vsh_figure parts = sum_of_parts(&h->power_chip, &h->power_host), mean;

    if (!m)
        return (vsh_power){parts, "chip + its share of the host, of the profile",
                           "both ends of chip and host"};
    mean = (vsh_figure){.known = true,
                        .value = m->watts,
                        .source = m->source,
                        .date = m->date,
                        .tag = VSH_TAG_MEASURED};
    mean.low = m->watts * (1 - 2 * m->sd);
    mean.high = m->watts * (1 + 2 * m->sd);
    if (parts.known) {
        mean.low = fmin(mean.low, m->sd > 0 ? parts.value : parts.low);
        mean.high = fmax(mean.high, m->sd > 0 ? parts.value : parts.high);
    }
    return (vsh_power){mean, "mean power of the system, measured, a chip",
                       m->sd > 0 ? "two standard deviations over workloads, and the profile's sum"
                                 : "the profile's, one measurement having none"};
}
