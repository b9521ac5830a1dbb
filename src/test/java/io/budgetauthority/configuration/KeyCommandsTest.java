package io.budgetauthority.configuration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Faults;
import io.budgetauthority.TestClock;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.storage.StorageContended;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.VersionedPolicy;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/// Keys whose changes meet, on a real DynamoDB server.
@Timeout(120)
class KeyCommandsTest {

  private final String tenantId = "tenant-" + UUID.randomUUID();
  private final TestClock clock = new TestClock(Instant.parse("2026-11-25T10:00:00Z"));
  private final Caller admin = TestConfiguration.admin(tenantId);
  private final Caller caller = new Caller(tenantId, "key_1", Role.GATEWAY, null, null);

  /// A process with caches of its own.
  private TestConfiguration process(ExecutionInterceptor... faults) {
    return TestConfiguration.shared(clock, faults);
  }

  private static RotateKey.Result rotate(TestConfiguration process, Caller admin) {
    return process.rotateKey.rotate(admin, admin.tenantId(), "key_1", Duration.ofHours(1));
  }

  private static <T> List<T> atOnce(List<Callable<T>> calls) throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(calls.size());
    try (ExecutorService threads = Executors.newFixedThreadPool(calls.size())) {
      List<Future<T>> futures = new ArrayList<>();
      for (Callable<T> call : calls) {
        futures.add(
            threads.submit(
                () -> {
                  barrier.await();
                  return call.call();
                }));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    }
  }

  @Test
  void whenRotationsRunAtOnce_everyIssuedSecretIsValid() throws Exception {
    var unused = process().issueKey.issue(admin, caller);
    for (int repetition = 0; repetition < 10; repetition++) {
      Callable<RotateKey.Result> rotate = () -> rotate(process(), admin);
      List<RotateKey.Result> outcomes = atOnce(List.of(rotate, rotate, rotate));

      int done = 0;
      for (RotateKey.Result outcome : outcomes) {
        if (outcome instanceof RotateKey.Result.Done it) {
          done++;
          assertEquals(caller, process().keys.authenticate(it.issued().secret()).orElseThrow());
        } else {
          assertInstanceOf(RotateKey.Result.Conflict.class, outcome);
        }
      }
      assertTrue(done >= 1, outcomes.toString());
    }
  }

  @Test
  void whenAKeyIsRevokedDuringARotation_noSecretIsValid() throws Exception {
    for (int repetition = 0; repetition < 15; repetition++) {
      List<String> secrets = new ArrayList<>();
      secrets.add(process().issueKey.issue(admin, caller).secret());
      List<Object> outcomes =
          atOnce(
              List.of(
                  () -> rotate(process(), admin),
                  () -> process().revokeKey.revoke(admin, tenantId, "key_1")));

      assertEquals(RevokeKey.Result.DONE, outcomes.getLast());
      if (outcomes.getFirst() instanceof RotateKey.Result.Done done) {
        secrets.add(done.issued().secret());
      }
      for (String secret : secrets) {
        assertTrue(process().keys.authenticate(secret).isEmpty(), outcomes.toString());
      }
      assertEquals(List.of(), process().keys.list(tenantId, 10, null));
    }
  }

  @Test
  void whenWritesConflict_onlyEndlessConflictsAreReported() {
    long seed = System.nanoTime();
    Faults some = new Faults(seed, 0, 60);
    TestConfiguration conflicting = process(some);
    for (int i = 0; i < 10; i++) {
      IssuedKey issued = conflicting.issueKey.issue(admin, caller);
      assertInstanceOf(RotateKey.Result.Done.class, rotate(conflicting, admin), "seed " + seed);
      assertTrue(process().keys.authenticate(issued.secret()).isPresent(), "seed " + seed);
    }
    assertTrue(some.conflicts.get() > 0, "seed " + seed);
    assertThrows(
        StorageContended.class,
        () -> process(new Faults(seed, 0, 100)).issueKey.issue(admin, caller));
  }

  @Test
  void whenAnswersAreLost_everyChangeIsAnsweredAsDone() {
    long seed = System.nanoTime();
    Faults lossy = new Faults(seed, 30, 0);
    TestConfiguration process = process(lossy);
    for (int i = 0; i < 10; i++) {
      String tenant = tenantId + "-" + i;
      Caller by = TestConfiguration.admin(tenant);
      IssuedKey first =
          process.createTenant.create(by, tenant, Policy.DEFAULT).orElseThrow(AssertionError::new);
      assertTrue(process().keys.authenticate(first.secret()).isPresent(), "seed " + seed);
      assertTrue(process.replace(tenant, Policy.DEFAULT), "seed " + seed);
      Caller other = new Caller(tenant, "other", Role.VIEWER, null, null);
      var unused = process.issueKey.issue(by, other);
      assertEquals(
          RevokeKey.Result.DONE, process.revokeKey.revoke(by, tenant, "other"), "seed " + seed);
    }
    assertTrue(lossy.lost.get() > 0, "seed " + seed);
  }

  @Test
  void whenAnswersAreLost_everyRotationIsDone() {
    long seed = System.nanoTime();
    Faults lossy = new Faults(seed, 30, 0);
    TestConfiguration process = process(lossy);
    String secret = process.issueKey.issue(admin, caller).secret();
    for (int i = 0; i < 20; i++) {
      RotateKey.Result.Done done =
          assertInstanceOf(RotateKey.Result.Done.class, rotate(process, admin), "seed " + seed);
      assertTrue(process().keys.authenticate(secret).isPresent(), "seed " + seed);
      secret = done.issued().secret();
    }
    assertTrue(process().keys.authenticate(secret).isPresent(), "seed " + seed);
    assertTrue(lossy.lost.get() > 0, "seed " + seed);
  }

  private Callable<Boolean> replacement(VersionedPolicy seen, String zone) {
    Policy next = Policy.DEFAULT.in(ZoneId.of(zone));
    return () ->
        process(new Faults(7, 0, 30))
            .replacePolicy
            .replace(admin, tenantId, seen, next)
            .isPresent();
  }

  @Test
  void whenTwoPoliciesAreWrittenAtOnce_oneIsRefused() throws Exception {
    assertTrue(process().create(tenantId, Policy.DEFAULT));
    for (int repetition = 0; repetition < 10; repetition++) {
      VersionedPolicy seen = process().policies.now(tenantId);
      List<Boolean> outcomes =
          atOnce(List.of(replacement(seen, "UTC"), replacement(seen, "Asia/Tokyo")));
      assertEquals(1, outcomes.stream().filter(it -> it).count());
    }
    assertEquals(11, process().policies.now(tenantId).version());
  }
}
