import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks access tokens of d1-authz that are signed with ES256, with the JDK and a parser of JSON.
 *
 * <p>It reads tokens, one a line, in the place of requests to an API. For each token it prints the
 * client, or why the token is refused.
 */
public final class Verify {
    private static final String ISSUER = System.getenv("ISSUER");
    private static final String AUDIENCE = System.getenv("AUDIENCE");
    private static final List<String> CLAIMS = List.of("iss", "exp", "aud", "sub", "client_id", "iat", "jti");

    private final Keys keys;

    Verify(URI jwks) {
        keys = new Keys(jwks);
    }

    /** The claims of a good token. Throws an exception for any other token. */
    JsonObject verify(String token) throws Exception {
        String[] parts = token.split("\\.", -1);
        check(parts.length == 3, "no JWT");
        JsonObject header = object(parts[0]);
        check(List.of("at+jwt", "application/at+jwt").contains(text(header, "typ").toLowerCase()), "no access token");
        // Only this algorithm: the token can't choose another.
        check(text(header, "alg").equals("ES256"), "not signed with ES256");
        check(!header.has("crit"), "an extension that is not understood");
        Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initVerify(keys.find(text(header, "kid")));
        signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
        check(signature.verify(Base64.getUrlDecoder().decode(parts[2])), "the signature is not this key's");
        JsonObject claims = object(parts[1]);
        for (String name : CLAIMS) {
            check(claims.has(name), "no " + name);
        }
        check(text(claims, "iss").equals(ISSUER), "of another issuer");
        check(audiences(claims.get("aud")).contains(AUDIENCE), "for another audience");
        check(claims.get("exp").getAsLong() > Instant.now().getEpochSecond(), "expired");
        return claims;
    }

    public static void main(String[] arguments) throws Exception {
        String jwks = System.getenv().getOrDefault("JWKS_URI", ISSUER + "/oauth2/jwks");
        Verify verifier = new Verify(URI.create(jwks));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            try {
                JsonObject claims = verifier.verify(line.strip());
                System.out.println("valid " + text(claims, "client_id") + " " + text(claims, "scope"));
            } catch (Exception refusal) {
                System.out.println("refused: " + refusal.getMessage());
            }
        }
    }

    /** The published keys, kept for five minutes. Asks for an unknown key once a second at most. */
    private static final class Keys {
        private static final Duration KEPT = Duration.ofMinutes(5);
        private static final Duration PAUSE = Duration.ofSeconds(1);
        private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
        private final URI uri;
        private Map<String, PublicKey> keys = Map.of();
        private Instant asked = Instant.MIN;

        Keys(URI uri) {
            this.uri = uri;
        }

        synchronized PublicKey find(String kid) throws Exception {
            Instant now = Instant.now();
            boolean known = keys.containsKey(kid);
            if (asked.isBefore(now.minus(known ? KEPT : PAUSE))) {
                keys = ask();
                asked = now;
            }
            check(keys.containsKey(kid), "no published key has this kid");
            return keys.get(kid);
        }

        private Map<String, PublicKey> ask() throws Exception {
            HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(5)).build();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            check(response.statusCode() == 200, "the keys can't be had: " + response.statusCode());
            Map<String, PublicKey> found = new HashMap<>();
            for (JsonElement element : JsonParser.parseString(response.body()).getAsJsonObject().getAsJsonArray("keys")) {
                JsonObject key = element.getAsJsonObject();
                if (text(key, "kty").equals("EC") && text(key, "crv").equals("P-256")) {
                    found.put(text(key, "kid"), p256(text(key, "x"), text(key, "y")));
                }
            }
            return found;
        }

        private static PublicKey p256(String x, String y) throws Exception {
            AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
            curve.init(new ECGenParameterSpec("secp256r1"));
            ECPoint point = new ECPoint(number(x), number(y));
            ECParameterSpec parameters = curve.getParameterSpec(ECParameterSpec.class);
            return KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(point, parameters));
        }

        private static BigInteger number(String text) {
            return new BigInteger(1, Base64.getUrlDecoder().decode(text));
        }
    }

    private static JsonObject object(String part) {
        String json = new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8);
        return JsonParser.parseString(json).getAsJsonObject();
    }

    private static String text(JsonObject object, String name) {
        return object.has(name) ? object.get(name).getAsString() : "";
    }

    private static List<String> audiences(JsonElement aud) {
        return aud.isJsonArray()
                ? aud.getAsJsonArray().asList().stream().map(JsonElement::getAsString).toList()
                : List.of(aud.getAsString());
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new SecurityException(otherwise);
        }
    }
}
