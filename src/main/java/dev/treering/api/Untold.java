package dev.treering.api;

/** What stands where the history was told nothing and a client expects something. */
final class Untold {

    private Untold() {}

    /** JSON text of a list, which is empty when untold. */
    static String list(String json) {
        return json == null ? "[]" : json;
    }
}
