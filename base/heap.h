/* Memory that was freed, for a program that goes on for long. */
#ifndef WCL_HEAP_H
#define WCL_HEAP_H

/* Gives the system what was freed and is kept for the next use, where the C library can do that. */
void wcl_heap_give_back(void);

#endif
