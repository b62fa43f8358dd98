/* What this build and this host can do, found out by looking. */
#include "layer/features.h"

#include <stdlib.h>

#include "base/error.h"

static void add_build(wcl_feature_list *list)
{
#ifdef WCL_HAVE_ISAL
    wcl_feature_add(list, "inflate", true, "ISA-L");
#else
    wcl_feature_add(list, "inflate", true,
                    "zlib (built without ISA-L, which is two to three times faster)");
#endif
#ifdef WCL_HAVE_LIBDEFLATE
    wcl_feature_add(list, "deflate", true, "libdeflate, in parallel members");
#else
    wcl_feature_add(list, "deflate", true, "zlib, in parallel members (built without libdeflate)");
#endif
#ifdef WCL_SONAME_CURL
    wcl_feature_add(list, "registries", true, WCL_SONAME_CURL ", loaded when it is needed");
#else
    wcl_feature_add(list, "registries", false, "built without libcurl");
#endif
}

wcl_status wcl_host_features(wcl_feature ***features, size_t *count, wcl_error *error)
{
    wcl_feature_list list = { calloc(WCL_FEATURES_MAX, sizeof(wcl_feature *) + sizeof(wcl_feature)),
                              0 };

    *features = NULL;
    *count = 0;
    if (!list.features)
        return wcl_fail_memory(error);
    add_build(&list);
    wcl_features_of_system(&list);
    *features = list.features;
    *count = list.count;
    return WCL_OK;
}
