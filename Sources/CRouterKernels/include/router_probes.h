// Probes of the machine: loops that do nothing but read, multiply bytes, or multiply floats, as fast as the
// instructions that the kernels use allow. What they reach is the limit that the kernels are measured against.

#ifndef ROUTER_PROBES_H
#define ROUTER_PROBES_H

#include <stddef.h>
#include <stdint.h>

#include "router_kernels.h"

/// The probes of one instruction set. Results only keep the compiler from removing the work.
typedef struct rk_probes {
  /// Reads `bytes` bytes, a multiple of 1024, as one stream or as four interleaved ones.
  uint64_t (*read)(const uint8_t *p, size_t bytes, int interleaved);
  /// Runs `rounds` rounds of independent 8-bit dot products.
  uint64_t (*int8)(size_t rounds);
  /// Runs `rounds` rounds of independent f32 multiply-adds.
  float (*f32)(size_t rounds);
  /// Additions and multiplications in one round.
  size_t int8_operations, f32_operations;
} rk_probes;

/// The probes for one instruction set; portable ones for a set that has none of its own.
const rk_probes *rk_probes_for(rk_isa isa);

#endif
