package io.budgetauthority.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Runs cases against a service, each under a tenant of its own that an operator's key makes.
public final class Runner {

  private static final ObjectMapper JSON = JsonMapper.builder().build();
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final long PAUSE_MILLIS = 200;

  /// What gateways and load balancers answer, in words of their own, while nobody is free: no
  /// answer of the service, which has not seen the request, or not to its end.
  private static final Set<Integer> BUSY = Set.of(429, 502, 503, 504);

  private static final Executor LATER =
      CompletableFuture.delayedExecutor(PAUSE_MILLIS, TimeUnit.MILLISECONDS);

  /// What is not there yet is not waited for as long as what is.
  private static final int PENDING_SECONDS_MAX = 1;

  private static final String EVENTS = "events";
  private static final String QUEUE = "queue";
  private static final String LEDGER = "ledger";

  /// What a service in the local build lets its callers do without a key.
  private static final List<String> ON_THE_LOCAL_BUILD = List.of(EVENTS, QUEUE, LEDGER);

  private static final String HEARD = "/local/events";
  private static final String MESSAGES = "/local/messages";
  private static final String FAULTS_OF_LEDGER = "/local/faults/ledger";

  private static final Map<String, String> USUAL_KEYS =
      Map.of(
          "gateway", "{\"role\": \"gateway\"}",
          "agent", "{\"role\": \"agent\", \"user_id\": \"ada\", \"key_id\": \"ci\"}",
          "viewer", "{\"role\": \"viewer\"}");

  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(TIMEOUT).version(HttpClient.Version.HTTP_1_1).build();
  private final URI base;
  private final String operatorKey;
  private final Duration settling;

  /// @param settling how long a change of configuration takes to be in force in every process
  public Runner(URI base, String operatorKey, Duration settling) {
    this.base = base;
    this.operatorKey = operatorKey;
    this.settling = settling;
  }

  /// How a case came out.
  public sealed interface Outcome {
    record Passed() implements Outcome {}

    record Broken(String reason) implements Outcome {}

    record Pending(String reason) implements Outcome {}
  }

