package io.budgetauthority.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;

/// The load client of `bench/console`: makes runs, ceilings and decisions over HTTP, then asks what
/// each screen asks, all of a screen's requests at once, as a browser does.
public final class ConsoleScreens {

  private static final int CLIENTS = 8;
  private static final int CEILINGS = 200;
  private static final long GOAL_MILLIS = 500;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http = HttpClient.newHttpClient();
  private final URI base;
  private final int runs;
  private final AtomicInteger made = new AtomicInteger();

  private ConsoleScreens(int port, int runs) {
    this.base = URI.create("http://127.0.0.1:" + port);
    this.runs = runs;
  }

  /// `main(port, decisions, runs, samples)`.
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    int port = Integer.parseInt(args[0]);
    int decisions = Integer.parseInt(args[1]);
    int samples = Integer.parseInt(args[3]);
    Client.awaitService(port);
    ConsoleScreens bench = new ConsoleScreens(port, Integer.parseInt(args[2]));
    bench.configure();
    bench.decide(decisions / 10);
    Map<String, Histogram> tenth = bench.measure(samples);
    bench.decide(decisions);
    Map<String, Histogram> all = bench.measure(samples);
    boolean reached = true;
    System.out.printf(
        "%-12s %22s %22s%n", "", decisions / 10 + " decisions", decisions + " decisions");
    System.out.printf("%-12s %10s %11s %10s %11s%n", "screen, ms", "p50", "p99", "p50", "p99");
    for (Map.Entry<String, Histogram> screen : all.entrySet()) {
      Histogram before = Objects.requireNonNull(tenth.get(screen.getKey()));
      Histogram after = screen.getValue();
      System.out.printf(
          "%-12s %10d %11d %10d %11d%n",
          screen.getKey(),
          before.getValueAtPercentile(50),
          before.getValueAtPercentile(99),
          after.getValueAtPercentile(50),
          after.getValueAtPercentile(99));
      reached &= after.getValueAtPercentile(50) < GOAL_MILLIS;
    }
    System.exit(reached ? 0 : 1);
  }

  private void configure() throws IOException, InterruptedException {
    send(
        "PUT",
        "/budget/policy",
        "bak_demo_admin",
        """
        {"max_active_runs_per_key": 1000000, "max_active_runs_per_user": 1000000,
         "max_new_runs_per_day": 1000000}
        """);
    for (int i = 0; i < CEILINGS; i++) {
      send(
          "PUT",
          "/budget/ceilings/user/user-" + i + "/month",
          "bak_demo_admin",
          "{\"limit_usd\": \"%d.00\"}".formatted(1 + i % 20));
    }
  }

  /// Makes decisions until there are so many, and commits nine of ten that pass. Waits until the
  /// stream has counted them.
  private void decide(int until) throws IOException, InterruptedException, ExecutionException {
    List<Future<?>> clients = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(
            threads.submit(
                () -> {
                  for (int n = made.getAndIncrement(); n < until; n = made.getAndIncrement()) {
                    decideOne(n);
                  }
                  return null;
                }));
      }
    }
    for (Future<?> client : clients) {
      client.get();
    }
    made.set(until);
    while (count() < until) {
      Thread.sleep(500);
    }
  }

  private long count() throws IOException, InterruptedException {
    String first =
        Instant.now().minus(Duration.ofDays(1)).atZone(ZoneOffset.UTC).toLocalDate() + "";
    return JSON.readTree(get("/budget/attribution?group_by=day&from=" + first))
        .path("total")
        .path("decisions")
        .asLong();
  }

  private void decideOne(int n) throws IOException, InterruptedException {
    int run = n % runs;
    String ask =
        """
        {"model": "claude-haiku-4-5", "input_tokens": %d, "cache_write_tokens": 0,
         "max_output_tokens": 500, "user_id": "user-%d", "team_id": "team-%d"}
        """
            .formatted(500 + n % 4_000, run % CEILINGS, run % 7);
    HttpResponse<String> answer =
        send("POST", "/budget/decisions", "bak_demo_gateway", ask, "call-" + n, "run-" + run);
    if (answer.statusCode() != 200 && answer.statusCode() != 402) {
      throw new IllegalStateException("an ask was answered " + answer.body());
    }
    if (answer.statusCode() == 200 && n % 10 != 0) {
      send(
          "POST",
          "/budget/reservations/"
              + JSON.readTree(answer.body()).path("reservation_id").asText()
              + "/commit",
          "bak_demo_gateway",
          "{\"usage\": {\"input_tokens\": 400, \"output_tokens\": %d}}".formatted(n % 400));
    }
  }

  /// The requests of each screen, as `src/console/web/app/screens` has them.
  private Map<String, List<String>> screens() throws IOException, InterruptedException {
    String now = Instant.now().toString();
    String hourAgo = encode(Instant.now().minus(Duration.ofHours(1)).toString());
    String today = now.substring(0, 10);
    String weekAgo = Instant.now().minus(Duration.ofDays(6)).toString().substring(0, 10);
    String run = "run-" + runs / 2;
    JsonNode newest = JSON.readTree(get("/budget/decisions?limit=1")).path("items").path(0);
    Map<String, List<String>> screens = new LinkedHashMap<>();
    screens.put(
        "overview",
        List.of(
            "/budget/accounts?limit=200",
            "/budget/activity?step=minute",
            "/budget/holds?limit=200",
            "/budget/decisions?outcome=refused&limit=50&from=" + hourAgo,
            "/budget/prices",
            "/budget/attribution?group_by=day&day=" + today,
            "/budget/attribution?group_by=day&limit=40&from="
                + today.substring(0, 8)
                + "01&to="
                + today));
    screens.put("budgets", List.of("/budget/accounts?limit=100"));
    screens.put("runs", List.of("/budget/runs?limit=50"));
    screens.put(
        "run",
        List.of(
            "/budget/runs/" + run,
            "/budget/runs/" + run + "/children?limit=100",
            "/budget/runs/" + run + "/decisions?limit=100",
            "/budget/balances?run_id=" + run));
    screens.put("decisions", List.of("/budget/decisions?limit=50"));
    String decision = "/budget/decisions/" + newest.path("decision_id").asText();
    screens.put("decision", List.of(decision, decision + "/bill"));
    screens.put(
        "spend",
        List.of(
            "/budget/attribution?group_by=user&limit=100&from=" + weekAgo + "&to=" + today,
            "/budget/attribution?group_by=day&limit=200&from=" + weekAgo + "&to=" + today));
    screens.put("holds", List.of("/budget/holds?limit=100"));
    screens.put(
        "prices",
        List.of("/budget/prices?model=claude-haiku-4-5", "/budget/price-overrides?limit=200"));
    screens.put("keys", List.of("/budget/keys?limit=100"));
    screens.put("policy", List.of("/budget/policy"));
    screens.put("audit", List.of("/budget/audit?limit=50"));
    return screens;
  }

  private Map<String, Histogram> measure(int samples) throws IOException, InterruptedException {
    Map<String, Histogram> measured = new LinkedHashMap<>();
    for (Map.Entry<String, List<String>> screen : screens().entrySet()) {
      Histogram millis = new Histogram(60_000, 3);
      for (int i = 0; i < samples + 3; i++) {
        long from = System.nanoTime();
        List<CompletableFuture<HttpResponse<String>>> answers =
            screen.getValue().stream()
                .map(
                    path ->
                        http.sendAsync(
                            request(path, "bak_demo_admin").GET().build(),
                            HttpResponse.BodyHandlers.ofString()))
                .toList();
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
          HttpResponse<String> one = answer.join();
          if (one.statusCode() != 200) {
            throw new IllegalStateException(one.uri() + ": " + one.statusCode() + " " + one.body());
          }
        }
        if (i >= 3) {
          millis.recordValue((System.nanoTime() - from) / 1_000_000);
        }
      }
      measured.put(screen.getKey(), millis);
    }
    return measured;
  }

  private HttpRequest.Builder request(String path, String key) {
    return HttpRequest.newBuilder(base.resolve(path)).header("Authorization", "Bearer " + key);
  }

  private String get(String path) throws IOException, InterruptedException {
    return http.send(
            request(path, "bak_demo_admin").GET().build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  /// @param idempotencyKeyAndRun both, or none
  private HttpResponse<String> send(
      String method, String path, String key, String body, String... idempotencyKeyAndRun)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        request(path, key)
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    if (idempotencyKeyAndRun.length == 2) {
      request.header("Idempotency-Key", idempotencyKeyAndRun[0]);
      request.header("X-Run-Id", idempotencyKeyAndRun[1]);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
