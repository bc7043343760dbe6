package dev.treering.insights;

import java.sql.SQLException;
import java.util.List;
import java.util.Locale;

import jakarta.annotation.security.PermitAll;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;

import dev.treering.event.Outcome;
import dev.treering.history.History;
import dev.treering.history.ProjectView;
import dev.treering.security.Caller;
import dev.treering.security.Scope;
import dev.treering.support.Problem;
import org.jboss.resteasy.reactive.RestQuery;

/** {@code GET /badge/{slug}.svg}: a small image of how a branch stands. */
@Path("/badge/{vcs}/{organization}/{project}.svg")
@PermitAll // whom it opens to is a setting
public class BadgeResource {

    private static final int LONGEST_LABEL = 40;
    private static final int CHARACTER = 7;

    private final Builds builds;
    private final History history;
    private final Caller caller;
    private final boolean open;

    BadgeResource(Builds builds, History history, Caller caller, BadgesConfig config) {
        this.builds = builds;
        this.history = history;
        this.caller = caller;
        this.open = config.open();
    }

    private enum Standing {
        PASSING("#2e7d32"),
        FAILING("#c62828"),
        RUNNING("#1565c0"),
        UNKNOWN("#616161");

        private final String colour;

        Standing(String colour) {
            this.colour = colour;
        }

        /** One that failed outweighs one that may still fail, and that one those that passed. */
        static Standing of(List<Outcome> workflows) {
            return workflows.contains(Outcome.FAILURE)
                    ? FAILING
                    : workflows.contains(Outcome.PENDING)
                            ? RUNNING
                            : workflows.contains(Outcome.SUCCESS) ? PASSING : UNKNOWN;
        }

        private String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** @param branch absent for the default branch */
    @GET
    @Produces("image/svg+xml")
    public String badge(@BeanParam InsightsResource.Slug slug, @RestQuery String branch) throws SQLException {
        if (!open) {
            caller.mustHave(Scope.HISTORY_READ);
        }
        ProjectView shown = history.project(slug.value())
                .filter(known -> open || caller.sees(known.id()))
                .orElseThrow(() -> Problem.notFound("Project not found"));
        List<Outcome> workflows = builds.ofNewestPipeline(shown.id(), branch == null ? shown.defaultBranch() : branch);
        return svg(branch == null ? "build" : branch, Standing.of(workflows));
    }

    private static String svg(String label, Standing standing) {
        String left = label.codePointCount(0, label.length()) <= LONGEST_LABEL
                ? label
                : label.substring(0, label.offsetByCodePoints(0, LONGEST_LABEL - 1)) + "…";
        int split = CHARACTER * left.length() + 10;
        int width = split + CHARACTER * standing.word().length() + 10;
        return Xml.document(document -> document.begin(
                        "svg",
                        "xmlns",
                        "http://www.w3.org/2000/svg",
                        "width",
                        width,
                        "height",
                        20,
                        "role",
                        "img",
                        "aria-label",
                        left + ": " + standing.word())
                .begin("rect", "width", split, "height", 20, "fill", "#444")
                .end()
                .begin("rect", "x", split, "width", width - split, "height", 20, "fill", standing.colour)
                .end()
                .begin("g", "fill", "#fff", "font-family", "Verdana,sans-serif", "font-size", 11)
                .begin("text", "x", 5, "y", 14)
                .text(left)
                .end()
                .begin("text", "x", split + 5, "y", 14)
                .text(standing.word())
                .end()
                .end()
                .end());
    }
}
