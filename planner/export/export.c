#include "planner/export/export.h"

#include <assert.h>
#include <inttypes.h>

#include "planner/export/export_feature.h"

const vsh_export_target *const vsh_export_targets[VSH_EXPORT_TARGETS] = {
    &vsh_export_maxtext, &vsh_export_megatron, &vsh_export_torchtitan, &vsh_export_slurm,
    &vsh_export_vishwa_train};
const char *const vsh_export_words[] = {"maxtext", "megatron",     "torchtitan",
                                        "slurm",   "vishwa-train", NULL};

vsh_text *vsh_export_file(vsh_export_files *files, const char *name)
{
    assert(files->count < VSH_EXPORT_FILES);
    files->item[files->count].name = name;
    files->item[files->count].text = (vsh_text){.arena = files->arena};
    return &files->item[files->count++].text;
}

int64_t vsh_export_node_chips(const vsh_export_run *run)
{
    const vsh_hardware *h = run->hardware;
    double group = h->group.known ? h->group.value : h->kind == VSH_CPU ? 1 : 8;

    return (double)run->chips < group ? run->chips : (int64_t)group;
}

static vsh_status check_hardware(const vsh_export_target *target, const vsh_export_run *run,
                                 vsh_error *err)
{
    if (target->runs_on[run->hardware->kind])
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT, "--to %s: expected a plan for another machine: %.80s is a %s",
                    target->name, run->hardware->name,
                    vsh_hardware_kind_words[run->hardware->kind]);
}

vsh_status vsh_export_write(const vsh_export_target *target, const vsh_export_run *run,
                            vsh_export_files *files, vsh_error *err)
{
    VSH_TRY(check_hardware(target, run, err));
    VSH_TRY(vsh_export_refuse(target, run, err));
    VSH_TRY(target->write(run, files, err));
    for (int i = 0; i < files->count; i++)
        if (files->item[i].text.failed)
            return vsh_fail(err, VSH_EMACHINE, "out of memory");
    return VSH_OK;
}
