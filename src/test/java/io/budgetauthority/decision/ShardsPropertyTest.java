package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.Faults;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whatever happens at the same time, each answer about an account with several shards was true at
/// some instant while it was made, and the shards add up (ledger.md#shards).
class ShardsPropertyTest {

  private static final MicroUsd RUN_LIMIT = MicroUsd.of(900_000_000);
  private static final int PROCESSES = 3;
  private static final int THREADS_EACH = 3;
  private static final int STEPS = 30;

  private static final String ROOT = "root";

  /// The account that all calls share.
  private enum Shared {
    CEILING,
    ROOT_RUN
  }

  /// What was asked, and the states of the account before and after.
  private record Asked(long amount, boolean allowed, List<Timeline.State> meanwhile) {

    /// A call that began before the head came into debt may take what its shard has.
    boolean wasTrue() {
      long debtsBefore = meanwhile.getFirst().debtsMade();
      return meanwhile.stream()
          .anyMatch(
              allowed
                  ? it -> it.available() + it.debtsMade() - debtsBefore >= amount
                  : it -> it.available() < amount);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1,2,false,CEILING",
    "2,5,true,CEILING",
    "3,7,true,CEILING",
    "4,16,false,CEILING",
    "5,64,true,CEILING",
    "6,2,false,ROOT_RUN",
    "7,7,true,ROOT_RUN",
    "8,64,true,ROOT_RUN"
  })
  void whenAllHappensAtOnce_eachAnswerWasTrue(long seed, int shards, boolean changes, Shared shared)
      throws Exception {
    TestAuthority plain = shared == Shared.CEILING ? new TestAuthority() : withRoot(shards);
    if (shared == Shared.CEILING) {
      plain.policy(Policy.DEFAULT);
      put(plain, 400, shards);
    }
    assertThat(ask(plain, shared, "first", 1).decision().isBlocked()).isFalse();
    assertThat(accountOf(plain, shared).split().count()).isEqualTo(shards);
    Timeline timeline =
        new Timeline(LocalCloudForTests.dynamoDb().build(), () -> accountOf(plain, shared));
    List<Asked> answers = Collections.synchronizedList(new ArrayList<>());
    List<Callable<Integer>> threads = new ArrayList<>();
    for (int process = 0; process < PROCESSES; process++) {
      TestAuthority one =
          plain.anotherProcess(timeline::around, new Faults(seed * 31 + process, 3, 10));
      for (int thread = 0; thread < THREADS_EACH; thread++) {
        String name = process + "-" + thread;
        RandomGenerator random =
            RandomGeneratorFactory.of("SplittableRandom").create(seed * 1_000 + name.hashCode());
        threads.add(() -> use(one, shared, name, random, timeline, answers, changes));
      }
    }
    int contended = 0;
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Integer> done : executor.invokeAll(threads)) {
        contended += done.get();
      }
    }

    long refused = answers.stream().filter(it -> !it.allowed()).count();
    assertThat(refused).isPositive();
    assertThat(answers.size() - refused).isPositive();
    assertThat(contended).isLessThan(answers.size() / 4);
    assertThat(answers).allMatch(Asked::wasTrue);
    if (!changes) {
      assertThat(timeline.between(0, timeline.mark())).allMatch(it -> it.available() >= 0);
    }
    check(accountOf(plain, shared));
  }

  /// A root run of 400 micro-USD that has one call of nothing. The next call on it splits it.
  private static TestAuthority withRoot(int shards) {
    TestAuthority one = TestAuthority.withShards(shards);
    one.policy(Policy.DEFAULT);
    var unused = one.ask("of-root", ROOT, 0, 0, MicroUsd.of(400));
    return one;
  }

  /// Each shard adds up, and so do their limits. Only the head may be in debt.
  private static void check(Account account) {
    MicroUsd limits = MicroUsd.ZERO;
    for (Account shard : account.items()) {
      assertThat(shard.addsUp()).as("%s", shard).isTrue();
      assertThat(shard.key().shard() != 0 && shard.storedAvailable().isNegative())
          .as("%s", shard)
          .isFalse();
      limits = limits.plus(shard.limit());
    }
    assertThat(limits).isEqualTo(account.limit());
  }

  private static Account accountOf(TestAuthority process, Shared shared) {
    return shared == Shared.CEILING
        ? process.account(Scope.TENANT, "-")
        : process.account(Scope.RUN, ROOT);
  }

  private static void put(TestAuthority one, long limit, int shards) {
    var unused =
        one.configuration.put(
            new ScopeId(one.tenantId, Scope.TENANT, "-"),
            Window.TOTAL,
            new Ceiling(MicroUsd.of(limit), null, null, List.of(), null, null, shards));
  }

  private static Answer.Decided ask(TestAuthority one, Shared shared, String key, int tokens) {
    String run = "run-" + key;
    return (Answer.Decided)
        (shared == Shared.CEILING
            ? one.ask(key, run, 0, tokens, RUN_LIMIT)
            : one.askAsChild(key, run, ROOT, 0, tokens));
  }

  /// @return how many asks ended in contention
  private static int use(
      TestAuthority one,
      Shared shared,
      String name,
      RandomGenerator random,
      Timeline timeline,
      List<Asked> answers,
      boolean changes) {
    int contended = 0;
    List<String> open = new ArrayList<>();
    for (int step = 0; step < STEPS; step++) {
      if (changes && random.nextInt(25) == 0) {
        changeLimit(one, shared, timeline, 200 + random.nextInt(300));
      } else if (!open.isEmpty() && random.nextInt(5) < 2) {
        String key = open.remove(random.nextInt(open.size()));
        int tokens = random.nextInt(changes && random.nextInt(4) == 0 ? 30 : 2);
        var unused = TestAuthority.untilAnswered(() -> one.commit(one.idOf(key), 0, tokens));
      } else {
        String key = name + "-" + step;
        int tokens = 1 + random.nextInt(random.nextInt(4) == 0 ? 40 : 8);
        int from = timeline.mark();
        try {
          boolean allowed = !ask(one, shared, key, tokens).decision().isBlocked();
          answers.add(new Asked(5L * tokens, allowed, timeline.between(from, timeline.mark())));
          if (allowed) {
            open.add(key);
          }
        } catch (StorageContended | StorageUnavailable e) {
          contended++;
        }
      }
    }
    return contended;
  }

  private static void changeLimit(TestAuthority one, Shared shared, Timeline timeline, int limit) {
    try {
      var unused =
          timeline.write(
              () -> {
                change(one, shared, limit);
                return limit;
              });
    } catch (Throwable e) {
      throw new AssertionError("the limit was not changed", e);
    }
  }

  private static void change(TestAuthority one, Shared shared, int limit) {
    if (shared == Shared.CEILING) {
      put(one, limit, accountOf(one, shared).split().count());
    } else {
      var unused = one.configuration.putOfRun(one.tenantId, ROOT, Ceiling.of(MicroUsd.of(limit)));
    }
  }
}
