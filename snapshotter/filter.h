/* containerd's filters: what a snapshot must be to be listed. */
#ifndef WCL_SNAPSHOTTER_FILTER_H
#define WCL_SNAPSHOTTER_FILTER_H

#include "snapshotter/snapshot.h"

typedef struct wcl_filter wcl_filter;

/*
 * Parses filters, of which one must hold, and of whose comma-separated parts each: FIELD,
 * FIELD==VALUE, FIELD!=VALUE and FIELD~=REGEX, with the fields name, parent, kind and labels.NAME.
 * Names and values may stand in double quotes, a regex also between slashes or bars. None at all
 * match everything. wcl_filter_free().
 */
wcl_status wcl_filter_parse(char *const *texts, size_t count, wcl_filter **filter,
                            wcl_error *error);
bool wcl_filter_matches(const wcl_filter *filter, const wcl_snapshot *snapshot);
void wcl_filter_free(wcl_filter *filter);

#endif
