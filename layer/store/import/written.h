/* What the writer of a layer was given so far, and what the parents have: the rules that an entry
 * must keep to, so that what is wrong is refused when it is given and not found when the layer is
 * used. */
#ifndef WCL_STORE_WRITTEN_H
#define WCL_STORE_WRITTEN_H

#include "layer/store/store.h"

typedef struct wcl_written wcl_written;

/* `parent` is the nearest parent's path, or NULL. The store must outlive it. */
wcl_status wcl_written_new(const wcl_store *store, const char *parent, wcl_written **written,
                           wcl_error *error);
/* NULL is allowed. */
void wcl_written_free(wcl_written *written);

/* Takes an entry of the layer itself, which may be implied. */
wcl_status wcl_written_add(wcl_written *written, const wcl_entry *entry, wcl_error *error);

/* Takes a link. Where it leads into the parents, `link` gets what is known of the file there,
 * unless it says something of it already. */
wcl_status wcl_written_add_link(wcl_written *written, wcl_entry *link, wcl_error *error);

/* Takes a deletion. A layer without parents may delete anything: it is meant for some that are not
 * known. */
wcl_status wcl_written_remove(wcl_written *written, const char *path, wcl_error *error);

/* Of which system the entries and the parents are. */
wcl_os wcl_written_os(const wcl_written *written);

#endif
