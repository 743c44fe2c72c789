#include "CSimdJSON.h"

#include <new>
#include <simdjson.h>

#define CSIMDJSON_TEXT_OF(x) #x
#define CSIMDJSON_TEXT(x) CSIMDJSON_TEXT_OF(x)

static_assert(CSIMDJSON_MEMORY == simdjson::MEMALLOC, "simdjson's code for no memory has changed");
static_assert(CSIMDJSON_DEPTH == simdjson::DEPTH_ERROR, "simdjson's code for depth has changed");

struct csimdjson_parser {
    simdjson::dom::parser parser;
};

const char *csimdjson_version(void) { return CSIMDJSON_TEXT(SIMDJSON_VERSION); }

csimdjson_parser *csimdjson_parser_new(size_t capacity, size_t depth_max) {
    csimdjson_parser *made = new (std::nothrow) csimdjson_parser;
    if (made == nullptr) return nullptr;
    if (made->parser.allocate(capacity, depth_max) != simdjson::SUCCESS ||
        made->parser.doc.allocate(capacity) != simdjson::SUCCESS) {
        delete made;
        return nullptr;
    }
    return made;
}

void csimdjson_parser_free(csimdjson_parser *parser) { delete parser; }

csimdjson_tape csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t count) {
    simdjson::error_code code = parser->parser.parse(bytes, count, true).error();
    if (code != simdjson::SUCCESS) return {code, nullptr, nullptr};
    const simdjson::dom::document &document = parser->parser.doc;
    return {0, document.tape.get(), document.string_buf.get()};
}

const char *csimdjson_message(int code) {
    if (code < 0 || code >= simdjson::NUM_ERROR_CODES) return "unknown error";
    return simdjson::error_message(static_cast<simdjson::error_code>(code));
}

int csimdjson_minify(const uint8_t *bytes, size_t count, uint8_t *target, size_t *written) {
    return simdjson::minify(
        reinterpret_cast<const char *>(bytes), count, reinterpret_cast<char *>(target), *written);
}

bool csimdjson_is_utf8(const uint8_t *bytes, size_t count) {
    return simdjson::validate_utf8(reinterpret_cast<const char *>(bytes), count);
}
