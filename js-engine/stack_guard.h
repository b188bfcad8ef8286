/* Included before each file of QuickJS, which switches its guard of the stack off if `__wasi__` is defined. It asks for
 * that name else only to learn that there is `malloc_usable_size`, which glibc has as well; threads are off already.
 * What the library of C asks for it is included before. */
#include <malloc.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#undef __wasi__
#define __GLIBC__ 2
