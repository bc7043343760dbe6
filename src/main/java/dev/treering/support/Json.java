package dev.treering.support;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import java.util.regex.Pattern;

import jakarta.inject.Singleton;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyName;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.AnnotatedParameter;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.quarkus.jackson.ObjectMapperCustomizer;

/** JSON as CircleCI writes it and as we do: snake_case, RFC 3339 times (ours to the millisecond), unknown fields ignored (but in what is asked of us), hostile input bounded. */
@Singleton
public final class Json implements ObjectMapperCustomizer {

    // Jackson leaves document length and token count open; a signed body is at most 900 kB, an API page a few MB.
    private static final StreamReadConstraints BOUNDS = StreamReadConstraints.builder()
            .maxNestingDepth(64)
            .maxStringLength(1_000_000)
            .maxNumberLength(100)
            .maxNameLength(5_000)
            .maxDocumentLength(16_000_000)
            .maxTokenCount(1_000_000)
            .build();

    private static final String MILLIS = "yyyy-MM-dd'T'HH:mm:ss.SSSX";

    /** The factory for readers that look at tokens only. */
    public static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(BOUNDS)
            .enable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .build();

    /** Reads CircleCI's documents, where an empty string means "absent", and writes ours. */
    public static final ObjectMapper CIRCLECI = configure(JsonMapper.builder(
                    JsonFactory.builder().streamReadConstraints(BOUNDS).build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
            .annotationIntrospector(new BothSpellings())
            .addModule(new JavaTimeModule())
            .addModule(new SimpleModule()
                    .addDeserializer(String.class, new BlankIsAbsent())
                    .addDeserializer(Instant.class, new CircleCiTime()))
            .build());

    private static ObjectMapper configure(ObjectMapper mapper) {
        return mapper.setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    }

    @Override
    public void customize(ObjectMapper mapper) {
        // What a caller misspells must not count as left out: it may be a limit.
        configure(mapper).enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
        // Left to itself a time has no fraction, three digits or six, as it happens to fall.
        mapper.configOverride(Instant.class)
                .setFormat(JsonFormat.Value.forPattern(MILLIS).withTimeZone(TimeZone.getTimeZone("UTC")));
    }

    /** GitLab and GitHub App webhooks say "" where others say null. */
    private static final class BlankIsAbsent extends StdScalarDeserializer<String> {

        private BlankIsAbsent() {
            super(String.class);
        }

        @Override
        public String deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            String text = parser.getValueAsString();
            if (text == null && !parser.currentToken().isScalarValue()) {
                return (String) context.handleUnexpectedToken(String.class, parser);
            }
            return text == null || text.isBlank() ? null : text;
        }
    }

    /** CircleCI's documentation says {@code next-page-token} in places where the wire says {@code next_page_token}. */
    private static final class BothSpellings extends JacksonAnnotationIntrospector {

        private static final Pattern CAPITAL = Pattern.compile("(?<=.)([A-Z])");

        @Override
        public List<PropertyName> findPropertyAliases(Annotated annotated) {
            List<PropertyName> given = super.findPropertyAliases(annotated);
            if (!(annotated instanceof AnnotatedParameter parameter)
                    || !parameter.getDeclaringClass().isRecord()) {
                return given;
            }
            String name = parameter
                    .getDeclaringClass()
                    .getRecordComponents()[parameter.getIndex()]
                    .getName();
            List<PropertyName> all = new ArrayList<>(given == null ? List.of() : given);
            List.copyOf(all)
                    .forEach(alias ->
                            all.add(PropertyName.construct(alias.getSimpleName().replace('_', '-'))));
            all.add(PropertyName.construct(
                    CAPITAL.matcher(name).replaceAll("-$1").toLowerCase(Locale.ROOT)));
            return all;
        }
    }

    private static final class CircleCiTime extends StdScalarDeserializer<Instant> {

        private CircleCiTime() {
            super(Instant.class);
        }

        @Override
        public Instant deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            String text = parser.getValueAsString();
            if (text == null || text.isBlank()) {
                return null;
            }
            return Times.parse(text)
                    .orElseThrow(() -> context.weirdStringException(
                            text, Instant.class, "no RFC 3339 time, such as 2026-11-24T05:51:32.123Z"));
        }
    }
}
