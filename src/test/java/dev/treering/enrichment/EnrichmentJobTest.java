package dev.treering.enrichment;

import java.util.concurrent.ExecutionException;

import dev.treering.enrichment.Tasks.Verdict;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class EnrichmentJobTest {

    @Test
    void whatIsTooLargeForKafka_isTriedAFewTimes_andAllElseForEver() {
        assertThat(EnrichmentJob.verdict(new ExecutionException(new RecordTooLargeException())))
                .isEqualTo(Verdict.COUNT);
        assertThat(EnrichmentJob.verdict(
                        new ExecutionException(new IllegalStateException(new RecordTooLargeException()))))
                .isEqualTo(Verdict.COUNT);
        assertThat(EnrichmentJob.verdict(new ExecutionException(new TimeoutException())))
                .isEqualTo(Verdict.RETRY);
    }
}
