/* Answers over HTTP: JSON documents, errors, and a diff as it is made. */
#ifndef WCL_GRAPHDRIVER_ANSWER_H
#define WCL_GRAPHDRIVER_ANSWER_H

#include <microhttpd.h>

#include "graphdriver/server/streams.h"

/* Answers with a JSON text, which is taken over. */
enum MHD_Result wcl_answer_json(struct MHD_Connection *connection, unsigned status, char *text);

/* {"Err":"..."} */
enum MHD_Result wcl_answer_error(struct MHD_Connection *connection, unsigned status,
                                 const wcl_error *error);

/* {"Size":...} */
enum MHD_Result wcl_answer_size(struct MHD_Connection *connection, uint64_t size);

/*
 * Answers with what the stream gives, and takes it over. An error before the first byte is an
 * answer of its own and is put into `error`, later ones break the connection off.
 */
enum MHD_Result wcl_answer_stream(struct MHD_Connection *connection, wcl_stream *stream,
                                  wcl_error *error);

#endif
