package dev.treering.insights;

import java.io.StringReader;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import javax.xml.parsers.DocumentBuilderFactory;

import jakarta.inject.Inject;

import dev.treering.Database;
import dev.treering.FlowTest;
import dev.treering.TestStores;
import dev.treering.history.History;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.security.Tokens;
import io.restassured.response.ValidatableResponse;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.emptyString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;

/** {@code cc.xml} and the badges. */
@FlowTest
class FeedsTest {

    private static final String HOSTILE = "a\"/><script>alert('&')</script>\u0001\u202e";

    private final UUID project = UUID.randomUUID();
    private final String organization = "acme-" + project.toString().substring(0, 8);
    private final String slug = "gh/" + organization + "/web";
    private final Instant now = Instant.parse(Instant.now().toString().replaceFirst("\\..*", "Z"));

    @Inject
    Database database;

    @Inject
    Tokens tokens;

    @Inject
    Builds builds;

    @Inject
    History history;

    @Inject
    Caller caller;

    @BeforeEach
    void seed() {
        database.change(
                "insert into project (id, identity_stamp, slug, name, default_branch) values (?, '1', ?, 'web', 'main')",
                project,
                slug);
    }

    private UUID pipeline(long number, String branch) {
        UUID id = UUID.randomUUID();
        database.change(
                "insert into pipeline (id, identity_stamp, project_id, number, created_at, branch) values (?, '1', ?, ?, now(), ?)",
                id,
                project,
                number,
                branch);
        return id;
    }

    private UUID run(UUID pipeline, String name, String status, Duration ago) {
        UUID id = UUID.randomUUID();
        database.change(
                "insert into workflow (id, identity_stamp, project_id, pipeline_id, name, created_at, status, stopped_at)"
                        + " values (?, '1', ?, ?, ?, ?::timestamptz, ?, ?::timestamptz)",
                id,
                project,
                pipeline,
                name,
                now.minus(ago).toString(),
                status,
                now.minus(ago).plusSeconds(60).toString());
        return id;
    }

    private static ValidatableResponse get(String path, String token) {
        return given().auth().preemptive().basic(token, "").get(path).then();
    }

