/* The network that trains against its naive twin in double: losses, every gradient, what it
 * counts and what it reserves, for every model of tests/grad/models.h. */
#include "trainer/nn/network.h"

#include <math.h>
#include <string.h>

#include "tests/grad/fast.h"

const char vsh_suite[] = "network";

/* Largest error of a tensor's gradient over the largest gradient of the tensor. A bias on keys has
 * none but for rounding, because every score of a row moves alike: the whole model's sets a floor.
 */
static double tensor_error(const ready_case *c, const running *r, const vsh_parameter *p,
                           double times)
{
    double worst = 0, scale = 1e-6;

    for (int64_t i = 0; i < c->list.elements; i++)
        scale = fmax(scale, 1e-2 * fabs(times * c->gradients[i]));

    for (int64_t i = p->offset; i < p->offset + p->rows * p->cols; i++) {
        worst = fmax(worst, fabs(gradient_at(r, i) - times * c->gradients[i]));
        scale = fmax(scale, fabs(times * c->gradients[i]));
    }
    return worst / scale;
}

static ready_case *judged(int which) { return judged_case(&network_cases[which]); }

static void agree_on(const network_case *from, const manner *how)
{
    ready_case *c = judged_case(from);
    vsh_network_ref_report want = {0};
    running r = start(c, how);
    char what[200];

    case_loss(c, c->gradients, &want);
    train(c, &r, false);
    CHECK_NEAR(r.report.loss, want.last, 1e-5, 1e-6);
    CHECK_NEAR(r.report.joint, want.joint, 1e-5, 1e-6);
    CHECK_NEAR(r.report.balance, want.balance, 1e-5, 1e-6);
    CHECK_NEAR(r.report.z, want.z, 1e-5, 1e-6);
    CHECK_INT(r.report.dropped, want.dropped);
    for (int64_t i = 0; i < c->list.count; i++) {
        const vsh_parameter *p = &c->list.item[i];
        double error = p->trained ? tensor_error(c, &r, p, 1) : 0;
        snprintf(what, sizeof what, "%s %s: relative error %.2g", from->name, p->name, error);
        vsh_check(error <= 1e-4, __FILE__, __LINE__, what, false);
    }
    stop(&r);
}

static void agree(int which, const manner *how) { agree_on(&network_cases[which], how); }

static void every_model_agrees_with_its_twin(void)
{
    for (int i = 0; i < NETWORK_CASES; i++)
        agree(i, &(manner){.threads = 2});
}

static void recomputation_changes_nothing_but_memory(void)
{
    for (int i = 0; i < NETWORK_CASES; i++) {
        agree(i, &(manner){.threads = 1, .recompute = VSH_RECOMPUTE_SELECTIVE});
        agree(i, &(manner){.threads = 2, .recompute = VSH_RECOMPUTE_FULL});
    }
}

