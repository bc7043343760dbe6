/**
 * Tells people. Reads {@code circleci.events}, and of the history what to say; writes its own tables. An event is only
 * the occasion: what is told is what the history knows when it is told, so that order, duplicates and lateness of events
 * change nothing.
 */
package dev.treering.notification;
