#include "planner/money/region.h"

#include <stddef.h>
#include <string.h>

#include "core/text.h"

#define GOOGLE_2024 "GoogleCloudPlatform/region-carbon-info data/yearly/2024.csv"
#define MLCO2_2019 "mlco2/impact@d0d3ee5 data/impact.csv (2019)"

static const vsh_region regions[] = {
    {"us-central1", 412.72, "Iowa, USA", GOOGLE_2024},
    {"us-west1", 79.23, "Oregon, USA", GOOGLE_2024},
    {"us-west4", 357.3, "Nevada, USA", GOOGLE_2024},
    {"europe-west4", 208.81, "Netherlands", GOOGLE_2024},
    {"asia-southeast1", 366.85, "Singapore", GOOGLE_2024},
    {"asia-east1", 557, "Changhua County, Taiwan", MLCO2_2019},
    {"asia-east2", 702, "Hong Kong, China", MLCO2_2019},
    {"asia-northeast1", 516, "Tokyo, Japan", MLCO2_2019},
    {"asia-northeast2", 516, "Osaka, Japan", MLCO2_2019},
    {"asia-south1", 920, "Mumbai, India", MLCO2_2019},
    {"australia-southeast1", 802, "Sydney, Australia", MLCO2_2019},
    {"europe-north1", 211, "Hamina, Finland", MLCO2_2019},
    {"europe-west1", 267, "St. Ghislain, Belgium", MLCO2_2019},
    {"europe-west2", 623, "London, United Kingdom", MLCO2_2019},
    {"europe-west3", 615, "Frankfurt, Germany", MLCO2_2019},
    {"europe-west6", 16, "Zürich, Switzerland", MLCO2_2019},
    {"northamerica-northeast1", 34.5, "Montréal, Canada", MLCO2_2019},
    {"southamerica-east1", 205, "São Paulo, Brazil", MLCO2_2019},
    {"us-east1", 367.8, "Berkeley County, USA", MLCO2_2019},
    {"us-east4", 367.8, "Loudoun County, USA", MLCO2_2019},
    {"us-west2", 240.6, "Los Angeles, USA", MLCO2_2019},
    {"us-west3", 272.1, "Salt Lake City, USA", MLCO2_2019},
    {"us-east-2", 568.2, "Columbus, USA", MLCO2_2019},
    {"us-east-1", 367.8, "Ashburn, USA", MLCO2_2019},
    {"us-west-1", 240.6, "San Francisco, USA", MLCO2_2019},
    {"us-west-2", 297.6, "Portland, USA", MLCO2_2019},
    {"ap-east-1", 702, "Hong Kong, China", MLCO2_2019},
    {"ap-south-1", 920, "Mumbai, India", MLCO2_2019},
    {"ap-northeast-3", 516, "Osaka, Japan", MLCO2_2019},
    {"ap-northeast-2", 517, "Seoul, South Korea", MLCO2_2019},
    {"ap-southeast-1", 419, "Singapore, Singapore", MLCO2_2019},
    {"ap-southeast-2", 802, "Sydney, Australia", MLCO2_2019},
    {"ap-northeast-1", 516, "Tokyo, Japan", MLCO2_2019},
    {"ca-central-1", 20, "Montreal, Canada", MLCO2_2019},
    {"eu-central-1", 615, "Frankfurt am Main, Germany", MLCO2_2019},
    {"eu-west-1", 617, "Dublin, Ireland", MLCO2_2019},
    {"eu-west-2", 623, "London, United Kingdom", MLCO2_2019},
    {"eu-west-3", 105, "Paris, France", MLCO2_2019},
    {"eu-north-1", 47, "Stockholm, Sweden", MLCO2_2019},
    {"sa-east-1", 205, "Sao Paulo, Brazil", MLCO2_2019},
    {"eastasia", 702, "Wan Chai, Hong Kong", MLCO2_2019},
    {"southeastasia", 419, "Singapore, Singapore", MLCO2_2019},
    {"centralus", 736.6, "Des Moines, USA", MLCO2_2019},
    {"eastus", 367.8, "Blue Ridge, USA", MLCO2_2019},
    {"eastus2", 367.8, "Boydton, USA", MLCO2_2019},
    {"westus", 240.6, "San Francisco, USA", MLCO2_2019},
    {"northcentralus", 568.2, "Chicago, USA", MLCO2_2019},
    {"southcentralus", 460.4, "San Antonio, USA", MLCO2_2019},
    {"northeurope", 617, "Dublin, Ireland", MLCO2_2019},
    {"westeurope", 569, "Amsterdam, Netherlands", MLCO2_2019},
    {"japanwest", 516, "Osaka-shi, Japan", MLCO2_2019},
    {"japaneast", 516, "Tokyo, Japan", MLCO2_2019},
    {"brazilsouth", 205, "Sao Paulo, Brazil", MLCO2_2019},
    {"australiaeast", 802, "Sydney, Australia", MLCO2_2019},
    {"australiasoutheast", 805, "Melbourne, Australia", MLCO2_2019},
    {"southindia", 920, "Pallavaram, India", MLCO2_2019},
    {"centralindia", 920, "Lohogaon, India", MLCO2_2019},
    {"westindia", 920, "Mumbai, India", MLCO2_2019},
    {"canadacentral", 69.3, "Toronto, Canada", MLCO2_2019},
    {"canadaeast", 20, "Quebec, Canada", MLCO2_2019},
    {"uksouth", 623, "Midhurst, United Kingdom", MLCO2_2019},
    {"ukwest", 623, "Wallasey, United Kingdom", MLCO2_2019},
    {"westcentralus", 297.6, "Mountain View, USA", MLCO2_2019},
    {"westus2", 297.6, "Quincy, USA", MLCO2_2019},
    {"koreacentral", 517, "Seoul, South Korea", MLCO2_2019},
    {"koreasouth", 517, "Busan, South Korea", MLCO2_2019},
    {"francecentral", 105, "Huriel, France", MLCO2_2019},
    {"francesouth", 105, "Realmont, France", MLCO2_2019},
    {"australiacentral", 900, "Forrest, Australia", MLCO2_2019},
    {"australiacentral2", 900, "Forrest, Australia", MLCO2_2019},
    {"southafricanorth", 1009, "Pretoria, South Africa", MLCO2_2019},
    {"southafricawest", 1009, "Stellenbosch, South Africa", MLCO2_2019},
};

enum { REGION_COUNT = sizeof regions / sizeof regions[0] };

vsh_status vsh_region_find(const char *code, const vsh_region **region, vsh_error *err)
{
    const char *codes[REGION_COUNT];
    char suggestion[160];

    for (size_t i = 0; i < REGION_COUNT; i++) {
        codes[i] = regions[i].code;
        if (strcmp(codes[i], code) == 0) {
            *region = &regions[i];
            return VSH_OK;
        }
    }
    vsh_suggest(suggestion, sizeof suggestion, code, codes, REGION_COUNT);
    return vsh_fail(err, VSH_EINPUT, "--region: no carbon intensity for \"%.60s\"%s", code,
                    suggestion);
}
