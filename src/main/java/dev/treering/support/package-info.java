/**
 * What every station needs and none owns: the clock, JSON, settings shared by all, the counters, problems, paging
 * tokens, the schema, and what comes before a stop. It reads and writes nothing of the history and knows no station.
 */
package dev.treering.support;
