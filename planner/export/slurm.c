#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>

#include "planner/export/export_feature.h"
#include "planner/export/export_rows.h"

/* A batch script for Slurm around what another target writes: a task a chip. Options of sbatch and
 * srun as in SchedMD/slurm doc/man/man1/sbatch.1; --gpus-per-node came later, with 19.05 (from
 * memory). */

/* Beyond the plan's 95 % for starting, checkpoints and evaluation: assumed. */
#define TIME_MARGIN 1.1

/* What starts the tasks of each; srun gives RANK and its like to torch.distributed. */
#define RANKED                                                                                     \
    "srun sh -c 'export RANK=\"$SLURM_PROCID\" LOCAL_RANK=\"$SLURM_LOCALID\"\n"                    \
    "    export WORLD_SIZE=\"$SLURM_NTASKS\"\n    "

typedef struct {
    const vsh_export_target *target;
    const char *start;
    bool one; /* process, on one node: it does not span several yet */
} launch;

static const launch launches[] = {
    {&vsh_export_megatron, RANKED "exec sh megatron.sh'\n", false},
    {&vsh_export_torchtitan,
     RANKED "export PYTHONPATH=\".${PYTHONPATH:+:$PYTHONPATH}\"\n"
            "    exec python3 -m torchtitan.train --job.config_file config.toml \"$@\"' "
            "torchtitan \"$@\"\n",
     false},
    {&vsh_export_vishwa_train, "srun vishwa-train run config.yaml --out run\n", true},
};

/* NULL: of what was asked for there is none. */
static const launch *launch_of(const vsh_export_run *r)
{
    const vsh_export_target *usual =
        r->hardware->kind == VSH_GPU ? &vsh_export_megatron : &vsh_export_vishwa_train;
    const vsh_export_target *target = r->launch ? r->launch : usual;

    for (size_t i = 0; i < sizeof launches / sizeof launches[0]; i++)
        if (launches[i].target == target)
            return &launches[i];
    return NULL;
}

static vsh_status check(const vsh_export_run *r, vsh_error *err)
{
    int64_t here = vsh_export_node_chips(r);

    if (!launch_of(r))
        return vsh_fail(err, VSH_EINPUT,
                        "--for: expected megatron, torchtitan or vishwa-train, got %s",
                        r->launch->name);
    if (!launch_of(r)->one && r->chips % here)
        return vsh_fail(err, VSH_EINPUT,
                        "--to slurm: expected whole nodes of %" PRId64 " chips, got %" PRId64
                        " chips",
                        here, r->chips);
    return VSH_OK;
}

/* Names of jobs have no quotes: what is no plain letter, digit, point or dash becomes a dash. */
static void write_name(const char *name, vsh_text *out)
{
    vsh_text_add(out, "#SBATCH --job-name=");
    for (int i = 0; name[i] && i < 60; i++) {
        unsigned char c = (unsigned char)name[i];
        bool plain = c < 0x80 && (isalnum(c) || c == '.' || c == '_');
        vsh_text_add(out, "%c", plain ? c : '-');
    }
    vsh_text_add(out, "\n");
}

static void write_time(double hours, vsh_text *out)
{
    int64_t minutes = (int64_t)ceil(60 * TIME_MARGIN * hours);

    if (hours > 0)
        vsh_text_add(out, "#SBATCH --time=%" PRId64 "-%02d:%02d:00\n", minutes / 1440,
                     (int)(minutes / 60 % 24), (int)(minutes % 60));
}

static void write_tasks(const vsh_export_run *r, vsh_text *out)
{
    int64_t here = launch_of(r)->one ? 1 : vsh_export_node_chips(r);
    int64_t nodes = launch_of(r)->one ? 1 : r->chips / here;

    vsh_text_add(out, "#SBATCH --nodes=%" PRId64 "\n#SBATCH --ntasks-per-node=%" PRId64 "\n", nodes,
                 here);
    if (!launch_of(r)->one)
        vsh_text_add(out, "#SBATCH --gpus-per-node=%" PRId64 "\n", here);
}

static void write_script(const vsh_export_run *r, vsh_text *out)
{
    vsh_text_add(out, "#!/bin/sh\n");
    write_name(r->model->name, out);
    write_tasks(r, out);
    write_time(r->hours_most, out);
    vsh_text_add(out,
                 "# FILL IN, as the site asks: #SBATCH --partition, --account, --cpus-per-task%s\n",
                 r->hours_most > 0 ? "" : ", --time");
    vsh_export_heading(&vsh_export_slurm, r, out);
    vsh_text_add(out, "# submit in the folder of these files: sbatch job.sbatch\n\nset -eu\n");
    if (!launch_of(r)->one)
        vsh_text_add(out, "MASTER_ADDR=$(scontrol show hostnames \"$SLURM_JOB_NODELIST\" | "
                          "head -n 1)\nMASTER_PORT=${MASTER_PORT:-29500}\n"
                          "export MASTER_ADDR MASTER_PORT\n");
    vsh_text_add(out, "%s", launch_of(r)->start);
}

static vsh_status write(const vsh_export_run *r, vsh_export_files *files, vsh_error *err)
{
    VSH_TRY(check(r, err));
    write_script(r, vsh_export_file(files, "job.sbatch"));
    return vsh_export_write(launch_of(r)->target, r, files, err);
}

/* Of what a run has it says nothing; what it starts does, or refuses. */
const vsh_export_target vsh_export_slurm = {.name = "slurm",
                                            .system = "Slurm",
                                            .version =
                                                "SchedMD/slurm@15679445bf doc/man/man1/sbatch.1",
                                            .can = UINT64_MAX,
                                            .runs_on = {[VSH_GPU] = true, [VSH_CPU] = true},
                                            .write = write};
