package dev.treering.notification;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

import dev.treering.notification.Message.FailedJob;
import dev.treering.notification.Message.Kind;
import io.quarkus.qute.Engine;
import io.quarkus.qute.Expression;
import io.quarkus.qute.RawString;
import io.quarkus.qute.ReflectionValueResolver;
import io.quarkus.qute.ResultMapper;
import io.quarkus.qute.Template;
import io.quarkus.qute.TemplateNode.Origin;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Puts messages into words, by {@code templates/notification/message.txt}. Names and subjects are whatever somebody
 * pushed: each value that a template shows is cleaned, clipped and escaped for its target, and a template cannot forget to.
 */
final class Wording {

    static final Wording PLAIN = new Wording(text -> text, (name, url) -> name + " " + url);

    // Slack's mrkdwn knows these three only; without a bare < nobody can mention a channel or make a link.
    static final Wording SLACK = new Wording(
            text -> text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
            (name, url) -> "<%s|%s>".formatted(url.replace("&", "&amp;"), name));

    private static final int LONGEST_READ = 1000;
    private static final int LONGEST_VALUE = 150;
    private static final int LONGEST_PART = 2900;
    // Escaped it may be five times as long.
    private static final int LONGEST_LINK = 2000;
    private static final int MOST_JOBS = 10;
    private static final int MOST_TESTS = 3;
    private static final int MOST_OTHERS = 20;

    private static final Pattern LINK = Pattern.compile("https://[\\x21-\\x7e&&[^<>|\"'`\\\\^{}]]{1,1500}");
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("d MMM HH:mm 'UTC'", Locale.ENGLISH).withZone(ZoneOffset.UTC);

    private final UnaryOperator<String> escape;
    private final BinaryOperator<String> link;
    private final Template template;

    private Wording(UnaryOperator<String> escape, BinaryOperator<String> link) {
        this.escape = escape;
        this.link = link;
        try (InputStream in = Wording.class.getResourceAsStream("/templates/notification/message.txt")) {
            template = Engine.builder()
                    .addDefaults()
                    .addValueResolver(new ReflectionValueResolver())
                    .addResultMapper(new Escaped())
                    .build()
                    .parse(new String(in.readAllBytes(), UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private final class Escaped implements ResultMapper {

        @Override
        public int getPriority() {
            return 10;
        }

        @Override
        public boolean appliesTo(Origin origin, Object result) {
            return true;
        }

        @Override
        public String map(Object result, Expression expression) {
            return result instanceof RawString made ? made.getValue() : value(String.valueOf(result));
        }
    }

    private String value(String text) {
        return escape.apply(clip(clean(clip(text, LONGEST_READ)), LONGEST_VALUE));
    }

    /** Without what is not seen and changes what is: line breaks, control characters, directions of writing. */
    static String clean(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            switch (Character.getType(c)) {
                case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> clean.append(' ');
                case Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED -> {}
                default -> clean.appendCodePoint(c);
            }
        });
        return clean.toString().strip();
    }

    /** At most so many characters, the last of them an ellipsis where something is missing. */
    static String clip(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(most - 2)) ? most - 2 : most - 1;
        return text.substring(0, end) + "…";
    }

    /** The URL, if it is one that may become a link; else null. */
    static String link(String url) {
        return url != null && LINK.matcher(url).matches() ? url : null;
    }

    String title(Message message) {
        return say(message.kind().name().toLowerCase(Locale.ROOT), message, Map.of());
    }

    String facts(Message message) {
        return say("facts", message, Map.of());
    }

    /** The parts below the title, each a line or a few. */
    List<String> details(Message message) {
        List<String> parts = new ArrayList<>();
        if (message.kind() == Kind.CHANNEL_OFF) {
            parts.add(say("off", message, Map.of()));
        } else if (message.kind() == Kind.SUMMARY) {
            Function<Message, String> line = other -> linked(title(other), other.workflowUrl());
            parts.add(join(message.others(), line, "\n", MOST_OTHERS, message.more()));
        } else {
            parts.add(say("commit", message, Map.of()));
            Function<FailedJob, String> job = one -> linked(value(String.valueOf(one.name())), one.url());
            String jobs = join(message.failedJobs(), job, ", ", MOST_JOBS, 0);
            if (!jobs.isEmpty()) {
                parts.add(say(
                        "jobs", message, Map.of("failed", message.failedJobs().size(), "list", raw(jobs))));
            }
            String tests = join(message.failedTests(), this::value, ", ", MOST_TESTS, 0);
            if (!tests.isEmpty()) {
                parts.add(say("tests", message, Map.of("list", raw(tests))));
            }
            parts.add(say("standing", message, Map.of()));
        }
        parts.removeIf(String::isBlank);
        return parts;
    }

    private String say(String part, Message m, Map<String, Object> more) {
        Map<String, Object> said = new HashMap<>();
        said.put("where", part.equals("where") ? null : raw(say("where", m, more)));
        said.put("at", TIME.format(m.stoppedAt() == null ? m.at() : m.stoppedAt()));
        said.put("link", link(m.workflowUrl()) == null ? null : raw(linked("workflow", m.workflowUrl())));
        said.put(
                "revision",
                m.revision() == null ? null : clip(clean(m.revision()), 8).replace("…", ""));
        said.put("since", time(m.brokenSince()));
        said.put("took", span(m.durationSeconds()));
        said.put("usual", span(m.usualSeconds()));
        said.put("broken", span(m.brokenSeconds()));
        said.put("count", list(m.others()).size() + m.more());
        said.putAll(more);
        return template.getFragment(part)
                .data("m", m)
                .data("said", said)
                .render()
                .strip();
    }

    private static RawString raw(String made) {
        return new RawString(made);
    }

    private String linked(String escaped, String url) {
        String made = link(url) == null ? escaped : link.apply(escaped, url);
        return made.length() > LONGEST_LINK ? escaped : made;
    }

    /** As many of them as fit, and how many more there are, with those that are only counted. */
    private static <T> String join(List<T> given, Function<T, String> say, String separator, int most, int counted) {
        List<T> all = list(given);
        StringBuilder text = new StringBuilder();
        int shown = 0;
        for (T one : all.subList(0, Math.min(most, all.size()))) {
            String part = say.apply(one);
            if (text.length() + part.length() > LONGEST_PART) {
                break;
            }
            text.append(shown++ == 0 ? "" : separator).append(part);
        }
        int rest = all.size() - shown + counted;
        return rest == 0
                ? text.toString()
                : text.append(separator).append("+%d more".formatted(rest)).toString();
    }

    static <T> List<T> list(List<T> given) {
        return given == null ? List.of() : given;
    }

    private static String time(Instant time) {
        return time == null ? null : TIME.format(time);
    }

    private static String span(Long seconds) {
        if (seconds == null) {
            return null;
        }
        long minutes = seconds / 60;
        if (minutes == 0) {
            return seconds + "s";
        }
        return minutes < 60
                ? minutes + "m"
                : minutes < 48 * 60 ? "%dh %dm".formatted(minutes / 60, minutes % 60) : minutes / 1440 + "d";
    }
}
