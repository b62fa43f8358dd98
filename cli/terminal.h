/* The terminal that the program runs in. */
#ifndef WCL_CLI_TERMINAL_H
#define WCL_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether standard input and output are a terminal. */
bool terminal_is_there(void);
/* Its size; false when it is not known. */
bool terminal_size(uint16_t *width, uint16_t *height);
/* Passes every key on as it is, until terminal_restore(). */
void terminal_make_raw(void);
void terminal_restore(void);

#endif
