#include "trainer/nn/gemm_onednn.h"

#include <assert.h>
#include <dlfcn.h>
#include <string.h>

/* POSIX lets an object pointer of dlsym hold a function. */
static void symbol(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);

    memcpy(function, &found, sizeof found);
}

/* The start of dnnl_version_t. */
typedef struct {
    int major, minor, patch;
} version_start;

vsh_onednn vsh_onednn_open(void)
{
    static const char *const names[] = {"libdnnl.so.2", "libdnnl.so.3"};
    vsh_onednn onednn = {NULL};
    const version_start *(*version)(void) = NULL;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && !onednn.library; i++)
        onednn.library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!onednn.library)
        return onednn;
    symbol(onednn.library, "dnnl_sgemm", &onednn.sgemm);
    symbol(onednn.library, "dnnl_version", &version);
    symbol(onednn.library, "omp_set_num_threads", &onednn.set_threads);
    if (!onednn.sgemm || !version) {
        vsh_onednn_close(&onednn);
        return onednn;
    }
    memcpy(onednn.version, version(), sizeof onednn.version);
    return onednn;
}

void vsh_onednn_close(vsh_onednn *onednn)
{
    if (onednn->library)
        dlclose(onednn->library);
    *onednn = (vsh_onednn){NULL};
}

/* OpenMP's number of threads belongs to the thread that calls: said every time, it costs some
 * nanoseconds, and no second pool of threads ever comes to be. */
void vsh_onednn_multiply(const vsh_onednn *onednn, const vsh_product *p)
{
    int status;

    if (onednn->set_threads)
        onednn->set_threads(1);
    status = onednn->sgemm(p->form == VSH_GEMM_TN ? 'T' : 'N', p->form == VSH_GEMM_NT ? 'T' : 'N',
                           p->m, p->n, p->k, p->alpha, p->a, p->lda, p->b, p->ldb,
                           p->add ? 1.0F : 0.0F, p->c, p->ldc);
    assert(status == 0);
    (void)status;
}