    private static Document read(String xml) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    }

    private Element listed(String workflow, String query) throws Exception {
        String xml = get("/cc.xml" + query, TestStores.TOKEN)
                .statusCode(200)
                .contentType("application/xml")
                .extract()
                .asString();
        var all = read(xml).getElementsByTagName("Project");
        for (int i = 0; i < all.getLength(); i++) {
            Element one = (Element) all.item(i);
            if (one.getAttribute("name").equals(slug + " " + workflow)) {
                return one;
            }
        }
        return null;
    }

    @Test
    void workflow_thatRunsAgain_isBuildingAndHasItsLastResult() throws Exception {
        UUID last = run(pipeline(7, "main"), "build", "failed", Duration.ofHours(2));
        run(pipeline(6, "main"), "build", "success", Duration.ofHours(3));
        UUID running = run(pipeline(8, "main"), "build", "running", Duration.ofHours(1));

        Element build = listed("build", "");

        assertThat(build.getAttribute("activity")).isEqualTo("Building");
        assertThat(build.getAttribute("lastBuildStatus")).isEqualTo("Failure");
        assertThat(build.getAttribute("lastBuildLabel")).isEqualTo("7");
        assertThat(build.getAttribute("lastBuildTime"))
                .isEqualTo(now.minus(Duration.ofHours(2)).plusSeconds(60).toString());
        assertThat(build.getAttribute("webUrl")).endsWith(running.toString());
        // And when it has ended
        database.change("update workflow set status = 'canceled' where id = ?", running);
        assertThat(listed("build", "").getAttribute("activity")).isEqualTo("Sleeping");
        assertThat(listed("build", "").getAttribute("lastBuildStatus")).isEqualTo("Unknown");
        // And its address, where it is one to click on
        database.change("update workflow set url = 'javascript:alert(1)' where id = ?", running);
        assertThat(listed("build", "").getAttribute("webUrl")).startsWith("https://app.circleci.com/");
        database.change("update workflow set url = 'https://ci.example/1' where id = ?", running);
        assertThat(listed("build", "").getAttribute("webUrl")).isEqualTo("https://ci.example/1");
        assertThat(last).isNotEqualTo(running);
    }

    @Test
    void statuses_areThoseOfCcTray() throws Exception {
        run(pipeline(1, "main"), "good", "success", Duration.ofHours(1));
        run(pipeline(2, "main"), "bad", "failed", Duration.ofHours(1));
        run(pipeline(3, "main"), "broken", "error", Duration.ofHours(1));
        run(pipeline(4, "main"), "waiting", "on_hold", Duration.ofHours(1));
        run(pipeline(5, "topic"), "elsewhere", "success", Duration.ofHours(1));
        run(pipeline(6, "main"), "old", "success", Duration.ofDays(91));

        assertThat(listed("good", "").getAttribute("lastBuildStatus")).isEqualTo("Success");
        assertThat(listed("bad", "").getAttribute("lastBuildStatus")).isEqualTo("Failure");
        assertThat(listed("broken", "").getAttribute("lastBuildStatus")).isEqualTo("Exception");
        assertThat(listed("waiting", "").getAttribute("lastBuildStatus")).isEqualTo("Unknown");
        assertThat(listed("waiting", "").getAttribute("activity")).isEqualTo("Sleeping");
        assertThat(listed("old", "")).isNull();
        assertThat(listed("elsewhere", "")).isNull();
        assertThat(listed("elsewhere", "?branch=topic")).isNotNull();
    }

    @Test
    void ccXml_holdsWhatTheCallerSees_andNamesThatAreNoXml() throws Exception {
        run(pipeline(1, "main"), HOSTILE, "success", Duration.ofHours(1));
        String here = token(project);
        String elsewhere = token(UUID.randomUUID());

        assertThat(listed(HOSTILE.replace('\u0001', '\uFFFD'), "")).isNotNull();
        assertThat(get("/cc.xml", here).extract().asString()).contains(slug).doesNotContain("<script>");
        assertThat(get("/cc.xml", elsewhere).statusCode(200).extract().asString())
                .doesNotContain("Project name");
        given().get("/cc.xml").then().statusCode(401);
    }

    private String token(UUID only) throws Exception {
        return tokens.create("test", List.of(Scope.HISTORY_READ), Set.of(only), null, "test")
                .text();
    }

    private String badge(String query) {
        return get("/badge/" + slug + ".svg" + query, TestStores.TOKEN)
                .statusCode(200)
                .contentType("image/svg+xml")
                .header("Cache-Control", containsString("no-cache"))
                .extract()
                .asString();
    }

    private static ValidatableResponse again(String path, String tag) {
        return given().auth()
                .preemptive()
                .basic(TestStores.TOKEN, "")
                .header("If-None-Match", tag)
                .get(path)
                .then();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/cc.xml", "/badge/%s.svg"})
    void whatHasNotChanged_isNotSentAgain(String path) {
        // Given
        String asked = path.formatted(slug);
        run(pipeline(1, "main"), "build", "failed", Duration.ofHours(5));
        String tag = get(asked, TestStores.TOKEN).statusCode(200).extract().header("ETag");
        // Then
        again(asked, tag).statusCode(304).body(emptyString());
        // When
        run(pipeline(2, "main"), "build", "success", Duration.ofHours(1));
        // Then
        again(asked, tag).statusCode(200).header("ETag", not(tag));
    }

    @Test
    void badge_tellsOfTheNewestPipelineOfTheBranch() {
        assertThat(badge("")).contains("unknown");
        run(pipeline(1, "main"), "build", "failed", Duration.ofHours(5));
        assertThat(badge("")).contains("failing");
        UUID newest = pipeline(2, "main");
        run(newest, "build", "failed", Duration.ofHours(4));
        run(newest, "build", "success", Duration.ofHours(3));
        assertThat(badge("")).contains("passing");
        run(newest, "deploy", "running", Duration.ofHours(2));
        assertThat(badge("")).contains("running");
        run(pipeline(3, "topic"), "build", "failed", Duration.ofHours(1));
        assertThat(badge("")).contains("running");
        assertThat(badge("?branch=topic")).contains("topic: failing");
    }

    @Test
    void badge_ofAHostileBranch_isAnImage() throws Exception {
        String svg = given().auth()
                .preemptive()
                .basic(TestStores.TOKEN, "")
                .queryParam("branch", HOSTILE + "x".repeat(100))
                .get("/badge/" + slug + ".svg")
                .asString();

        assertThat(read(svg).getDocumentElement().getTagName()).isEqualTo("svg");
        assertThat(read(svg).getElementsByTagName("script").getLength()).isZero();
        assertThat(svg).contains("…").doesNotContain("<script").doesNotContain("\u0001");
    }

    @Test
    void badge_isForWhoMayRead_unlessBadgesArePublic() throws Exception {
        String path = "/badge/" + slug + ".svg";
        String audit = tokens.create("test", List.of(Scope.AUDIT_READ), null, null, "test")
                .text();

        given().get(path).then().statusCode(401);
        get(path, "wrong").statusCode(401);
        get(path, audit).statusCode(403);
        get(path, token(UUID.randomUUID())).statusCode(404).body("detail", equalTo("Project not found"));
        get("/badge/gh/acme/unknown-" + project + ".svg", TestStores.TOKEN).statusCode(404);
        given().urlEncodingEnabled(false)
                .header("Circle-Token", TestStores.TOKEN)
                .get("/badge/gh/acme/%01.svg")
                .then()
                .statusCode(404);
        get(path, token(project)).statusCode(200);
        // And when they are
        BadgeResource shown = new BadgeResource(builds, history, caller, () -> true);
        assertThat(shown.badge(new InsightsResource.Slug("github", organization, "web"), null))
                .contains("unknown");
        assertThatThrownBy(() -> shown.badge(new InsightsResource.Slug("gh", organization, "other"), null))
                .hasMessage("Project not found");
    }
}
