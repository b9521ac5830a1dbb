package io.budgetauthority.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// How many lifecycles, a decision and its settlement, a service does a second for a number of
/// clients that each have one connection and never wait.
final class Lifecycles {

  private static final int NO_ANSWER = 0;

  private final Connection.Opening service;
  private final String series;
  private int rounds;

  /// @param series what idempotency keys begin with
  Lifecycles(Connection.Opening service, String series) {
    this.service = service;
    this.series = series;
  }

  /// What came of it.
  ///
  /// @param errors answers other than 200 by status; 0 where a connection broke
  record Count(long lifecycles, long nanos, Map<Integer, Long> errors) {

    static final Count NOTHING = new Count(0, 0, Map.of());

    Count {
      errors = Map.copyOf(errors);
    }

    Count plus(Count other) {
      Map<Integer, Long> sum = new TreeMap<>(errors);
      other.errors.forEach((status, count) -> sum.merge(status, count, Long::sum));
      return new Count(lifecycles + other.lifecycles, nanos + other.nanos, sum);
    }

    long perSecond() {
      return nanos == 0 ? 0 : Math.round(lifecycles * 1e9 / nanos);
    }
  }

  /// Runs one client for every payer.
  Count run(List<Client.Payer> payers, Duration time)
      throws InterruptedException, ExecutionException {
    int round = rounds++;
    long from = System.nanoTime();
    long until = from + time.toNanos();
    List<Future<Count>> clients = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(payers.size())) {
      for (int i = 0; i < payers.size(); i++) {
        Client.Payer payer = payers.get(i);
        String keys = series + "-" + round + "-" + i + "-";
        clients.add(threads.submit(() -> runOne(payer, keys, until)));
      }
    }
    long nanos = System.nanoTime() - from;
    Count sum = Count.NOTHING;
    for (Future<Count> client : clients) {
      sum = sum.plus(client.get());
    }
    return new Count(sum.lifecycles(), nanos, sum.errors());
  }

  private Count runOne(Client.Payer payer, String keys, long until) throws IOException {
    Map<Integer, Long> errors = new TreeMap<>();
    long lifecycles = 0;
    long key = 0;
    Connection client = service.open(payer);
    try {
      while (System.nanoTime() < until) {
        try {
          Wire.Answer decision = client.decide(payer, keys + key++);
          if (decision.status() != 200) {
            errors.merge(decision.status(), 1L, Long::sum);
            continue;
          }
          Wire.Answer settled = client.commit(decision.text("reservation_id"));
          if (settled.status() == 200) {
            lifecycles++;
          } else {
            errors.merge(settled.status(), 1L, Long::sum);
          }
        } catch (IOException e) {
          errors.merge(NO_ANSWER, 1L, Long::sum);
          client.close();
          client = service.open(payer);
        }
      }
    } finally {
      client.close();
    }
    return new Count(lifecycles, 0, errors);
  }
}
