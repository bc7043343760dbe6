/**
 * A real Kafka node and a real PostgreSQL without Docker: the ground under the tests and the standalone artefact.
 * It knows nothing of the application, and the plain artefact knows nothing of it: settings are the only thing that passes.
 */
package dev.treering.embedded;