static void every_instruction_set_agrees(void)
{
    static const char *const names[] = {"plain", "avx2", "avx512"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (int which = 0; which < NETWORK_CASES && vsh_kernels_named(names[i]); which += 5)
            agree(which, &(manner){.threads = 1, .isa = names[i]});
}

/* More rows than a block, more than a tile of attention, more than a vector of everything. */
static void larger_models_agree_with_their_twins(void)
{
    static const char *const names[] = {"plain", "avx2", "avx512"};

    for (int i = 0; i < LARGE_CASES; i++)
        for (int n = 0; n < 3; n++)
            if (vsh_kernels_named(names[n]))
                agree_on(&large_cases[i], &(manner){.threads = 1 + i % 2,
                                                    .isa = names[n],
                                                    .recompute = (vsh_recompute_mode)n});
}

static void counted_products_are_those_of_the_list(void)
{
    for (int which = 0; which < NETWORK_CASES; which++)
        for (int recompute = 0; recompute < 3; recompute++) {
            ready_case *c = judged(which);
            running r =
                start(c, &(manner){.threads = 1, .recompute = (vsh_recompute_mode)recompute});
            const vsh_meter *meter = vsh_network_meter(r.net);
            char what[200];
            train(c, &r, false);
            for (int i = 0; i < meter->ops.count; i++) {
                const vsh_op *op = &meter->ops.item[i];
                snprintf(what, sizeof what, "%s, recompute %s: %s %s: counted %lld, listed %lld",
                         network_cases[which].name, vsh_recompute_words[recompute], op->name,
                         vsh_phase_names[op->phase], (long long)meter->row[i].macs,
                         (long long)op->executed_macs);
                vsh_check(meter->row[i].macs == op->executed_macs, __FILE__, __LINE__, what, false);
            }
            CHECK(vsh_meter_counted(meter) > 0);
            stop(&r);
        }
}

static void workspace_peaks_where_predicted(void)
{
    static const vsh_precision precisions[] = {VSH_FP32, VSH_BF16};

    for (int which = 0; which < NETWORK_CASES; which++)
        for (int recompute = 0; recompute < 3; recompute++)
            for (int p = 0; p < 2; p++) {
                ready_case *c = judged(which);
                running r = start(c, &(manner){.threads = 1,
                                               .recompute = (vsh_recompute_mode)recompute,
                                               .precision = precisions[p]});
                vsh_workspace need = vsh_workspace_of(c->model, &r.work, c->options.jitter > 0);
                char what[200];
                train(c, &r, false);
                snprintf(what, sizeof what, "%s, recompute %s, %s: peak %lld, predicted %lld",
                         network_cases[which].name, vsh_recompute_words[recompute],
                         vsh_precision_words[precisions[p]],
                         (long long)vsh_network_workspace_peak(r.net), (long long)need.transient);
                vsh_check(vsh_network_workspace_peak(r.net) == need.transient, __FILE__, __LINE__,
                          what, false);
                stop(&r);
            }
}

static void gradients_of_micro_batches_add_up(void)
{
    for (int which = 0; which < NETWORK_CASES; which++) {
        ready_case *c = judged(which);
        running r = start(c, &(manner){.threads = 2});
        case_loss(c, c->gradients, NULL);
        train(c, &r, false);
        train(c, &r, true);
        for (int64_t i = 0; i < c->list.count; i++)
            if (c->list.item[i].trained)
                CHECK(tensor_error(c, &r, &c->list.item[i], 2) <= 1e-4);
        stop(&r);
    }
}

static void any_number_of_threads_gives_the_same_bits(void)
{
    static const vsh_precision precisions[] = {VSH_FP32, VSH_BF16, VSH_INT8};

    for (int which = 0; which < NETWORK_CASES; which++)
        for (int p = 0; p < 3; p++) {
            ready_case *c = judged(which);
            running one = start(c, &(manner){.threads = 1, .precision = precisions[p]});
            running three = start(c, &(manner){.threads = 3, .precision = precisions[p]});
            size_t bytes = (size_t)c->list.elements * vsh_element_bytes(one.element);
            train(c, &one, false);
            train(c, &three, false);
            CHECK(one.report.joint == three.report.joint);
            CHECK(memcmp(one.gradients, three.gradients, bytes) == 0);
            stop(&one);
            stop(&three);
        }
}

/* Length of the difference of two gradients over the length of the wanted one. */
static double whole_error(const ready_case *c, const running *r)
{
    double difference = 0, length = 0;

    for (int64_t i = 0; i < c->list.elements; i++) {
        difference += pow(gradient_at(r, i) - c->gradients[i], 2);
        length += pow(c->gradients[i], 2);
    }
    return sqrt(difference / length);
}

/* Sixteen bits keep eight of the mantissa, eight bits seven of a row's largest; a choice of experts
 * may fall otherwise, so only models without experts are held to it. */
static void fewer_bits_stay_near(void)
{
    static const struct {
        vsh_precision precision;
        double loss, gradient;
    } held[] = {{VSH_BF16, 0.01, 0.05}, {VSH_INT8, 0.02, 0.1}};

    for (int which = 0; which < NETWORK_CASES; which++)
        for (int p = 0; p < 2; p++) {
            ready_case *c = judged(which);
            running r;
            vsh_network_ref_report want = {0};
            if (c->model->experts.count)
                continue;
            for (int64_t i = 0; i < c->list.elements; i++)
                c->weights[i] = (double)vsh_float_of_bf16(vsh_bf16_of_float((float)c->weights[i]));
            r = start(c, &(manner){.threads = 1, .precision = held[p].precision});
            case_loss(c, c->gradients, &want);
            train(c, &r, false);
            CHECK_NEAR(r.report.joint, want.joint, held[p].loss, 0);
            CHECK_NEAR(whole_error(c, &r), 0, 0, held[p].gradient);
            stop(&r);
        }
}

const vsh_test vsh_tests[] = {
    {"every_model_agrees_with_its_twin", every_model_agrees_with_its_twin},
    {"recomputation_changes_nothing_but_memory", recomputation_changes_nothing_but_memory},
    {"every_instruction_set_agrees", every_instruction_set_agrees},
    {"larger_models_agree_with_their_twins", larger_models_agree_with_their_twins},
    {"counted_products_are_those_of_the_list", counted_products_are_those_of_the_list},
    {"workspace_peaks_where_predicted", workspace_peaks_where_predicted},
    {"gradients_of_micro_batches_add_up", gradients_of_micro_batches_add_up},
    {"any_number_of_threads_gives_the_same_bits", any_number_of_threads_gives_the_same_bits},
    {"fewer_bits_stay_near", fewer_bits_stay_near},
    {NULL, NULL}};
