/* A source in memory that breaks off or lies as a test wants it, and a home for what is pulled of
 * it. */
#ifndef TEST_IMAGE_FAKE_SOURCE_H
#define TEST_IMAGE_FAKE_SOURCE_H

#include "image/engine.h"
#include "image/store.h"

#define LAYERS 3
#define FILE_SIZE 300000

typedef struct blob {
    char digest[WCL_DIGEST_TEXT_SIZE];
    wcl_buffer data;
    size_t breaks_at; /* the stream fails there; 0: nowhere */
    size_t flipped;   /* this byte is wrong; 0: none */
    size_t opened_at; /* where it was opened last */
    unsigned opened;  /* how often */
    uint64_t given;   /* bytes in all */
} blob;

typedef struct fake_source {
    wcl_image_source base;
    wcl_buffer manifest;
    char digest[WCL_DIGEST_TEXT_SIZE];
    blob config;
    blob layers[LAYERS];
    /* Called once, with `looked_at`, when a layer is opened. */
    const char *looked_at;
    wcl_status (*look)(void *context, const char *layer);
    void *look_context;
} fake_source;

typedef struct fixture {
    char folder[64];
    char home[80];
    wcl_driver driver;
    fake_source source;
} fixture;

/* Of each test: a home, and a source that is remote. */
int set_up(void **state);
int tear_down(void **state);

/* Pulls the image as NAME; with `parallel` 1, its layers one after the other. */
#define NAME "x.test/a:latest"
wcl_status pull_some(fixture *fixture, unsigned parallel, wcl_error *error);
wcl_status pull(fixture *fixture, wcl_error *error);

/* Fails the test unless the home has so many layers and nothing is wrong with its images. */
void assert_sound(fixture *fixture, size_t layers);

/* The path of a file of .images, and its size, 0 where there is none. */
const char *in_images(const fixture *fixture, const char *folder, const char *digest,
                      char path[300]);
uint64_t size_of(const fixture *fixture, const char *folder, const char *digest);

/* A wcl_write_fn that appends to a wcl_buffer. */
wcl_status append(void *context, const void *data, size_t size, wcl_error *error);

#endif
