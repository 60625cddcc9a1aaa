/* SCALE-Sim's topology: layers as rows of a CSV, products (GEMM) or convolutions. Both become what
 * the tool makes of them: a window of `k` words for each of `m` outputs, times `n` filters. */
#ifndef VSH_SCALE_TOPOLOGY_H
#define VSH_SCALE_TOPOLOGY_H

#include <stdint.h>

#include "core/text.h"
#include "core/lines.h"

typedef struct {
    const char *name;
    int64_t line;
    int64_t height, width, channels; /* of the input feature map */
    int64_t filter_height, filter_width, stride_height, stride_width;
    int64_t out_height, out_width;
    int64_t m, n, k;
} sim_scale_layer;

typedef enum { SIM_SCALE_GEMM, SIM_SCALE_CONV, SIM_SCALE_BY_HEADER } sim_scale_input;

/* "gemm", "conv", NULL */
extern const char *const sim_scale_input_words[];

typedef struct {
    const char *path;
    sim_scale_input input; /* how the rows were read; never BY_HEADER */
    sim_scale_layer *layer;
    int layer_count;
} sim_scale_topology;

/* BY_HEADER reads products where the header says M, N, K, and convolutions otherwise, as the tool
 * does. A comma at the end of a row may be missing: the tool then loses the last column. Columns
 * that are ignored are named in talk. VSH_EINPUT with the line of what cannot be a layer. */
vsh_status sim_scale_topology_read(vsh_arena *arena, vsh_lines *source, sim_scale_input input,
                                   sim_scale_topology *topology, vsh_text *talk, vsh_error *err);

#endif
