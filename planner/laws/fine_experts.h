/* Fine-grained experts in a budget, by the law of Krajewski et al. 2024: 64 times the experts of
 * G times less width each. */
#ifndef VSH_FINE_EXPERTS_H
#define VSH_FINE_EXPERTS_H

#include <stdbool.h>

enum { VSH_FINE_ROWS = 5 }; /* G = 1, 2, 4, 8, 16 */

typedef struct {
    double granularity;
    double params_active, params_total; /* both without embeddings; the router excluded */
    double tokens, loss;
    double saving;      /* share of the FLOPs at the loss of that paper's best dense model */
    double dense_times; /* how many times the budget a dense model takes to this loss */
    bool fits;          /* in the parameters that memory holds */
    bool valid;         /* within the fitted range */
    char reason[160];   /* why not */
} vsh_fine_row;

/* total_max 0: as much memory as it likes. */
vsh_fine_row vsh_fine_experts(double flops, double granularity, double total_max);

#endif
