package io.budgetauthority.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.api.Http;
import io.budgetauthority.api.TestTenant;
import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// What no client library sends, as bytes on a socket.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class HttpEdgeTest {

  @TestHTTPResource URI base = URI.create("http://unset");

  private String send(String request) throws IOException {
    try (Socket socket = new Socket(base.getHost(), base.getPort())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String head(String method, String path) {
    return "%s %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\nAuthorization: Bearer bak_demo_admin\r\n"
        .formatted(method, path);
  }

  private static String header(String answer, String name) {
    return answer
        .lines()
        .takeWhile(line -> !line.isEmpty())
        .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1).strip())
        .findFirst()
        .orElse("");
  }

  @Test
  void whenAPathDoesNotTakeAMethod_a405ListsThoseItTakes() throws IOException {
    Map<String, String> allowed =
        Map.of(
            "DELETE /budget/policy", "GET, HEAD, OPTIONS, PUT",
            "BREW /budget/policy", "GET, HEAD, OPTIONS, PUT",
            "PUT /budget/decisions", "GET, HEAD, OPTIONS, POST",
            "PUT /budget/decisions/cancel", "OPTIONS, POST",
            "POST /budget/decisions/bdgdec_1", "GET, HEAD, OPTIONS",
            "GET /budget/keys/a%2Fb/rotate", "OPTIONS, POST",
            "POST /budget/ceilings/user/a%2Fb/day", "DELETE, GET, HEAD, OPTIONS, PUT",
            "DELETE /budget/ceilings/run/r/total", "GET, HEAD, OPTIONS, PUT");
    for (Map.Entry<String, String> expected : allowed.entrySet()) {
      String[] call = expected.getKey().split(" ");
      String answer = send(head(call[0], call[1]) + "\r\n");
      assertThat(answer).startsWith("HTTP/1.1 405 ");
      assertThat(header(answer, "allow")).as(expected.getKey()).isEqualTo(expected.getValue());
      assertThat(header(answer, "content-type")).isEqualTo("application/problem+json");
      assertThat(answer).contains("\"code\":\"method_not_allowed\"");
    }
  }

  @Test
  void whenTheStatedLengthIsTooLarge_theBodyIsRefusedUnread() throws IOException {
    for (long bytes : new long[] {4L * 1024 * 1024 * 5, 999_999_999_999L}) {
      String answer =
          send(head("POST", "/budget/decisions") + "Content-Length: " + bytes + "\r\n\r\n{");
      assertThat(answer).startsWith("HTTP/1.1 413 ");
      assertThat(header(answer, "content-type")).isEqualTo("application/problem+json");
      assertThat(answer).contains("\"code\":\"body_too_large\"");
      assertThat(answer).contains("\"instance\":\"/budget/decisions\"");
    }
  }

  @Test
  void whenAChunkedBodyIsTooLarge_itIsRefused() throws IOException {
    String chunked =
        head("PUT", "/budget/policy")
            + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    String chunk = "10000\r\n" + " ".repeat(0x10000) + "\r\n";
    String answer = send(chunked + chunk.repeat(5) + "0\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 413 ");
    assertThat(answer).contains("\"code\":\"body_too_large\"");
  }

  private String ask(String path, String body, String... lines) throws IOException {
    return send(
        "POST %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\nAuthorization: Bearer bak_demo_gateway\r\n"
                .formatted(path)
            + String.join("", Arrays.stream(lines).map(line -> line + "\r\n").toList())
            + "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(body.length(), body));
  }

  private static final String DRY_RUN =
      "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1, \"dry_run\": true}";
  private static final String ASK = "{\"model\": \"claude-haiku-4-5\", \"input_tokens\": 1}";

  @Test
  void whenAnIdHeaderIsEmpty_theRequestIsRefused() throws IOException {
    for (String body : List.of(DRY_RUN, ASK)) {
      String run = ask("/budget/decisions", body, "Idempotency-Key: empty-run", "X-Run-Id:");
      assertThat(run).startsWith("HTTP/1.1 400 ");
      assertThat(run).contains("\"pointer\":\"X-Run-Id\"");
      String key = ask("/budget/decisions", body, "Idempotency-Key: ", "X-Run-Id: empty-key");
      assertThat(key).startsWith("HTTP/1.1 400 ");
      assertThat(key).contains("\"pointer\":\"Idempotency-Key\"");
    }
    String cancel = ask("/budget/decisions/cancel", "{}", "Idempotency-Key:");
    assertThat(cancel).startsWith("HTTP/1.1 400 ");
    assertThat(cancel).contains("\"pointer\":\"Idempotency-Key\"");
    String none = ask("/budget/decisions/cancel", "{}");
    assertThat(none).contains("\"Idempotency-Key is required\"");
  }

  /// A first line that won would make one call of two.
  @Test
  void whenAHeaderHasSeveralLines_theyAreOneValue() throws IOException {
    String runs = ask("/budget/decisions", DRY_RUN, "X-Run-Id: a", "X-Run-Id: b");
    assertThat(runs).startsWith("HTTP/1.1 400 ");
    String lines = ask("/budget/decisions", ASK, "Idempotency-Key: lines,1", "X-Run-Id: lines");
    String split =
        ask(
            "/budget/decisions",
            ASK,
            "Idempotency-Key: lines",
            "Idempotency-Key: 1",
            "X-Run-Id: lines");
    assertThat(lines).startsWith("HTTP/1.1 200 ");
    assertThat(header(lines, "idempotency-replayed")).isEqualTo("");
    assertThat(header(split, "idempotency-replayed")).as("the same key").isEqualTo("true");
    String other =
        ask(
            "/budget/decisions",
            ASK,
            "Idempotency-Key: lines",
            "Idempotency-Key: 2",
            "X-Run-Id: lines");
    assertThat(header(other, "idempotency-replayed")).as("another key").isEqualTo("");
  }

  @Test
  void whenIfMatchIsEmpty_thePreconditionFails() {
    TestTenant tenant = new TestTenant(base);
    Http.Answer empty = tenant.admin.send("PUT", "/budget/policy", "{}", "If-Match", "");
    assertThat(empty).hasStatus(412);
    Http.Answer stranger = new Http(base, null).send("PUT", "/budget/policy", "{}", "If-Match", "");
    assertThat(stranger).hasStatus(401);
    Http.Answer among = tenant.admin.send("PUT", "/budget/policy", "{}", "If-Match", "\"0\", *");
    assertThat(among).hasStatus(200);
  }

  @Test
  void whenARequestIsMalformed_theAnswerIsA4xxWithoutABody() throws IOException {
    for (Map.Entry<String, String> sent :
        Map.of(
                head("GET", "/budget/runs?user_id=%zz") + "\r\n",
                " 400 ",
                head("GET", "/budget/runs/%z") + "\r\n",
                " 400 ",
                head("GET", "/budget/runs?user_id=" + "a".repeat(20_000)) + "\r\n",
                " 414 ",
                "nonsense\r\n\r\n",
                " 400 ")
            .entrySet()) {
      String answer = send(sent.getKey());
      assertThat(answer.lines().findFirst().orElse("")).as(answer).contains(sent.getValue());
      assertThat(header(answer, "content-length")).as(answer).isEqualTo("0");
    }
    String unreadable = send(head("GET", "/budget/runs/%FF") + "\r\n");
    assertThat(unreadable).startsWith("HTTP/1.1 404 ");
  }

  /// The table behind `Allow` and the document say the same.
  @Test
  void whenAPathIsDocumented_itsMethodsAreThoseOfTheCode() {
    Map<String, List<String>> documented = new TreeMap<>();
    new Http(base, null)
        .get("/openapi?format=json")
        .json()
        .path("paths")
        .properties()
        .forEach(
            path ->
                documented.put(
                    path.getKey(),
                    path.getValue().properties().stream()
                        .map(Map.Entry::getKey)
                        .filter(name -> !name.equals("parameters"))
                        .map(name -> name.toUpperCase(Locale.ROOT))
                        .sorted()
                        .toList()));
    Map<String, List<String>> known = new TreeMap<>();
    Routes.ALL.forEach(
        route -> known.put(route.path(), route.methods().stream().sorted().toList()));
    assertThat(documented).isNotEmpty();
    assertThat(known).isEqualTo(documented);
  }
}
