package dev.treering;

import java.time.Clock;
import java.time.Instant;
import java.util.Date;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import javax.crypto.Mac;

import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.ws.rs.Path;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.MethodCallTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.config.ConfigMapping;
import io.vertx.ext.web.Router;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Command;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

/** The direction of dependencies, the names of doors, and where time and secrets come from. */
class ArchitectureTest {

    private static final String ROOT = "dev.treering";

    /** What each package may use; every package may use {@code support}, which uses nothing of ours. */
    private static final Map<String, Set<String>> ALLOWED = Map.ofEntries(
            Map.entry("support", Set.of()),
            Map.entry("event", Set.of()),
            Map.entry("outbox", Set.of("event")),
            Map.entry("circleci", Set.of("event")),
            Map.entry("security", Set.of()),
            Map.entry("webhook", Set.of("event", "outbox")),
            Map.entry("history", Set.of("event", "outbox")),
            Map.entry("enrichment", Set.of("event", "circleci", "history", "security")),
            Map.entry("insights", Set.of("event", "history", "security")),
            Map.entry("audit", Set.of("event", "history", "outbox", "security")),
            Map.entry("api", Set.of("event", "history", "insights", "circleci", "security")),
            Map.entry("live", Set.of("event", "outbox", "security")),
            Map.entry("command", Set.of("event")),
            Map.entry("notification", Set.of("event", "history", "security")),
            Map.entry(
                    "status",
                    Set.of(
                            "event",
                            "outbox",
                            "circleci",
                            "security",
                            "webhook",
                            "history",
                            "enrichment",
                            "insights",
                            "audit",
                            "api",
                            "live",
                            "notification")));

    /** What stands around the product: the stores, the simulation, the one artefact of all. */
    private static final DescribedPredicate<JavaClass> AROUND =
            resideInAnyPackage(ROOT + ".embedded..", ROOT + ".simulation..", ROOT + ".standalone..");

    private static JavaClasses main;

    @BeforeAll
    static void read_classes() {
        main = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(ROOT)
                // With the profile standalone these are compiled beside the product.
                .that(DescribedPredicate.not(AROUND));
    }

    @Test
    void packages_use_only_what_the_table_allows() {
        // When
        Set<String> used = new TreeSet<>();
        for (JavaClass type : main) {
            type.getDirectDependenciesFromSelf()
                    .forEach(dependency -> used.add(word(type) + " > " + word(dependency.getTargetClass())));
        }

        // Then
        used.removeIf(use -> {
            String[] ends = use.split(" > ", -1);
            return ends[1].equals("elsewhere") || ends[0].equals(ends[1]) || mayUse(ends[0], ends[1]);
        });
        assertThat(used).isEmpty();
    }

    private static boolean mayUse(String user, String used) {
        // The main class alone stands in the base package; it runs the command or prints the banner.
        return user.isEmpty()
                ? used.equals("status") || used.equals("command")
                : used.equals("support") && !user.equals("support")
                        || ALLOWED.getOrDefault(user, Set.of()).contains(used);
    }

    @Test
    void packages_are_words_of_the_table() {
        // When
        Set<String> words = new TreeSet<>();
        main.forEach(type -> words.add(word(type)));

        // Then
        Set<String> known = new HashSet<>(ALLOWED.keySet());
        known.add("");
        assertThat(known).containsAll(words);
        assertThat(words).contains("event", "history", "webhook");
    }

    /** The package below ours: "history", "" for the base package itself, "elsewhere" for other people's. */
    private static String word(JavaClass type) {
        String name = type.getBaseComponentType().getPackageName();
        if (name.equals(ROOT)) {
            return "";
        }
        return name.startsWith(ROOT + ".") ? name.substring(ROOT.length() + 1) : "elsewhere";
    }

    @Test
    void packages_form_no_cycle() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(main);
    }

    @Test
    void doors_are_known_by_their_suffix() {
        classes()
                .that()
                .areAnnotatedWith(Path.class)
                .and()
                // The REST client is no door into the program but one out of it.
                .resideOutsideOfPackage(ROOT + ".circleci")
                .should()
                .haveSimpleNameEndingWith("Resource")
                .allowEmptyShould(true)
                .check(main);
        methods()
                .that()
                .areAnnotatedWith(Incoming.class)
                .should(belongTo("Consumer"))
                .check(main);
        methods()
                .that()
                .areAnnotatedWith(Scheduled.class)
                .should(belongTo("Job"))
                .check(main);
        classes()
                .that()
                .areAnnotatedWith(ConfigMapping.class)
                .should()
                .haveSimpleNameEndingWith("Config")
                .check(main);
        methods()
                .that(describe("observe the router", ArchitectureTest::observesRouter))
                .should(belongTo("Route"))
                .check(main);
        classes()
                .that()
                .areAnnotatedWith(Command.class)
                .should()
                .haveSimpleNameEndingWith("Command")
                .check(main);
    }

    private static boolean observesRouter(JavaMethod method) {
        return method.getParameters().stream()
                .anyMatch(parameter -> parameter.isAnnotatedWith(Observes.class)
                        && parameter.getRawType().isEquivalentTo(Router.class));
    }

    private static ArchCondition<JavaMethod> belongTo(String suffix) {
        return new ArchCondition<>("belong to a type named …" + suffix) {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                boolean named = method.getOwner().getSimpleName().endsWith(suffix);
                events.add(new SimpleConditionEvent(method, named, method.getDescription()));
            }
        };
    }

    @Test
    void commands_start_nothing_of_the_service() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".command")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.quarkus..", "io.vertx..", "jakarta..", "org.jboss..")
                .check(main);
    }

    @Test
    void fields_are_not_injected() {
        fields().should().notBeAnnotatedWith(Inject.class).check(main);
        fields().should().notBeAnnotatedWith(ConfigProperty.class).check(main);
        noClasses()
                .should()
                .dependOnClassesThat()
                .areAssignableTo(ConfigProperty.class)
                .check(main);
    }

    @Test
    void time_comes_from_the_clock() {
        noClasses()
                .should()
                .callMethodWhere(describe("ask the machine for the time", ArchitectureTest::asksForTheTime))
                .orShould()
                .callConstructor(Date.class)
                .check(main);
    }

    private static boolean asksForTheTime(JavaAccess<?> call) {
        JavaClass owner = call.getTargetOwner();
        boolean now = call.getName().equals("now")
                && owner.getPackageName().startsWith(Instant.class.getPackageName())
                // now(clock) is how it should be.
                && call.getTarget() instanceof MethodCallTarget target
                && target.getRawParameterTypes().stream().noneMatch(type -> type.isEquivalentTo(Clock.class));
        return now || owner.isEquivalentTo(System.class) && call.getName().equals("currentTimeMillis");
    }

    @Test
    void only_the_webhook_package_knows_a_secret_and_only_notifications_are_signed() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".webhook")
                .and()
                .doNotHaveFullyQualifiedName(ROOT + ".notification.Signing")
                .should()
                .dependOnClassesThat(describe(
                        "sign or verify",
                        type -> type.isEquivalentTo(Mac.class) || type.getName().equals(ROOT + ".webhook.Secret")))
                .check(main);
    }

    @Test
    void product_knows_nothing_of_what_only_stands_around_it() {
        noClasses().should().dependOnClassesThat(AROUND).check(main);
    }

    private static <T> DescribedPredicate<T> describe(String words, Predicate<? super T> predicate) {
        return DescribedPredicate.describe(words, predicate);
    }
}
