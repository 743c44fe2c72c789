#ifndef BARE_KAFKA_H
#define BARE_KAFKA_H

#include <stddef.h>
#include <stdint.h>

// What plain C reaches with librdkafka on the same brokers: the baselines of the Kafka benchmarks. No part of Muster uses it.

/// What a run did; `error` is empty when it did it.
typedef struct {
    int64_t count;
    /// Made of all hashes, so that none can be left out.
    uint64_t mixed;
    double seconds;
    char error[256];
} bare_kafka_result;

/// Reads partition 0 of a topic from its start to the end that it has now, and hashes every value with SHA-256 when asked to.
void bare_kafka_read(const char *brokers, const char *topic, int hashes, bare_kafka_result *result);

/// What a decision takes, `count` times, one after another: an event is appended and acknowledged, and then read by who decides; a
/// value is appended to `journal` and read back; a value is appended to `commands` and read by another client. The microseconds of
/// each, from the acknowledgement of the event, go to `micros`.
void bare_kafka_relay(
    const char *brokers, const char *events, const char *journal, const char *commands, const void *value,
    size_t size, int count, double *micros, bare_kafka_result *result);

/// For every record of `events`, appends a value `decisions` times to `journal`, at most `window` of them not read back, and after the
/// last of them was read back the value to `commands`. The seconds are those from the first record to the last acknowledged one.
void bare_kafka_pipeline(
    const char *brokers, const char *events, const char *journal, const char *commands, int decisions, int window,
    const void *value, size_t size, bare_kafka_result *result);

#endif
