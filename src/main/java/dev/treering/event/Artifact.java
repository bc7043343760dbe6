package dev.treering.event;

/** A file that a job stored, as an item of {@code GET /project/:slug/:number/artifacts}; CircleCI keeps it for 30 days. */
public record Artifact(String path, Integer nodeIndex, String url) {}
