package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.settlement.Sweeper;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Page;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// Runs that many calls share, whose accounts have several shards (ledger.md#runs).
class RunShardsTest {

  private static final String ROOT = "root";
  private static final MicroUsd LIMIT = MicroUsd.of(1_000_000);
  private static final int SHARDS = 7;

  /// A run with several shards.
  private static TestAuthority withRoot(int shards) {
    return withRoot(shards, Policy.DEFAULT);
  }

  private static TestAuthority withRoot(int shards, Policy policy) {
    TestAuthority one = TestAuthority.withShards(shards);
    one.policy(policy);
    assertThat(isAllowed(one.ask("of-root", ROOT, 0, 1, LIMIT))).isTrue();
    assertThat(isAllowed(askChild(one, "first"))).isTrue();
    assertThat(one.run(ROOT).account().split().count()).isEqualTo(shards);
    return one;
  }

  private static Answer askChild(TestAuthority process, String key) {
    return TestAuthority.untilAnswered(() -> process.askAsChild(key, "run-" + key, ROOT, 0, 10));
  }

  private static boolean isAllowed(Answer answer) {
    return answer instanceof Answer.Decided decided && !decided.decision().isBlocked();
  }

  /// Whether the call was held on another shard than the root's head.
  private static boolean isBesideHead(Answer answer) {
    return ((Answer.Decided) answer)
        .decision().accounts().stream()
            .filter(share -> share.scope() == Scope.RUN && share.id().equals(ROOT))
            .mapToInt(AccountShare::shard)
            .anyMatch(shard -> shard != 0);
  }

  /// Stops transactions before they are sent, until it is told to let them go.
  private static final class Stop implements ExecutionInterceptor {

    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);

