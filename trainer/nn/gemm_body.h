/* TODO(gemm) */
