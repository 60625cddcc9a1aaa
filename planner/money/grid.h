/* The tables behind region.h. A code occurs once in all of them. */
#ifndef VSH_GRID_H
#define VSH_GRID_H

#include "planner/money/region.h"

extern const vsh_region vsh_grid_clouds[], vsh_grid_countries[], vsh_grid_states[];
extern const int vsh_grid_cloud_count, vsh_grid_country_count, vsh_grid_state_count;

/* By how much two publishers differ about one grid: the median factor between Google's region and
 * Our World in Data's country where both speak of one national grid (tests/laws/test_region.c
 * derives it). Where one figure is all there is, its range is this factor either way. */
#define VSH_GRID_FACTOR 1.39

/* What the ranges of the tables are. */
#define VSH_RANGE_YEARS "yearly means of 2021-2025"
#define VSH_RANGE_GOOGLE "the figure, and Google's regions there in 2021-2025"
#define VSH_RANGE_ZONES "the figure, and electricityMap's zones there in 2017-2021"
#define VSH_RANGE_BOTH                                                                             \
    "the figure, Google's regions there in 2021-2025, electricityMap's zones in 2017-2021"
#define VSH_RANGE_FACTOR "by 1.39, the median factor between two publishers of one grid"

#endif
