#ifndef C_SIMDJSON_H
#define C_SIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// simdjson's DOM parser behind a C interface: no exception crosses it, and no C++ type is seen.

#ifdef __cplusplus
extern "C" {
#endif

/// A parser with its buffers. One thread at a time; freed by `csimdjson_parser_free`.
typedef struct csimdjson_parser csimdjson_parser;

/// What a parse left behind. The pointers belong to the parser and hold until it parses again or is
/// freed; they are NULL when `code` is not 0.
typedef struct {
    /// 0, or simdjson's error code.
    int code;
    /// simdjson's tape (its doc/tape.md): words of a type in the top byte and 56 bits of payload.
    const uint64_t *_Nullable tape;
    /// Where the payloads of strings point: four bytes of length (native order), UTF-8, a zero byte.
    const uint8_t *_Nullable strings;
} csimdjson_tape;

/// Codes that the caller tells apart.
enum {
    CSIMDJSON_MEMORY = 2,
    CSIMDJSON_DEPTH = 4,
};

/// The version of the simdjson headers that this was compiled with, as text ("3.0.1").
const char *_Nonnull csimdjson_version(void);

/// A parser whose buffers hold documents of `capacity` bytes without growing; NULL without memory.
///
/// `depth_max` is simdjson's own limit: so many containers around a scalar are already one too many,
/// so many around an empty container are not.
csimdjson_parser *_Nullable csimdjson_parser_new(size_t capacity, size_t depth_max);
void csimdjson_parser_free(csimdjson_parser *_Nonnull parser);

/// Parses a whole document of `count` bytes, which are copied first and need no padding.
csimdjson_tape csimdjson_parse(
    csimdjson_parser *_Nonnull parser, const uint8_t *_Nonnull bytes, size_t count);

/// The sentence that simdjson has for a code.
const char *_Nonnull csimdjson_message(int code);

/// Copies valid JSON without the white space between its tokens; answers 0 or simdjson's code.
///
/// `target` must have room for `count` bytes and 64 more; `written` says how many it got.
int csimdjson_minify(
    const uint8_t *_Nonnull bytes, size_t count, uint8_t *_Nonnull target, size_t *_Nonnull written);

/// Whether the bytes are valid UTF-8.
bool csimdjson_is_utf8(const uint8_t *_Nonnull bytes, size_t count);

#ifdef __cplusplus
}
#endif
#endif
