/* Measured runs to set beside a prediction. Thinned from two published sets: one run for each
 * cell of about a third of a decade in parameters and half a decade in tokens, with all of the
 * outliers that the fits of the first leave out, because a planner is asked about them most.
 *
 * CHINCHILLA: Hoffmann et al. 2022 (arXiv:2203.15556) figure 4, as extracted by Epoch AI,
 * epoch-research/analyzing-chinchilla@9225883 data/svg_extracted_data.csv; tokens = C/(6N).
 * DATABLATIONS: Muennighoff et al. 2023 (arXiv:2305.16264), huggingface/datablations@1370131,
 * validation loss on C4. Losses of the two corpora do not compare.
 */
#include "planner/laws/anchors.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "planner/laws/form.h"

const char *const vsh_anchor_corpora[] = {"MassiveText (Hoffmann 2022)", "C4 (Muennighoff 2023)",
                                          NULL};

/* Short names of the two sets in the table. */
enum { CHINCHILLA = VSH_MASSIVETEXT, DATABLATIONS = VSH_C4 };

/* parameters, tokens seen, unique tokens, loss in nats, corpus */
static const vsh_anchor anchors[] = {
    {6.796e9, 2.451e8, 2.451e8, 5.0056, CHINCHILLA},
    {2.98e9, 5.162e8, 5.162e8, 4.6652, CHINCHILLA},
    {2.639e9, 6.16e8, 6.16e8, 3.7656, CHINCHILLA},
    {2.283e9, 7.026e8, 7.026e8, 3.7939, CHINCHILLA},
    {2.007e9, 8.116e8, 8.116e8, 3.4470, CHINCHILLA},
    {1.731e9, 8.75e8, 8.75e8, 3.3957, CHINCHILLA},
    {2.98e9, 5.421e9, 5.421e9, 2.6283, CHINCHILLA},
    {2.639e9, 6.213e9, 6.213e9, 2.5853, CHINCHILLA},
    {2.007e9, 8.05e9, 8.05e9, 2.5776, CHINCHILLA},
    {1.609e9, 1.01e9, 1.01e9, 3.2856, CHINCHILLA},
    {1.266e9, 1.237e9, 1.237e9, 3.1318, CHINCHILLA},
    {1.266e9, 1.288e10, 1.288e10, 2.5545, CHINCHILLA},
    {6.322e8, 2.475e9, 2.475e9, 2.9987, CHINCHILLA},
    {5.866e8, 2.645e9, 2.645e9, 2.9852, CHINCHILLA},
    {8.163e8, 1.922e10, 1.922e10, 2.5660, CHINCHILLA},
    {6.322e8, 2.353e10, 2.353e10, 2.5660, CHINCHILLA},
    {1.266e9, 3.85e9, 3.85e9, 2.7698, CHINCHILLA},
    {3.056e8, 2.798e9, 2.798e9, 3.0714, CHINCHILLA},
    {1.749e8, 5.35e9, 5.35e9, 3.0485, CHINCHILLA},
    {1.397e8, 6.442e9, 6.442e9, 3.0577, CHINCHILLA},
    {7.382e7, 1.303e10, 1.303e10, 3.0945, CHINCHILLA},
    {5.733e7, 1.686e10, 1.686e10, 3.1601, CHINCHILLA},
    {7.382e7, 3.154e9, 3.154e9, 3.4059, CHINCHILLA},
    {1.257e10, 8.065e9, 8.065e9, 2.5241, CHINCHILLA},
    {6.322e8, 7.34e9, 7.34e9, 2.7368, CHINCHILLA},
    {2.167e8, 6.918e9, 6.918e9, 2.9497, CHINCHILLA},
    {6.796e9, 7.336e9, 7.336e9, 2.5241, CHINCHILLA},
    {4.516e9, 1.103e10, 1.103e10, 2.4569, CHINCHILLA},
    {4.516e9, 2.076e10, 2.076e10, 2.3880, CHINCHILLA},
    {1.618e10, 3.016e10, 3.016e10, 2.2864, CHINCHILLA},
    {1.145e10, 4.394e10, 4.394e10, 2.2660, CHINCHILLA},
    {2.007e9, 1.627e10, 1.627e10, 2.4866, CHINCHILLA},
    {9.293e9, 1.815e10, 1.815e10, 2.3595, CHINCHILLA},
    {9.293e9, 4.379e10, 4.379e10, 2.2592, CHINCHILLA},
    {1.397e8, 1.638e10, 1.638e10, 2.9058, CHINCHILLA},
    {2.167e8, 1.843e10, 1.843e10, 2.7906, CHINCHILLA},
    {4.516e9, 1.103e11, 1.103e11, 2.2057, CHINCHILLA},
    {2.007e9, 4.876e10, 4.876e10, 2.3314, CHINCHILLA},
    {4.516e9, 7.331e10, 7.331e10, 2.2491, CHINCHILLA},
    {2.784e8, 4.089e10, 4.089e10, 2.6600, CHINCHILLA},
    {1.266e9, 7.286e10, 7.286e10, 2.3702, CHINCHILLA},
    {8.163e8, 1.122e11, 1.122e11, 2.3987, CHINCHILLA},
    {6.322e8, 1.436e11, 1.436e11, 2.4459, CHINCHILLA},
    {5.866e8, 7.683e10, 7.683e10, 2.4643, CHINCHILLA},
    {2.639e9, 1.867e11, 1.867e11, 2.2057, CHINCHILLA},
    {6.796e9, 3.178e11, 3.178e11, 2.0774, CHINCHILLA},
    {7.099e6, 2e8, 1e8, 7.3624, DATABLATIONS},
    {1.41e7, 2e8, 1e8, 6.6641, DATABLATIONS},
    {1.41e7, 2.7e9, 1e8, 4.9928, DATABLATIONS},
    {1.41e7, 9.1e10, 1e8, 4.3961, DATABLATIONS},
    {1.41e7, 3e11, 1e8, 4.3691, DATABLATIONS},
    {1.41e7, 6e11, 1e8, 4.3315, DATABLATIONS},
    {3.55e7, 2e8, 1e8, 6.2529, DATABLATIONS},
    {4.4e7, 2.7e9, 1e8, 4.1136, DATABLATIONS},
    {4.4e7, 2e10, 1e8, 3.9290, DATABLATIONS},
    {4.4e7, 1.74e11, 1e8, 3.8123, DATABLATIONS},
    {8.27e7, 3.2e10, 1e8, 3.7471, DATABLATIONS},
    {8.27e7, 3e11, 1e8, 3.8687, DATABLATIONS},
    {1.465e8, 1.5e9, 1e8, 4.0335, DATABLATIONS},
    {1.465e8, 5.9e9, 1e8, 3.7181, DATABLATIONS},
    {1.465e8, 2e10, 1e8, 3.7563, DATABLATIONS},
    {2.205e8, 3.9e9, 1e8, 3.7219, DATABLATIONS},
    {2.81e8, 1.5e9, 1e8, 3.8772, DATABLATIONS},
    {2.81e8, 2.7e9, 1e8, 3.7276, DATABLATIONS},
    {4.212e8, 1.5e9, 1e8, 3.7979, DATABLATIONS},
    {4.212e8, 3.9e9, 1e8, 3.8986, DATABLATIONS},
    {6.187e8, 2.2e10, 1e8, 6.8402, DATABLATIONS},
    {1.096e9, 1e8, 1e8, 6.6110, DATABLATIONS},
    {1.096e9, 3.9e9, 1e8, 4.8349, DATABLATIONS},
    {1.517e9, 8.8e9, 1e8, 7.6798, DATABLATIONS},
    {1.517e9, 6.6e10, 1e8, 11.0184, DATABLATIONS},
    {2.81e9, 1e8, 1e8, 7.5189, DATABLATIONS},
    {2.81e9, 4.8e9, 1e8, 5.3408, DATABLATIONS},
    {3.55e7, 4e8, 4e8, 5.7941, DATABLATIONS},
    {1.465e8, 1.4e10, 4e8, 3.3909, DATABLATIONS},
    {1.465e8, 6e10, 4e8, 3.3403, DATABLATIONS},
    {1.465e8, 1.74e11, 4e8, 3.2770, DATABLATIONS},
    {2.205e8, 7.5e9, 4e8, 3.3744, DATABLATIONS},
    {2.205e8, 3.2e10, 4e8, 3.2605, DATABLATIONS},
    {2.205e8, 3e11, 4e8, 3.2574, DATABLATIONS},
    {2.205e8, 6e11, 4e8, 3.2619, DATABLATIONS},
    {4.212e8, 6e10, 4e8, 3.4320, DATABLATIONS},
    {6.187e8, 2.7e9, 4e8, 3.4492, DATABLATIONS},
    {1.096e9, 1.2e10, 4e8, 3.5476, DATABLATIONS},
    {1.096e9, 9.1e10, 4e8, 4.6188, DATABLATIONS},
    {2.81e9, 5.5e10, 1.25e9, 3.4228, DATABLATIONS},
    {8.27e7, 1.5e9, 1.5e9, 4.3621, DATABLATIONS},
    {8.27e7, 2e10, 1.5e9, 3.6189, DATABLATIONS},
    {2.012e8, 1.5e9, 1.5e9, 3.9299, DATABLATIONS},
    {2.205e8, 6e10, 1.5e9, 3.0323, DATABLATIONS},
    {2.205e8, 3e11, 1.5e9, 2.9588, DATABLATIONS},
    {2.81e8, 5.9e9, 1.5e9, 3.3308, DATABLATIONS},
    {4.212e8, 3.9e9, 1.5e9, 3.3550, DATABLATIONS},
    {4.212e8, 3.2e10, 1.5e9, 2.9809, DATABLATIONS},
    {4.212e8, 2.5e11, 1.5e9, 2.8909, DATABLATIONS},
    {1.096e9, 1.5e9, 1.5e9, 3.6800, DATABLATIONS},
    {1.096e9, 1.2e10, 1.5e9, 2.9969, DATABLATIONS},
    {1.096e9, 9.1e10, 1.5e9, 2.9391, DATABLATIONS},
    {1.096e9, 1.74e11, 1.5e9, 2.9743, DATABLATIONS},
    {2.81e9, 3.6e10, 1.5e9, 3.0651, DATABLATIONS},
    {2.81e9, 8e9, 4e9, 2.9951, DATABLATIONS},
    {2.81e9, 3.2e10, 4e9, 2.7230, DATABLATIONS},
    {6.187e8, 2.2e10, 4.8e9, 2.9120, DATABLATIONS},
    {2.81e9, 4.8e9, 4.8e9, 3.2363, DATABLATIONS},
    {2.205e8, 7.5e9, 7.5e9, 3.3102, DATABLATIONS},
    {1.517e9, 8.8e9, 8.8e9, 3.0225, DATABLATIONS},
    {2.81e9, 5.5e10, 1.1e10, 2.5988, DATABLATIONS},
    {1.096e9, 1.2e10, 1.2e10, 2.9256, DATABLATIONS},
    {1.096e9, 9.1e10, 1.2e10, 2.6659, DATABLATIONS},
    {2.81e9, 3.6e10, 1.2e10, 2.6370, DATABLATIONS},
    {3.9e9, 2.6e10, 1.2e10, 2.9480, DATABLATIONS},
    {8.67e9, 1.2e10, 1.2e10, 3.1403, DATABLATIONS},
    {8.27e7, 2e10, 2e10, 3.6080, DATABLATIONS},
    {6.187e8, 2.2e10, 2.2e10, 2.9002, DATABLATIONS},
    {2.81e9, 5.5e10, 2.8e10, 2.5794, DATABLATIONS},
    {4.212e8, 3.2e10, 3.2e10, 2.9121, DATABLATIONS},
    {8.67e9, 1.78e11, 3.5e10, 2.3600, DATABLATIONS},
    {2.16e9, 4.6e10, 4.6e10, 2.6039, DATABLATIONS},
    {2.81e9, 5.5e10, 5.5e10, 2.5741, DATABLATIONS},
    {8.67e9, 1.78e11, 8.8e10, 2.3373, DATABLATIONS},
    {1.096e9, 9.1e10, 9.1e10, 2.6368, DATABLATIONS},
    {5.737e8, 1.74e11, 1.74e11, 2.7085, DATABLATIONS},
};

