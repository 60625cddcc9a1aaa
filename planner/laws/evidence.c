#include "planner/laws/evidence.h"

const char *const vsh_evidence_names[VSH_EVIDENCE_COUNT] = {"primary", "secondary", "from memory",
                                                            "derived", "fit",       "assumed"};
