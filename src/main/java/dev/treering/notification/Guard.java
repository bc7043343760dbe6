package dev.treering.notification;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;

/**
 * Decides whereto a message may go. A URL is somebody's wish, and what answers behind our firewall to nobody else may
 * answer to us: so no address that is not public is ever dialled. Names are looked up once for each attempt, and the
 * address that was judged is the one that is connected to; a name that points elsewhere a moment later wins nothing.
 */
@Singleton
class Guard {

    private static final int LONGEST = 2000;
    private static final Pattern PRINTABLE = Pattern.compile("[\\x21-\\x7e]+");
    private static final String BYTE = "(0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])";
    private static final Pattern IPV4 = Pattern.compile(BYTE + "(\\." + BYTE + "){3}");

    /** Names that mean something inside only, those of the clouds' metadata among them. */
    private static final Pattern INSIDE =
            Pattern.compile("[^.]*|.*\\.(localhost|local|localdomain|internal|intranet|lan|home\\.arpa)");

    // IANA's special-purpose registries; the last is where Azure's machines ask for their own secrets.
    private static final List<Block> NOT_PUBLIC = Stream.of(
                    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24",
                    "192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24",
                    "224.0.0.0/4, 240.0.0.0/4, 168.63.129.16/32",
                    // of the addresses below: Teredo and its like, documentation, 6to4
                    "2001::/23, 2001:db8::/32, 2002::/16, 3fff::/20")
            .flatMap(line -> Arrays.stream(line.split(", ")))
            .map(Block::of)
            .toList();

    // All that is routed in IPv6; what carries an IPv4 address inside (mapped, NAT64) or is local lies outside of it.
    private static final Block ROUTED = Block.of("2000::/3");

    private final DeliveryConfig config;
    private final Names names;

    /** Looks a name up: all its addresses. */
    interface Names {
        InetAddress[] of(String host) throws UnknownHostException;
    }

    @Inject
    Guard(DeliveryConfig config) {
        this(config, InetAddress::getAllByName);
    }

    Guard(DeliveryConfig config, Names names) {
        this.config = config;
        this.names = names;
    }

    /** The URL, if it is one that may be called. Where its name can be looked up now, the addresses must be right too. */
    URI check(String text) throws Refused {
        if (text == null || text.length() > LONGEST || !PRINTABLE.matcher(text).matches()) {
            throw new Refused("it must be a URL of at most %d characters of ASCII".formatted(LONGEST));
        }
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new Refused("it is no URL");
        }
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        if (!scheme.equals("https") && !(scheme.equals("http") && config.allowHttp())) {
            throw new Refused("it must begin with https://");
        }
        if (uri.getRawAuthority() == null || uri.getRawAuthority().contains("@") || uri.getRawFragment() != null) {
            throw new Refused("it must have a host, and neither a user nor a fragment");
        }
        checkHost(uri);
        try {
            address(uri);
        } catch (UnknownHostException e) {
            // It may be known tomorrow; each attempt looks again.
        }
        return uri;
    }

    private void checkHost(URI uri) throws Refused {
        if (uri.getHost() == null) {
            throw new Refused("its host is neither a name nor an address as it is usually written");
        }
        String host = host(uri);
        String last = host.substring(host.lastIndexOf('.') + 1);
        boolean literal = host.contains(":") || IPV4.matcher(host).matches();
        // 127.1, 0177.0.0.1 and 0x7f.1 are addresses to some and names to others.
        if (host.contains("%") || !literal && (last.isEmpty() || Character.isDigit(last.charAt(0)))) {
            throw new Refused("its host is neither a name nor an address as it is usually written");
        }
        Set<String> only = config.allowedHosts().orElse(Set.of());
        if (only.contains(host + ":" + port(uri))) {
            return;
        }
        if (!config.allowedPorts().contains(port(uri))) {
            throw new Refused("its port must be one of %s".formatted(config.allowedPorts()));
        }
        if (!only.isEmpty()
                ? !only.contains(host)
                : !literal && INSIDE.matcher(host).matches()) {
            throw new Refused("this host is not among those that may be called");
        }
    }

    /** The address to connect to, at this moment. None is shown: what a name means inside is nobody's business. */
    InetAddress address(URI uri) throws Refused, UnknownHostException {
        checkHost(uri);
        InetAddress[] all = names.of(host(uri));
        if (config.allowedHosts().isEmpty() && Arrays.stream(all).anyMatch(one -> !isPublic(one))) {
            throw new Refused("its host has an address that is not public");
        }
        return all[0];
    }

    static String host(URI uri) {
        return uri.getHost().toLowerCase(Locale.ROOT).replaceAll("^\\[|]$|\\.$", "");
    }

    static int port(URI uri) {
        return uri.getPort() != -1 ? uri.getPort() : uri.getScheme().equalsIgnoreCase("http") ? 80 : 443;
    }

    static boolean isPublic(InetAddress address) {
        return (address instanceof Inet4Address || ROUTED.holds(address))
                && NOT_PUBLIC.stream().noneMatch(block -> block.holds(address));
    }

    private record Block(byte[] start, int bits) {

        static Block of(String text) {
            String[] parts = text.split("/");
            try {
                return new Block(InetAddress.getByName(parts[0]).getAddress(), Integer.parseInt(parts[1]));
            } catch (UnknownHostException e) {
                throw new IllegalStateException("%s is no address".formatted(text), e);
            }
        }

        boolean holds(InetAddress address) {
            byte[] bytes = address.getAddress();
            if (bytes.length != start.length) {
                return false;
            }
            for (int i = 0; i < bits; i++) {
                if (((bytes[i / 8] ^ start[i / 8]) >> 7 - i % 8 & 1) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Why a URL is not called, as the end of a sentence about it. */
    static final class Refused extends Exception {
        Refused(String reason) {
            super(reason);
        }
    }
}
