package dev.treering.audit;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Map;
import javax.sql.DataSource;

/** What a kind of task does, a step at a time. A step is one transaction, and how far it came is committed with it. */
public interface Work {

    /**
     * What there would be to do.
     *
     * @param count of facts, the {@code oldest} and {@code newest} by the time Kafka took them
     * @param note what else is to be known before
     */
    record Plan(long count, Instant oldest, Instant newest, String note) {}

    /**
     * What a step did.
     *
     * @param done facts; 0 with {@code pause}: nothing could be done just now
     * @param cursor where the next one begins, whoever does it; null where that is the beginning
     */
    record Step(long done, String cursor, boolean ended, boolean pause) {}

    String kind();

    DataSource database();

    /** @param wanted as the door checked it */
    Plan plan(Map<String, String> wanted) throws SQLException;

    /** Before the first step of a worker, which need not be the first worker. */
    default void begin(Task task) throws SQLException {}

    Step step(Connection connection, Task task, String cursor) throws SQLException;

    /** After an end of any kind. */
    default void tidy() throws SQLException {}
}
