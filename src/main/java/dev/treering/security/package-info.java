/**
 * Who is asking: reads a request's token and says which roles it gives. The doors themselves say, by annotation, which
 * role they ask for.
 */
package dev.treering.security;
