package io.budgetauthority.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.HdrHistogram.Histogram;

/// The load client of `bench/run`: prints what the service costs over what it cannot do without.
public final class Load {

  private static final int[] CLIENTS = {1, 8, 32};
  private static final int ROUNDS = 2;
  private static final Duration STARTED_WITHIN = Duration.ofSeconds(60);

  private final Settings settings;

  private Load(Settings settings) {
    this.settings = settings;
  }

  /// What `bench/run` says.
  ///
  /// @param port of the service on this machine
  /// @param dynamoDbPort of the DynamoDB that the service uses
  /// @param pid the service's process
  /// @param warmUp lifecycles before anything counts, of the service and of the raw calls alike
  /// @param samples lifecycles that count
  /// @param seconds of each count of lifecycles, in each of its rounds; 0 for none
  private record Settings(
      int port, int dynamoDbPort, long pid, int warmUp, int samples, int seconds) {

    static Settings of(String[] args) {
      return new Settings(
          Integer.parseInt(args[0]),
          Integer.parseInt(args[1]),
          Long.parseLong(args[2]),
          Integer.parseInt(args[3]),
          Integer.parseInt(args[4]),
          Integer.parseInt(args[5]));
    }

    URI dynamoDb() {
      return URI.create("http://127.0.0.1:" + dynamoDbPort);
    }

    ProcessHandle service() {
      return ProcessHandle.of(pid)
          .orElseThrow(() -> new IllegalStateException("the service has ended"));
    }
  }

  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    new Load(Settings.of(args)).run();
  }

  private void run() throws IOException, InterruptedException, ExecutionException {
    awaitService();
    try (Client service = new Client(settings.port());
        RawCalls raw = RawCalls.like(service, Client.Payer.of("raw"), settings.dynamoDb())) {
      Client.Payer payer = Client.Payer.of("one");
      service.prepare(payer);
      Latency latency = new Latency(service, payer, raw);
      System.out.printf(
          "warming up: %d decisions and settlements, and as many raw%n", settings.warmUp());
      Latency.Measured warm = latency.measure(settings.warmUp());
      print(latency.measure(settings.samples()), warm);
      printCpu(latency);
      printUnits(latency.units());
    }
    if (settings.seconds() > 0) {
      countLifecycles();
    }
  }

  private void awaitService() throws InterruptedException {
    long giveUpAt = System.nanoTime() + STARTED_WITHIN.toNanos();
    while (!isReady()) {
      if (System.nanoTime() > giveUpAt || !settings.service().isAlive()) {
        throw new IllegalStateException("the service did not start");
      }
      Thread.sleep(Duration.ofMillis(50));
    }
  }

  private boolean isReady() {
    try (Client client = new Client(settings.port())) {
      return client.isReady();
    } catch (IOException _) {
      return false;
    }
  }

  private void print(Latency.Measured measured, Latency.Measured warm) {
    System.out.printf("%none client, %d of each in turns%n", measured.decision().getTotalCount());
    System.out.printf("%-44s %9s %9s%n", "", "p50", "p99");
    printRow("decision over HTTP", measured.decision());
    printRow("  raw: batch get of 4, put + 3 updates", measured.rawReserve());
    printRatio(measured.decision(), measured.rawReserve());
    printRow("settlement over HTTP", measured.settlement());
    printRow("  raw: get, put + 3 updates", measured.rawCommit());
    printRatio(measured.settlement(), measured.rawCommit());
    System.out.printf(
        "while warming up the ratios were %.2f and %.2f at p50%n",
        ratio(warm.decision(), warm.rawReserve(), 50),
        ratio(warm.settlement(), warm.rawCommit(), 50));
  }

  private static void printRow(String name, Histogram nanos) {
    System.out.printf("%-44s %6s ms %6s ms%n", name, millis(nanos, 50), millis(nanos, 99));
  }

  private static void printRatio(Histogram over, Histogram under) {
    System.out.printf(
        "%-44s %9.2f %9.2f%n", "  ratio", ratio(over, under, 50), ratio(over, under, 99));
  }

  private static double ratio(Histogram over, Histogram under, double percentile) {
    return (double) over.getValueAtPercentile(percentile) / under.getValueAtPercentile(percentile);
  }

  private static String millis(Histogram nanos, double percentile) {
    return String.format("%.2f", nanos.getValueAtPercentile(percentile) / 1e6);
  }

  private void printCpu(Latency latency) throws IOException {
    int times = settings.samples();
    Cpu before = Cpu.of(settings.service());
    latency.decide(times);
    Cpu spent = Cpu.of(settings.service()).minus(before);
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long rawBefore = threads.getCurrentThreadCpuTime();
    latency.reserve(times);
    long rawNanos = threads.getCurrentThreadCpuTime() - rawBefore;
    System.out.printf(
        "%nCPU time a decision: %d us in the service's process (its compilers, still at work, took"
            + " %d us more, the consumers of the local stream and queue %d us); its raw calls alone"
            + " take the client %d us%n",
        spent.answering().toNanos() / times / 1_000,
        spent.compilers().toNanos() / times / 1_000,
        spent.consumers().toNanos() / times / 1_000,
        rawNanos / times / 1_000);
  }

  private static void printUnits(RawCalls.Units units) {
    System.out.printf(
        "write units: %.0f a decision, %.0f a settlement; a decision's item has %d bytes at"
            + " first%n",
        units.reserve(), units.commit(), units.itemBytes());
  }

  /// One way in which clients share accounts.
  private record Spread(String name, List<Client.Payer> payers) {}

  private void countLifecycles() throws IOException, InterruptedException, ExecutionException {
    List<Spread> spreads = new ArrayList<>();
    for (int clients : CLIENTS) {
      spreads.add(new Spread("shared", Collections.nCopies(clients, Client.Payer.of("shared"))));
      List<Client.Payer> own = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        own.add(Client.Payer.of("own-" + i));
      }
      spreads.add(new Spread("each its own", own));
    }
    prepare(spreads);
    Lifecycles lifecycles = new Lifecycles(_ -> new Client(settings.port()), "lifecycle");
    List<Lifecycles.Count> counts =
        new ArrayList<>(Collections.nCopies(spreads.size(), Lifecycles.Count.NOTHING));
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < spreads.size(); i++) {
        Lifecycles.Count count =
            lifecycles.run(spreads.get(i).payers(), Duration.ofSeconds(settings.seconds()));
        counts.set(i, counts.get(i).plus(count));
      }
    }
    System.out.printf(
        "%nlifecycles (decide, commit) a second, %d rounds of %d s each%n",
        ROUNDS, settings.seconds());
    System.out.printf(
        "%-9s %-16s %9s   %s%n", "clients", "run, user, key", "a second", "errors by status");
    for (int i = 0; i < spreads.size(); i++) {
      System.out.printf(
          "%-9d %-16s %9d   %s%n",
          spreads.get(i).payers().size(),
          spreads.get(i).name(),
          counts.get(i).perSecond(),
          counts.get(i).errors().isEmpty() ? "none" : counts.get(i).errors());
    }
  }

  private void prepare(List<Spread> spreads) throws IOException {
    try (Client service = new Client(settings.port())) {
      for (Client.Payer payer :
          spreads.stream().flatMap(spread -> spread.payers().stream()).distinct().toList()) {
        service.prepare(payer);
      }
    }
  }
}