enum { ANCHOR_COUNT = sizeof anchors / sizeof anchors[0] };

const vsh_anchor *vsh_anchors(int *count)
{
    *count = ANCHOR_COUNT;
    return anchors;
}

static double distance(double a, double b) { return fabs(log(a / b)); }

static bool repeats(const vsh_anchor *a) { return a->tokens > 1.01 * a->unique; }

/* What else an anchor must be: of a corpus, or of a number of unique tokens. */
typedef struct {
    int corpus;
    double unique;
} anchor_wish;

static bool any(const vsh_anchor *a, const anchor_wish *wish)
{
    (void)a, (void)wish;
    return true;
}

static bool fresh(const vsh_anchor *a, const anchor_wish *wish)
{
    return !repeats(a) && (wish->corpus == VSH_ANY_CORPUS || a->corpus == wish->corpus);
}

static bool as_many_unique(const vsh_anchor *a, const anchor_wish *wish)
{
    return repeats(a) && distance(a->unique, wish->unique) < log(1.1);
}

static const vsh_anchor *nearest(double params, double tokens, anchor_wish wish,
                                 bool (*admits)(const vsh_anchor *a, const anchor_wish *wish))
{
    const vsh_anchor *best = NULL;
    double least = INFINITY;

    for (int i = 0; i < ANCHOR_COUNT; i++) {
        double far =
            hypot(distance(anchors[i].params, params), distance(anchors[i].tokens, tokens));
        if (admits(&anchors[i], &wish) && far < least) {
            least = far;
            best = &anchors[i];
        }
    }
    return best;
}

