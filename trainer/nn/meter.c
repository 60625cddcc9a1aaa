#include "trainer/nn/meter.h"

#include <stdio.h>
#include <string.h>

#define SITE_NAME(word, name) name,
static const char *const site_names[VSH_SITE_COUNT] = {VSH_SITE_LIST(SITE_NAME)};

static int find(const vsh_op_list *ops, const char *name, vsh_phase phase)
{
    for (int i = 0; i < ops->count; i++)
        if (ops->item[i].phase == phase && strcmp(ops->item[i].name, name) == 0)
            return i;
    return -1;
}

void vsh_sites_find(const vsh_op_list *ops, const char *prefix, vsh_sites *sites)
{
    for (int site = 0; site < VSH_SITE_COUNT; site++)
        for (int phase = 0; phase < VSH_PHASE_COUNT; phase++) {
            char name[VSH_OP_NAME];
            snprintf(name, sizeof name, "%s%s", prefix, site_names[site]);
            sites->at[site][phase] = find(ops, name, (vsh_phase)phase);
        }
}

void vsh_meter_clear(vsh_meter *meter) { memset(meter->row, 0, sizeof meter->row); }

int64_t vsh_meter_counted(const vsh_meter *meter)
{
    int64_t macs = 0;

    for (int i = 0; i < meter->ops.count; i++)
        macs += meter->row[i].macs;
    return macs;
}

int64_t vsh_meter_expected(const vsh_meter *meter)
{
    int64_t macs = 0;

    for (int i = 0; i < meter->ops.count; i++)
        macs += meter->ops.item[i].executed_macs;
    return macs;
}
