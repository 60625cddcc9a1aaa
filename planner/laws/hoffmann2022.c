/* Approach 3 of Hoffmann et al. 2022 with the unrounded exponents of the paper's TeX source. The
 * rounded ones (.34, .28) move the optimum from 24 to 34 tokens a parameter at 1.8e19 FLOP. */
#include "planner/laws/law.h"

const vsh_law vsh_hoffmann2022 = {.name = "hoffmann2022",
                                  .title = "Hoffmann 2022",
                                  .form = &vsh_form_chinchilla,
                                  .coefficient = {1.6933736809989528, 406.4010175194737,
                                                  410.7228269450398, 0.33917084, 0.2849083},
                                  .source =
                                      "arXiv:2203.15556 equation 10, unrounded from the TeX source",
                                  .evidence = VSH_EVIDENCE_PRIMARY,
                                  .corpus = "MassiveText, SentencePiece 32k",
                                  .range = "70 M - 16 B parameters, 5 B - 500 B tokens",
                                  .n_counts = VSH_N_TOTAL,
                                  .params_low = 70e6,
                                  .params_high = 16e9,
                                  .tokens_low = 5e9,
                                  .tokens_high = 500e9,
                                  .ratio_low = 1,
                                  .same_corpus = true,
                                  .anchor_corpus = VSH_MASSIVETEXT};
