#include "bare_kafka.h"

#include <librdkafka/rdkafka.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { batch_max = 4096 };

static double now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (double)moment.tv_sec + (double)moment.tv_nsec / 1e9;
}

// The same properties as Muster's clients have.
static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers, bare_kafka_result *result) {
    static const char *const producing[] = {
        "enable.idempotence", "true", "acks", "all", "linger.ms", "0", "compression.type", "lz4",
        "queue.buffering.max.messages", "500000", "queue.buffering.max.kbytes", "262144", NULL};
    static const char *const consuming[] = {
        "fetch.wait.max.ms", "50", "queued.min.messages", "10000000", "queued.max.messages.kbytes", "2000000",
        "fetch.message.max.bytes", "4194304", "enable.partition.eof", "true", NULL};
    const char *const *pair = type == RD_KAFKA_PRODUCER ? producing : consuming;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_res_t code = rd_kafka_conf_set(
        conf, "bootstrap.servers", brokers, result->error, sizeof(result->error));
    for (; *pair && code == RD_KAFKA_CONF_OK; pair += 2) {
        code = rd_kafka_conf_set(conf, pair[0], pair[1], result->error, sizeof(result->error));
    }
    rd_kafka_t *made =
        code == RD_KAFKA_CONF_OK ? rd_kafka_new(type, conf, result->error, sizeof(result->error)) : NULL;
    if (!made) {
        rd_kafka_conf_destroy(conf);
    } else {
        // A topic's property that was given to a client leaves words here although it was taken.
        result->error[0] = 0;
    }
    return made;
}

static void append(
    rd_kafka_t *client, rd_kafka_topic_t *topic, const void *value, size_t size, bare_kafka_result *result) {
    // The pointer is not written through: the payload is copied.
    while (rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, (void *)value, size, "bench", 5, NULL) != 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            snprintf(result->error, sizeof(result->error), "%s", rd_kafka_err2str(rd_kafka_last_error()));
            return;
        }
        rd_kafka_poll(client, 10);
    }
}

// What lies ready, or the next message; librdkafka's own batch waits until it is full, or out of time.
static ssize_t next_batch(rd_kafka_queue_t *queue, rd_kafka_message_t **found) {
    ssize_t count = rd_kafka_consume_batch_queue(queue, 0, found, batch_max);
    if (count > 0) return count;
    found[0] = rd_kafka_consume_queue(queue, 100);
    return found[0] ? 1 : 0;
}

static int failed(const rd_kafka_message_t *message, bare_kafka_result *result) {
    if (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return 0;
    snprintf(result->error, sizeof(result->error), "%s", rd_kafka_message_errstr(message));
    return 1;
}

void bare_kafka_read(const char *brokers, const char *name, int hashes, bare_kafka_result *result) {
    memset(result, 0, sizeof(*result));
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, brokers, result);
    if (!consumer) return;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer, name, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer);
    rd_kafka_message_t *found[batch_max];
    double began = now();
    int is_over = rd_kafka_consume_start_queue(topic, 0, 0, queue) != 0;
    while (!is_over && !result->error[0]) {
        ssize_t count = next_batch(queue, found);
        for (ssize_t index = 0; index < count; index++) {
            rd_kafka_message_t *message = found[index];
            if (message->err) {
                is_over = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || failed(message, result);
            } else {
                if (hashes) {
                    unsigned char digest[SHA256_DIGEST_LENGTH];
                    uint64_t word;
                    SHA256(message->payload, message->len, digest);
                    memcpy(&word, digest, sizeof(word));
                    result->mixed = result->mixed * 31 + word;
                }
                result->count++;
            }
            rd_kafka_message_destroy(message);
        }
    }
    result->seconds = now() - began;
    rd_kafka_consume_stop(topic, 0);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(consumer);
}

static void await_one(rd_kafka_queue_t *queue, bare_kafka_result *result) {
    for (double limit = now() + 30; now() < limit && !result->error[0];) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(queue, 1000);
        if (!message) continue;
        int is_record = !message->err;
        failed(message, result);
        rd_kafka_message_destroy(message);
        if (is_record) return;
    }
    if (!result->error[0]) snprintf(result->error, sizeof(result->error), "a record was not read back within 30 s");
}

