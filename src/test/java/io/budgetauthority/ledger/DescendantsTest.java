package io.budgetauthority.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.Faults;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.counter.RunCounter;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;

/// Closing a tree of runs, on the real ledger.
class DescendantsTest {

  private final TestAuthority service = new TestAuthority();

  /// Counts the transactions of a process, and does something before one of them.
  private static final class Watch implements ExecutionInterceptor {

    private final AtomicInteger transactions = new AtomicInteger();
    private final int number;
    private final Runnable before;

    Watch(int number, Runnable before) {
      this.number = number;
      this.before = before;
    }

    @Override
    public void beforeTransmission(
        Context.BeforeTransmission context, ExecutionAttributes attributes) {
      if (context.request() instanceof TransactWriteItemsRequest
          && transactions.incrementAndGet() == number) {
        before.run();
      }
    }
  }

  private Run run(String id, String... ancestors) {
    return TestRun.of(service, id, "ada", ancestors);
  }

  private void start(String id, String... ancestors) {
    Run parent = ancestors.length == 0 ? null : service.run(ancestors[0]);
    assertThat(service.runs.start(run(id, ancestors), parent, counters(10_000)))
        .isInstanceOf(ReserveOutcome.Reserved.class);
  }

  private List<RunCounter> counters(long max) {
    return List.of(
        new RunCounter(RunCounter.Of.ACTIVE_OF_USER, service.tenantId, "ada", max),
        new RunCounter(RunCounter.Of.ACTIVE_OF_KEY, service.tenantId, "ci", max));
  }

  /// A run with 60 children, of which the first has 30.
  private List<String> startTree() {
    start("top");
    List<String> children = IntStream.range(0, 60).mapToObj(i -> "child-" + i).toList();
    List<String> grandchildren = IntStream.range(0, 30).mapToObj(i -> "grand-" + i).toList();
    children.forEach(id -> start(id, "top"));
    grandchildren.forEach(id -> start(id, "child-0", "top"));
    return Stream.of(List.of("top"), children, grandchildren).flatMap(List::stream).toList();
  }

  /// Ends the first run, and has a process close its descendants.
  private void closeBy(ExecutionInterceptor watch) {
    Instant now = service.clock.instant();
    assertThat(service.runs.end(service.run("top"), Run.State.CLOSED, now)).isTrue();
    service.anotherProcess(watch).runs.closeDescendants(service.run("top"), now);
  }

  private void assertClosed(List<String> ids) {
    assertThat(ids)
        .allSatisfy(id -> assertThat(service.run(id).ended()).isEqualTo(Run.State.CLOSED));
    assertThat(service.account(Scope.RUN, "top").addsUp()).isTrue();
    // The counters have room for one again, and for no second.
    assertThat(service.runs.start(run("one"), null, counters(1)))
        .isInstanceOf(ReserveOutcome.Reserved.class);
    assertThat(service.runs.start(run("two"), null, counters(1)))
        .isInstanceOf(ReserveOutcome.OverLimit.class);
  }

  @Test
  void whenATreeIsClosed_manyRunsAreOneTransaction() {
    List<String> tree = startTree();
    Watch watch = new Watch(0, () -> {});

    closeBy(watch);

    assertThat(watch.transactions.get()).as("of 60 children and 30 below").isEqualTo(3 + 2);
    assertClosed(tree);
  }

  @Test
  void whenAChildIsClosedMeanwhile_theOthersAreClosed() {
    List<String> tree = startTree();
    closeBy(new Watch(1, () -> assertThat(service.close("child-3")).isTrue()));

    assertClosed(tree);
  }

  @Test
  void whenAnswersAreLost_eachRunIsClosedOnce() {
    List<String> tree = startTree();
    long seed = System.nanoTime();
    System.out.println("seed " + seed);

    closeBy(new Faults(seed, 15, 15));

    assertClosed(tree);
  }
}
