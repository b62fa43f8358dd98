/* What this host's Windows can do. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "layer/features.h"

void wcl_features_of_system(wcl_feature_list *list)
{
    HMODULE library = LoadLibraryExW(L"vmcompute.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);

    wcl_feature_add(list, "vmcompute", library != NULL,
                    library ? "layers and containers by Windows itself"
                            : "vmcompute.dll is not there; switch on the feature Containers");
    wcl_feature_add(list, "mount", library != NULL,
                    library ? "by vmcompute"
                            : "needs vmcompute; the store provider mounts nothing");
    if (library)
        FreeLibrary(library);
}
