/* References and platforms: what is taken comes out as a name that means the same again. */
#include <stdlib.h>
#include <string.h>
#include <wcl/image.h>

static void check_reference(const char *text)
{
    wcl_reference *reference = NULL, *again = NULL;

    if (wcl_reference_parse(text, &reference, NULL) != WCL_OK)
        return;
    if (wcl_reference_parse(reference->name, &again, NULL) != WCL_OK ||
        strcmp(again->name, reference->name) != 0 ||
        strcmp(again->familiar, reference->familiar) != 0)
        abort();
    wcl_free(again);
    if (wcl_reference_parse(reference->familiar, &again, NULL) != WCL_OK ||
        strcmp(again->name, reference->name) != 0)
        abort();
    wcl_free(again);
    wcl_free(reference);
}

static void check_platform(const char *text)
{
    wcl_platform *platform = NULL;
    size_t chosen;

    if (wcl_platform_parse(text, &platform, NULL) != WCL_OK)
        return;
    if (!*platform->os || !*platform->architecture)
        abort();
    wcl_platform_choose(platform, platform, 1, &chosen);
    wcl_free(platform);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    check_reference(text);
    check_platform(text);
    free(text);
    return 0;
}
