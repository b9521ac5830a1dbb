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

  /// What was asked, and the states of the account before and after.
  private record Asked(long amount, boolean allowed, List<Long> meanwhile) {}

  @ParameterizedTest
  @CsvSource({"1,2,false", "2,5,true", "3,7,true", "4,16,false", "5,64,true"})
  void whenAllHappensAtOnce_eachAnswerWasTrue(long seed, int shards, boolean changes)
      throws Exception {
    TestAuthority plain = new TestAuthority();
    plain.policy(Policy.DEFAULT);
    put(plain, 400, shards);
    assertThat(ask(plain, "first", 1).decision().isBlocked()).isFalse();
    Timeline timeline =
        new Timeline(
            LocalCloudForTests.dynamoDb().build(), () -> tenant(plain).available().micros());
    List<Asked> answers = Collections.synchronizedList(new ArrayList<>());
    List<Callable<Integer>> threads = new ArrayList<>();
    for (int process = 0; process < PROCESSES; process++) {
      TestAuthority one =
          plain.anotherProcess(timeline::around, new Faults(seed * 31 + process, 3, 10));
      for (int thread = 0; thread < THREADS_EACH; thread++) {
        String name = process + "-" + thread;
        RandomGenerator random =
            RandomGeneratorFactory.of("SplittableRandom").create(seed * 1_000 + name.hashCode());
        threads.add(() -> use(one, name, random, timeline, answers, changes));
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
    for (Asked asked : answers) {
      if (asked.allowed()) {
        assertThat(asked.meanwhile()).as("%s", asked).anyMatch(it -> it >= asked.amount());
      } else {
        assertThat(asked.meanwhile()).as("%s", asked).anyMatch(it -> it < asked.amount());
      }
    }
    if (!changes) {
      assertThat(timeline.between(0, timeline.mark())).allMatch(it -> it >= 0);
    }
    check(plain);
  }

  /// Each shard adds up, and so do their limits. Only the head may be in debt.
  private static void check(TestAuthority plain) {
    Account account = tenant(plain);
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

  private static Account tenant(TestAuthority process) {
    return process.account(Scope.TENANT, "-");
  }

  private static void put(TestAuthority one, long limit, int shards) {
    var unused =
        one.configuration.put(
            new ScopeId(one.tenantId, Scope.TENANT, "-"),
            Window.TOTAL,
            new Ceiling(MicroUsd.of(limit), null, null, List.of(), null, null, shards));
  }

  private static Answer.Decided ask(TestAuthority one, String key, int tokens) {
    return (Answer.Decided) one.ask(key, "run-" + key, 0, tokens, RUN_LIMIT);
  }

  /// @return how many asks ended in contention
  private static int use(
      TestAuthority one,
      String name,
      RandomGenerator random,
      Timeline timeline,
      List<Asked> answers,
      boolean changes) {
    int contended = 0;
    List<String> open = new ArrayList<>();
    for (int step = 0; step < STEPS; step++) {
      if (changes && random.nextInt(25) == 0) {
        changeLimit(one, timeline, 200 + random.nextInt(300));
      } else if (!open.isEmpty() && random.nextInt(5) < 2) {
        String key = open.remove(random.nextInt(open.size()));
        int tokens = random.nextInt(changes && random.nextInt(4) == 0 ? 30 : 2);
        var unused = TestAuthority.untilAnswered(() -> one.commit(one.idOf(key), 0, tokens));
      } else {
        String key = name + "-" + step;
        int tokens = 1 + random.nextInt(random.nextInt(4) == 0 ? 40 : 8);
        int from = timeline.mark();
        try {
          boolean allowed = !ask(one, key, tokens).decision().isBlocked();
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

  private static void changeLimit(TestAuthority one, Timeline timeline, int limit) {
    try {
      var unused =
          timeline.write(
              () -> {
                put(one, limit, tenant(one).split().count());
                return limit;
              });
    } catch (Throwable e) {
      throw new AssertionError("the limit was not changed", e);
    }
  }
}
