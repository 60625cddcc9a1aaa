#include <math.h>

#include "planner/plan.h"

/* Width to depth within the range over which Kaplan et al. 2020 (arXiv:2001.08361, figure 5) find
 * the loss flat; 64 is what Ludziejewski et al. 2025 train throughout (d = 64 n). */
static const double ratios[] = {100, 90, 80, 72, 64, 57, 50, 44, 40};
#define USUAL_RATIO 64

#define WIDTH_LARGEST 65536
/* Tables that take more than this share of a small model give way to a smaller vocabulary. */
#define VOCAB_SHARE 0.25
/* Llama 3.2 and Qwen 2.5 tie input and output embedding up to 3 B parameters. */
#define TIED_PARAMS_MAX 2e9

/* 256 for 256-wide matrix units, else 128: the tile of GPU kernels as of 128-wide units; 64 is
 * enough for the vectors of a CPU. */
static int64_t width_step(const vsh_hardware *h)
{
    if (h->kind == VSH_CPU)
        return 64;
    return h->matrix_rows.known && h->matrix_rows.value >= 256 ? 256 : 128;
}

/* given, or the largest usual one (given 0) that leaves the body its share. */
static int64_t choose_vocab(int64_t given, int64_t width, double body)
{
    static const int64_t sizes[] = {32000, 16384, 8192, 4096, 1024, 256};

    for (size_t i = 0; !given && i < sizeof sizes / sizeof sizes[0]; i++) {
        double table = (double)sizes[i] * (double)width;
        if (table <= VOCAB_SHARE * (table + body))
            return sizes[i];
    }
    return given ? given : 256;
}

/* Active parameters, roughly, before the architecture is described. */
static double rough_params(plan_shape shape, int64_t vocab)
{
    double width = (double)shape.width, body = 12 * width * width * (double)shape.layers;
    double tables = body < TIED_PARAMS_MAX ? 1 : 2;

    return body + tables * (double)choose_vocab(vocab, shape.width, body) * width;
}

/* Steps of the matrix unit while they matter, then of about six percent. */
static int64_t next_width(int64_t width, int64_t step)
{
    int64_t sixteenth = width / 16 / step * step;

    return width + (sixteenth > step ? sixteenth : step);
}

int plan_list_shapes(const vsh_hardware *hardware, int64_t vocab, double params,
                     plan_shape shapes[PLAN_SHAPES])
{
    int64_t step = width_step(hardware);
    int count = 0;

    /* the table of a tokenizer may be larger than all that was wanted */
    params = fmax(params, rough_params((plan_shape){step, 2}, vocab));
    for (int64_t width = step; width <= WIDTH_LARGEST; width = next_width(width, step)) {
        int64_t last = 0;
        for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
            plan_shape shape = {width, (int64_t)round((double)width / ratios[i])};
            double size;
            if (shape.layers < 2)
                shape.layers = 2;
            size = rough_params(shape, vocab);
            if (shape.layers == last || shape.layers > VSH_LAYERS_MAX || size > 2.2 * params ||
                size < 0.3 * params)
                continue;
            last = shape.layers;
            if (count < PLAN_SHAPES)
                shapes[count++] = shape;
        }
    }
    return count;
}

vsh_status plan_describe(const vsh_hardware *hardware, plan_shape shape, int64_t vocab,
                         int64_t experts, vsh_model *model, vsh_error *err)
{
    int64_t step = width_step(hardware), width = shape.width;
    int64_t head = width % 128 == 0 && width >= 512 ? 128 : 64;
    int64_t ffn = (8 * width / 3 + step - 1) / step * step;
    double body = (double)shape.layers * (4 * (double)width + 3 * (double)ffn) * (double)width;

    *model = vsh_model_default();
    model->name = experts ? "recommended-moe" : "recommended";
    model->layers = shape.layers;
    model->hidden = width;
    model->heads = width / head;
    model->head_dim = head;
    model->ffn = ffn;
    model->vocab = choose_vocab(vocab, width, body);
    model->tied = body < TIED_PARAMS_MAX;
    model->context = body < 1e7 ? 512 : body < 1e8 ? 1024 : 2048;
    if (experts)
        model->experts = (vsh_experts){
            .count = experts, .top_k = 1, .hidden = ffn, .every = 1, .granularity = 1};
    for (int64_t l = 0; l < shape.layers; l++)
        model->layer[l] = (vsh_layer){.experts = experts > 0, .own_kv = true};
    return vsh_model_finish(model, "recommended model: ", err);
}

void plan_place_exits(vsh_model *model, int64_t heads)
{
    for (int64_t l = 0; l < model->layers; l++)
        model->layer[l].exit = false;
    for (int64_t i = 1; i < heads; i++) {
        int64_t depth = (model->layers * i + heads / 2) / heads;
        model->layer[depth > 0 ? depth - 1 : 0].exit = true;
    }
}

double plan_oddness(const vsh_model *model)
{
    return fabs(log((double)model->hidden / (double)model->layers / USUAL_RATIO));
}
