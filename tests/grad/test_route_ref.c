#include <math.h>

#include "tests/grad/differences.h"
#include "trainer/nn/moe.h"

const char vsh_suite[] = "route_ref";

enum { TOKENS = 6, EXPERTS = 5, TOP = 3 };

/* One way to route, and room for what comes out. */
typedef struct {
    vsh_route_shape shape;
    double logits[TOKENS * EXPERTS], dweight[TOKENS * TOP];
    double *bias;
    double probability[TOKENS * EXPERTS], weight[TOKENS * TOP], balance, z;
    int32_t choice[TOKENS * TOP], slot[TOKENS * TOP], first[EXPERTS + 1];
} route_case;

static const double loss_scale = 0.5;

static double objective(void *context)
{
    route_case *c = context;

    vsh_route_forward_ref(&c->shape, c->logits, c->bias, c->probability, c->choice, c->weight,
                          c->slot, c->first, &c->balance, &c->z);
    return weighted_sum(c->shape.tokens * c->shape.top_k, c->weight, c->dweight) +
           loss_scale * (c->balance + c->z);
}

static route_case *new_case(vsh_gate gate, bool normalize, int64_t top_k)
{
    route_case *c = vsh_alloc(vsh_test_arena(), 1, sizeof *c);

    REQUIRE(c != NULL);
    c->shape = (vsh_route_shape){
        .tokens = TOKENS, .experts = EXPERTS, .top_k = top_k, .gate = gate, .normalize = normalize};
    fill_uniform(c->logits, TOKENS * EXPERTS, 1, 2);
    fill_uniform(c->dweight, TOKENS * TOP, 2, 1);
    return c;
}

static void check_route(route_case *c)
{
    double *dlogits = new_doubles(TOKENS * EXPERTS);

    objective(c);
    vsh_route_backward_ref(&c->shape, c->logits, c->probability, c->choice, c->weight, c->dweight,
                           loss_scale, dlogits);
    check_gradient(objective, c, c->logits, dlogits, TOKENS * EXPERTS);
}

static void gradients_of_the_weights_are_slopes(void)
{
    for (int k = 1; k <= TOP; k++)
        for (int normalize = 0; normalize < 2; normalize++) {
            check_route(new_case(VSH_GATE_SOFTMAX, normalize, k));
            check_route(new_case(VSH_GATE_SIGMOID, normalize, k));
        }
}

static void gradients_of_the_losses_are_slopes(void)
{
    for (int gate = VSH_GATE_SOFTMAX; gate <= VSH_GATE_SIGMOID; gate++)
        for (int which = 1; which <= 3; which++) {
            route_case *c = new_case((vsh_gate)gate, true, 2);
            c->shape.balance = which & 1 ? 0.5F : 0;
            c->shape.z = which & 2 ? 0.25F : 0;
            check_route(c);
        }
}

static void gradients_with_a_capacity_and_a_bias_are_slopes(void)
{
    for (int gate = VSH_GATE_SOFTMAX; gate <= VSH_GATE_SIGMOID; gate++) {
        route_case *c = new_case((vsh_gate)gate, true, 2);
        c->bias = new_uniform(EXPERTS, 3, 0.5);
        c->shape.capacity = 2;
        c->shape.balance = 0.5F;
        check_route(c);
    }
}

static void the_bias_chooses_and_does_not_weigh(void)
{
    route_case *c = new_case(VSH_GATE_SIGMOID, false, 1);

    c->bias = new_doubles(EXPERTS);
    c->bias[4] = 10;
    objective(c);
    for (int t = 0; t < TOKENS; t++) {
        CHECK_INT(c->choice[t], 4);
        CHECK_NEAR(c->weight[t], 1 / (1 + exp(-c->logits[t * EXPERTS + 4])), 1e-15, 0);
    }
}

