package io.budgetauthority.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.Faults;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Random histories of ask, commit, release, forward and replay, by printed seeds, with lost
/// answers and conflicts: the invariants of ledger.md#invariants against a model of a few lines.
class LedgerPropertyTest {

  private static final int RUNS = 3;
  private static final int KEYS = 24;
  private static final int STEPS = 220;
  private static final MicroUsd RUN_LIMIT = MicroUsd.of(60_000);
  private static final MicroUsd USER_LIMIT = MicroUsd.of(130_000);

  /// What the model knows of one idempotency key.
  private static final class Call {
    final String run;
    final long tokens;
    boolean allowed;
    ReservationState state = ReservationState.NONE;
    long charge;
    @Nullable UsageQuality quality;

    Call(String run, long tokens) {
      this.run = run;
      this.tokens = tokens;
    }

    long hold() {
      return 5 * tokens;
    }

    long reserved() {
      return state.isHolding() ? hold() : 0;
    }
  }

  @Test
  void whenStepsAreRandom_everySumAgreesWithTheModel() {
    for (long seed : new long[] {1, 2, 3, System.nanoTime()}) {
      TestAuthority service = new TestAuthority(new Faults(seed, 10, 5));
      service.ceiling(Scope.USER, "ada", USER_LIMIT);
      service.ceiling(Scope.KEY, "ci", MicroUsd.of(1_000_000));
      RandomGenerator random = RandomGeneratorFactory.of("SplittableRandom").create(seed);
      Map<String, Call> calls = new HashMap<>();
      for (int step = 0; step < STEPS; step++) {
        String key = "key-" + random.nextInt(KEYS);
        String where = "seed " + seed + ", step " + step + ", " + key;
        Call call = calls.get(key);
        if (call == null || random.nextInt(4) == 0) {
          ask(service, calls, key, random, where);
        } else {
          settle(service, call, key, random, where);
        }
        assertSums(service, calls, where);
      }
    }
  }

  private static void ask(
      TestAuthority service,
      Map<String, Call> calls,
      String key,
      RandomGenerator random,
      String where) {
    Call known = calls.get(key);
    if (known == null) {
      Call call = new Call("run-" + random.nextInt(RUNS), 1 + random.nextInt(6_000));
      boolean fits =
          call.hold() <= RUN_LIMIT.micros() - spent(calls, call.run)
              && call.hold() <= USER_LIMIT.micros() - spent(calls, null);
      Answer.Decided decided =
          assertInstanceOf(Answer.Decided.class, sent(service, key, call), where);
      assertThat(!decided.decision().isBlocked()).as(where).isEqualTo(fits);
      call.allowed = fits;
      call.state = fits ? ReservationState.RESERVED : ReservationState.NONE;
      calls.put(key, call);
    } else if (known.allowed && !known.state.isOpen()) {
      assertThat(sent(service, key, known)).as(where).isInstanceOf(Answer.AlreadySettled.class);
    } else {
      Answer.Decided replay =
          assertInstanceOf(Answer.Decided.class, sent(service, key, known), where);
      assertThat(replay.replayed()).as(where).isTrue();
      assertThat(!replay.decision().isBlocked()).as(where).isEqualTo(known.allowed);
    }
  }

  private static Answer sent(TestAuthority service, String key, Call call) {
    return service.ask(key, call.run, 0, call.tokens, RUN_LIMIT);
  }

  private static void settle(
      TestAuthority service, Call call, String key, RandomGenerator random, String where) {
    ReservationId id = service.idOf(key);
    if (!call.allowed) {
      assertThat(service.commit(id, 0, 1)).as(where).isInstanceOf(Settlement.Result.Refused.class);
      return;
    }
    if (random.nextInt(3) == 0) {
      service.settlement.release(service.gateway, id, null);
      if (call.state.isOpen()) {
        call.state = ReservationState.RELEASED;
      }
      return;
    }
    UsageQuality quality = UsageQuality.values()[1 + random.nextInt(3)];
    long tokens = random.nextInt(9_000);
    service.commit(id, 0, tokens, quality);
    if (call.quality == null || quality.isBetterThan(call.quality)) {
      call.state = ReservationState.COMMITTED;
      call.quality = quality;
      call.charge = quality == UsageQuality.MISSING ? call.hold() : 5 * tokens;
    }
  }

