#!/bin/sh
# The laws of the house (docs/design.md), read off the sources. Each law is one test.
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0

# law NAME OFFENDERS: passes when there are none
law() {
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'broken: %s\n%s\n' "$1" "$2"
    fi
}

sources=$(find core planner sim trainer -name '*.[ch]' 2>/dev/null)
code() { grep -nE "$1" $sources 2>/dev/null; }
# includes of folder $2 in the files of folder $1
includes() { grep -rnE "#include \"$2/" "$1" 2>/dev/null; }

law "core includes nothing from the programs" \
    "$(includes core planner; includes core sim; includes core trainer)"
law "the programs do not include each other" \
    "$(includes planner sim; includes planner trainer; includes sim planner; includes sim trainer
       includes trainer planner; includes trainer sim)"

law "the laws and recipes know no plan, and no plan's header knows its advice" \
    "$(grep -nE '#include "planner/(plan|advice/)' planner/laws/*.[ch] planner/tuning/*.[ch]
       grep -nE '#include "planner/advice/' planner/plan.h)"

# room NAME BELOW: a file of the trainer's room includes only that room and those below it
room() {
    law "trainer/$1 uses only itself${2:+ and $2}" \
        "$(grep -rnE '#include "trainer/' "trainer/$1" | grep -vE "#include \"trainer/($1${2:+|$2})/")"
}
room base
room nn base
room text base
room data base
room tasks 'base|nn|data'
room build 'base|text|data|tasks'
room run 'base|nn|text|data|tasks|build'
room study 'base|nn|text|data|tasks|build|run'
law "every folder of the trainer is one of its rooms" \
    "$(ls -d trainer/*/ | grep -vE '^trainer/(base|nn|text|data|tasks|build|run|study|configs)/$')"

lower='status|arena|units|text|cli|term|doc|field|json|rng|clock|file|child|library|thread_team|program|explain|lines|csv|doc_write|progress|sort'
upper='dataset|model|model_hf|model_write|tensor|split|precision|op|lower|lower_inside|lower_network|lower_backward|lower_step|hardware|hardware_probe|hardware_auto|kernel_loop|ceiling|cost|footprint|footprint_layout|workspace|record|report|chart|page|named|step_question'
law "the lower row of core does not use the upper row" \
    "$(grep -nE "#include \"core/($upper)\.h\"" $(ls core/*.[ch] | grep -E "/($lower)\.[ch]$"))"
law "every file of core is in one of the two rows" \
    "$(ls core/*.[ch] | grep -vE "/($lower|$upper)\.[ch]$")"

# one external library, one place
only() {
    law "$1 only in $2" "$(code "#include <$1" | grep -vE "^($2):")"
}
only yaml.h core/doc.c
only hwloc.h core/hardware_probe.c
only cblas.h trainer/nn/gemm_openblas.c
only jansson.h trainer/base/json_read.c
only mpi.h trainer/run/comm.c
only numa.h trainer/base/numa.c
only gsl/ 'planner/(laws/uncertainty|fit/[a-z_]*)\.c'
law "gslcblas stands on no link line" "$(grep -nE '^[^#]*-lgslcblas' Makefile)"

mains='planner/plan_main\.c|sim/sim_main\.c|trainer/train_main\.c'
law "only a main prints to stdout, exits or reads the environment" \
    "$(code '(^|[^a-z_])(printf|puts|putchar|exit|abort|getenv|setenv)\(|[^a-z_]stdout[^a-z_]' |
       grep -vE "^($mains):" | grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)' |
       grep -vE '^core/chart\.c:.*(setenv|_exit)\(' | grep -vE '^core/program\.[ch]:.*stdout')"
law "memory comes from the arena" \
    "$(code '(^|[^a-z_])(malloc|calloc|realloc|free|aligned_alloc|strdup)\(' | grep -vE '^core/arena\.c:')"
law "no text from outside reaches a shell" "$(code '(^|[^a-z_])(system|popen)\(')"
law "nobody sets the locale" "$(code 'setlocale\(')"
law "no mutable globals: file-scope data is const" \
    "$(grep -nE '^(static )?(int|double|char|bool|float|size_t|int64_t|vsh_[a-z_]+|plan_[a-z_]+) \**[a-z_]+(\[[^]]*\])*( =.*)?;$' \
         $(echo "$sources" | grep '\.c$'))"
law "file names are unique in the tree" \
    "$(git ls-files '*.c' '*.h' '*.cc' 2>/dev/null | sed 's|.*/||' | sort | uniq -d)"
law "sources name no path of a machine" "$(grep -rnE '"/(home|work|root|tmp/[a-z])' $sources)"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
