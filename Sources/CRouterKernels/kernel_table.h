// The table of one instruction set: every including file has kernels under the same names.

#define RK_TILE_ENTRY(ENCODING) [rk_encoding_##ENCODING] = matmul_##ENCODING,

static const rk_tile_matmul tile_matmuls[rk_encoding_count] = {RK_ENCODINGS(RK_TILE_ENTRY)};

#define RK_KERNEL_TABLE(ISA)                            \
  const rk_kernels rk_##ISA##_kernels = {               \
      .isa = rk_isa_##ISA,                              \
      .name = #ISA,                                     \
      .quantize = quantize,                             \
      .matmul_tiles = tile_matmuls,                     \
      .matmul_f32 = matmul_f32,                         \
      .matmul_bf16 = matmul_bf16,                       \
      .dot_rows = dot_rows,                             \
      .add_tops = add_tops,                             \
      .leading_rows = leading_rows,                     \
      .softmax = softmax,                               \
      .rms_norm = rms_norm,                             \
      .rms_norm_quantize = rms_norm_quantize,           \
      .add = add,                                       \
      .silu_multiply = silu_multiply,                   \
      .silu_multiply_quantize = silu_multiply_quantize, \
      .rotate = rotate,                                 \
      .store = store,                                   \
      .attend = attend,                                 \
      .attend_part = attend_part,                       \
      .attend_join = attend_join,                       \
  };
