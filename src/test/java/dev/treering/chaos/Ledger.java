package dev.treering.chaos;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

import dev.treering.simulation.Delivery;

import static java.nio.charset.StandardCharsets.UTF_8;

/** What was sent and what was answered. The checker believes it and the stores, nobody else. */
final class Ledger {

    private final Map<String, Entry> entries = new ConcurrentHashMap<>();
    private final List<Answer> answers = new ArrayList<>();
    private volatile boolean setBack;

    /** One event: its id and the digest of its bytes, for several bodies may share an id. */
    static final class Entry {

        final String key;
        volatile int attempts;
        volatile int accepted;
        volatile int copies;
        // Records of it that Kafka lost on purpose before anybody read them.
        volatile int deleted;

        private Entry(String key) {
            this.key = key;
        }

        boolean acknowledged() {
            return accepted > 0;
        }

        /** How often it was accepted and must have been recorded. */
        int owed() {
            return accepted - deleted;
        }
    }

    /** @param status 0 where there was none: refused, reset or timed out */
    record Answer(long sentNanos, String receiver, int status, int millis, boolean retryAfter) {}

    static String key(String id, byte[] body) {
        return id + " " + Sha256.hex(body);
    }

    Entry entry(Delivery delivery) {
        return entries.computeIfAbsent(
                key(delivery.id().toString(), delivery.body().getBytes(UTF_8)), Entry::new);
    }

    void answered(Answer answer) {
        synchronized (answers) {
            answers.add(answer);
        }
    }

    /** PostgreSQL was restored to an earlier state, so that what followed was read, and told, again. */
    void wasSetBack() {
        setBack = true;
    }

    boolean setBack() {
        return setBack;
    }

    Collection<Entry> entries() {
        return entries.values();
    }

    Entry find(String key) {
        return entries.get(key);
    }

    long acknowledged() {
        return entries.values().stream().filter(Entry::acknowledged).count();
    }

    /** Copies of already accepted events, sent on purpose. */
    long copies() {
        return entries.values().stream().mapToLong(entry -> entry.copies).sum();
    }

    /** The answers to what was sent since then ({@link System#nanoTime()}). */
    Answers answersSince(long nanos) {
        synchronized (answers) {
            return new Answers(answers.stream()
                    .filter(answer -> answer.sentNanos - nanos >= 0)
                    .toList());
        }
    }

    /** Some answers, and what can be asked of them. */
    record Answers(List<Answer> all) {

        Answers until(long nanos) {
            return new Answers(
                    all.stream().filter(answer -> answer.sentNanos - nanos < 0).toList());
        }

        Answers from(Instance receiver) {
            return new Answers(all.stream()
                    .filter(answer -> answer.receiver.equals(receiver.name()))
                    .toList());
        }

        /** Real answers of a door, whatever they say. */
        Answers given() {
            return new Answers(all.stream().filter(answer -> answer.status > 0).toList());
        }

        Map<Integer, Integer> statuses() {
            Map<Integer, Integer> statuses = new TreeMap<>();
            all.forEach(answer -> statuses.merge(answer.status, 1, Integer::sum));
            return statuses;
        }

        /** Milliseconds. */
        int percentile(double share) {
            int[] sorted = all.stream().mapToInt(Answer::millis).sorted().toArray();
            return sorted.length == 0
                    ? 0
                    : sorted[(int) Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
        }

        int max() {
            return all.stream().mapToInt(Answer::millis).max().orElse(0);
        }

        @Override
        public String toString() {
            return "%s p50 %d p99 %d max %d ms".formatted(statuses(), percentile(0.5), percentile(0.99), max());
        }
    }
}
