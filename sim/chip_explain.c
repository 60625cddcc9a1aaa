#include "sim/chip_explain.h"

#include <string.h>

/* What a simulation never asks. */
static bool is_used(const char *name)
{
    static const char *const unused[] = {"network.", "power.", "price.", "memory.capacity"};

    for (size_t i = 0; i < sizeof unused / sizeof unused[0]; i++)
        if (strncmp(name, unused[i], strlen(unused[i])) == 0)
            return false;
    return true;
}

int sim_chip_explain(const vsh_hardware *h, vsh_explained *lines)
{
    vsh_hardware_row rows[VSH_HARDWARE_ROWS];
    int count = 0, all = vsh_hardware_rows(h, rows);

    for (int i = 0; i < all; i++)
        if (is_used(rows[i].name))
            lines[count++] = (vsh_explained){.name = rows[i].name,
                                             .value = rows[i].figure->value / rows[i].scale,
                                             .unit = rows[i].unit,
                                             .formula = "profile",
                                             .source = rows[i].figure->source,
                                             .tag = vsh_tag_names[rows[i].figure->tag]};
    return count;
}
