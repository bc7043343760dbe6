package dev.treering.embedded;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

class EmbeddedStoresTest {

    @TempDir
    Path folder;

    @Test
    void data_survive_close_and_reopen() throws Exception {
        // Given
        try (EmbeddedStores stores = EmbeddedStores.durable(folder);
                Admin kafka = admin(stores)) {
            sql(stores, "CREATE TABLE ring (year int); INSERT INTO ring VALUES (1986)");
            kafka.createTopics(List.of(new NewTopic("rings", 3, (short) 1)))
                    .all()
                    .get(20, TimeUnit.SECONDS);
        }

        // When
        try (EmbeddedStores stores = EmbeddedStores.durable(folder);
                Admin kafka = admin(stores)) {

            // Then
            assertThat(sql(stores, "SELECT year FROM ring")).isEqualTo("1986");
            assertThat(kafka.listTopics().names().get(20, TimeUnit.SECONDS)).containsExactly("rings");
            assertThat(sql(stores, "SHOW fsync")).isEqualTo("on");
            assertThat(sql(stores, "SHOW synchronous_commit")).isEqualTo("on");
        }
    }

    @Test
    void temporary_stores_can_be_had_again_and_again() throws Exception {
        for (int start = 0; start < 2; start++) {
            // When
            String database;
            try (EmbeddedStores stores = EmbeddedStores.temporary()) {
                database = sql(stores, "SELECT current_database()");
            }

            // Then
            assertThat(database).isEqualTo("treering");
        }
    }

    private static Admin admin(EmbeddedStores stores) {
        return Admin.create(Map.of("bootstrap.servers", stores.settings().get("kafka.bootstrap.servers")));
    }

    private static String sql(EmbeddedStores stores, String sql) throws Exception {
        Map<String, String> settings = stores.settings();
        try (Connection connection = DriverManager.getConnection(
                        settings.get("quarkus.datasource.jdbc.url"),
                        settings.get("quarkus.datasource.owner.username"),
                        settings.get("quarkus.datasource.password"));
                Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "";
            }
            try (ResultSet row = statement.getResultSet()) {
                row.next();
                return row.getString(1);
            }
        }
    }
}
