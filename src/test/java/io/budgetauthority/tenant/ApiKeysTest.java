package io.budgetauthority.tenant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.Faults;
import io.budgetauthority.TestClock;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.tenant.ApiKeys.Rotated;
import java.time.Duration;
import java.time.Instant;
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
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// Keys whose changes meet, on a real DynamoDB server.
@Timeout(120)
class ApiKeysTest {

  private static final String TABLE =
      LocalCloudForTests.shared().definitions().ledgerTable().create().tableName();

  private final String tenantId = "tenant-" + UUID.randomUUID();
  private final TestClock clock = new TestClock(Instant.parse("2026-11-25T10:00:00Z"));
  private final Tenants tenants = new Tenants(client(), TABLE);
  private final Caller caller = new Caller(tenantId, "key_1", Role.GATEWAY, null, null);

  private static DynamoDbClient client(ExecutionInterceptor... faults) {
    return LocalCloudForTests.dynamoDb()
        .overrideConfiguration(
            override -> List.of(faults).forEach(override::addExecutionInterceptor))
        .build();
  }

  private ApiKeys keys(ExecutionInterceptor... faults) {
    return new ApiKeys(client(faults), TABLE, clock);
  }

  private AuditEntry entry() {
    return AuditEntry.of(caller, clock.instant(), "keys/key_1", null, null);
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
    keys().issue(caller, tenants, entry());
    for (int repetition = 0; repetition < 10; repetition++) {
      Callable<Rotated> rotate =
          () -> keys().rotate(tenantId, "key_1", Duration.ofHours(1), tenants, entry());
      List<Rotated> outcomes = atOnce(List.of(rotate, rotate, rotate));

      int done = 0;
      for (Rotated outcome : outcomes) {
        if (outcome instanceof Rotated.Done it) {
          done++;
          assertEquals(caller, keys().authenticate(it.issued().secret()).orElseThrow());
        } else {
          assertInstanceOf(Rotated.Meanwhile.class, outcome);
        }
      }
      assertTrue(done >= 1, outcomes.toString());
    }
  }

  @Test
  void whenAKeyIsRevokedDuringARotation_noSecretIsValid() throws Exception {
    for (int repetition = 0; repetition < 15; repetition++) {
      List<String> secrets = new ArrayList<>();
      secrets.add(keys().issue(caller, tenants, entry()).secret());
      List<Object> outcomes =
          atOnce(
              List.of(
                  () -> keys().rotate(tenantId, "key_1", Duration.ofHours(1), tenants, entry()),
                  () -> keys().revoke(tenantId, "key_1", tenants, entry())));

      assertEquals(ApiKeys.Revoked.DONE, outcomes.getLast());
      if (outcomes.getFirst() instanceof Rotated.Done done) {
        secrets.add(done.issued().secret());
      }
      for (String secret : secrets) {
        assertTrue(keys().authenticate(secret).isEmpty(), outcomes.toString());
      }
      assertEquals(List.of(), keys().list(tenantId, 10, null));
    }
  }

  @Test
  void whenWritesConflict_onlyEndlessConflictsAreReported() {
    long seed = System.nanoTime();
    Faults some = new Faults(seed, 0, 60);
    ApiKeys conflicting = keys(some);
    for (int i = 0; i < 10; i++) {
      ApiKeys.Issued issued = conflicting.issue(caller, tenants, entry());
      Rotated rotated =
          conflicting.rotate(tenantId, "key_1", Duration.ofHours(1), tenants, entry());
      assertInstanceOf(Rotated.Done.class, rotated, "seed " + seed);
      assertTrue(keys().authenticate(issued.secret()).isPresent(), "seed " + seed);
    }
    assertTrue(some.conflicts.get() > 0, "seed " + seed);
    assertThrows(
        ConfigurationWrites.Busy.class,
        () -> keys(new Faults(seed, 0, 100)).issue(caller, tenants, entry()));
  }

  @Test
  void whenTwoPoliciesAreWrittenAtOnce_oneIsRefused() throws Exception {
    assertTrue(tenants.create(tenantId, Policy.DEFAULT, clock.instant()));
    for (int repetition = 0; repetition < 10; repetition++) {
      Tenants.Versioned seen = tenants.policyNow(tenantId);
      Callable<Boolean> replace =
          () ->
              new Tenants(client(new Faults(7, 0, 30)), TABLE)
                  .replacePolicy(tenantId, seen, Policy.DEFAULT, entry());
      List<Boolean> outcomes = atOnce(List.of(replace, replace));
      assertEquals(1, outcomes.stream().filter(it -> it).count());
    }
    assertEquals(11, tenants.policyNow(tenantId).version());
  }
}
