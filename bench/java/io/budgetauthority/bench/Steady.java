package io.budgetauthority.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/// The load client of `bench/steady`: so many lifecycles a second for so long, whatever the answers
/// take, and by the minute how long they took and what the service's memory was.
public final class Steady {

  private static final int CLIENTS = 24;
  private static final int PAYERS = 16;
  private static final int NO_ANSWER = 0;
  private static final long MAX_NANOS = Duration.ofSeconds(60).toNanos();
  private static final Duration WARM_UP = Duration.ofSeconds(30);

  private final int port;
  private final long pid;
  private final int perSecond;
  private final List<Client.Payer> payers = new ArrayList<>();

  private Steady(int port, long pid, int perSecond) {
    this.port = port;
    this.pid = pid;
    this.perSecond = perSecond;
    for (int i = 0; i < PAYERS; i++) {
      payers.add(Client.Payer.of("steady-" + i));
    }
  }

  /// `main(port, pid of the service, lifecycles a second, minutes)`.
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    Steady steady =
        new Steady(Integer.parseInt(args[0]), Long.parseLong(args[1]), Integer.parseInt(args[2]));
    int minutes = Integer.parseInt(args[3]);
    Client.awaitService(steady.port);
    steady.prepare();
    steady.run("warm-up", WARM_UP);
    System.out.printf(
        "%d lifecycles a second for %d minutes; times from when each was due%n",
        steady.perSecond, minutes);
    System.out.printf(
        "%-8s %10s %26s %26s %8s   %s%n",
        "minute",
        "done",
        "decision p50/p99/max ms",
        "settlement p50/p99/max ms",
        "RSS MB",
        "errors by status");
    long errors = 0;
    for (int minute = 1; minute <= minutes; minute++) {
      Minute measured = steady.run("minute-" + minute, Duration.ofMinutes(1));
      errors += measured.errors().values().stream().mapToLong(Long::longValue).sum();
      System.out.printf(
          "%-8d %10d %26s %26s %8d   %s%n",
          minute,
          measured.settlement().getTotalCount(),
          times(measured.decision()),
          times(measured.settlement()),
          steady.residentMegabytes(),
          measured.errors().isEmpty() ? "none" : measured.errors());
    }
    System.exit(errors == 0 ? 0 : 1);
  }

  private static String times(Histogram nanos) {
    return String.format(
        "%.1f / %.1f / %.1f",
        nanos.getValueAtPercentile(50) / 1e6,
        nanos.getValueAtPercentile(99) / 1e6,
        nanos.getMaxValue() / 1e6);
  }

  private void prepare() throws IOException {
    try (Client client = new Client(port)) {
      for (Client.Payer payer : payers) {
        client.prepare(payer);
      }
    }
  }

  private record Minute(Histogram decision, Histogram settlement, Map<Integer, Long> errors) {}

  private Minute run(String series, Duration time) throws InterruptedException, ExecutionException {
    Histogram decision = new ConcurrentHistogram(MAX_NANOS, 3);
    Histogram settlement = new ConcurrentHistogram(MAX_NANOS, 3);
    Map<Integer, Long> errors = new TreeMap<>();
    AtomicLong next = new AtomicLong();
    long from = System.nanoTime();
    long count = time.toSeconds() * perSecond;
    List<Future<Map<Integer, Long>>> clients = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(threads.submit(() -> live(series, from, next, count, decision, settlement)));
      }
    }
    for (Future<Map<Integer, Long>> client : clients) {
      client.get().forEach((status, times) -> errors.merge(status, times, Long::sum));
    }
    return new Minute(decision, settlement, errors);
  }

  private Map<Integer, Long> live(
      String series,
      long from,
      AtomicLong next,
      long count,
      Histogram decision,
      Histogram settlement)
      throws IOException, InterruptedException {
    Map<Integer, Long> errors = new TreeMap<>();
    Client client = new Client(port);
    try {
      for (long i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
        long due = from + i * 1_000_000_000L / perSecond;
        long early = due - System.nanoTime();
        if (early > 0) {
          Thread.sleep(Duration.ofNanos(early));
        }
        try {
          Client.Payer payer = payers.get((int) (i % payers.size()));
          Wire.Answer asked = client.decide(payer, series + "-" + i);
          long answered = System.nanoTime();
          decision.recordValue(answered - due);
          if (asked.status() != 200) {
            errors.merge(asked.status(), 1L, Long::sum);
            continue;
          }
          Wire.Answer settled = client.commit(asked.text("reservation_id"));
          settlement.recordValue(System.nanoTime() - answered);
          if (settled.status() != 200) {
            errors.merge(settled.status(), 1L, Long::sum);
          }
        } catch (IOException e) {
          errors.merge(NO_ANSWER, 1L, Long::sum);
          client.close();
          client = new Client(port);
        }
      }
    } finally {
      client.close();
    }
    return errors;
  }

  private long residentMegabytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .map(line -> line.replaceAll("[^0-9]", ""))
        .mapToLong(kilobytes -> Long.parseLong(kilobytes) / 1_024)
        .findFirst()
        .orElse(0);
  }
}
