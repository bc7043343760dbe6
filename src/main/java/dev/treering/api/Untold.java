package dev.treering.api;

/** What stands where the history was told nothing and a client expects something. */
final class Untold {

    private Untold() {}

    /** A text that CircleCI's description does not allow to be null; it says "" there, of which we keep nothing. */
    static String text(String told) {
        return told == null ? "" : told;
    }

    /** JSON text of a list, which is empty when untold. */
    static String list(String json) {
        return json == null ? "[]" : json;
    }
}
