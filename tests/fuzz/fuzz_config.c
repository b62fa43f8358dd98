/* Configs of images: diff IDs and chain IDs of what is taken are well-formed, as many as asked for.
 * The first byte says how many layers the manifest has. */
#include <stdlib.h>
#include <string.h>

#include "image/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t layers = size ? data[0] % 4 : 0;
    wcl_config *config = NULL;
    wcl_error error = WCL_ERROR_INIT;

    if (size == 0 || wcl_config_parse(data + 1, size - 1, layers, &config, &error) != WCL_OK)
        return 0;
    if (config->layer_count != layers)
        abort();
    for (size_t i = 0; i < layers; i++)
        if (wcl_digest_check(config->diff_ids[i], NULL) != WCL_OK ||
            wcl_layer_id_check(wcl_digest_digits(config->chain_ids[i]), NULL) != WCL_OK)
            abort();
    if (config->os != WCL_OS_WINDOWS && config->os != WCL_OS_LINUX)
        abort();
    wcl_config_free(config);
    return 0;
}
