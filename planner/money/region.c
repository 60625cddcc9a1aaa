#include "planner/money/region.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "core/text.h"
#include "planner/money/grid.h"

/* ---- data centres ------------------------------------------------------------------------- */

/* Google: fleet 1.10 in the four quarters to Q4 2019 and in Patterson et al. 2021; fleet of 2025
 * 1.09 (its efficiency page); campuses up to 1.15 (doi 10.1186/s13677-020-00185-8, table 9), which
 * includes the 1.09-1.12 that mlco2/impact@d0d3ee5a71 lists by region. Amazon: all of 2023 and its
 * best site. Microsoft: newest sites 1.12, all 1.18. A country says nothing of the data centre: a
 * modern cloud's 1.10, at worst the mean of all data centres. Secondary but for Patterson. */
static const vsh_figure pue[VSH_PROVIDER_COUNT] = {
    [VSH_NO_PROVIDER] = {true, 1.10, 1.09, 1.58,
                         "a modern cloud's, assumed; high end: mean of all data centres (Uptime "
                         "Institute 2023)",
                         "2023", VSH_TAG_ASSUMED},
    [VSH_GOOGLE] = {true, 1.10, 1.09, 1.15,
                    "Google's fleet, arXiv:2104.10350; 1.09 in 2025; campuses to 1.15", "2021",
                    VSH_TAG_MEASURED},
    [VSH_AWS] = {true, 1.15, 1.04, 1.20,
                 "Amazon's mean of 2023, best site 1.04 (re:Invent 2024); high end: below 1.2 by "
                 "its own word",
                 "2023", VSH_TAG_MEASURED},
    [VSH_AZURE] = {true, 1.18, 1.12, 1.18, "Microsoft's mean; newest sites 1.12", "2024",
                   VSH_TAG_MEASURED},
};

const vsh_figure *vsh_region_pue(const vsh_region *region) { return &pue[region->provider]; }

/* ---- by name ------------------------------------------------------------------------------ */

enum { PLACES_MAX = 512, FOLDED = 48 };

/* Words as they are compared: small letters, '-' for a blank. */
static void fold(const char *name, char folded[FOLDED])
{
    size_t i = 0;

    for (; name[i] && i < FOLDED - 1; i++)
        folded[i] = name[i] == ' ' || name[i] == '_' ? '-' : (char)tolower((unsigned char)name[i]);
    folded[i] = '\0';
}

static bool is_named(const char *folded, const char *name)
{
    char other[FOLDED];

    if (!name)
        return false;
    fold(name, other);
    return strcmp(folded, other) == 0;
}

/* Cities are not names: several regions share one. */
static bool is_place(const vsh_region *r, const char *folded)
{
    return is_named(folded, r->code) || is_named(folded, r->short_code) ||
           (r->provider == VSH_NO_PROVIDER && is_named(folded, r->place));
}

static const vsh_region *find_in(const vsh_region *rows, int count, const char *folded)
{
    for (int i = 0; i < count; i++)
        if (is_place(&rows[i], folded))
            return &rows[i];
    return NULL;
}

/* What a misspelt word may have meant: codes of clouds, names of the others (their short codes are
 * near to everything). */
typedef struct {
    char word[PLACES_MAX][FOLDED];
    const char *list[PLACES_MAX];
    size_t count;
} guesses;

static void add_guesses(guesses *g, const vsh_region *rows, int count)
{
    for (int i = 0; i < count && g->count < PLACES_MAX; i++) {
        fold(rows[i].provider == VSH_NO_PROVIDER ? rows[i].place : rows[i].code, g->word[g->count]);
        g->list[g->count] = g->word[g->count];
        g->count++;
    }
}

static vsh_status fail_unknown(const char *name, const char *folded, vsh_error *err)
{
    char suggestion[160];
    guesses g = {.count = 0};

    add_guesses(&g, vsh_grid_clouds, vsh_grid_cloud_count);
    add_guesses(&g, vsh_grid_countries, vsh_grid_country_count);
    add_guesses(&g, vsh_grid_states, vsh_grid_state_count);
    vsh_suggest(suggestion, sizeof suggestion, folded, g.list, g.count);
    return vsh_fail(err, VSH_EINPUT, "--region: no carbon intensity for \"%.60s\"%s", name,
                    suggestion);
}

vsh_status vsh_region_find(const char *name, const vsh_region **region, vsh_error *err)
{
    char folded[FOLDED];
    const vsh_region *cloud, *country, *state;

    /* the United Kingdom's own short form is reserved in ISO 3166-1, not assigned */
    fold(strcmp(name, "UK") == 0 || strcmp(name, "uk") == 0 ? "GB" : name, folded);
    cloud = find_in(vsh_grid_clouds, vsh_grid_cloud_count, folded);
    country = find_in(vsh_grid_countries, vsh_grid_country_count, folded);
    state = find_in(vsh_grid_states, vsh_grid_state_count, folded);
    if (country && state)
        return vsh_fail(err, VSH_EINPUT,
                        "--region: \"%.60s\" is a country (%s) and a state (%s): expected one",
                        name, country->code, state->code);
    if (!cloud && !country && !state)
        return fail_unknown(name, folded, err);
    *region = cloud ? cloud : country ? country : state;
    return VSH_OK;
}
