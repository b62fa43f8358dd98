/* Memory that was freed, for a program that goes on for long. */
#ifndef WCL_HEAP_H
#define WCL_HEAP_H

/* Gives the system what was freed and is kept for the next use, where the C library can do that. */
void wcl_heap_give_back(void);

/* For a program that waits more than it works: large pieces go back to the system when they are
 * freed, instead of teaching the heap to be as large. Before threads are started. */
void wcl_heap_keep_small(void);

#endif
