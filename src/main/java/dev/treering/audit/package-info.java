/**
 * The trail for those who ask what happened: search, single entries and exports, the record of what people had Treering do, the
 * proof of it all (verification, signed checkpoints, erasure, retention), and doing it again: dead letters, rebuild,
 * publishing anew. Reads {@code trail}, writes {@code treering.acts}, {@code treering.checkpoints} and its tasks; whatever
 * becomes rows or events goes through {@code history}. It stands apart because who may read the trail is not who may read the
 * history.
 */
package dev.treering.audit;
