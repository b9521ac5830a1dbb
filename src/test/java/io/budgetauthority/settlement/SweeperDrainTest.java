package io.budgetauthority.settlement;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.money.MicroUsd;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/// Many reservations that nobody came back for: a few hundred on each build, a hundred thousand by
/// `-Ddrain.reservations=100000`.
class SweeperDrainTest {

  private static final int FEW = 300;
  private static final int RUNS = 20;
  private static final int CLIENTS = 8;
  private static final Duration A_SWEEP = Duration.ofSeconds(50);

  private static final Set<String> BY_KEY_OR_INDEX =
      Set.of(
          "BatchGetItemRequest",
          "GetItemRequest",
          "PutItemRequest",
          "QueryRequest",
          "TransactWriteItemsRequest",
          "UpdateItemRequest");

  /// Which calls were made, by the names of their requests.
  private static final class Calls implements ExecutionInterceptor {
    private final Set<String> names = new ConcurrentSkipListSet<>();

    @Override
    public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
      names.add(context.request().getClass().getSimpleName());
    }
  }

  @Test
  void whenManyReservationsAreDue_allAreSettledWithoutAScan() throws Exception {
    int count = Integer.getInteger("drain.reservations", FEW);
    Calls calls = new Calls();
    TestAuthority service = TestAuthority.watchedBy(calls);
    reserve(service, count);
    service.clock.advance(Duration.ofHours(1));
    calls.names.clear();

    Sweeper sweeper =
        new Sweeper(service.ledger, service.runs, service.configuration.policies, service.clock);
    long began = System.nanoTime();
    int sweeps = 0;
    Map<String, Integer> done = new HashMap<>();
    Sweeper.Swept swept;
    do {
      swept = sweeper.sweep(A_SWEEP);
      sweeps++;
      done.merge("expired", swept.expired(), Integer::sum);
      done.merge("presumed", swept.presumed(), Integer::sum);
    } while (!swept.finished() || swept.expired() + swept.presumed() > 0);
    System.out.printf(
        "%d due reservations were expired and presumed in %d s, by %d sweeps%n",
        count, Duration.ofNanos(System.nanoTime() - began).toSeconds(), sweeps);

    // Other tests' may be among them: they share the tables.
    done.forEach((step, times) -> assertThat(times >= count).as(step + " " + times).isTrue());
    assertThat(BY_KEY_OR_INDEX).as(calls.names.toString()).containsAll(calls.names);
    long committed = 0;
    for (int run = 0; run < RUNS; run++) {
      Account account = service.run("run-" + run).account();
      assertThat(account.reserved()).isEqualTo(MicroUsd.ZERO);
      committed += account.committed().micros();
    }
    assertThat(committed).isEqualTo(500L * count);
  }

  private static void reserve(TestAuthority service, int count) throws Exception {
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<?>> asking =
          IntStream.range(0, CLIENTS)
              .<Future<?>>mapToObj(client -> clients.submit(() -> ask(service, next, count)))
              .toList();
      for (Future<?> one : asking) {
        one.get();
      }
    }
  }

  private static void ask(TestAuthority service, AtomicInteger next, int count) {
    for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
      var unused = service.ask("call-" + i, "run-" + i % RUNS, 0, 100, MicroUsd.of(1_000_000_000));
    }
  }
}