void bare_kafka_relay(
    const char *brokers, const char *events, const char *journal, const char *commands, const void *value,
    size_t size, int count, double *micros, bare_kafka_result *result) {
    memset(result, 0, sizeof(*result));
    // Who publishes, who decides, who waits for the command: the one that decides has two clients.
    rd_kafka_t *publisher = client(RD_KAFKA_PRODUCER, brokers, result);
    rd_kafka_t *producer = publisher ? client(RD_KAFKA_PRODUCER, brokers, result) : NULL;
    rd_kafka_t *reader = producer ? client(RD_KAFKA_CONSUMER, brokers, result) : NULL;
    rd_kafka_t *waiter = reader ? client(RD_KAFKA_CONSUMER, brokers, result) : NULL;
    if (waiter) {
        const char *const names[3] = {events, journal, commands};
        rd_kafka_topic_t *out[3], *in[3];
        rd_kafka_queue_t *queues[3];
        for (int side = 0; side < 3; side++) {
            rd_kafka_t *consumer = side == 2 ? waiter : reader;
            out[side] = rd_kafka_topic_new(side == 0 ? publisher : producer, names[side], NULL);
            in[side] = rd_kafka_topic_new(consumer, names[side], NULL);
            queues[side] = rd_kafka_queue_new(consumer);
            rd_kafka_consume_start_queue(in[side], 0, RD_KAFKA_OFFSET_END, queues[side]);
            // A consumer that starts at the end has begun once it says that it is there.
            rd_kafka_message_t *message = rd_kafka_consume_queue(queues[side], 10000);
            if (message) rd_kafka_message_destroy(message);
        }
        double began = now();
        for (int index = 0; index < count && !result->error[0]; index++) {
            append(publisher, out[0], value, size, result);
            rd_kafka_flush(publisher, 10000);
            double start = now();
            await_one(queues[0], result);
            for (int side = 1; side < 3 && !result->error[0]; side++) {
                append(producer, out[side], value, size, result);
                await_one(queues[side], result);
            }
            micros[index] = (now() - start) * 1e6;
            rd_kafka_poll(producer, 0);
            result->count++;
        }
        result->seconds = now() - began;
        rd_kafka_flush(producer, 10000);
        for (int side = 0; side < 3; side++) {
            rd_kafka_consume_stop(in[side], 0);
            rd_kafka_queue_destroy(queues[side]);
            rd_kafka_topic_destroy(in[side]);
            rd_kafka_topic_destroy(out[side]);
        }
    }
    rd_kafka_t *const clients[4] = {waiter, reader, producer, publisher};
    for (int index = 0; index < 4; index++) {
        if (clients[index]) rd_kafka_destroy(clients[index]);
    }
}

void bare_kafka_pipeline(
    const char *brokers, const char *events, const char *journal, const char *commands, int decisions, int window,
    const void *value, size_t size, bare_kafka_result *result) {
    memset(result, 0, sizeof(*result));
    rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, brokers, result);
    if (!producer) return;
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, brokers, result);
    if (!consumer) {
        rd_kafka_destroy(producer);
        return;
    }
    rd_kafka_topic_t *in = rd_kafka_topic_new(consumer, events, NULL);
    rd_kafka_topic_t *back = rd_kafka_topic_new(consumer, journal, NULL);
    rd_kafka_topic_t *to_journal = rd_kafka_topic_new(producer, journal, NULL);
    rd_kafka_topic_t *to_commands = rd_kafka_topic_new(producer, commands, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer);
    rd_kafka_message_t *found[batch_max];
    int64_t due = 0, in_flight = 0, read_back = 0, events_read = 0;
    int is_read = 0;
    rd_kafka_consume_start_queue(back, 0, RD_KAFKA_OFFSET_END, queue);
    rd_kafka_message_t *first = rd_kafka_consume_queue(queue, 10000);
    if (first) rd_kafka_message_destroy(first);
    double began = now();
    rd_kafka_consume_start_queue(in, 0, 0, queue);
    while (!result->error[0] && !(is_read && due == 0 && in_flight == 0)) {
        ssize_t count = next_batch(queue, found);
        for (ssize_t index = 0; index < count; index++) {
            rd_kafka_message_t *message = found[index];
            if (message->err) {
                if (!failed(message, result) && message->rkt == in) is_read = 1;
            } else if (message->rkt == in) {
                events_read++;
                due += decisions;
            } else {
                in_flight--;
                read_back++;
                if (read_back % decisions == 0) append(producer, to_commands, value, size, result);
            }
            rd_kafka_message_destroy(message);
        }
        while (due > 0 && in_flight < window && !result->error[0]) {
            append(producer, to_journal, value, size, result);
            due--;
            in_flight++;
        }
        rd_kafka_poll(producer, 0);
    }
    rd_kafka_flush(producer, 10000);
    result->seconds = now() - began;
    result->count = read_back;
    if (!result->error[0] && read_back != events_read * decisions) {
        snprintf(result->error, sizeof(result->error), "%lld records were read back", (long long)read_back);
    }
    rd_kafka_consume_stop(in, 0);
    rd_kafka_consume_stop(back, 0);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_destroy(in);
    rd_kafka_topic_destroy(back);
    rd_kafka_topic_destroy(to_journal);
    rd_kafka_topic_destroy(to_commands);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(producer);
}
