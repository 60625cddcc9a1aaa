/* What `data build` has done, for people and for programs. */
#ifndef VSH_TRAIN_DATA_REPORT_H
#define VSH_TRAIN_DATA_REPORT_H

#include "core/program.h"
#include "trainer/build/build.h"

void train_data_show(vsh_session *session, const vsh_build_options *options,
                     const vsh_build_report *report);
void train_data_write(vsh_session *session, const vsh_build_options *options,
                      const vsh_build_report *report);

#endif
