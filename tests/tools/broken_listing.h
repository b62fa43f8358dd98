/* A program that is linked with this can have its listings of folders break off. */
#ifndef WCL_TEST_BROKEN_LISTING_H
#define WCL_TEST_BROKEN_LISTING_H

/* How many names readdir() still gives before it fails once; negative for no failure. */
extern int names_before_failure;

#endif