const vsh_anchor *vsh_anchor_nearest(double params, double tokens)
{
    return nearest(params, tokens, (anchor_wish){VSH_ANY_CORPUS, 0}, any);
}

const vsh_anchor *vsh_anchor_nearest_point(double params, double tokens, double unique, int corpus)
{
    const vsh_anchor *best = NULL;
    double least = INFINITY;

    for (int i = 0; i < ANCHOR_COUNT; i++) {
        const vsh_anchor *a = &anchors[i];
        double far =
            hypot(hypot(distance(a->params, params), distance(a->tokens, tokens)),
                  distance(a->unique,
                           vsh_point_unique(&(vsh_point){.tokens = tokens, .unique = unique})));
        if ((corpus == VSH_ANY_CORPUS || a->corpus == corpus) && far < least) {
            least = far;
            best = a;
        }
    }
    return best;
}

const vsh_anchor *vsh_anchor_nearest_fresh(double params, double tokens, int corpus)
{
    return nearest(params, tokens, (anchor_wish){corpus, 0}, fresh);
}

const vsh_anchor *vsh_anchor_nearest_repeated(double params, double tokens, double unique)
{
    return nearest(params, tokens, (anchor_wish){VSH_ANY_CORPUS, unique}, as_many_unique);
}

const vsh_anchor *vsh_anchor_best(double unique)
{
    const anchor_wish wish = {VSH_ANY_CORPUS, unique};
    const vsh_anchor *best = NULL;

    for (int i = 0; i < ANCHOR_COUNT; i++)
        if (as_many_unique(&anchors[i], &wish) && (!best || anchors[i].loss < best->loss))
            best = &anchors[i];
    return best;
}
