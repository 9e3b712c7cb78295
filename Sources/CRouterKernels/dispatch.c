// Chooses the kernels for the processor that the program runs on.

#include "internal.h"

const rk_kernels *rk_for(rk_isa isa) {
  switch (isa) {
    case rk_isa_scalar:
      return &rk_scalar_kernels;
#if defined(__x86_64__)
    case rk_isa_avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")
                 ? &rk_avx2_kernels
                 : NULL;
    case rk_isa_avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512vnni")
                 ? &rk_avx512_kernels
                 : NULL;
#endif
    default:
      return NULL;
  }
}

const rk_kernels *rk_best(void) {
  for (int isa = rk_isa_avx512; isa > rk_isa_scalar; isa--) {
    const rk_kernels *kernels = rk_for((rk_isa)isa);
    if (kernels) return kernels;
  }
  return &rk_scalar_kernels;
}
