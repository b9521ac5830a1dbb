package io.budgetauthority.bench;

import java.io.IOException;
import java.time.Duration;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/// The load client of `bench/neighbour`: one tenant makes many lifecycles a second, each of which
/// crosses ten thresholds; another makes a few, and the time until its event is out is measured.
public final class Neighbour {

  private static final int CLIENTS = 24;
  private static final Duration WARM_UP = Duration.ofSeconds(60);
  private static final Duration BETWEEN_SAMPLES = Duration.ofMillis(500);
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final long GOAL_MILLIS = 2_000;

  /// Each user has a ceiling of what one call holds, so that one call crosses every threshold.
  private static final String POLICY =
      """
      {"max_new_runs_per_day": 1000000, "default_ceilings": {"user": {"total":
       {"limit_usd": "0.0192", "warn_at_percent": [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]}}}}
      """;

  private final int port;
  private final int perSecond;
  private final AtomicBoolean over = new AtomicBoolean();
  private final AtomicLong next = new AtomicLong();
  private final AtomicLong errors = new AtomicLong();

  private Neighbour(int port, int perSecond) {
    this.port = port;
    this.perSecond = perSecond;
  }

  /// `main(port, lifecycles a second, samples)`.
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    Neighbour bench = new Neighbour(Integer.parseInt(args[0]), Integer.parseInt(args[1]));
    Client.awaitService(bench.port);
    String loud = bench.tenant("loud");
    String quiet = bench.tenant("quiet");
    Histogram alone = bench.sample(quiet, "alone", 20);
    long from = System.nanoTime();
    Histogram beside;
    long lifecycles;
    try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<?>> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(threads.submit(() -> bench.live(loud, from)));
      }
      try {
        Thread.sleep(WARM_UP);
        long before = bench.next.get();
        long began = System.nanoTime();
        beside = bench.sample(quiet, "beside", Integer.parseInt(args[2]));
        lifecycles = (bench.next.get() - before) * 1_000_000_000L / (System.nanoTime() - began);
      } finally {
        bench.over.set(true);
      }
      for (Future<?> client : clients) {
        client.get();
      }
    }
    System.out.printf("%-34s %8s %8s %8s%n", "until the event is out, ms", "p50", "p99", "max");
    print("alone", alone);
    print("beside " + lifecycles + " lifecycles a second", beside);
    System.out.printf("%d answers of the other tenant were not 200%n", bench.errors.get());
    System.exit(beside.getValueAtPercentile(99) <= GOAL_MILLIS && bench.errors.get() == 0 ? 0 : 1);
  }

  private static void print(String what, Histogram millis) {
    System.out.printf(
        "%-34s %8d %8d %8d%n",
        what,
        millis.getValueAtPercentile(50),
        millis.getValueAtPercentile(99),
        millis.getMaxValue());
  }

  private static String bearer(String key) {
    return "Authorization: Bearer " + key + "\r\n";
  }

  /// Makes a tenant, and returns a gateway's key of it.
  private String tenant(String name) throws IOException {
    Wire wire = new Wire(port);
    String operator = bearer("bak_demo_operator");
    Wire.Answer made =
        wire.send("POST", "/budget/tenants", operator, "{\"tenant_id\": \"" + name + "\"}");
    String admin = bearer(made.text("secret"));
    wire.send("PUT", "/budget/policy", admin, POLICY);
    return wire.send("POST", "/budget/keys", admin, "{\"role\": \"gateway\"}").text("secret");
  }

  private static Wire.Answer ask(Wire wire, String key, String name) throws IOException {
    String body =
        "{\"provider\":\"anthropic\",\"model\":\"claude-sonnet-4-5\",\"input_tokens\":1200,"
            + "\"max_output_tokens\":800,\"user_id\":\"user-"
            + name
            + "\"}";
    return wire.send(
        "POST",
        "/budget/decisions",
        bearer(key) + "Idempotency-Key: " + name + "\r\nX-Run-Id: run-" + name + "\r\n",
        body);
  }

  private Void live(String key, long from) throws IOException, InterruptedException {
    Wire wire = new Wire(port);
    while (!over.get()) {
      long i = next.getAndIncrement();
      long early = from + i * 1_000_000_000L / perSecond - System.nanoTime();
      if (early > 0) {
        Thread.sleep(Duration.ofNanos(early));
      }
      Wire.Answer asked = ask(wire, key, "loud-" + i);
      if (asked.status() != 200) {
        errors.incrementAndGet();
        continue;
      }
      String path = "/budget/reservations/" + asked.text("reservation_id") + "/commit";
      String usage = "{\"usage\":{\"input_tokens\":1200,\"output_tokens\":310}}";
      if (wire.send("POST", path, bearer(key), usage).status() != 200) {
        errors.incrementAndGet();
      }
    }
    return null;
  }

  /// The times from the answer to an ask until an event of its decision is out, in milliseconds.
  private Histogram sample(String key, String series, int samples)
      throws IOException, InterruptedException {
    Histogram millis = new Histogram(TIMEOUT.toMillis(), 3);
    Wire wire = new Wire(port);
    for (int i = 0; i < samples; i++) {
      String decision = ask(wire, key, series + "-" + i).text("decision_id");
      long answered = System.nanoTime();
      String path = "/local/events/last?tenant_id=quiet&type=budget.threshold_crossed";
      while (!wire.send("GET", path, "", "").body().contains(decision)) {
        if (System.nanoTime() - answered > TIMEOUT.toNanos()) {
          throw new IllegalStateException("no event of " + decision + " within " + TIMEOUT);
        }
        Thread.sleep(20);
      }
      long took = (System.nanoTime() - answered) / 1_000_000;
      if (took > GOAL_MILLIS) {
        System.err.printf("%s-%d took %d ms, at %s%n", series, i, took, LocalTime.now());
      }
      millis.recordValue(took);
      Thread.sleep(BETWEEN_SAMPLES);
    }
    return millis;
  }
}
