/* The table of compressions. */
#include "compress/formats.h"

#define ROW(NUMBER, name) [WCL_COMPRESSION_##NUMBER] = &wcl_format_##name,
static const wcl_format *const formats[] = { WCL_FORMATS(ROW) };
#define COUNT (sizeof(formats) / sizeof(formats[0]))

const wcl_format *wcl_format_find(wcl_compression compression)
{
    return (unsigned)compression < COUNT ? formats[compression] : NULL;
}

const wcl_compression_info *wcl_compression_info_of(wcl_compression compression)
{
    const wcl_format *format = wcl_format_find(compression);

    return format ? &format->info : NULL;
}

wcl_compression wcl_compression_recognise(const void *data, size_t size)
{
    for (size_t i = 0; i < COUNT; i++)
        if (formats[i]->begins && formats[i]->begins(data, size))
            return formats[i]->info.compression;
    return WCL_COMPRESSION_NONE;
}
