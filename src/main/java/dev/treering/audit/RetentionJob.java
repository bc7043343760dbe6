package dev.treering.audit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.sql.DataSource;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

import dev.treering.support.Notice;
import dev.treering.support.Role;
import dev.treering.support.Rows;
import dev.treering.support.SchemaJob;
import dev.treering.support.TreeringConfig;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;

/**
 * Drops whole months of the trail once they are older than the retention. Of each chain stays an anchor that says which
 * entries went and with which link they ended; that a delivery was seen stays known too. One worker at a time.
 */
@Singleton
public class RetentionJob {

    // Kafka may bring what it still has, and the month of that must be there.
    private static final Duration LEAST = Duration.ofDays(60);

    private static final String MONTHS = """
            select c.relname, i.inhrelid is not null, coalesce(i.inhdetachpending, false)
            from pg_class c left join pg_inherits i on i.inhrelid = c.oid
            where c.relnamespace = current_schema::regnamespace and c.relkind = 'r' and c.relname ~ '^trail_\\d{4}_\\d{2}$'
            order by 1""";

    private final DataSource owner;
    private final Seal seal;
    private final AuditConfig config;
    private final TreeringConfig treering;
    private final SchemaJob schema;
    private final Clock clock;
    private final Notice notice = new Notice();

    RetentionJob(
            @io.quarkus.agroal.DataSource("owner") DataSource owner,
            Seal seal,
            AuditConfig config,
            TreeringConfig treering,
            SchemaJob schema,
            Clock clock) {
        this.owner = owner;
        this.seal = seal;
        this.config = config;
        this.treering = treering;
        this.schema = schema;
        this.clock = clock;
    }

    /** A month's table. */
    private record Month(String table, boolean attached, boolean halfDetached) {

        YearMonth month() {
            return YearMonth.parse(table.substring("trail_".length()).replace('_', '-'));
        }
    }

    void start(@Observes StartupEvent event) {
        if (config.retention().filter(time -> time.compareTo(LEAST) < 0).isPresent()) {
            throw new ConfigurationException(
                    "treering.audit.retention must be %d days at least".formatted(LEAST.toDays()));
        }
    }

    @Scheduled(
            every = "1h",
            delayed = "1m",
            concurrentExecution = ConcurrentExecution.SKIP,
            skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void look() {
        if (config.retention().isEmpty()
                || !schema.current()
                || !treering.roles().contains(Role.WORKER)) {
            return;
        }
        try {
            dropBefore(YearMonth.from(
                    clock.instant().minus(config.retention().get()).atOffset(ZoneOffset.UTC)));
            notice.over();
        } catch (SQLException e) {
            notice.say("Old months of the trail cannot be dropped: " + e.getMessage());
        }
    }

    /** Drops all months before the given one; whatever breaks off is taken up again the next time. */
    void dropBefore(YearMonth first) throws SQLException {
        try (Connection connection = owner.getConnection();
                Statement statement = connection.createStatement()) {
            if (!isTrue(statement, "select pg_try_advisory_lock(hashtext('treering retention'))")) {
                return;
            }
            try {
                for (Month month : months(statement)) {
                    if (month.month().isBefore(first)) {
                        drop(statement, month);
                    }
                }
            } finally {
                statement.execute("select pg_advisory_unlock(hashtext('treering retention'))");
            }
        }
    }

    private static List<Month> months(Statement statement) throws SQLException {
        List<Month> months = new ArrayList<>();
        try (ResultSet row = statement.executeQuery(MONTHS)) {
            while (row.next()) {
                months.add(new Month(row.getString(1), row.getBoolean(2), row.getBoolean(3)));
            }
        }
        return months;
    }

    private static boolean isTrue(Statement statement, String question) throws SQLException {
        try (ResultSet row = statement.executeQuery(question)) {
            return row.next() && row.getBoolean(1);
        }
    }

    private void drop(Statement statement, Month month) throws SQLException {
        if (month.attached && !month.halfDetached) {
            Rows.inTransaction(owner, connection -> anchor(connection, month));
            // Concurrently, so that nobody waits: the history goes on meanwhile.
            statement.execute("alter table trail detach partition %s concurrently".formatted(month.table));
        } else if (month.halfDetached) {
            statement.execute("alter table trail detach partition %s finalize".formatted(month.table));
        }
        statement.execute("drop table " + month.table);
        Log.infof(
                "Retention: the trail's month %s was dropped. Which deliveries were seen, and where each chain ended,"
                        + " stays known",
                month.month());
    }

    /** Keeps where each chain, or each stretch of it that lies in the month, began and ended. */
    private void anchor(Connection connection, Month month) throws SQLException {
        List<Object[]> anchors = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                        select s.topic, s.partition, s.first, s.last, t.chain
                        from (select topic, partition, min(number) as first, max(number) as last
                            from (select topic, partition, number,
                                    number - row_number() over (partition by topic, partition order by number) as stretch
                                from %1$s) as n
                            group by topic, partition, stretch) as s
                        join %1$s t on t.topic = s.topic and t.partition = s.partition and t.number = s.last""".formatted(month.table));
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                String[] stated = statement(
                        row.getString(1),
                        row.getInt(2),
                        row.getLong(3),
                        row.getLong(4),
                        row.getBytes(5),
                        month.month().toString());
                anchors.add(new Object[] {
                    row.getString(1),
                    row.getInt(2),
                    row.getLong(3),
                    row.getLong(4),
                    row.getBytes(5),
                    month.month(),
                    seal.sign(stated)
                });
            }
        }
        Rows.update(connection, """
                insert into trail_anchor (topic, partition, first, last, chain, month, signature)
                select * from unnest(?::text[], ?::int[], ?::bigint[], ?::bigint[], ?::bytea[], ?::text[], ?::bytea[])
                on conflict (topic, partition, first) do update set last = excluded.last, chain = excluded.chain,
                    month = excluded.month, signature = excluded.signature""", anchors);
        // Their bytes go, so that nothing can be done about them any more.
        Rows.execute(
                connection,
                "delete from dead_letter where appended_at >= ?::timestamptz and appended_at < ?::timestamptz",
                month.month().atDay(1) + "T00:00:00Z",
                month.month().plusMonths(1).atDay(1) + "T00:00:00Z");
    }

    /** What an anchor's signature signs. */
    static String[] statement(String topic, int partition, long first, long last, byte[] chain, String month) {
        return new String[] {
            "treering anchor",
            topic,
            Integer.toString(partition),
            Long.toString(first),
            Long.toString(last),
            HexFormat.of().formatHex(chain),
            month
        };
    }
}
