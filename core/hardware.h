/* One machine, as a profile file describes it: every number with its source, date and tag. */
#ifndef VSH_HARDWARE_H
#define VSH_HARDWARE_H

#include "core/arena.h"
#include "core/doc.h"
#include "core/field.h"
#include "core/precision.h"
#include "core/units.h"

typedef enum { VSH_TPU, VSH_GPU, VSH_CPU } vsh_hardware_kind;
typedef enum {
    VSH_TOPOLOGY_NONE,
    VSH_TOPOLOGY_RING,
    VSH_TOPOLOGY_TORUS2D,
    VSH_TOPOLOGY_TORUS3D,
    VSH_TOPOLOGY_SWITCH
} vsh_topology;

extern const char *const vsh_hardware_kind_words[], *const vsh_topology_words[];

/* What a training run reaches: a rate, or a share of the peak (MFU). One of the two is known. */
typedef struct {
    const char *name;
    vsh_figure effective; /* FLOP/s a chip */
    vsh_figure mfu;       /* share of the peak of 16-bit training */
} vsh_scenario;

enum { VSH_SCENARIOS_MAX = 16, VSH_STACKS_MAX = 8, VSH_STACK_FIGURES = 9 };

/* What a software makes of the hardware, fitted to measured training steps: figures that stand in
 * place of those of specifications and kernels (planner/layout/stack_constants.h). */
typedef struct {
    const char *name;
    vsh_figure figure[VSH_STACK_FIGURES]; /* in the order of vsh_stack_figure_names */
    vsh_figure spread;    /* nine in ten steps that fitted nothing lay within this share */
    const char *measured; /* what those runs had (planner/layout/extent.h); NULL: unsaid */
} vsh_stack_figures;

extern const char *const vsh_stack_figure_names[VSH_STACK_FIGURES + 1]; /* closed by NULL */

/* All figures are of one chip, in base units. */
typedef struct {
    const char *path; /* of the file it was read from */
    const char *name, *note;
    int kind;
    vsh_figure peak[VSH_PRECISION_COUNT];     /* FLOP/s of the matrix units, dense */
    vsh_figure products[VSH_PRECISION_COUNT]; /* FLOP/s of the best matrix product of a library */
    vsh_figure vector;                        /* FLOP/s of the vector units, fp32 */
    vsh_figure memory_bytes, memory_rate;
    vsh_figure scratchpad_bytes;
    vsh_figure memory_efficiency; /* share of the bandwidth that transfers reach */
    vsh_figure memory_latency, cache_bytes;
    vsh_figure matrix_units, matrix_rows, matrix_cols, matrix_clock;
    vsh_figure matrix_cores; /* cores the units are divided over, each with its scratchpad */
    /* cycles: to load a stationary tile; a row's entry to its result; lost at a change of tile */
    vsh_figure matrix_load, matrix_latency, matrix_bubble;
    vsh_figure matrix_near; /* latency of the nearer half of the units, where they differ */
    vsh_figure
        matrix_transpose; /* cycles of the transpose unit for a tile of rows x rows, 4 bytes each */
    vsh_figure matrix_stream,
        matrix_group;    /* rows streamed past a tile at most; in groups of (4 bytes an element) */
    vsh_figure results;  /* elements a cycle that the vector unit takes */
    vsh_figure operands; /* bytes a cycle from the cache into one unit */
    vsh_figure matrix_efficiency; /* share of the peak that a long product holds */
    vsh_figure kernel_overhead;   /* cycles before each block of a compiled kernel */
    vsh_figure kernel_step;       /* s before each grid step of a hand-blocked kernel */
    vsh_figure kernel_dispatch;   /* s from the host's call to the chip's first cycle, and back */
    vsh_figure kernel_attention;  /* share of the peak of tiled attention, heads 128 wide, long */
    int topology;
    vsh_figure wrap_at, group, link_rate, inter_rate, link_latency;
    vsh_figure link_efficiency, inter_efficiency; /* share of the rate that long transfers reach */
    vsh_figure inter_latency;                     /* s a step from one fast domain to the next */
    vsh_figure host_rate;                         /* B/s one way to the host's memory */
    vsh_figure collective_launch;                 /* s before the first byte of a collective */
    vsh_figure power_chip, power_host;            /* W */
    vsh_figure price;                             /* USD an hour */
    vsh_scenario scenario[VSH_SCENARIOS_MAX];
    int scenario_count;
    int default_scenario;
    vsh_stack_figures stack[VSH_STACKS_MAX];
    int stack_count; /* the first is the profile's own */
} vsh_hardware;

vsh_status vsh_hardware_read(vsh_arena *arena, const char *path, vsh_hardware *hardware,
                             vsh_error *err);
vsh_status vsh_hardware_from_doc(const vsh_doc *doc, vsh_hardware *hardware, vsh_error *err);

/* The peak a run of this precision works under. A chip without the precision's own peak uses the
 * nearest it has (bf16 -> fp16 -> fp32, 8-bit -> bf16 ...); *used says which. */
const vsh_figure *vsh_hardware_peak(const vsh_hardware *hardware, vsh_precision precision,
                                    vsh_precision *used);

/* What transfers reach of the memory's bandwidth, as far as the profile knows. */
vsh_byte_rate vsh_hardware_memory_rate(const vsh_hardware *hardware);

/* The roof of matrix products in a precision: what the best product was measured to reach where the
 * profile says so, else the peak. */
const vsh_figure *vsh_hardware_matrix_roof(const vsh_hardware *hardware, vsh_precision precision);

/* The one figure a scenario states. */
const vsh_figure *vsh_scenario_figure(const vsh_scenario *scenario);
/* Model FLOP/s that a chip reaches in a scenario. What scenarios state is of 16-bit training: what
 * 8-bit training reaches nobody says, so its rate is that of 16 bits; fp32 is held to the same
 * share of its own, lower peak. */
vsh_flop_rate vsh_scenario_rate(const vsh_hardware *hardware, const vsh_scenario *scenario,
                                vsh_precision precision);

/* Every figure of a profile under the name the file gives it, for `hw show` and --explain. */
typedef struct {
    const char *name, *unit;
    double scale; /* base units in one unit */
    const vsh_figure *figure;
} vsh_hardware_row;

enum { VSH_HARDWARE_ROWS = 56 };

int vsh_hardware_rows(const vsh_hardware *hardware, vsh_hardware_row rows[VSH_HARDWARE_ROWS]);

#endif
