package dev.treering.notification;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;

import dev.treering.notification.Guard.Refused;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class GuardTest {

    private static final String PUBLIC = "93.184.215.14";

    static DeliveryConfig config(Map<String, String> settings) {
        return new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(DeliveryConfig.class)
                .withSources(new PropertiesConfigSource(settings, "test", 100))
                .build()
                .getConfigMapping(DeliveryConfig.class);
    }

    private static Guard guard(Map<String, String> settings, String... addresses) {
        return new Guard(config(settings), host -> host.matches("[\\d.]+|.*:.*") ? literal(host) : literal(addresses));
    }

    private static InetAddress[] literal(String... addresses) throws UnknownHostException {
        InetAddress[] all = new InetAddress[addresses.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = InetAddress.getByName(addresses[i]);
        }
        return all;
    }

    private static void refused(Guard guard, String url) {
        assertThatExceptionOfType(Refused.class).as(url).isThrownBy(() -> guard.check(url));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // schemes and parts
                "http://hooks.example.com/",
                "ftp://hooks.example.com/",
                "file:///etc/passwd",
                "gopher://hooks.example.com/",
                "//hooks.example.com/",
                "hooks.example.com/x",
                "https:hooks.example.com",
                "https:///x",
                "https://",
                "",
                "https://user@hooks.example.com/",
                "https://user:word@hooks.example.com/",
                "https://hooks.example.com@10.0.0.1/",
                "https://hooks.example.com/#part",
                "https://hooks.example.com\\@127.0.0.1/",
                "https://hooks.example.com /",
                "https://hooks.example.com/\r\nHost: inside",
                "https://höoks.example.com/",
                "https://①②⑦.⓪.⓪.①/",
                // ports
                "https://hooks.example.com:22/",
                "https://hooks.example.com:8443/",
                "https://hooks.example.com:0/",
                "https://hooks.example.com:99999/",
                // IPv4
                "https://127.0.0.1/",
                "https://127.255.255.254/",
                "https://10.1.2.3/",
                "https://172.16.0.1/",
                "https://172.31.255.255/",
                "https://192.168.1.1/",
                "https://169.254.169.254/latest/meta-data/",
                "https://100.64.0.1/",
                "https://100.100.100.200/",
                "https://0.0.0.0/",
                "https://198.18.0.1/",
                "https://192.0.0.192/",
                "https://192.0.2.1/",
                "https://198.51.100.1/",
                "https://203.0.113.1/",
                "https://192.88.99.1/",
                "https://224.0.0.1/",
                "https://255.255.255.255/",
                "https://168.63.129.16/",
                // other spellings of 127.0.0.1
                "https://2130706433/",
                "https://0x7f000001/",
                "https://017700000001/",
                "https://127.1/",
                "https://127.0.1/",
                "https://0177.0.0.1/",
                "https://0x7f.0.0.1/",
                "https://127.0.0.1./",
                "https://127.0.0.01/",
                "https://256.1.1.1/",
                // IPv6
                "https://[::1]/",
                "https://[::]/",
                "https://[fc00::1]/",
                "https://[fd00:ec2::254]/",
                "https://[fe80::1]/",
                "https://[fe80::1%25lo]/",
                "https://[fec0::1]/",
                "https://[ff02::1]/",
                "https://[::ffff:127.0.0.1]/",
                "https://[::ffff:7f00:1]/",
                "https://[::127.0.0.1]/",
                "https://[64:ff9b::7f00:1]/",
                "https://[64:ff9b:1::1]/",
                "https://[2002:7f00:1::]/",
                "https://[2001::1]/",
                "https://[2001:db8::1]/",
                "https://[100::1]/",
                // names
                "https://localhost/",
                "https://LOCALHOST./",
                "https://a.localhost/",
                "https://metadata/",
                "https://metadata.google.internal/",
                "https://instance-data.ec2.internal/",
                "https://printer.local/",
                "https://router.lan/",
                "https://kubernetes.default.svc.cluster.local/",
                "https://wiki.intranet/"
            })
    void what_lies_inside_or_hides_where_it_lies_is_refused(String url) {
        refused(guard(Map.of(), PUBLIC), url);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://hooks.slack.com/services/T0/B0/x",
                "https://hooks.example.com",
                "HTTPS://Hooks.Example.COM./a?b=c",
                "https://hooks.example.com:443/",
                "https://93.184.215.14/",
                "https://172.32.0.1/",
                "https://100.128.0.1/",
                "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
                "https://0x.example.com/",
                "https://127.0.0.1.example.com/"
            })
    void what_is_public_is_called(String url) throws Refused {
        assertThat(guard(Map.of(), PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c")
                        .check(url))
                .isEqualTo(URI.create(url));
    }

    @Test
    void one_address_inside_among_public_ones_is_enough_to_refuse() {
        for (String inside : List.of("127.0.0.1", "10.0.0.1", "::1", "fd00::1", "64:ff9b::a00:1")) {
            refused(guard(Map.of(), PUBLIC, inside, "2606:2800:21f::1"), "https://hooks.example.com/");
        }
    }

    @Test
    void a_name_that_points_elsewhere_a_moment_later_wins_nothing() throws Exception {
        // Given a name that is public when it is looked at first, and 127.0.0.1 from then on
        Deque<String> answers = new ArrayDeque<>(List.of(PUBLIC, PUBLIC, "127.0.0.1"));
        Guard guard = new Guard(config(Map.of()), host -> literal(answers.size() > 1 ? answers.pop() : answers.peek()));
        // When
        URI url = guard.check("https://rebind.example.com/");
        // Then the address that was judged is the one that is dialled
        assertThat(guard.address(url)).isEqualTo(InetAddress.getByName(PUBLIC));
        // and the next attempt is judged anew
        assertThatExceptionOfType(Refused.class)
                .isThrownBy(() -> guard.address(url))
                .withMessageNotContaining("127.0.0.1");
    }

    @Test
    void a_name_that_nobody_knows_now_may_be_known_at_the_attempt() throws Refused {
        Guard guard = new Guard(config(Map.of()), host -> {
            throw new UnknownHostException(host);
        });
        URI url = guard.check("https://hooks.example.com/");
        assertThatExceptionOfType(UnknownHostException.class).isThrownBy(() -> guard.address(url));
    }

    @Test
    void a_closed_site_names_its_hosts_and_calls_no_others() throws Exception {
        Map<String, String> closed = Map.of(
                "treering.notification.delivery.allow-http", "true",
                "treering.notification.delivery.allowed-ports", "443,80",
                "treering.notification.delivery.allowed-hosts", "chat.corp.internal,10.1.2.3:8065");
        Guard guard = guard(closed, "10.9.9.9");
        for (String url :
                List.of("http://chat.corp.internal/x", "https://CHAT.corp.internal/", "http://10.1.2.3:8065/hooks/1")) {
            assertThat(guard.address(guard.check(url)).isSiteLocalAddress()).isTrue();
        }
        for (String url : Arrays.asList(
                "https://hooks.slack.com/",
                "http://10.1.2.3/",
                "http://10.1.2.3:22/",
                "http://chat.corp.internal:8065/")) {
            refused(guard, url);
        }
    }
}
