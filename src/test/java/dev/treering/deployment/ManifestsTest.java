package dev.treering.deployment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

import com.fasterxml.jackson.databind.JsonNode;
import dev.treering.event.Topics;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

import static dev.treering.deployment.Manifests.each;
import static dev.treering.deployment.Manifests.texts;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

/** {@code k8s/base} and {@code k8s/production} against Kubernetes' own model, its restricted pods, and the application. */
class ManifestsTest {

    private static final String COMPONENT = "app.kubernetes.io/component";
    private static final List<String> ROLES = List.of("api", "receiver", "worker");

    @ParameterizedTest
    @ValueSource(strings = {"base", "production"})
    void every_object_is_one_that_kubernetes_knows(String folder) {
        assertThat(Manifests.of(folder).kindsOfOperators())
                .isSubsetOf(
                        "kafka.strimzi.io/v1 KafkaTopic",
                        "kafka.strimzi.io/v1 KafkaUser",
                        "keda.sh/v1alpha1 ScaledObject",
                        "keda.sh/v1alpha1 TriggerAuthentication",
                        "monitoring.coreos.com/v1 PrometheusRule",
                        "monitoring.coreos.com/v1 ServiceMonitor");
    }

    @Test
    void a_field_that_kubernetes_does_not_know_is_found() {
        Manifests misspelt = new Manifests("""
                apiVersion: v1
                kind: Service
                metadata:
                  name: treering-api
                spec:
                  prots: []
                """);
        assertThatThrownBy(misspelt::kindsOfOperators).hasStackTraceContaining("\"prots\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "production"})
    void every_pod_is_restricted(String folder) {
        assertThat(Manifests.of(folder).pods()).hasSize(4).allSatisfy(template -> {
            PodSpec pod = template.getSpec();
            assertThat(pod.getAutomountServiceAccountToken()).isFalse();
            assertThat(pod.getEnableServiceLinks()).isFalse();
            assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
            assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
            assertThat(Stream.of(pod.getHostNetwork(), pod.getHostPID(), pod.getHostIPC()))
                    .containsOnlyNulls();
            assertThat(pod.getVolumes()).allMatch(volume -> volume.getEmptyDir() != null || volume.getSecret() != null);
            assertThat(pod.getInitContainers()).isEmpty();
            assertThat(pod.getContainers()).singleElement().satisfies(container -> {
                var security = container.getSecurityContext();
                assertThat(security.getAllowPrivilegeEscalation()).isFalse();
                assertThat(security.getReadOnlyRootFilesystem()).isTrue();
                assertThat(security.getCapabilities().getDrop()).containsExactly("ALL");
                assertThat(security.getCapabilities().getAdd()).isEmpty();
                assertThat(security.getPrivileged()).isNull();
                assertThat(container.getResources().getLimits()).containsKey("memory");
                assertThat(container.getPorts()).allMatch(port -> port.getHostPort() == null);
            });
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "production"})
    void every_setting_exists(String folder) {
        // Given
        Manifests manifests = Manifests.of(folder);
        Stream<String> variables = Stream.concat(
                manifests.all(ConfigMap.class).stream().flatMap(map -> map.getData().keySet().stream()),
                manifests.pods().stream()
                        .flatMap(pod -> container(pod).getEnv().stream())
                        .map(EnvVar::getName));

        // Then
        assertThat(KnownSettings.unknown(variables)).isEmpty();
        assertThat(KnownSettings.unknown(
                        Stream.of("TREERING_ROLE", "QUARKUS_HTTP_PORTS", "KAFKA_SASL", "TREERING_WEBHOOK_SECRETS")))
                .containsExactly("KAFKA_SASL", "QUARKUS_HTTP_PORTS", "TREERING_ROLE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "production"})
    void secrets_are_only_referred_to(String folder) {
        // Given
        Manifests manifests = Manifests.of(folder);

        // Then
        assertThat(manifests.all("Secret")).isEmpty();
        assertThat(manifests.pods().stream().flatMap(pod -> container(pod).getEnv().stream()))
                .filteredOn(variable -> variable.getName().matches(".*(PASSWORD|TOKEN|SECRETS|_KEY|CERTIFICATE.*)"))
                .isNotEmpty()
                .allSatisfy(variable -> assertThat(variable.getValueFrom().getSecretKeyRef())
                        .as(variable.getName())
                        .isNotNull());
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "production"})
    void only_the_migration_has_the_login_of_the_owner(String folder) {
        // Given
        Manifests manifests = Manifests.of(folder);

        // Then
        assertThat(manifests.all(Job.class))
                .singleElement()
                .satisfies(job -> assertThat(secrets(job.getSpec().getTemplate()))
                        .containsExactlyInAnyOrder(
                                "treering-owner/username", "treering-owner/password", "treering-database/username"));
        assertThat(manifests.all(Deployment.class))
                .hasSize(3)
                .allSatisfy(
                        deployment -> assertThat(secrets(deployment.getSpec().getTemplate()))
                                .contains("treering-database/username", "treering-database/password")
                                .noneMatch(secret -> secret.startsWith("treering-owner/")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "production"})
    void every_port_is_one_that_a_role_opens(String folder) throws IOException {
        // Given
        Manifests manifests = Manifests.of(folder);
        assertThat(properties()).containsEntry("quarkus.management.enabled", "true");

        // Then
        assertThat(manifests.all(Deployment.class)).allSatisfy(deployment -> {
            Container container = container(deployment.getSpec().getTemplate());
            assertThat(ports(deployment.getSpec().getTemplate())).containsOnlyKeys("http", "management");
            assertThat(container.getEnv())
                    .anyMatch(v -> v.getName().equals("QUARKUS_HTTP_PORT")
                            && v.getValue().equals("8080"))
                    .anyMatch(v -> v.getName().equals("QUARKUS_MANAGEMENT_PORT")
                            && v.getValue().equals("9000"));
            assertThat(ports(deployment.getSpec().getTemplate())).isEqualTo(Map.of("http", 8080, "management", 9000));
            assertProbe(container.getStartupProbe(), "/q/health/started");
            assertProbe(container.getLivenessProbe(), "/q/health/live");
            assertProbe(container.getReadinessProbe(), "/q/health/ready");
        });
        assertThat(manifests.all(Service.class)).allSatisfy(service -> {
            List<PodTemplateSpec> pods = selected(manifests, service.getSpec().getSelector());
            assertThat(pods).isNotEmpty();
            assertThat(service.getSpec().getPorts())
                    .allSatisfy(port -> assertThat(pods)
                            .anyMatch(pod ->
                                    ports(pod).containsKey(port.getTargetPort().getStrVal())));
        });
    }

    private static void assertProbe(Probe probe, String path) {
        assertThat(probe.getHttpGet().getPath()).isEqualTo(path);
        assertThat(probe.getHttpGet().getPort()).isEqualTo(new IntOrString("management"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "production"})
    void a_pod_ends_in_order_and_in_its_time(String folder) throws IOException {
        // Given
        Manifests manifests = Manifests.of(folder);
        Duration delay = Duration.parse(
                "PT" + manifests.all(ConfigMap.class).get(0).getData().get("QUARKUS_SHUTDOWN_DELAY"));
        Duration drain = Duration.parse("PT" + properties().getProperty("quarkus.shutdown.timeout"));

        // Then
        assertThat(properties()).containsEntry("quarkus.shutdown.delay-enabled", "true");
        assertThat(manifests.all(Deployment.class)).allSatisfy(deployment -> {
            PodSpec pod = deployment.getSpec().getTemplate().getSpec();
            long sleep = pod.getContainers()
                    .get(0)
                    .getLifecycle()
                    .getPreStop()
                    .getSleep()
                    .getSeconds();
            assertThat(sleep).isBetween(5L, 10L);
            assertThat(Duration.ofSeconds(pod.getTerminationGracePeriodSeconds()))
                    .isEqualTo(Duration.ofSeconds(45))
                    .isGreaterThanOrEqualTo(delay.plus(drain).plusSeconds(sleep + 10));
            assertThat(deployment.getSpec().getStrategy().getRollingUpdate().getMaxUnavailable())
                    .isEqualTo(new IntOrString(0));
            assertThat(pod.getTopologySpreadConstraints()).hasSize(2);
        });
    }

    @Test
    void every_role_of_production_has_two_pods_and_keeps_one() {
        // Given
        Manifests manifests = Manifests.of("production");

        // Then
        assertThat(manifests.all(Deployment.class))
                .extracting(one -> one.getSpec().getReplicas())
                .containsOnlyNulls();
        assertThat(manifests.all(PodDisruptionBudget.class)).hasSize(3).allSatisfy(budget -> {
            assertThat(budget.getSpec().getMinAvailable()).isEqualTo(new IntOrString(1));
            assertThat(selected(manifests, budget.getSpec().getSelector().getMatchLabels()))
                    .hasSize(1);
        });
        assertThat(manifests.all(HorizontalPodAutoscaler.class))
                .allSatisfy(
                        scaler -> assertThat(scaler.getSpec().getMinReplicas()).isEqualTo(2))
                .extracting(scaler -> scaler.getSpec().getScaleTargetRef().getName())
                .containsExactlyInAnyOrder("treering-api", "treering-receiver");
    }

    @Test
    void workers_of_production_scale_by_the_lag_of_the_history() throws IOException {
        // Given
        Manifests manifests = Manifests.of("production");
        JsonNode scaler = manifests.one("ScaledObject").path("spec");
        JsonNode trigger = scaler.path("triggers").path(0);

        // Then
        assertThat(scaler.at("/scaleTargetRef/name").asText()).isEqualTo("treering-worker");
        assertThat(scaler.path("minReplicaCount").asInt()).isEqualTo(2);
        assertThat(scaler.path("maxReplicaCount").asInt()).isEqualTo(12);
        assertThat(trigger.path("type").asText()).isEqualTo("kafka");
        assertThat(trigger.at("/metadata/consumerGroup").asText())
                .isEqualTo(properties().getProperty("mp.messaging.incoming.history.group.id"));
        assertThat(trigger.at("/metadata/bootstrapServers").asText())
                .isEqualTo(manifests.all(ConfigMap.class).get(0).getData().get("KAFKA_BOOTSTRAP_SERVERS"));
        assertThat(trigger.at("/metadata/lagThreshold").asInt()).isPositive();
        assertThat(trigger.at("/metadata/offsetResetPolicy").asText()).isEqualTo("earliest");
        assertThat(trigger.at("/authenticationRef/name"))
                .isEqualTo(manifests.one("TriggerAuthentication").at("/metadata/name"));
    }

    @Test
    void topics_of_production_are_as_treering_would_make_them() {
        // Given
        Manifests manifests = Manifests.of("production");

        // Then
        assertThat(manifests.all(ConfigMap.class).get(0).getData()).containsEntry("TREERING_TOPICS", "verify");
        assertThat(manifests.all("KafkaTopic"))
                .extracting(topic -> topic.at("/metadata/name").asText())
                .containsExactlyInAnyOrderElementsOf(Topics.ALL);
        assertThat(manifests.all("KafkaTopic")).allSatisfy(topic -> {
            boolean checkpoints = topic.at("/metadata/name").asText().equals(Topics.CHECKPOINTS);
            JsonNode spec = topic.path("spec");
            assertThat(topic.at("/metadata/labels").path("strimzi.io/cluster").asText())
                    .isEqualTo("kafka");
            assertThat(spec.path("partitions").asInt()).isEqualTo(checkpoints ? 1 : 12);
            assertThat(spec.path("replicas").asInt()).isEqualTo(3);
            assertThat(spec.at("/config/min.insync.replicas").asInt()).isEqualTo(2);
            assertThat(spec.at("/config/cleanup.policy").asText()).isEqualTo("delete");
            assertThat(spec.at("/config/message.timestamp.type").asText()).isEqualTo("LogAppendTime");
            assertThat(spec.at("/config/unclean.leader.election.enable").asText())
                    .isEqualTo("false");
            assertThat(spec.at("/config/max.message.bytes").asInt()).isEqualTo(1024 * 1024);
            assertThat(spec.at("/config/retention.ms").asLong())
                    .isEqualTo(
                            checkpoints
                                    ? -1
                                    : Duration.ofDays(
                                                    topic.at("/metadata/name")
                                                                    .asText()
                                                                    .equals(Topics.EVENTS)
                                                            ? 30
                                                            : 14)
                                            .toMillis());
        });
    }

    @Test
    void each_role_of_production_may_do_in_kafka_what_it_does_and_no_more() throws IOException {
        // Given
        Manifests manifests = Manifests.of("production");
        Properties properties = properties();
        Set<String> groups = new TreeSet<>();
        properties.stringPropertyNames().stream()
                .filter(name -> name.endsWith(".group.id"))
                .forEach(name -> groups.add(properties.getProperty(name)));

        // Then every role may carry any row of the outbox over
        for (String role : ROLES) {
            assertThat(allowed(manifests, role, "topic", "Write")).isEqualTo(Set.copyOf(Topics.ALL));
            assertThat(allowed(manifests, role, "topic", "Describe")).isEqualTo(Set.copyOf(Topics.ALL));
        }
        assertThat(allowed(manifests, "worker", "topic", "Read")).isEqualTo(Set.copyOf(Topics.ALL));
        assertThat(allowed(manifests, "worker", "group", "Read")).isEqualTo(groups);
        assertThat(allowed(manifests, "api", "topic", "Read")).isEqualTo(Set.of(Topics.EVENTS, Topics.CHECKPOINTS));
        assertThat(allowed(manifests, "api", "group", "Read")).isEmpty();
        assertThat(allowed(manifests, "receiver", "topic", "Read")).isEmpty();
        assertThat(allowed(manifests, "receiver", "group", "Read")).isEmpty();
        assertThat(allowed(manifests, "keda", "topic", "Read")).isEmpty();
        assertThat(manifests.all("KafkaUser")).hasSize(4).allSatisfy(user -> {
            assertThat(user.at("/spec/authentication/type").asText()).isEqualTo("tls");
            assertThat(user.at("/spec/authorization/type").asText()).isEqualTo("simple");
            assertThat(each(user.at("/spec/authorization/acls")).flatMap(acl -> texts(acl.path("operations")).stream()))
                    .isSubsetOf("Describe", "DescribeConfigs", "Read", "Write");
        });
        // Then each shows a certificate of its own
        assertThat(manifests.all(Deployment.class))
                .allSatisfy(
                        deployment -> assertThat(secrets(deployment.getSpec().getTemplate()))
                                .contains(
                                        deployment.getMetadata().getName() + "/user.crt",
                                        deployment.getMetadata().getName() + "/user.key"));
    }

    private static Set<String> allowed(Manifests manifests, String user, String type, String operation) {
        return manifests.all("KafkaUser").stream()
                .filter(one -> one.at("/metadata/name").asText().equals("treering-" + user))
                .flatMap(one -> each(one.at("/spec/authorization/acls")))
                .filter(acl -> acl.at("/resource/type").asText().equals(type))
                .filter(acl -> texts(acl.path("operations")).contains(operation))
                .map(acl -> acl.at("/resource/name").asText())
                .collect(toSet());
    }

    @Test
    void in_production_nobody_talks_to_anybody_who_is_not_named() {
        // Given
        List<NetworkPolicy> policies = Manifests.of("production").all(NetworkPolicy.class);

        // Then all pods are closed
        assertThat(policies).anySatisfy(policy -> {
            assertThat(policy.getSpec().getPodSelector().getMatchLabels())
                    .isEqualTo(Map.of("app.kubernetes.io/name", "treering"));
            assertThat(policy.getSpec().getPolicyTypes()).containsExactlyInAnyOrder("Ingress", "Egress");
            assertThat(policy.getSpec().getIngress()).isEmpty();
            assertThat(policy.getSpec().getEgress()).isEmpty();
        });
        // Then what is opened has an end and a port
        assertThat(policies).allSatisfy(policy -> {
            assertThat(policy.getSpec().getEgress()).allSatisfy(way -> {
                assertThat(way.getTo()).isNotEmpty();
                assertThat(way.getPorts()).isNotEmpty();
            });
            assertThat(policy.getSpec().getIngress()).allSatisfy(way -> {
                assertThat(way.getFrom()).isNotEmpty();
                assertThat(way.getPorts())
                        .allMatch(port -> List.of("http", "management")
                                .contains(port.getPort().getStrVal()));
            });
        });
        // Then only the worker reaches the outside, and nothing of the inside by that
        assertThat(policies)
                .filteredOn(policy -> policy.getSpec().getEgress().stream()
                        .flatMap(way -> way.getTo().stream())
                        .anyMatch(peer -> peer.getIpBlock() != null))
                .singleElement()
                .satisfies(policy -> {
                    assertThat(policy.getSpec().getPodSelector().getMatchLabels())
                            .containsEntry(COMPONENT, "worker");
                    assertThat(policy.getSpec()
                                    .getEgress()
                                    .get(0)
                                    .getTo()
                                    .get(0)
                                    .getIpBlock()
                                    .getExcept())
                            .contains("10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16");
                });
    }

    @Test
    void the_outside_of_production_finds_webhooks_and_reads_by_tls() {
        // Given
        Manifests manifests = Manifests.of("production");
        Set<String> services = manifests.all(Service.class).stream()
                .map(service -> service.getMetadata().getName())
                .collect(toSet());

        // Then
        assertThat(manifests.all(Ingress.class)).singleElement().satisfies(ingress -> {
            var rule = ingress.getSpec().getRules().get(0);
            assertThat(ingress.getSpec().getTls().get(0).getHosts()).containsExactly(rule.getHost());
            assertThat(rule.getHttp().getPaths()).hasSize(2).allSatisfy(path -> {
                assertThat(services).contains(path.getBackend().getService().getName());
                assertThat(path.getBackend().getService().getPort().getName()).isEqualTo("http");
            });
        });
    }

    @Test
    void prometheus_asks_every_role_of_production() {
        // Given
        Manifests manifests = Manifests.of("production");
        JsonNode monitor = manifests.one("ServiceMonitor").path("spec");
        Service asked = manifests.all(Service.class).stream()
                .filter(service -> service.getMetadata().getName().equals("treering-management"))
                .findFirst()
                .orElseThrow();

        // Then
        assertThat(asked.getMetadata().getLabels())
                .containsEntry(
                        COMPONENT,
                        monitor.at("/selector/matchLabels").path(COMPONENT).asText());
        assertThat(selected(manifests, asked.getSpec().getSelector()))
                .filteredOn(pod -> ports(pod).containsKey("management"))
                .hasSize(3);
        assertThat(monitor.at("/endpoints/0/port").asText()).isEqualTo("management");
        assertThat(monitor.at("/endpoints/0/path").asText()).isEqualTo("/q/metrics");
    }

    @Test
    void alerts_of_production_are_those_of_the_rules_file() throws IOException {
        // Given
        Path rules = Path.of("deploy", "prometheus", "rules.yml");
        assumeThat(rules).exists();
        Map<String, Object> groups = new Yaml().load(Files.readString(rules));
        Map<String, Map<String, Object>> object =
                new Yaml().load(Files.readString(Path.of("k8s/production/alerts.yaml")));

        // Then
        assertThat(object.get("spec"))
                .as("the file says in its first lines how it is made anew")
                .isEqualTo(groups);
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "production"})
    void no_two_objects_have_one_name(String folder) {
        assertThat(Manifests.of(folder).all().stream()
                        .map(object -> object.path("kind").asText() + " "
                                + object.at("/metadata/name").asText()))
                .doesNotHaveDuplicates();
    }

    private static Container container(PodTemplateSpec pod) {
        return pod.getSpec().getContainers().get(0);
    }

    private static Map<String, Integer> ports(PodTemplateSpec pod) {
        return container(pod).getPorts().stream()
                .collect(java.util.stream.Collectors.toMap(ContainerPort::getName, ContainerPort::getContainerPort));
    }

    private static List<PodTemplateSpec> selected(Manifests manifests, Map<String, String> labels) {
        return manifests.pods().stream()
                .filter(pod -> pod.getMetadata().getLabels().entrySet().containsAll(labels.entrySet()))
                .toList();
    }

    /** Name and key of every secret that a pod is given. */
    private static List<String> secrets(PodTemplateSpec pod) {
        return container(pod).getEnv().stream()
                .filter(variable -> variable.getValueFrom() != null)
                .map(variable -> variable.getValueFrom().getSecretKeyRef())
                .map(secret -> secret.getName() + "/" + secret.getKey())
                .toList();
    }

    private static Properties properties() throws IOException {
        Properties properties = new Properties();
        try (var in = Files.newBufferedReader(Path.of("src/main/resources/application.properties"))) {
            properties.load(in);
        }
        return properties;
    }
}
