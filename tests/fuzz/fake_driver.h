/* A graph driver that keeps nothing, in place of the library's own. */
#ifndef TESTS_FUZZ_FAKE_DRIVER_H
#define TESTS_FUZZ_FAKE_DRIVER_H

/* Aborts unless every driver that was opened was freed. */
void fake_driver_check_closed(void);

#endif
