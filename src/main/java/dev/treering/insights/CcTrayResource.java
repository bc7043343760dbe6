package dev.treering.insights;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.xml.stream.XMLStreamException;

import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

import dev.treering.event.Outcome;
import dev.treering.insights.Builds.Build;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import org.jboss.resteasy.reactive.RestQuery;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

/** {@code GET /cc.xml}: how each workflow stands, in the form that CCMenu, Nevergreen and their like read. */
@Path("/cc.xml")
@RolesAllowed(Scope.HISTORY_READ)
public class CcTrayResource {

    /** What did not run for so long is not watched any more. */
    private static final Duration WATCHED = Duration.ofDays(90);

    private final Builds builds;
    private final Caller caller;
    private final Clock clock;

    CcTrayResource(Builds builds, Caller caller, Clock clock) {
        this.builds = builds;
        this.caller = caller;
        this.clock = clock;
    }

    /** @param branch absent for each project's default branch */
    @GET
    @Produces(MediaType.APPLICATION_XML)
    public String projects(@RestQuery String branch) throws SQLException {
        Map<String, List<Build>> byName = builds.newest(branch, clock.instant().minus(WATCHED)).stream()
                .filter(build -> caller.sees(build.project()))
                .collect(groupingBy(CcTrayResource::name, LinkedHashMap::new, toList()));
        return Xml.document(document -> {
            document.begin("Projects");
            for (List<Build> newest : byName.values()) {
                project(document, newest.get(0), newest.get(newest.size() - 1));
            }
            document.end();
        });
    }

    private static String name(Build build) {
        return build.slug() + " " + build.workflow();
    }

    /**
     * @param last the newest run that has ended, if one has
     * @param open the newest that has not, if one has not; both are the same where there is only one kind
     */
    private static void project(Xml document, Build last, Build open) throws XMLStreamException {
        document.begin(
                        "Project",
                        "name",
                        name(last),
                        "activity",
                        runs(open) ? "Building" : "Sleeping",
                        "lastBuildStatus",
                        status(last),
                        "lastBuildLabel",
                        Objects.requireNonNullElse(last.number(), ""),
                        "lastBuildTime",
                        last.at(),
                        "webUrl",
                        webUrl(runs(open) ? open : last))
                .end();
    }

    // What waits for a person builds nothing.
    private static boolean runs(Build build) {
        return build.outcome() == Outcome.PENDING && !build.status().equals("on_hold");
    }

    private static String status(Build build) {
        return switch (build.outcome()) {
            case SUCCESS -> "Success";
            case FAILURE -> build.status().equals("failed") ? "Failure" : "Exception";
            default -> "Unknown";
        };
    }

    // It comes from a payload, and people click on it.
    private static String webUrl(Build build) {
        return build.url() != null && build.url().startsWith("https://")
                ? build.url()
                : "https://app.circleci.com/pipelines/workflows/" + build.id();
    }
}
