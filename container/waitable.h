/* What a program polls: an eventfd, on Windows an event. */
#ifndef WCL_CONTAINER_WAITABLE_H
#define WCL_CONTAINER_WAITABLE_H

#include <wcl/container.h>

#define WCL_WAITABLE_NONE ((wcl_waitable)-1)

wcl_status wcl_waitable_new(wcl_waitable *waitable, wcl_error *error);
/* Makes it ready, for good. WCL_WAITABLE_NONE is allowed. */
void wcl_waitable_set(wcl_waitable waitable);
/* WCL_WAITABLE_NONE is allowed. */
void wcl_waitable_free(wcl_waitable waitable);

#endif
