/* What E experts count for in the routed laws (Clark et al. 2022, arXiv:2202.01169 equation 2, and
 * Ludziejewski et al. 2025): from start for a dense model towards most. */
#ifndef VSH_EFFECTIVE_EXPERTS_H
#define VSH_EFFECTIVE_EXPERTS_H

/* 1/E^ = 1/(E - 1 + 1/(1/start - 1/most)) + 1/most; E below 1 is dense. */
static inline double vsh_effective_experts(double experts, double start, double most)
{
    double e = experts > 1 ? experts : 1;

    return 1 / (1 / (e - 1 + 1 / (1 / start - 1 / most)) + 1 / most);
}

#endif
