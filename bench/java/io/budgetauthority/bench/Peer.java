package io.budgetauthority.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;

/// The load client of `bench/peer`: how many lifecycles a second this service and cycles-server do,
/// in turns on one machine.
public final class Peer {

  private static final int[] CLIENTS = {1, 8, 32};
  private static final int WARM_UP_CLIENTS = 8;
  private static final int ROUNDS = 2;
  private static final String SHARED = "shared";

  private final Lifecycles ours;
  private final Lifecycles theirs;

  private Peer(Lifecycles ours, Lifecycles theirs) {
    this.ours = ours;
    this.theirs = theirs;
  }

  /// Clients that measure one row.
  private record Row(String name, List<Client.Payer> payers) {}

  /// What one row showed.
  private static final class Measured {
    private Lifecycles.Count ours = Lifecycles.Count.NOTHING;
    private Lifecycles.Count theirs = Lifecycles.Count.NOTHING;
  }

  /// The ports of this service, of cycles-server and of cycles-server-admin, the admin key, the
  /// process of cycles-server-admin, which is ended once it has made the budgets, and the seconds
  /// of the warm-up and of each measurement.
  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    int port = Integer.parseInt(args[0]);
    int theirPort = Integer.parseInt(args[1]);
    Client.awaitService(port);
    List<Row> rows = rows();
    prepareOurs(port, rows);
    String key = prepareTheirs(Integer.parseInt(args[2]), args[3], rows);
    ProcessHandle.of(Long.parseLong(args[4])).ifPresent(ProcessHandle::destroy);
    Peer peer =
        new Peer(
            new Lifecycles(_ -> new Client(port), "peer"),
            new Lifecycles(payer -> new CyclesClient(theirPort, workspace(payer), key), "peer"));
    peer.warmUp(Duration.ofSeconds(Integer.parseInt(args[5])));
    peer.measure(rows, Duration.ofSeconds(Integer.parseInt(args[6])));
  }

  private static List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    for (int clients : CLIENTS) {
      rows.add(new Row("shared", Collections.nCopies(clients, Client.Payer.of(SHARED))));
      List<Client.Payer> own = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        own.add(Client.Payer.of("own-" + i));
      }
      rows.add(new Row("each its own", own));
    }
    return rows;
  }

  /// The peer's name of a payer.
  private static String workspace(Client.Payer payer) {
    return payer.run();
  }

  private static void prepareOurs(int port, List<Row> rows) throws IOException {
    try (Client client = new Client(port)) {
      for (Client.Payer payer : payers(rows)) {
        client.prepare(payer);
      }
    }
  }

  /// Makes the peer's budgets and answers with the key that may use them.
  private static String prepareTheirs(int port, String adminKey, List<Row> rows)
      throws IOException {
    try (CyclesAdmin admin = new CyclesAdmin(port, adminKey)) {
      String key = admin.makeTenant();
      for (Client.Payer payer : payers(rows)) {
        admin.makeBudgets(workspace(payer), key);
      }
      return key;
    }
  }

  private static List<Client.Payer> payers(List<Row> rows) {
    return rows.stream().flatMap(row -> row.payers().stream()).distinct().toList();
  }

  private void warmUp(Duration time) throws InterruptedException, ExecutionException {
    List<Client.Payer> payers = Collections.nCopies(WARM_UP_CLIENTS, Client.Payer.of(SHARED));
    requireNoErrors("this service", ours.run(payers, time));
    requireNoErrors("cycles-server", theirs.run(payers, time));
  }

  private static void requireNoErrors(String service, Lifecycles.Count count) {
    if (!count.errors().isEmpty()) {
      throw new IllegalStateException(
          service + " answered other than 200 while it warmed up, by status: " + count.errors());
    }
  }

  private void measure(List<Row> rows, Duration time)
      throws InterruptedException, ExecutionException {
    List<Measured> measured = new ArrayList<>();
    rows.forEach(_ -> measured.add(new Measured()));
    printLoad("before");
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < rows.size(); i++) {
        List<Client.Payer> payers = rows.get(i).payers();
        Measured row = measured.get(i);
        if (round % 2 == 0) {
          row.ours = row.ours.plus(ours.run(payers, time));
          row.theirs = row.theirs.plus(theirs.run(payers, time));
        } else {
          row.theirs = row.theirs.plus(theirs.run(payers, time));
          row.ours = row.ours.plus(ours.run(payers, time));
        }
      }
    }
    printLoad("after");
    System.out.printf(
        "%nlifecycles (reserve, commit) a second, %d rounds of %d s each, in turns%n",
        ROUNDS, time.toSeconds());
    System.out.printf(
        "%-9s %-14s %10s %14s %7s   %s%n",
        "clients", "budgets", "ours", "cycles-server", "ratio", "other answers than 200");
    for (int i = 0; i < rows.size(); i++) {
      print(rows.get(i), measured.get(i));
    }
  }

  private static void print(Row row, Measured measured) {
    System.out.printf(
        "%-9d %-14s %10d %14d %7.2f   %s%n",
        row.payers().size(),
        row.name(),
        measured.ours.perSecond(),
        measured.theirs.perSecond(),
        (double) measured.ours.perSecond() / measured.theirs.perSecond(),
        measured.ours.errors().isEmpty() && measured.theirs.errors().isEmpty()
            ? "none"
            : "ours " + measured.ours.errors() + ", theirs " + measured.theirs.errors());
  }

  private static void printLoad(String when) {
    System.out.printf(
        "load of the machine %s: %.2f%n",
        when, ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }
}
