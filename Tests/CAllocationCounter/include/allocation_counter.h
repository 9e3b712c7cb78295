// Counts heap allocations, thread by thread, in the program that it is linked into.
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/// Whether allocations are counted: only with glibc, and without a sanitizer, which has an allocator of its own.
bool allocation_counter_works(void);

/// Allocations, and changes of an allocation's size, that the calling thread has made.
uint64_t allocation_counter_of_thread(void);

#endif
