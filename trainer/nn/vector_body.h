/* Loops over rows (vector_kernels.h), whole vectors first, then what is left of the row. */

#include "trainer/nn/vector_shared.h"

ALWAYS vf OF(load_some)(const E *from, int64_t lanes)
{
    return lanes == LANES ? LOAD(from) : LOAD_PART(from, lanes, 0.0F);
}
ALWAYS void OF(store_some)(E *to, vf value, int64_t lanes)
{
    if (lanes == LANES)
        STORE(to, value);
    else
        STORE_PART(to, value, lanes);
}

#include "trainer/nn/sum_body.h"
#include "trainer/nn/norm_body.h"
#include "trainer/nn/activation_body.h"
#include "trainer/nn/rotary_body.h"
#include "trainer/nn/loss_body.h"
#include "trainer/nn/lesson_body.h"