  /// `main(baseUrl, operatorKey, [folder of cases, [seconds that a change takes to be in force]])`;
  /// ends with 0 where nothing failed, 1 where a case did, 2 where it was called wrongly.
  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 2 || arguments.length > 4) {
      System.err.println("usage: Runner <base URL> <operator key> [<cases> [<settle seconds>]]");
      System.exit(2);
    }
    Path folder = Path.of(arguments.length > 2 ? arguments[2] : "conformance/cases");
    long settleSeconds = arguments.length > 3 ? Long.parseLong(arguments[3]) : 0;
    Runner runner =
        new Runner(URI.create(arguments[0]), arguments[1], Duration.ofSeconds(settleSeconds));
    int passed = 0;
    int failed = 0;
    int pending = 0;
    for (Case testCase : Case.readAll(folder)) {
      switch (runner.run(testCase)) {
        case Outcome.Passed it -> passed++;
        case Outcome.Pending it -> pending++;
        case Outcome.Broken it -> {
          failed++;
          System.out.println("FAILED " + testCase.id() + ": " + it.reason());
        }
      }
    }
    System.out.println(passed + " passed, " + failed + " failed, " + pending + " pending");
    System.exit(failed == 0 ? 0 : 1);
  }

  /// Runs one case. A pending case that passes is broken: it is pending no longer.
  public Outcome run(Case testCase) {
    boolean met =
        testCase.needs().isEmpty()
            || (ON_THE_LOCAL_BUILD.containsAll(testCase.needs()) && isTheLocalBuild());
    if (!met) {
      return new Outcome.Pending("needs " + String.join(", ", testCase.needs()));
    }
    String failure = failureOf(testCase);
    if (!testCase.pending()) {
      return failure == null ? new Outcome.Passed() : new Outcome.Broken(failure);
    }
    return failure == null
        ? new Outcome.Broken("is pending (" + testCase.because() + ") and passes")
        : new Outcome.Pending(failure);
  }

  /// Whether the service is one in the local build, which tells its events itself.
  private boolean isTheLocalBuild() {
    HttpRequest request =
        HttpRequest.newBuilder(base.resolve(HEARD))
            .timeout(TIMEOUT)
            .setHeader("Accept", "application/json")
            .build();
    return arrived(send(request)).response().statusCode() == 200;
  }

  private @Nullable String failureOf(Case testCase) {
    try {
      CaseRun caseRun = new CaseRun(testCase.setup(), testCase.pending());
      if (testCase.needs().contains(LEDGER)) {
        caseRun.makeKeysOf(testCase.steps());
      }
      for (int i = 0; i < testCase.steps().size(); i++) {
        Case.Step step = testCase.steps().get(i);
        try {
          caseRun.take(step);
        } catch (Failed e) {
          throw new Failed("step " + (i + 1) + ", " + step.send() + ": " + e.getMessage());
        }
      }
      return null;
    } catch (Failed e) {
      return e.getMessage();
    } finally {
      if (testCase.needs().contains(LEDGER)) {
        giveTheLedgerBack();
      }
    }
  }

  private void giveTheLedgerBack() {
    HttpRequest request =
        HttpRequest.newBuilder(base.resolve(FAULTS_OF_LEDGER))
            .timeout(TIMEOUT)
            .setHeader("Content-Type", "application/json")
            .PUT(HttpRequest.BodyPublishers.ofString("{\"state\": \"up\"}"))
            .build();
    Answer unused = arrived(send(request));
  }

  /// An answer, with its body as JSON where it is some.
  private record Answer(HttpResponse<String> response, @Nullable JsonNode body) {

    @Nullable JsonNode at(String pointer) {
      if (body == null) {
        return null;
      }
      JsonNode node = body.at(pointer);
      return node.isMissingNode() ? null : node;
    }

    /// Whether a gateway before the service answered, since it found nobody free to ask.
    boolean isOfABusyGateway() {
      JsonNode type = header("Content-Type");
      return BUSY.contains(response.statusCode())
          && (type == null || !type.textValue().startsWith("application/problem+json"));
    }

    @Nullable JsonNode header(String name) {
      return response.headers().firstValue(name).<JsonNode>map(TextNode::valueOf).orElse(null);
    }

    @Override
    public String toString() {
      return response.statusCode() + " " + response.body();
    }
  }

  /// One case under way: its tenants, keys and captured values.
  private final class CaseRun {

    private final Case.Setup setup;
    private final boolean pending;
    private final Variables variables = new Variables();
    private final Map<String, String> secrets = new HashMap<>();

    CaseRun(Case.Setup setup, boolean pending) {
      this.setup = setup;
      this.pending = pending;
      secrets.put("operator", operatorKey);
      makeTenant("");
      if (setup.policy() != null) {
        configure("PUT", "/budget/policy", variables.fill(setup.policy()));
      }
      setup
          .ceilings()
          .forEach(
              (path, body) ->
                  configure(
                      "PUT", "/budget/ceilings/" + variables.fill(path), variables.fill(body)));
    }

    private void makeTenant(String at) {
      String tenantId = "conformance-" + UUID.randomUUID();
      ObjectNode body = JSON.createObjectNode().put("tenant_id", tenantId);
      if (setup.timeZone() != null && at.isEmpty()) {
        body.put("time_zone", setup.timeZone());
      }
      Answer made =
          setUp(request("POST", "/budget/tenants", "operator", Map.of(), body.toString()));
      JsonNode secret = made.at("/admin_key/secret");
      if (secret == null) {
        throw new Failed("setup: a tenant without an admin key: " + made);
      }
      secrets.put("admin" + at, secret.asText());
      variables.put("tenant" + at, TextNode.valueOf(tenantId));
    }

    private void configure(String method, String path, JsonNode body) {
      setUp(request(method, path, "admin", Map.of(), body.toString()));
    }

    private Answer setUp(HttpRequest request) {
      Answer answer = arrived(send(request));
      if (answer.response().statusCode() >= 300) {
        throw new Failed("setup: " + request.method() + " " + request.uri() + ": " + answer);
      }
      settle(request);
      return answer;
    }

    /// The secret of a key by its name, made at its first use. `name@other` is of a second tenant.
    private String secret(String name) {
      String present = secrets.get(name);
      if (present != null) {
        return present;
      }
      int at = name.indexOf('@');
      String tenant = at < 0 ? "" : name.substring(at);
      if (!secrets.containsKey("admin" + tenant)) {
        makeTenant(tenant);
      }
      String role = at < 0 ? name : name.substring(0, at);
      if (!role.equals("admin")) {
        JsonNode stated = setup.keys().get(name);
        String body = stated == null ? USUAL_KEYS.get(role) : variables.fill(stated).toString();
        if (body == null) {
          throw new Failed("there is no key " + name);
        }
        Answer made = setUp(request("POST", "/budget/keys", "admin" + tenant, Map.of(), body));
        JsonNode secret = made.at("/secret");
        if (secret == null) {
          throw new Failed("setup: a key without a secret: " + made);
        }
        secrets.put(name, secret.asText());
      }
      return Objects.requireNonNull(secrets.get(name));
    }

    /// Makes every key that steps use while one still can be made.
    void makeKeysOf(List<Case.Step> steps) {
      steps.stream()
          .filter(step -> step.via() == null && !step.as().equals("none"))
          .forEach(
              step -> {
                String unused = secret(step.as());
              });
    }

    void take(Case.Step step) {
      int seconds =
          pending ? Math.min(PENDING_SECONDS_MAX, step.withinSeconds()) : step.withinSeconds();
      long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
      while (true) {
        try {
          takeOnce(step);
          return;
        } catch (Failed e) {
          if (System.nanoTime() >= end) {
            throw e;
          }
          pause(PAUSE_MILLIS);
        }
      }
    }

    private void takeOnce(Case.Step step) {
      List<HttpRequest> requests = new ArrayList<>();
      for (int i = 0; i < step.parallel(); i++) {
        requests.add(request(step));
      }
      List<CompletableFuture<Answer>> sent = requests.stream().map(Runner.this::send).toList();
      List<Answer> answers = sent.stream().map(Runner::arrived).toList();
      if (step.expect().statuses() != null) {
        requireStatuses(step.expect().statuses(), answers);
      } else {
        answers.forEach(answer -> require(step.expect(), answer));
      }
      step.capture().forEach((name, from) -> capture(name, from, answers.getFirst()));
      settle(requests.getFirst());
    }

    private HttpRequest request(Case.Step step) {
      String[] send = variables.fill(step.send()).split(" ", 2);
      if (EVENTS.equals(step.via())) {
        String last = HEARD + "/last?tenant_id=" + variables.fill("${tenant}") + "&type=" + send[1];
        return request("GET", last, "none", Map.of(), null);
      }
      String body =
          step.text() != null
              ? variables.fill(step.text())
              : step.body() == null ? null : variables.fill(step.body()).toString();
      if (body != null && step.padToBytes() > 0) {
        int bytes = body.getBytes(StandardCharsets.UTF_8).length;
        body = body + " ".repeat(step.padToBytes() - bytes);
      }
      if (QUEUE.equals(step.via())) {
        return request("POST", MESSAGES, "none", Map.of(), body);
      }
      if (LEDGER.equals(step.via())) {
        return request("PUT", FAULTS_OF_LEDGER, "none", Map.of(), body);
      }
      return request(send[0], send[1], step.as(), step.headers(), body);
    }

    private HttpRequest request(
        String method, String path, String as, Map<String, String> headers, @Nullable String body) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(base.toString().replaceAll("/$", "") + path))
              .timeout(TIMEOUT)
              .method(
                  method,
                  body == null
                      ? HttpRequest.BodyPublishers.noBody()
                      : HttpRequest.BodyPublishers.ofString(body));
      if (body != null) {
        request.setHeader("Content-Type", "application/json");
      }
      if (!as.equals("none")) {
        request.setHeader("Authorization", "Bearer " + secret(as));
      }
      headers.forEach((name, value) -> request.setHeader(name, variables.fill(value)));
      return request.build();
    }

    private void require(Case.Expect expect, Answer answer) {
      if (expect.status() != null && answer.response().statusCode() != expect.status()) {
        throw new Failed("expected " + expect.status() + ", was answered " + answer);
      }
      if (expect.problem() != null) {
        requireProblem(expect.problem(), answer);
      }
      expect
          .headers()
          .forEach(
              (name, expected) -> {
                JsonNode actual = answer.header(name);
                boolean right =
                    expected.isNull()
                        ? actual == null
                        : Matchers.matches(variables.fill(expected), actual);
                if (!right) {
                  throw mismatch("header " + name, expected, actual, answer);
                }
              });
      expect.body().forEach((pointer, expected) -> requireMember(pointer, expected, answer));
    }

    private void requireProblem(String code, Answer answer) {
      JsonNode type = answer.header("Content-Type");
      if (type == null || !type.textValue().startsWith("application/problem+json")) {
        throw new Failed("is no application/problem+json: " + type + ", " + answer);
      }
      requireMember("/code", TextNode.valueOf(code), answer);
      requireMember("/type", TextNode.valueOf("/problems/" + code), answer);
      requireMember("/status", JSON.valueToTree(answer.response().statusCode()), answer);
      for (String text : List.of("/title", "/detail")) {
        requireMember(text, JSON.createObjectNode().put("$pattern", "."), answer);
      }
    }

    private void requireMember(String pointer, JsonNode expected, Answer answer) {
      JsonNode actual = answer.at(pointer);
      if (!Matchers.matches(variables.fill(expected), actual)) {
        throw mismatch(pointer, expected, actual, answer);
      }
    }

    private Failed mismatch(
        String where, JsonNode expected, @Nullable JsonNode actual, Answer answer) {
      return new Failed(
          where
              + " is "
              + (actual == null ? "absent" : actual)
              + ", expected "
              + variables.fill(expected)
              + "; answer "
              + answer);
    }

    private void requireStatuses(Map<String, Integer> expected, List<Answer> answers) {
      Map<String, Integer> counted = new TreeMap<>();
      answers.forEach(
          answer ->
              counted.merge(Integer.toString(answer.response().statusCode()), 1, Integer::sum));
      if (!counted.equals(new TreeMap<>(expected))) {
        throw new Failed("expected statuses " + expected + ", were " + counted);
      }
    }

    private void capture(String name, String from, Answer answer) {
      JsonNode value = from.startsWith("/") ? answer.at(from) : answer.header(from);
      if (value == null) {
        throw new Failed("has no " + from + " to capture: " + answer);
      }
      variables.put(name, value);
    }
  }

  private CompletableFuture<Answer> send(HttpRequest request) {
    return send(request, System.nanoTime() + TIMEOUT.toNanos());
  }

  private CompletableFuture<Answer> send(HttpRequest request, long giveUpAt) {
    return client
        .sendAsync(request, HttpResponse.BodyHandlers.ofString())
        .thenApply(response -> new Answer(response, json(response.body())))
        .thenCompose(
            answer ->
                answer.isOfABusyGateway() && System.nanoTime() < giveUpAt
                    ? CompletableFuture.supplyAsync(() -> request, LATER)
                        .thenCompose(again -> send(again, giveUpAt))
                    : CompletableFuture.completedFuture(answer));
  }

  private static Answer arrived(CompletableFuture<Answer> sent) {
    try {
      return sent.join();
    } catch (CompletionException e) {
      throw new Failed("no answer: " + e.getCause(), e);
    }
  }

  private static @Nullable JsonNode json(String body) {
    try {
      JsonNode node = JSON.readTree(body);
      return node.isMissingNode() ? null : node;
    } catch (IOException e) {
      return null;
    }
  }

  /// Waits until a change of configuration is in force everywhere.
  private void settle(HttpRequest request) {
    boolean configures =
        !request.method().equals("GET")
            && Arrays.stream(new String[] {"policy", "ceilings", "keys", "tenants", "price-"})
                .anyMatch(noun -> request.uri().getPath().contains("/budget/" + noun));
    if (configures && settling.isPositive()) {
      pause(settling.toMillis());
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
