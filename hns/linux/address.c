/* IP addresses, prefixes and MACs. */
#include "hns/linux/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_HOSTS (UINT64_C(1) << 62)

bool wcl_ip_parse(const char *text, wcl_ip *ip)
{
    memset(ip, 0, sizeof(*ip));
    if (inet_pton(AF_INET, text, ip->bytes) == 1) {
        ip->size = 4;
        return true;
    }
    if (inet_pton(AF_INET6, text, ip->bytes) != 1)
        return false;
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };
    if (memcmp(ip->bytes, mapped, sizeof(mapped)) == 0) { /* an IPv4 address in IPv6's clothes */
        memmove(ip->bytes, ip->bytes + 12, 4);
        memset(ip->bytes + 4, 0, 12);
        ip->size = 4;
        return true;
    }
    ip->size = 16;
    return true;
}

char *wcl_ip_format(const wcl_ip *ip, char text[WCL_IP_TEXT_SIZE])
{
    text[0] = '\0';
    if (ip->size)
        inet_ntop(ip->size == 4 ? AF_INET : AF_INET6, ip->bytes, text, WCL_IP_TEXT_SIZE);
    return text;
}

bool wcl_ip_equal(const wcl_ip *a, const wcl_ip *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

bool wcl_ip_is_loopback(const wcl_ip *ip)
{
    static const uint8_t loopback[16] = { [15] = 1 };

    return ip->size == 4 ? ip->bytes[0] == 127
                         : ip->size == 16 && memcmp(ip->bytes, loopback, 16) == 0;
}

bool wcl_ip_is_host(const wcl_ip *ip)
{
    static const uint8_t zeros[16];

    if (ip->size == 0 || memcmp(ip->bytes, zeros, ip->size) == 0 || wcl_ip_is_loopback(ip))
        return false;
    if (ip->size == 4)
        return ip->bytes[0] != 0 && ip->bytes[0] < 224;
    return ip->bytes[0] != 0xFF && !(ip->bytes[0] == 0xFE && (ip->bytes[1] & 0xC0) == 0x80);
}

/* Clears the bits behind the first `length`. */
static void mask(wcl_ip *ip, unsigned length)
{
    for (unsigned i = 0; i < ip->size; i++) {
        unsigned bits = length > i * 8 ? length - i * 8 : 0;
        if (bits < 8)
            ip->bytes[i] &= (uint8_t)(0xFF00u >> bits);
    }
}

wcl_prefix wcl_prefix_of(const wcl_ip *ip, unsigned length)
{
    wcl_prefix prefix = { *ip, length };

    mask(&prefix.address, length);
    return prefix;
}

bool wcl_prefix_parse(const char *text, wcl_prefix *prefix)
{
    char address[WCL_IP_TEXT_SIZE], *end;
    const char *slash = strchr(text, '/');
    wcl_ip ip;

    if (!slash || (size_t)(slash - text) >= sizeof(address) || !isdigit((unsigned char)slash[1]))
        return false;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    unsigned long length = strtoul(slash + 1, &end, 10);
    if (*end || !wcl_ip_parse(address, &ip) || length > ip.size * 8u)
        return false;
    *prefix = wcl_prefix_of(&ip, (unsigned)length);
    return wcl_ip_equal(&prefix->address, &ip);
}

bool wcl_prefix_contains(const wcl_prefix *prefix, const wcl_ip *ip)
{
    wcl_prefix other = wcl_prefix_of(ip, prefix->length);

    return wcl_ip_equal(&other.address, &prefix->address);
}

bool wcl_prefix_overlaps(const wcl_prefix *a, const wcl_prefix *b)
{
    return a->length <= b->length ? wcl_prefix_contains(a, &b->address)
                                  : wcl_prefix_contains(b, &a->address);
}

/* Whether the first and the last address are not hosts'. */
static bool has_edges(const wcl_prefix *prefix)
{
    return prefix->address.size * 8u - prefix->length >= 2;
}

uint64_t wcl_prefix_hosts(const wcl_prefix *prefix)
{
    unsigned bits = prefix->address.size * 8u - prefix->length;

    if (bits > 62)
        return MOST_HOSTS;
    uint64_t all = UINT64_C(1) << bits;
    if (!has_edges(prefix))
        return all;
    return all - (prefix->address.size == 4 ? 2 : 1);
}

wcl_ip wcl_prefix_host(const wcl_prefix *prefix, uint64_t index)
{
    wcl_ip ip = prefix->address;

    if (has_edges(prefix))
        index++;
    for (unsigned i = ip.size; i-- > 0 && index; index >>= 8)
        ip.bytes[i] |= (uint8_t)index;
    return ip;
}

bool wcl_prefix_is_host(const wcl_prefix *prefix, const wcl_ip *ip)
{
    if (!wcl_prefix_contains(prefix, ip))
        return false;
    if (!has_edges(prefix))
        return true;
    if (wcl_ip_equal(ip, &prefix->address))
        return false;
    if (ip->size != 4)
        return true;
    wcl_ip last = wcl_prefix_host(prefix, wcl_prefix_hosts(prefix));
    return !wcl_ip_equal(ip, &last);
}

bool wcl_mac_parse(const char *text, wcl_mac *mac)
{
    if (strlen(text) != 17)
        return false;
    for (unsigned i = 0; i < 6; i++) {
        const char *at = text + i * 3;
        unsigned value;
        if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]) ||
            (i < 5 && at[2] != '-' && at[2] != ':') || sscanf(at, "%2x", &value) != 1)
            return false;
        mac->bytes[i] = (uint8_t)value;
    }
    return true;
}

char *wcl_mac_format(const wcl_mac *mac, char text[WCL_MAC_TEXT_SIZE])
{
    snprintf(text, WCL_MAC_TEXT_SIZE, "%02X-%02X-%02X-%02X-%02X-%02X", mac->bytes[0], mac->bytes[1],
             mac->bytes[2], mac->bytes[3], mac->bytes[4], mac->bytes[5]);
    return text;
}

uint64_t wcl_mac_to_number(const wcl_mac *mac)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < 6; i++)
        number = number << 8 | mac->bytes[i];
    return number;
}

wcl_mac wcl_mac_from_number(uint64_t number)
{
    wcl_mac mac;

    for (unsigned i = 6; i-- > 0; number >>= 8)
        mac.bytes[i] = (uint8_t)number;
    return mac;
}

bool wcl_mac_is_host(const wcl_mac *mac)
{
    return !(mac->bytes[0] & 1) && wcl_mac_to_number(mac) != 0;
}
