/**
 * A person's way in by the terminal: commands in the same artefact that ask a running Treering by its REST API and show what
 * it says. They read and write nothing else and load nothing of Quarkus' start, so that they answer in a moment, from any
 * machine that reaches the service.
 */
package dev.treering.command;
