package dev.treering.status;

import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.treering.FlowTest;
import dev.treering.Signed;
import io.quarkus.test.common.http.TestHTTPResource;
import io.restassured.RestAssured;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** The dashboard, the alerts and {@code docs/monitoring.md} name what a scrape has, and nothing else. */
@FlowTest
class MonitoringTest {

    private static final Path RULES = Path.of("deploy", "prometheus", "rules.yml");
    private static final Path DASHBOARD = Path.of("deploy", "grafana", "treering.json");
    private static final Path PAGE = Path.of("docs", "monitoring.md");
    private static final Path RUNBOOKS = Path.of("docs", "runbooks");

    /** Texts, selectors, ranges and lists of labels: nothing in them is a metric. */
    private static final Pattern NO_METRIC =
            Pattern.compile("\"[^\"]*\"|\\{[^}]*}|\\[[^]]*]|\\b(?:by|on|without)\\s*\\([^)]*\\)");

    /** All metrics have an underscore, and no function is one. */
    private static final Pattern METRIC = Pattern.compile("\\b[a-z]\\w*_\\w+\\b(?!\\s*\\()");

    private static final Pattern IN_THE_PAGE = Pattern.compile("(?m)^\\| `(\\w+)`");

    @TestHTTPResource(value = "/metrics", management = true)
    URL metrics;

    private String scrape() {
        return RestAssured.get(metrics).asString();
    }

    private Set<String> samples() {
        return scrape().lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split("[{ ]", 2)[0])
                .collect(Collectors.toSet());
    }

    private static Set<String> named(Stream<String> expressions) {
        return expressions
                .flatMap(expression -> METRIC.matcher(
                                NO_METRIC.matcher(expression).replaceAll(" "))
                        .results())
                .map(name -> name.group())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<JsonNode> alerts() throws IOException {
        List<JsonNode> alerts = new ArrayList<>();
        new YAMLMapper()
                .readTree(RULES.toFile())
                .path("groups")
                .forEach(group -> group.path("rules").forEach(alerts::add));
        return alerts;
    }

    private static List<String> panels() throws IOException {
        return new ObjectMapper().readTree(DASHBOARD.toFile()).findValuesAsText("expr");
    }

    @Test
    void dashboardAndAlerts_nameMetricsThatAScrapeHas() throws IOException {
        // Given
        Set<String> named = named(Stream.concat(
                panels().stream(),
                alerts().stream().map(alert -> alert.path("expr").asText())));
        assertThat(named).contains("treering_webhooks_received_total", "agroal_awaiting_count");
        // When
        Signed.post("{\"type\":\"ping\",\"id\":\"%s\",\"happened_at\":\"2026-11-20T10:00:00Z\"}"
                        .formatted(UUID.randomUUID())
                        .getBytes(UTF_8))
                .then()
                .statusCode(202);
        RestAssured.get("/openapi").then().statusCode(200);
        // Then
        await().untilAsserted(() -> assertThat(samples()).containsAll(named));
    }

    @Test
    void whatTheStoresKnow_isKnown() {
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(
                                scrape().lines().filter(line -> line.startsWith("treering_") && line.endsWith(" NaN")))
                        // CircleCI need not say what is left.
                        .allMatch(line -> line.startsWith("treering_circleci_limit_remaining")));
    }

    @Test
    void rules_haveTheShapeThatPrometheusReads_andEachAlertItsPage() throws IOException {
        // Then
        JsonNode groups = new YAMLMapper().readTree(RULES.toFile()).path("groups");
        assertThat(groups.findValuesAsText("name")).hasSizeGreaterThan(3).doesNotHaveDuplicates();
        Set<String> pages = new TreeSet<>();
        for (JsonNode alert : alerts()) {
            String name = alert.path("alert").asText();
            assertThat(alert.properties().stream().map(field -> field.getKey()))
                    .as(name)
                    .contains("alert", "expr", "labels", "annotations")
                    .isSubsetOf("alert", "expr", "for", "labels", "annotations");
            assertThat(alert.path("for").asText("1m")).as(name).matches("\\d+[smhd]");
            assertThat(alert.at("/labels/severity").asText()).as(name).isIn("page", "ticket", "warning");
            assertThat(alert.at("/annotations/summary").asText()).as(name).isNotBlank();
            assertThat(alert.at("/annotations/runbook").asText()).isEqualTo("docs/runbooks/%s.md".formatted(name));
            assertThat(balance(alert.path("expr").asText())).as(name).isZero();
            assertThat(RUNBOOKS.resolve(name + ".md"))
                    .content()
                    .startsWith("# " + name)
                    .contains("**What it means.**", "**What to look at**", "**What to do**");
            assertThat(pages.add(name + ".md")).as(name).isTrue();
        }
        try (Stream<Path> files = Files.list(RUNBOOKS)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrderElementsOf(pages);
        }
    }

    private static long balance(String expression) {
        return expression.chars().filter(c -> c == '(').count()
                - expression.chars().filter(c -> c == ')').count();
    }

    @Test
    void runbooks_nameMetricsThatAScrapeHas() throws IOException {
        Set<String> named = new TreeSet<>();
        try (Stream<Path> files = Files.list(RUNBOOKS)) {
            for (Path file : files.toList()) {
                Pattern.compile("\\b(?:treering|jvm|agroal|kafka)_[a-z_]+\\b")
                        .matcher(Files.readString(file))
                        .results()
                        .forEach(name -> named.add(name.group()));
            }
        }
        await().untilAsserted(() -> {
            String scrape = scrape();
            assertThat(named).allSatisfy(name -> assertThat(scrape).contains("\n" + name));
        });
    }

    @Test
    void page_listsEveryMetricOfOurs_andNoOther() throws IOException {
        // Given
        Set<String> listed = IN_THE_PAGE
                .matcher(Files.readString(PAGE))
                .results()
                .map(row -> row.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        // When
        Set<String> families = samples().stream()
                .filter(sample -> sample.startsWith("treering_"))
                .map(sample -> sample.replaceAll("_(bucket|count|sum|max)$", ""))
                .collect(Collectors.toCollection(TreeSet::new));
        // Then
        assertThat(listed).isEqualTo(families);
    }
}