  private static long spent(Map<String, Call> calls, @Nullable String run) {
    return calls.values().stream()
        .filter(call -> run == null || call.run.equals(run))
        .mapToLong(call -> call.reserved() + call.charge)
        .sum();
  }

  private static void assertSums(TestAuthority service, Map<String, Call> calls, String where) {
    for (int i = 0; i < RUNS; i++) {
      String run = "run-" + i;
      List<Call> ofRun = calls.values().stream().filter(c -> c.run.equals(run)).toList();
      if (ofRun.stream().anyMatch(call -> call.allowed)) {
        assertAccount(service.run(run).account(), ofRun, where);
      }
    }
    assertAccount(
        service.account(Scope.USER, "ada"), calls.values().stream().toList(), where, USER_LIMIT);
  }

  private static void assertAccount(Account account, List<Call> calls, String where) {
    assertAccount(account, calls, where, RUN_LIMIT);
  }

  private static void assertAccount(
      Account account, List<Call> calls, String where, MicroUsd limit) {
    if (calls.stream().noneMatch(call -> call.allowed)) {
      return;
    }
    assertThat(account.limit()).as(where).isEqualTo(limit);
    assertThat(account.reserved().micros())
        .as(where)
        .isEqualTo(calls.stream().mapToLong(Call::reserved).sum());
    assertThat(account.committed().micros())
        .as(where)
        .isEqualTo(calls.stream().mapToLong(call -> call.charge).sum());
  }

  @Test
  void whenStepsAreConcurrent_everySumIsItsHoldsAndCharges() throws Exception {
    long seed = System.nanoTime();
    TestAuthority service = new TestAuthority(new Faults(seed, 8, 8));
    service.ceiling(Scope.USER, "ada", USER_LIMIT);
    service.ceiling(Scope.KEY, "ci", MicroUsd.of(1_000_000));
    try (ExecutorService threads = Executors.newFixedThreadPool(16)) {
      List<Callable<Void>> work = new ArrayList<>();
      for (int thread = 0; thread < 16; thread++) {
        RandomGenerator random =
            RandomGeneratorFactory.of("SplittableRandom").create(seed + thread);
        work.add(
            () -> {
              for (int step = 0; step < 30; step++) {
                int call = random.nextInt(60);
                String key = "key-" + call;
                try {
                  switch (random.nextInt(4)) {
                    case 0, 1 ->
                        service.ask(key, "run-" + call % RUNS, 0, 500 + call * 40L, RUN_LIMIT);
                    case 2 -> service.commit(service.idOf(key), 0, random.nextInt(4_000));
                    default -> service.settlement.release(service.gateway, service.idOf(key), null);
                  }
                } catch (StorageUnavailable | StorageContended e) {
                  // Its outcome is unknown; the sums must agree with the items all the same.
                }
              }
              return null;
            });
      }
      for (Future<Void> future : threads.invokeAll(work)) {
        future.get();
      }
    }

    Map<AccountKey, Long> held = new HashMap<>();
    Map<AccountKey, Long> charged = new HashMap<>();
    for (int call = 0; call < 60; call++) {
      service
          .ledger
          .find(service.tenantId, service.idOf("key-" + call), Deadline.in(Duration.ofSeconds(5)))
          .ifPresent(reservation -> add(reservation, held, charged));
    }
    assertThat(held).as("seed " + seed).isNotEmpty();
    for (AccountKey key : held.keySet()) {
      Account account = service.account(key.scope(), key.id());
      assertThat(account.reserved().micros())
          .as("seed " + seed + ", " + key)
          .isEqualTo(held.get(key));
      assertThat(account.committed().micros())
          .as("seed " + seed + ", " + key)
          .isEqualTo(charged.get(key));
    }
  }

  private static void add(
      Reservation reservation, Map<AccountKey, Long> held, Map<AccountKey, Long> charged) {
    for (AccountShare share : reservation.shares()) {
      AccountKey account = share.key(reservation.tenantId());
      held.merge(account, reservation.state().isHolding() ? share.hold().micros() : 0, Long::sum);
      charged.merge(account, reservation.charged().micros(), Long::sum);
    }
  }
}
