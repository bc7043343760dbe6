/**
 * Counts: what the runs of a project, organisation, workflow or branch come to, asked of the history at this moment and kept
 * nowhere. It reads the history's tables by SQL of its own, since only the database can count a million rows in time.
 */
package dev.treering.insights;
