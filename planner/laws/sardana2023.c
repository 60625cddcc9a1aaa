/* Sardana and Frankle 2023, "Beyond Chinchilla-Optimal": the form fitted on runs of up to 10,000
 * tokens a parameter. */
#include "planner/laws/law.h"

const vsh_law vsh_sardana2023 = {.name = "sardana2023",
                                 .title = "Sardana 2023",
                                 .form = &vsh_form_chinchilla,
                                 .coefficient = {1.45, 33.66, 138.9, 0.18, 0.24},
                                 .source = "arXiv:2401.00448 table 1, all data",
                                 .evidence = "secondary",
                                 .runs = 47,
                                 .corpus = "MPT mix, GPT-NeoX BPE",
                                 .range = "150 M - 6 B parameters, 10 - 10,000 tokens a parameter",
                                 .n_counts = VSH_N_TOTAL,
                                 .params_low = 150e6,
                                 .params_high = 6e9,
                                 .tokens_low = 1.5e9,
                                 .tokens_high = 60e12,
                                 .ratio_low = 10,
                                 .anchor_corpus = VSH_ANY_CORPUS};
