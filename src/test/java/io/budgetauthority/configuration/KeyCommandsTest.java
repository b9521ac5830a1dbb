package io.budgetauthority.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
          assertThat(process().keys.authenticate(it.issued().secret()).orElseThrow())
              .isEqualTo(caller);
        } else {
          assertThat(outcome).isInstanceOf(RotateKey.Result.Conflict.class);
        }
      }
      assertThat(done).as(outcomes.toString()).isGreaterThanOrEqualTo(1);
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

      assertThat(outcomes.getLast()).isEqualTo(RevokeKey.Result.DONE);
      if (outcomes.getFirst() instanceof RotateKey.Result.Done done) {
        secrets.add(done.issued().secret());
      }
      for (String secret : secrets) {
        assertThat(process().keys.authenticate(secret)).as(outcomes.toString()).isEmpty();
      }
      assertThat(process().keys.list(tenantId, 10, null)).isEmpty();
    }
  }

  @Test
  void whenWritesConflict_onlyEndlessConflictsAreReported() {
    long seed = System.nanoTime();
    Faults some = new Faults(seed, 0, 60);
    TestConfiguration conflicting = process(some);
    for (int i = 0; i < 10; i++) {
      IssuedKey issued = conflicting.issueKey.issue(admin, caller);
      assertThat(rotate(conflicting, admin))
          .as("seed " + seed)
          .isInstanceOf(RotateKey.Result.Done.class);
      assertThat(process().keys.authenticate(issued.secret())).as("seed " + seed).isPresent();
    }
    assertThat(some.conflicts.get()).as("seed " + seed).isGreaterThan(0);
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
      assertThat(process().keys.authenticate(first.secret())).as("seed " + seed).isPresent();
      process.replace(tenant, Policy.DEFAULT);
      assertThat(process().policies.now(tenant).version()).as("seed " + seed).isEqualTo(2);
      Caller other = new Caller(tenant, "other", Role.VIEWER, null, null);
      var unused = process.issueKey.issue(by, other);
      assertThat(process.revokeKey.revoke(by, tenant, "other"))
          .as("seed " + seed)
          .isEqualTo(RevokeKey.Result.DONE);
    }
    assertThat(lossy.lost.get()).as("seed " + seed).isGreaterThan(0);
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
      assertThat(process().keys.authenticate(secret)).as("seed " + seed).isPresent();
      secret = done.issued().secret();
    }
    assertThat(process().keys.authenticate(secret)).as("seed " + seed).isPresent();
    assertThat(lossy.lost.get()).as("seed " + seed).isGreaterThan(0);
  }

  @Test
  void whenPoliciesAreWrittenAtOnce_eachIsReplacedOnce() throws Exception {
    assertThat(process().create(tenantId, Policy.DEFAULT)).isTrue();
    List<String> zones = List.of("Asia/Tokyo", "Europe/Paris", "America/Lima", "UTC");
    for (int repetition = 0; repetition < 5; repetition++) {
      List<VersionedPolicy> replaced =
          atOnce(
              zones.stream()
                  .<Callable<VersionedPolicy>>map(
                      zone ->
                          () ->
                              process(new Faults(7, 0, 30))
                                  .replacePolicy
                                  .replace(
                                      admin, tenantId, seen -> Policy.DEFAULT.in(ZoneId.of(zone))))
                  .toList());
      assertThat(replaced.stream().map(VersionedPolicy::version))
          .doesNotHaveDuplicates()
          .allMatch(version -> version > 1);
    }
    assertThat(process().policies.now(tenantId).version()).isEqualTo(1 + 5 * zones.size());
  }
}
