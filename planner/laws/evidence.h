/* How sure a figure of the literature is; the one set of labels of laws, recipes and advice. */
#ifndef VSH_EVIDENCE_H
#define VSH_EVIDENCE_H

/* Read in the paper itself or its authors' code or data, in another's account of it, recalled
 * without either, worked out here, fitted to runs of the user's, or assumed. */
typedef enum {
    VSH_EVIDENCE_PRIMARY,
    VSH_EVIDENCE_SECONDARY,
    VSH_EVIDENCE_MEMORY,
    VSH_EVIDENCE_DERIVED,
    VSH_EVIDENCE_FIT,
    VSH_EVIDENCE_ASSUMED,
    VSH_EVIDENCE_COUNT
} vsh_evidence;

extern const char *const vsh_evidence_names[VSH_EVIDENCE_COUNT];

#endif
