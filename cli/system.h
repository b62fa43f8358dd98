/* What the program asks of the system it runs on. */
#ifndef WCL_CLI_SYSTEM_H
#define WCL_CLI_SYSTEM_H

#include <pthread.h>
#include <stdbool.h>
#include <wcl/base.h>

/* Comes first: arguments become UTF-8, and streams and pipes behave as on any system. */
bool cli_system_begin(int *argc, char ***argv);

/* Where layers are kept unless told otherwise. */
const char *cli_system_home(void);

/* Whether there is a store, or networks alone, in the home; always, where the system keeps
 * networks. */
bool cli_system_has_networks(const char *home);

/* Takes the rights that reading and writing layers needs, where the process does not have them from
 * the start. A user who does not have them goes on without: the log says so, and the system refuses
 * what needs them. */
void cli_system_take_rights(const wcl_hooks *hooks);

/* Calls `stop`, on any thread or from a signal, when the program is asked to end. */
void cli_system_watch(void (*stop)(int number));

/*
 * From now on a program that was asked to end and still waits for something ends all the same: what
 * waits in the system is woken again and again, and after a while the process is over. That is for
 * commands that may be killed at any instant.
 */
void cli_system_end_in_time(void);
/* Says that the end has begun: there is more time, to take away what was half made. */
void cli_system_end_begins(void);

/* Ends a thread that waits for input. */
void cli_system_end_reader(pthread_t thread);

#endif
