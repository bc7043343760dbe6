package dev.treering.support;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapGetter;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.header.Header;
import org.eclipse.microprofile.config.Config;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * One trace from a webhook to the message that a person gets. Between stations it travels as a W3C {@code traceparent}: in
 * a record's header, in a row's column. Off, which it is until an endpoint is set, none is made and none is carried on.
 */
@Singleton
public class Traces {

    private static final String PARENT = "traceparent";
    private static final W3CTraceContextPropagator W3C = W3CTraceContextPropagator.getInstance();
    private static final TextMapGetter<Map<String, String>> MAP = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Map<String, String> carrier) {
            return carrier.keySet();
        }

        @Override
        public String get(Map<String, String> carrier, String key) {
            return carrier.get(key);
        }
    };

    private final Tracer tracer;
    private final boolean on;

    @Inject
    Traces(OpenTelemetry telemetry, Config config) {
        this(telemetry, !config.getValue("quarkus.otel.sdk.disabled", Boolean.class));
    }

    private Traces(OpenTelemetry telemetry, boolean on) {
        this.tracer = telemetry.getTracer("treering");
        this.on = on;
    }

    /** For what stands alone. */
    public static Traces off() {
        return new Traces(OpenTelemetry.noop(), false);
    }

    /** Whether anything is traced. */
    boolean on() {
        return on;
    }

    /** What travels on from here; null where there is no trace. */
    public String current() {
        if (!on) {
            return null;
        }
        Map<String, String> carrier = new HashMap<>();
        W3C.inject(Context.current(), carrier, Map::put);
        return carrier.get(PARENT);
    }

    /** The trace that a record belongs to; null where there is none. */
    public static String of(ConsumerRecord<?, ?> record) {
        Header header = record.headers().lastHeader(PARENT);
        return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
    }

    /**
     * Does one step of a thing's way; what the log says meanwhile has its ids.
     *
     * @param parent as it travelled here; null for the step that is under way, if one is
     */
    public <T, E extends Exception> T step(String name, String parent, Map<String, ?> ids, About.Work<T, E> work)
            throws E {
        if (!on) {
            return About.each(ids, work);
        }
        // What travelled here is consumed; else we ask somebody.
        Span span = begin(name, parent == null ? SpanKind.CLIENT : SpanKind.CONSUMER, parent);
        ids.forEach((key, id) -> span.setAttribute("treering." + key, String.valueOf(id)));
        Scope scope = span.makeCurrent();
        try {
            return About.each(ids, work);
        } catch (Exception e) {
            // Its message may hold what was sent; the log says what can be said.
            span.setStatus(StatusCode.ERROR, e.getClass().getSimpleName());
            throw e;
        } finally {
            scope.close();
            span.end();
        }
    }

    /** A span for each record of the batch that belongs to a trace, until they are ended. */
    List<Span> begin(String name, ConsumerRecords<?, ?> batch) {
        List<Span> spans = new ArrayList<>();
        if (on) {
            for (ConsumerRecord<?, ?> record : batch) {
                String parent = of(record);
                if (parent != null) {
                    spans.add(begin(name, SpanKind.CONSUMER, parent));
                }
            }
        }
        return spans;
    }

    private Span begin(String name, SpanKind kind, String parent) {
        Context context = parent == null ? Context.current() : W3C.extract(Context.root(), Map.of(PARENT, parent), MAP);
        return tracer.spanBuilder(name).setSpanKind(kind).setParent(context).startSpan();
    }
}
