package dev.treering.event;

import java.util.List;
import java.util.Properties;
import java.util.function.Consumer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class SchemaChangesTest {

    private static List<String> after(Consumer<ObjectNode> change) {
        ObjectNode before = Schemas.of(Snapshot.class, new Properties());
        ObjectNode now = before.deepCopy();
        change.accept(now);
        return SchemaChanges.breaking(before, now);
    }

    private static ObjectNode fields(ObjectNode schema) {
        return (ObjectNode) schema.path("properties");
    }

    private static ObjectNode job(ObjectNode schema) {
        return (ObjectNode) schema.at("/definitions/Job/properties");
    }

    @Test
    void whatIsAddedAndNeedNotBeThere_breaksNothing() {
        assertThat(after(schema -> {
                    schema.put("description", "other words");
                    fields(schema).putObject("more").put("type", "string");
                    job(schema).putObject("more").put("type", "string");
                    ((ArrayNode) fields(schema).at("/source/enum")).add("person");
                    ((ObjectNode) schema.path("definitions")).putObject("More").put("type", "object");
                }))
                .isEmpty();
    }

    @Test
    void aFieldThatIsGone_orOfAnotherType_isSeen() {
        assertThat(after(schema -> fields(schema).remove("job_id"))).containsExactly("/job_id: is gone");
        assertThat(after(schema -> job(schema).remove("name"))).containsExactly("#Job/name: is gone");
        assertThat(after(schema -> job(schema).withObjectProperty("number").put("type", "string")))
                .containsExactly("#Job/number: type was \"integer\" and is \"string\"");
        assertThat(after(schema -> job(schema).withObjectProperty("id").remove("format")))
                .containsExactly("#Job/id: format was \"uuid\" and is ");
        assertThat(after(schema -> fields(schema).withObjectProperty("job").put("$ref", "#/definitions/Job")))
                .containsExactly("/job: $ref was \"#/definitions/JobDetail\" and is \"#/definitions/Job\"");
        assertThat(after(schema -> ((ObjectNode) fields(schema).at("/jobs/items")).put("$ref", "#/definitions/Test")))
                .containsExactly("/jobs[]: $ref was \"#/definitions/Job\" and is \"#/definitions/Test\"");
        assertThat(after(schema -> ((ObjectNode) schema.path("definitions")).remove("Job")))
                .containsExactly("#Job: is gone");
    }

    @Test
    void aWordThatIsGone_orAnEnumerationThatIsNew_isSeen() {
        assertThat(after(schema -> ((ArrayNode) fields(schema).at("/source/enum")).remove(0)))
                .containsExactly("/source: \"api\" is no word any more");
        assertThat(after(schema -> job(schema)
                        .withObjectProperty("status")
                        .putArray("enum")
                        .add("success")))
                .containsExactly("#Job/status: enum was  and is [\"success\"]");
        assertThat(after(schema -> fields(schema).withObjectProperty("source").remove("enum")))
                .hasSize(1);
    }

    @Test
    void whatMustBeThereNow_orNeedNotBeAnyMore_isSeen() {
        assertThat(after(schema -> ((ArrayNode) schema.path("required")).add("job_id")))
                .containsExactly(": \"job_id\" is required, and older values lack it");
        assertThat(after(schema -> ((ArrayNode) schema.path("required")).remove(0)))
                .containsExactly(": \"id\" was always there and may be absent");
        assertThat(after(schema -> schema.put("additionalProperties", false)))
                .containsExactly(": additionalProperties was  and is false");
        assertThat(after(schema -> job(schema).withObjectProperty("name").put("maxLength", 5)))
                .containsExactly("#Job/name: maxLength was  and is 5");
    }
}
