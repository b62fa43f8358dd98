/* IP addresses, prefixes and MACs: texts, bytes and the arithmetic of giving them out. */
#ifndef WCL_HNS_ADDRESS_H
#define WCL_HNS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WCL_IP_TEXT_SIZE 46
#define WCL_MAC_TEXT_SIZE 18

typedef struct wcl_ip {
    uint8_t size; /* 4 or 16; 0 where there is none */
    uint8_t bytes[16];
} wcl_ip;

typedef struct wcl_prefix {
    wcl_ip address; /* all host bits are 0 */
    unsigned length;
} wcl_prefix;

typedef struct wcl_mac {
    uint8_t bytes[6];
} wcl_mac;

bool wcl_ip_parse(const char *text, wcl_ip *ip);
char *wcl_ip_format(const wcl_ip *ip, char text[WCL_IP_TEXT_SIZE]);
bool wcl_ip_equal(const wcl_ip *a, const wcl_ip *b);
/* Whether a host can have it: neither unspecified, loopback, link-local IPv6, multicast nor
 * broadcast. */
bool wcl_ip_is_host(const wcl_ip *ip);
/* Whether it is in 127.0.0.0/8 or ::1. */
bool wcl_ip_is_loopback(const wcl_ip *ip);

/* "ADDRESS/LENGTH" without host bits. */
bool wcl_prefix_parse(const char *text, wcl_prefix *prefix);
bool wcl_prefix_contains(const wcl_prefix *prefix, const wcl_ip *ip);
bool wcl_prefix_overlaps(const wcl_prefix *a, const wcl_prefix *b);
/* The prefix an address lies in. */
wcl_prefix wcl_prefix_of(const wcl_ip *ip, unsigned length);
/*
 * How many addresses hosts can have: the network address, and with IPv4 the broadcast address, are
 * none (a /31, /32, /127 or /128 has all). Never more than 2^62.
 */
uint64_t wcl_prefix_hosts(const wcl_prefix *prefix);
/* Host `index` of wcl_prefix_hosts(). */
wcl_ip wcl_prefix_host(const wcl_prefix *prefix, uint64_t index);
/* Whether `ip` is one of those. */
bool wcl_prefix_is_host(const wcl_prefix *prefix, const wcl_ip *ip);

/* Six bytes in hexadecimal with '-' or ':' between them. */
bool wcl_mac_parse(const char *text, wcl_mac *mac);
/* As Windows writes it: "00-15-5D-01-02-03". */
char *wcl_mac_format(const wcl_mac *mac, char text[WCL_MAC_TEXT_SIZE]);
uint64_t wcl_mac_to_number(const wcl_mac *mac);
wcl_mac wcl_mac_from_number(uint64_t number);
/* Neither all zeros nor a multicast address. */
bool wcl_mac_is_host(const wcl_mac *mac);

#endif
