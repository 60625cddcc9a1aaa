/* Sardana and Frankle 2023, "Beyond Chinchilla-Optimal": the form fitted on runs of up to 10,000
 * tokens a parameter: only its smallest model went beyond 1,000. What its N counts was not found;
 * all parameters are assumed. */
#include "planner/laws/law.h"

const vsh_law vsh_sardana2023 = {
    .name = "sardana2023",
    .title = "Sardana 2023",
    .form = &vsh_form_chinchilla,
    .coefficient = {1.45, 33.66, 138.9, 0.18, 0.24},
    .source = "arXiv:2401.00448 table 1, all data",
    .evidence = VSH_EVIDENCE_SECONDARY,
    .runs = 47,
    .corpus = "web text and code (unnamed), tokenizer not stated",
    .range = "150 M - 6 B parameters, 10 - 1,000 tokens a parameter (10,000 at 150 M)",
    .n_counts = VSH_N_TOTAL,
    .params_low = 150e6,
    .params_high = 6e9,
    .tokens_low = 1.5e9,
    .tokens_high = 2.5e12,
    .ratio_low = 10,
    .ratio_high = 1000,
    .anchor_corpus = VSH_ANY_CORPUS};
