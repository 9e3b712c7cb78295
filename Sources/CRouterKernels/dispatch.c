// Chooses the kernels for the processor that the program runs on.

#include "internal.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

/// The bit of AT_HWCAP that stands for the dot product instructions; some system headers lack its name.
enum { rk_hwcap_asimddp = 1 << 20 };

static int has_dot_product(void) { return (getauxval(AT_HWCAP) & rk_hwcap_asimddp) != 0; }
#elif defined(__aarch64__)
/// Every processor of Apple's since 2018 that runs a system which Swift 6 supports has them.
static int has_dot_product(void) { return 1; }
#endif

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
#if defined(__aarch64__)
    case rk_isa_neon:
      return has_dot_product() ? &rk_neon_kernels : NULL;
#endif
    default:
      return NULL;
  }
}

const rk_kernels *rk_best(void) {
  for (int isa = rk_isa_neon; isa > rk_isa_scalar; isa--) {
    const rk_kernels *kernels = rk_for((rk_isa)isa);
    if (kernels) return kernels;
  }
  return &rk_scalar_kernels;
}
