/**
 * Tells who listens what changes, as it changes: reads {@code circleci.events} and writes server-sent events. It keeps some
 * minutes of them in memory and nothing else, so that any instance can go on where another ended.
 */
package dev.treering.live;
