package dev.treering.live;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

import dev.treering.event.CloudEvent;
import dev.treering.event.Topics;
import dev.treering.live.Ring.Chunk;
import dev.treering.live.Ring.Place;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class RingTest {

    private static final int PARTITIONS = 3;
    private static final Filter ALL = Filter.of(List.of(), List.of(), List.of(), List.of(), Optional.empty());

    private static Ring ring(Map<String, String> settings) {
        return new Ring(LiveConfigs.of(settings));
    }

    private static Ring ring() {
        Ring ring = ring(Map.of());
        ring.begin("log", new long[PARTITIONS], new long[PARTITIONS]);
        return ring;
    }

    private static ConsumerRecord<byte[], byte[]> record(int partition, long offset, long time, String branch) {
        RecordHeaders headers = new RecordHeaders();
        headers.add(CloudEvent.TYPE, "dev.treering.job.changed".getBytes(UTF_8));
        String value = "{\"entity\":\"job\",\"name\":\"%d/%d\",\"branch\":\"%s\",\n\"outcome\":\"success\"}"
                .formatted(partition, offset, branch);
        return new ConsumerRecord<>(
                Topics.EVENTS,
                partition,
                offset,
                time,
                TimestampType.CREATE_TIME,
                0,
                value.length(),
                null,
                value.getBytes(UTF_8),
                headers,
                Optional.empty());
    }

    private static ConsumerRecord<byte[], byte[]> record(int partition, long offset) {
        return record(partition, offset, 0, "main");
    }

    /** All that follows, as a client that breaks off after so many events sees it: names, and the last id beside. */
    private static List<String> told(Ring ring, Place place, Filter filter, int most, String[] lastId) {
        StringBuilder stream = new StringBuilder();
        for (Chunk chunk = ring.read(place, filter); chunk != null; chunk = ring.read(place, filter)) {
            assertThat(chunk.lost()).isFalse();
            stream.append(chunk.buffer());
        }
        List<String> names = new ArrayList<>();
        boolean hasData = false;
        for (String line : stream.toString().split("\n")) {
            if (hasData && names.size() == most && line.startsWith("data: ")) {
                break;
            }
            if (line.startsWith("event: reset")) {
                names.add("reset");
            } else if (line.startsWith("data: ") && line.contains("name")) {
                names.add(line.replaceAll(".*\"name\":\"([^\"]*)\".*", "$1"));
                hasData = true;
            } else if (line.startsWith("id: ")) {
                lastId[0] = line.substring(4);
            }
        }
        return names;
    }

    private static List<String> told(Ring ring, Place place) {
        return told(ring, place, ALL, Integer.MAX_VALUE, new String[1]);
    }

    @Test
    void aClientThatGoesFromInstanceToInstance_getsEachEventOnce_whateverTheOrderInEach() {
        for (long seed = 0; seed < 100; seed++) {
            // Given two instances that read the same partitions, each in an order of its own and one behind the other
            Random random = new Random(seed);
            List<Ring> rings = List.of(ring(), ring());
            long[][] read = new long[2][PARTITIONS];
            Filter filter = random.nextBoolean()
                    ? ALL
                    : Filter.of(List.of(), List.of("main"), List.of(), List.of(), Optional.empty());
            List<String> got = new ArrayList<>();
            String[] id = {"log.0.0.0"};
            // When
            for (int turn = 0; turn < 30; turn++) {
                for (int i = 0; i < 2; i++) {
                    for (int events = random.nextInt(8); events > 0; events--) {
                        int partition = random.nextInt(PARTITIONS);
                        long offset = read[i][partition]++;
                        rings.get(i).add(record(partition, offset, 0, offset % 3 == 0 ? "side" : "main"));
                    }
                }
                got.addAll(told(rings.get(random.nextInt(2)), new Place(id[0]), filter, 1 + random.nextInt(9), id));
            }
            for (int i = 0; i < 2; i++) {
                for (int partition = 0; partition < PARTITIONS; partition++) {
                    while (read[i][partition] < 300) {
                        long offset = read[i][partition]++;
                        rings.get(i).add(record(partition, offset, 0, offset % 3 == 0 ? "side" : "main"));
                    }
                }
            }
            got.addAll(told(rings.get(random.nextInt(2)), new Place(id[0]), filter, Integer.MAX_VALUE, id));
            // Then
            List<String> expected = IntStream.range(0, PARTITIONS)
                    .boxed()
                    .flatMap(partition -> IntStream.range(0, 300)
                            .filter(offset -> filter == ALL || offset % 3 != 0)
                            .mapToObj(offset -> partition + "/" + offset))
                    .toList();
            assertThat(got).as("seed " + seed).containsExactlyInAnyOrderElementsOf(expected);
        }
    }

    @Test
    void aClientThatBegins_isToldWhatComesNow_alsoWhileTheRingIsFilled() {
        // Given a ring that reads what came before
        Ring ring = ring(Map.of());
        ring.begin("log", new long[] {0, 0}, new long[] {2, 1});
        ring.add(record(0, 0));
        Place place = new Place(null);
        assertThat(told(ring, place)).isEmpty();
        // When
        ring.add(record(1, 0));
        ring.add(record(0, 1));
        ring.add(record(0, 2));
        ring.add(record(1, 1));
        // Then
        assertThat(told(ring, place)).containsExactly("0/2", "1/1");
        assertThat(place.id()).isEqualTo("log.3.2");
    }

    @Test
    void whatIsTooOld_isReset_whetherByNumberTimeOrBytes() {
        for (Map<String, String> bound : List.of(
                Map.of("treering.live.ring-events", "100"),
                Map.of("treering.live.ring-span", "2s"),
                Map.of("treering.live.ring-size", "60000"))) {
            // Given
            Ring ring = ring(bound);
            ring.begin("log", new long[1], new long[1]);
            // When
            for (int i = 0; i < 150; i++) {
                ring.add(record(0, i, i * 20, "main"));
            }
            // Then
            int kept = 150 - Integer.parseInt(oldest(ring).substring(2));
            assertThat(kept).as(bound.toString()).isBetween(90, 120);
            assertThat(told(ring, new Place("log." + Long.toString(150 - kept, 36))))
                    .hasSize(kept);
            String[] id = new String[1];
            assertThat(told(ring, new Place("log." + Long.toString(149 - kept, 36)), ALL, 9, id))
                    .containsExactly("reset");
            assertThat(id[0]).isEqualTo("log." + Long.toString(150, 36));
        }
    }

    private static String oldest(Ring ring) {
        for (int offset = 0; ; offset++) {
            List<String> told = told(ring, new Place("log." + Long.toString(offset, 36)));
            if (!told.contains("reset")) {
                return told.get(0);
            }
        }
    }

    @Test
    void anIdThatIsNone_orOfAnotherLog_isReset() {
        Ring ring = ring();
        for (String id : List.of(
                "x",
                "log",
                "log.",
                "log.-1.0.0",
                "other.0.0.0",
                "log.0.0.0.0",
                "log.zzzzzzzzzzzzz.0.0",
                "a".repeat(5000))) {
            assertThat(told(ring, new Place(id))).as(id).containsExactly("reset");
        }
    }

    @Test
    void aClientThatStays_goesOnWhereTheRingBeginsAnew_andIsResetWhereTheTopicIsAnother() {
        // Given
        Ring ring = ring();
        Place place = new Place("log.0.0.0");
        ring.add(record(0, 0));
        ring.add(record(1, 0));
        assertThat(told(ring, place)).containsExactly("0/0", "1/0");
        // When it reads the same again, in another order, and there is one more partition
        ring.begin("log", new long[4], new long[4]);
        ring.add(record(1, 0));
        ring.add(record(3, 0));
        ring.add(record(0, 0));
        ring.add(record(2, 0));
        // Then
        assertThat(told(ring, place)).containsExactly("3/0", "2/0");
        // And when it is another
        ring.begin("new", new long[1], new long[1]);
        ring.add(record(0, 0));
        assertThat(told(ring, place)).containsExactly("reset");
    }

    @Test
    void aClientThatTheRingOvertakes_isLost() {
        // Given
        Ring ring = ring(Map.of("treering.live.ring-events", "100"));
        ring.begin("log", new long[1], new long[1]);
        Place place = new Place(null);
        ring.read(place, ALL);
        // When
        for (int i = 0; i < 101; i++) {
            ring.add(record(0, i));
        }
        // Then
        assertThat(ring.read(place, ALL).lost()).isTrue();
    }

    @Test
    void clientsWithEqualFilters_shareOneBuffer() {
        // Given
        Ring ring = ring();
        List<Filter> filters = IntStream.range(0, 2)
                .mapToObj(i -> Filter.of(
                        List.of("github/acme/web,gh/acme/web"), List.of(), List.of(), List.of(), Optional.empty()))
                .toList();
        List<Place> places = List.of(new Place(null), new Place(null));
        ring.add(record(0, 0));
        places.forEach(place -> told(ring, place, ALL, 1, new String[1]));
        places.forEach(place -> ring.read(place, filters.get(0)));
        // When
        ring.add(record(0, 1));
        told(ring, places.get(0), ALL, 0, new String[1]);
        told(ring, places.get(1), ALL, 0, new String[1]);
        ring.add(record(0, 2));
        Chunk one = ring.read(places.get(0), filters.get(0));
        Chunk other = ring.read(places.get(1), filters.get(1));
        // Then
        assertThat(one).isNotNull();
        assertThat(other.buffer()).isSameAs(one.buffer());
        assertThat(filters.get(0).projects()).isEqualTo(Set.of("gh/acme/web"));
    }

    @Test
    void whatIsShared_isBounded_whileNothingHappens() {
        // Given a client that got something
        Ring ring = ring();
        List<Place> places = List.of(new Place("log.0.0.0"), new Place("log.0.0.0"));
        ring.add(record(0, 0));
        for (int i = 0; i < 2; i++) {
            places.forEach(place -> ring.read(place, ALL));
        }
        Chunk one = ring.read(places.get(0), ALL);
        // When many others ask at the same place, each for something else
        for (int i = 0; i < 64; i++) {
            Filter filter = Filter.of(List.of(), List.of("branch " + i), List.of(), List.of(), Optional.empty());
            told(ring, new Place("log.0.0.0"), filter, 1, new String[1]);
        }
        // Then
        assertThat(ring.read(places.get(1), ALL).buffer())
                .isEqualTo(one.buffer())
                .isNotSameAs(one.buffer());
    }

    @Test
    void whatAClientSaysItself_isNotRepeated_beforeTheRingKnowsItsPlace() {
        Place place = new Place("x\ndata: y");
        assertThat(place.id()).isNull();
        ring().read(place, ALL);
        assertThat(place.id()).isEqualTo("log.0.0.0");
    }

    @Test
    void whatCannotBeRead_matchesNoFilter() {
        // Given
        Ring ring = ring();
        Filter filter = Filter.of(List.of(), List.of("main"), List.of("job"), List.of(), Optional.empty());
        Place place = new Place("log.0.0.0");
        for (String value : List.of("{", "null")) {
            RecordHeaders headers = new RecordHeaders();
            headers.add(CloudEvent.TYPE, "dev.treering.job.changed".getBytes(UTF_8));
            ring.add(new ConsumerRecord<>(
                    Topics.EVENTS,
                    0,
                    0,
                    0,
                    TimestampType.CREATE_TIME,
                    0,
                    0,
                    null,
                    value.getBytes(UTF_8),
                    headers,
                    Optional.empty()));
        }
        ring.add(record(0, 1));
        // Then
        assertThat(told(ring, place, filter, 9, new String[1])).containsExactly("0/1");
    }

    @Test
    void whatWasPublishedAgain_isNotLive_andWhatIsNoneOfOurs_stopsNobody() {
        // Given
        Ring ring = ring();
        Place place = new Place(null);
        ring.read(place, ALL);
        ConsumerRecord<byte[], byte[]> again = record(0, 0);
        again.headers().add("ce_republished", "true".getBytes(UTF_8));
        // When
        ring.add(again);
        ring.add(new ConsumerRecord<>(Topics.EVENTS, 0, 1, null, "hello".getBytes(UTF_8)));
        ring.add(new ConsumerRecord<>(Topics.EVENTS, 0, 2, null, null));
        ring.add(record(0, 3));
        // Then
        assertThat(told(ring, place)).containsExactly("0/3");
    }
}