static void ties_go_to_the_lower_expert(void)
{
    route_case *c = new_case(VSH_GATE_SOFTMAX, true, TOP);

    for (int i = 0; i < TOKENS * EXPERTS; i++)
        c->logits[i] = i % EXPERTS == 3;
    objective(c);
    for (int t = 0; t < TOKENS; t++) {
        CHECK_INT(c->choice[t * TOP], 3);
        CHECK_INT(c->choice[t * TOP + 1], 0);
        CHECK_INT(c->choice[t * TOP + 2], 1);
    }
}

static void slots_are_sorted_by_expert_and_then_by_token(void)
{
    route_case *c = new_case(VSH_GATE_SOFTMAX, true, TOP);
    int32_t expert_of[TOKENS * TOP], token_of[TOKENS * TOP];

    objective(c);
    for (int i = 0; i < TOKENS * TOP; i++) {
        REQUIRE(c->slot[i] >= 0 && c->slot[i] < TOKENS * TOP);
        expert_of[c->slot[i]] = c->choice[i];
        token_of[c->slot[i]] = i / TOP;
    }
    for (int row = 1; row < TOKENS * TOP; row++)
        CHECK(expert_of[row] > expert_of[row - 1] ||
              (expert_of[row] == expert_of[row - 1] && token_of[row] > token_of[row - 1]));
    for (int e = 0; e < EXPERTS; e++)
        for (int row = c->first[e]; row < c->first[e + 1]; row++)
            CHECK_INT(expert_of[row], e);
    CHECK_INT(c->first[EXPERTS], TOKENS * TOP);
}

/* All want expert 2, which takes two: the first two tokens have them. */
static void a_capacity_drops_the_last_tokens(void)
{
    route_case *c = new_case(VSH_GATE_SOFTMAX, true, 1);

    c->shape.capacity = 2;
    for (int i = 0; i < TOKENS * EXPERTS; i++)
        c->logits[i] = i % EXPERTS == 2;
    objective(c);
    for (int t = 0; t < TOKENS; t++)
        CHECK_INT(c->slot[t], t < 2 ? 4 + t : -1);
    for (int e = 0; e <= EXPERTS; e++)
        CHECK_INT(c->first[e], 2 * e);
}

/* Logits that send token t to expert t mod E, all the same otherwise: every f_e and P_e is 1/E. */
static void perfect_balance_costs_the_coefficient(void)
{
    for (int gate = VSH_GATE_SOFTMAX; gate <= VSH_GATE_SIGMOID; gate++) {
        route_case *c = new_case((vsh_gate)gate, true, 1);
        c->shape.tokens = EXPERTS;
        c->shape.balance = 0.125F;
        c->shape.z = 0.5F;
        for (int i = 0; i < EXPERTS * EXPERTS; i++)
            c->logits[i] = i % EXPERTS == i / EXPERTS;
        objective(c);
        CHECK_NEAR(c->balance, 0.125, 1e-15, 0);
        CHECK_NEAR(c->z, 0.5 * pow(log(exp(1) + EXPERTS - 1), 2), 1e-15, 0);
    }
}

const vsh_test vsh_tests[] = {
    {"gradients_of_the_weights_are_slopes", gradients_of_the_weights_are_slopes},
    {"gradients_of_the_losses_are_slopes", gradients_of_the_losses_are_slopes},
    {"gradients_with_a_capacity_and_a_bias_are_slopes",
     gradients_with_a_capacity_and_a_bias_are_slopes},
    {"the_bias_chooses_and_does_not_weigh", the_bias_chooses_and_does_not_weigh},
    {"ties_go_to_the_lower_expert", ties_go_to_the_lower_expert},
    {"slots_are_sorted_by_expert_and_then_by_token", slots_are_sorted_by_expert_and_then_by_token},
    {"a_capacity_drops_the_last_tokens", a_capacity_drops_the_last_tokens},
    {"perfect_balance_costs_the_coefficient", perfect_balance_costs_the_coefficient},
    {NULL, NULL}};
