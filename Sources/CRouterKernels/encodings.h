// The encodings whose weights are held in tiles, each in a file of its own.
//
// An encoding NAME is added by a file `encodings/NAME.h`, a line here, and an entry in RK_ENCODINGS. A file
// that needs encodings defines one of these and includes this one, once; an encoding's file has for each
//
//   always       enum { rk_NAME_tile_bytes }
//   RK_PORTABLE  pack_group_NAME, decode_group_NAME: group `group` of the stored codes, which is one lane of
//                one tile, to and from it; random_NAME: the values beside random codes. See tiles.c.
//   RK_SCALAR    group_product_NAME: one lane of a tile times 32 activations, in plain C. See scalar.c.
//   RK_AVX2, RK_AVX512, RK_NEON
//                add_group_NAME: part `part` of a tile, RK_WIDTH lanes, times group `g` of `rows` rows of
//                activations, added to `total`. See tile_matmul.h.

#include "encodings/q4.h"
#include "encodings/q8.h"
