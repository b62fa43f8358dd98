/* What must hold, in a program that has nobody to tell. */
#ifndef WCL_TEST_CHECK_H
#define WCL_TEST_CHECK_H

#include <stdlib.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#endif
