package dev.treering.event;

/** A pipeline's configuration, as {@code GET /pipeline/:id/config} tells it: as written, and as CircleCI compiled it. */
public record PipelineConfig(String source, String compiled) {}
