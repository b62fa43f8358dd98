/* Times as hcsshim's JSON has them: RFC 3339, to 100 ns or finer, in UTC. */
#ifndef WCL_CONTAINER_TIMESTAMP_H
#define WCL_CONTAINER_TIMESTAMP_H

#include <wcl/base.h>

#define WCL_TIMESTAMP_SIZE 40

/* "2017-02-15T10:00:00.123456789Z" */
void wcl_timestamp_format(struct timespec time, char text[WCL_TIMESTAMP_SIZE]);
/* With any zone and up to nine digits of a fraction. */
wcl_status wcl_timestamp_parse(const char *text, struct timespec *time, wcl_error *error);

#endif
