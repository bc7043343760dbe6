package dev.treering.support;

import com.fasterxml.jackson.annotation.JsonInclude;

/** Something the caller can act on, told as RFC 9457: the status, what was wrong, and what to do about it. */
public final class Problem extends RuntimeException {

    public static final String MEDIA_TYPE = "application/problem+json";

    private final int status;

    public Problem(int status, String detail) {
        super(detail);
        this.status = status;
    }

    public static Problem notFound(String detail) {
        return new Problem(404, detail);
    }

    public static Problem badRequest(String detail) {
        return new Problem(400, detail);
    }

    public int status() {
        return status;
    }

    public Body body(String instance) {
        return new Body("about:blank", title(status), status, getMessage(), instance);
    }

    /** The reason phrase of a status, for the statuses we send. */
    public static String title(int status) {
        return switch (status) {
            case 400 -> "Bad Request";
            case 401 -> "Unauthorized";
            case 403 -> "Forbidden";
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            case 406 -> "Not Acceptable";
            case 408 -> "Request Timeout";
            case 409 -> "Conflict";
            case 413 -> "Content Too Large";
            case 415 -> "Unsupported Media Type";
            case 429 -> "Too Many Requests";
            case 503 -> "Service Unavailable";
            default -> status < 500 ? "Request Refused" : "Internal Server Error";
        };
    }

    /** The document, as RFC 9457 names its members. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Body(String type, String title, int status, String detail, String instance) {}
}
