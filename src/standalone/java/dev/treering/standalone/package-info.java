/**
 * One process for a first look or a small team: starts the stores in a data folder, makes the secrets, then starts the service on
 * them as an operator would, by settings. Only the artefact of the profile {@code standalone} has it.
 */
package dev.treering.standalone;
