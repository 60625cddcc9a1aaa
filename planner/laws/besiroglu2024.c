/* The default: Besiroglu et al. 2024 refitted the runs of Hoffmann et al. and found coefficients
 * that agree with the other two approaches of that paper. */
#include "planner/laws/law.h"

/* Of (ln E, ln A, ln B, alpha, beta) over 600 bootstraps of the 240 runs (computed for this project
 * from epoch-research/analyzing-chinchilla@9225883). */
static const double covariance[] = {
    0.00019517453013834384, 0.0020217853209872935,  0.0037446328886086996,  0.0001185952387397197,
    0.00018280905944052182, 0.0020217853209872935,  0.06325310261134852,    -0.024547848233768797,
    0.0037585470862897814,  -0.0012285927901951495, 0.0037446328886086996,  -0.024547848233768797,
    0.17811677640108717,    -0.0015430606016971654, 0.008716650000724795,   0.0001185952387397197,
    0.0037585470862897814,  -0.0015430606016971654, 0.00022367819803950032, -7.727229638493907e-05,
    0.00018280905944052182, -0.0012285927901951495, 0.008716650000724795,   -7.727229638493907e-05,
    0.00042683756737779796};

const vsh_law vsh_besiroglu2024 = {
    .name = "besiroglu2024",
    .title = "Besiroglu 2024",
    .form = &vsh_form_chinchilla,
    .coefficient = {1.8172, 482.01, 2085.43, 0.3478, 0.3658},
    .stderr_ = {0.026, 124.5, 1293, 0.015, 0.021},
    .covariance = covariance,
    .source = "arXiv:2404.10102, epoch-research/analyzing-chinchilla@9225883",
    .evidence = VSH_EVIDENCE_PRIMARY,
    .runs = 240,
    .flops_low = 1.4e18,
    .flops_high = 1.3e22,
    .corpus = "MassiveText, SentencePiece 32k",
    .range = "57 M - 16.2 B parameters, 0.25 B - 318 B tokens, 1.4e18 - 1.3e22 FLOP",
    .n_counts = VSH_N_TOTAL,
    .params_low = 57e6,
    .params_high = 16.2e9,
    .tokens_low = 0.25e9,
    .tokens_high = 318e9,
    .ratio_low = 1,
    .same_corpus = true,
    .residual_sd = 0.0075, /* of 240 runs about the refit; docs/model.md */
    .anchor_corpus = VSH_MASSIVETEXT};