    @Override
    public void beforeTransmission(
        Context.BeforeTransmission context, ExecutionAttributes attributes) {
      if (context.request() instanceof TransactWriteItemsRequest) {
        reached.countDown();
        try {
          assertThat(go.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  /// Counts the writes of the root's head that hold nothing on it and move no limit.
  private static final class Renewals implements ExecutionInterceptor {

    private final AtomicInteger count = new AtomicInteger();
    private static final AttributeValue NOTHING = AttributeValue.fromN("0");

    private final AttributeValue head;

    Renewals(String tenantId) {
      head = AttributeValue.fromS(tenantId + "#run#" + ROOT);
    }

    @Override
    public void beforeTransmission(
        Context.BeforeTransmission context, ExecutionAttributes attributes) {
      if (context.request() instanceof TransactWriteItemsRequest request) {
        request.transactItems().stream()
            .map(TransactWriteItem::update)
            .filter(Objects::nonNull)
            .filter(update -> head.equals(update.key().get("pk")))
            .map(Update::expressionAttributeValues)
            .filter(values -> NOTHING.equals(values.get(":res")) && !values.containsKey(":lim"))
            .forEach(values -> count.incrementAndGet());
      }
    }
  }

  @Test
  void whenManyChildrenAsk_allShowInTheSums() throws Exception {
    TestAuthority one = withRoot(SHARDS);
    TestAuthority other = one.anotherProcess();

    List<Answer> answers =
        TestAuthority.all(60, i -> () -> askChild(i % 2 == 0 ? one : other, "call-" + i));

    assertThat(answers).allMatch(RunShardsTest::isAllowed);
    assertThat(answers).anyMatch(RunShardsTest::isBesideHead);
    MicroUsd held = MicroUsd.of(5 + 61 * 50);
    assertThat(one.run(ROOT).account().reserved()).isEqualTo(held);
    Run listed =
        one.runs.list(one.tenantId, null, 100, null).items().stream()
            .filter(run -> run.runId().equals(ROOT))
            .findFirst()
            .orElseThrow();
    assertThat(listed.account().reserved()).isEqualTo(held);
    for (int i = 0; i < 60; i++) {
      String key = "call-" + i;
      var unused = TestAuthority.untilAnswered(() -> one.commit(one.idOf(key), 0, 3));
    }
    Account settled = one.run(ROOT).account();
    assertThat(settled.reserved()).isEqualTo(MicroUsd.of(55));
    assertThat(settled.committed()).isEqualTo(MicroUsd.of(60 * 15));
    assertThat(settled.limit()).isEqualTo(LIMIT);
  }

  @Test
  void whenItIsClosed_allChildrenAreListedAndClosed() throws Exception {
    TestAuthority one = withRoot(SHARDS);
    var unused = TestAuthority.all(30, i -> () -> askChild(one, "call-" + i));
    assertThat(one.close(ROOT)).isTrue();

    List<Run> children = new ArrayList<>();
    List<Run> page;
    do {
      String after = children.isEmpty() ? null : children.getLast().runId();
      page = one.runs.children(one.run(ROOT), 7, after);
      children.addAll(page);
    } while (page.size() == 7);

    assertThat(children).hasSize(31).extracting(Run::runId).isSorted().doesNotHaveDuplicates();
    assertThat(children).extracting(Run::ended).containsOnly(Run.State.CLOSED);
  }

  @Test
  void whenItIsClosed_noCallThatReadItBeforeIsLetThrough() throws Exception {
    for (int i = 0; i < 12; i++) {
      TestAuthority one = withRoot(SHARDS);
      Stop stop = new Stop();
      TestAuthority slow = one.anotherProcess(stop);
      try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
        Future<Answer> answer = thread.submit(() -> slow.askAsChild("slow", "child", ROOT, 0, 1));
        assertThat(stop.reached.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(one.close(ROOT)).isTrue();
        stop.go.countDown();

        assertThat(answer.get()).isEqualTo(new Answer.RunClosed(ROOT));
      }
      assertThat(one.runs.find(one.tenantId, "child")).isEmpty();
    }
  }

  @Test
  void whenItIsClosed_noChildIsCreated() {
    TestAuthority one = withRoot(SHARDS);
    Run before = one.run(ROOT);
    assertThat(one.close(ROOT)).isTrue();

    Run child =
        new Run(
            one.tenantId,
            "child",
            List.of(ROOT),
            before.tuple(),
            null,
            one.clock.instant(),
            one.clock.instant().plusSeconds(60),
            LIMIT,
            Run.Rules.USUAL,
            true,
            Run.CountedOn.HEADS,
            Account.ofNewRun(one.tenantId, "child", LIMIT));
    var unused = one.runs.start(child, before, List.of());

    assertThat(one.runs.find(one.tenantId, "child")).isEmpty();
  }

  @Test
  void whenItIsClosed_itsCallsAreStillSettled() {
    TestAuthority one = withRoot(SHARDS);
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      keys.add("call-" + i);
      assertThat(isAllowed(askChild(one, "call-" + i))).isTrue();
    }
    assertThat(one.close(ROOT)).isTrue();

    keys.forEach(
        key -> {
          var unused = TestAuthority.untilAnswered(() -> one.commit(one.idOf(key), 0, 1));
        });

    assertThat(one.run(ROOT).account().committed()).isEqualTo(MicroUsd.of(50));
    assertThat(isDue(one)).isFalse();
  }

  @Test
  void whenWhoClosesItStops_theSweeperMarksItsShards() {
    TestAuthority one = withRoot(SHARDS);
    Run seen = one.run(ROOT);
    Instant now = one.clock.instant();
    assertThat(
            one.database
                .transact(
                    one.runs.endingOf(seen, Run.State.CLOSED, now),
                    Deadline.in(Duration.ofSeconds(5)))
                .isDone())
        .isTrue();
    assertThat(isDue(one)).isTrue();
    int before = one.run(ROOT).account().items().size();

    var unused =
        new Sweeper(one.ledger, one.runs, one.configuration.policies, one.clock)
            .sweep(Duration.ofSeconds(60));

    assertThat(isDue(one)).isFalse();
    assertThat(one.run(ROOT).account().items()).hasSizeGreaterThanOrEqualTo(before).hasSize(SHARDS);
    assertThat(one.run(ROOT).ended()).isEqualTo(Run.State.CLOSED);
  }

  private static boolean isDue(TestAuthority one) {
    for (int bucket = 0; bucket < Runs.DUE_BUCKETS; bucket++) {
      Page.@Nullable Next next = null;
      do {
        Page<Runs.Due> page =
            one.runs.due(
                bucket, one.clock.instant(), 100, next, Deadline.in(Duration.ofSeconds(5)));
        if (page.items().stream()
            .anyMatch(
                due ->
                    due instanceof Runs.Due.OfRun run
                        && run.account().tenantId().equals(one.tenantId)
                        && run.account().id().equals(ROOT))) {
          return true;
        }
        next = page.next();
      } while (next != null);
    }
    return false;
  }

  @Test
  void whenCallsRenewIt_itsEndIsNeverEarlierThanTheySay() {
    TestAuthority one = withRoot(64);
    Renewals renewals = new Renewals(one.tenantId);
    TestAuthority process = one.anotherProcess(renewals);
    Duration life = Policy.DEFAULT.runTtl();
    int calls = 64;
    int besideHead = 0;
    for (int i = 0; i < calls; i++) {
      one.clock.advance(life.dividedBy(256));
      Answer answer = askChild(process, "call-" + i);
      besideHead += isBesideHead(answer) ? 1 : 0;

      Instant until = one.clock.instant().plus(life);
      assertThat(one.run(ROOT).expiresAt())
          .isBetween(until.minusMillis(1), until.plus(life.dividedBy(16)));
    }
    // A quarter of its life is four steps. A call on the head renews it too.
    assertThat(besideHead).isGreaterThan(calls / 2);
    assertThat(renewals.count.get()).isLessThanOrEqualTo(5);
  }

  /// Each process asks on shards of its own, so it knows what the other holds by what it reads.
  @Test
  void whenAnotherProcessHoldsHalf_aCallStepsDown() {
    Policy policy =
        new PolicyBuilder()
            .downgrade(
                PolicyBuilder.rule(
                    TestAuthority.MODEL, 50, PolicyBuilder.listed(TestAuthority.CHEAP_MODEL)))
            .build();
    TestAuthority one = withRoot(32, policy);
    TestAuthority other = one.anotherProcess();
    for (int i = 0; i < 10; i++) {
      String key = "early-" + i;
      assertThat(kind(TestAuthority.untilAnswered(() -> one.ask(key, ROOT, 0, 1_000, null))))
          .isEqualTo(Verdict.Kind.ALLOW);
    }

    Verdict.Kind last = Verdict.Kind.ALLOW;
    for (int i = 0; last == Verdict.Kind.ALLOW && i < 60; i++) {
      String key = "other-" + i;
      last = kind(TestAuthority.untilAnswered(() -> other.ask(key, ROOT, 0, 2_000, null)));
    }
    assertThat(last).isEqualTo(Verdict.Kind.DOWNGRADE);

    for (int i = 0; i < 10; i++) {
      String key = "late-" + i;
      assertThat(kind(TestAuthority.untilAnswered(() -> one.ask(key, ROOT, 0, 1, null))))
          .isEqualTo(Verdict.Kind.DOWNGRADE);
    }
  }

  private static Verdict.Kind kind(Answer answer) {
    return ((Verdict.Granted) ((Answer.Decided) answer).decision().verdict()).kind();
  }

  @Test
  void whenItHasNoUserYet_aCallOnAnotherShardBindsOne() {
    for (int round = 0; round < 4; round++) {
      TestAuthority one = TestAuthority.withShards(SHARDS);
      one.policy(Policy.DEFAULT);
      for (int i = 0; i < 30; i++) {
        String key = "unbound-" + i;
        assertThat(isAllowed(TestAuthority.untilAnswered(() -> askUnbound(one, key)))).isTrue();
      }
      assertThat(one.run(ROOT).account().isSplit()).isTrue();
      assertThat(one.run(ROOT).tuple().userId()).isNull();

      assertThat(isAllowed(one.askAs("ada", "bound", ROOT, 0, 1))).isTrue();

      assertThat(one.run(ROOT).tuple().userId()).isEqualTo("ada");
      assertThat(one.askAs("bob", "other", ROOT, 0, 1)).isInstanceOf(Answer.RunMismatch.class);
      assertThat(one.close(ROOT)).isTrue();
      assertThat(one.askAs("ada", "late", ROOT, 0, 1)).isEqualTo(new Answer.RunClosed(ROOT));
    }
  }

  private static Answer askUnbound(TestAuthority one, String key) {
    return one.authority.decide(
        Ask.of(
            one.gateway,
            new AskBuilder()
                .model(TestAuthority.MODEL)
                .input(0)
                .cap(1L)
                .by(null, "ci", null)
                .build(),
            key,
            ROOT));
  }
}
