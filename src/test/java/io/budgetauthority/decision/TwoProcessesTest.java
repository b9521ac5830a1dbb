package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Database;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.Write;
import io.budgetauthority.storage.Written;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// Two processes with caches of their own over one ledger: each may know a change that the other
/// does not (ledger.md#versions).
class TwoProcessesTest {

  private static final MicroUsd HUNDRED = MicroUsd.of(100_000_000);
  private static final MicroUsd TENTH = MicroUsd.of(100_000);

  private final TestAuthority one = new TestAuthority();
  private final TestAuthority other = one.anotherProcess();

  private static void changePolicy(TestAuthority service, int ttlSeconds) {
    Policy seen = service.configuration.policies.now(service.tenantId).policy();
    Policy next = new PolicyBuilder(seen).reservationTtlSeconds(ttlSeconds).build();
    assertTrue(service.configuration.replace(service.tenantId, next));
  }

  private static Decision decided(Answer answer) {
    return assertInstanceOf(Answer.Decided.class, answer).decision();
  }

  @Test
  void whenEachKnowsAnotherChange_theLowerLimitHolds() {
    one.policy(Policy.DEFAULT);
    one.ceiling(Scope.USER, "ada", HUNDRED);
    assertEquals("allow", decided(one.ask("a", "run", 0, 1, HUNDRED)).verdict().wireName());
    assertEquals("allow", decided(other.ask("b", "run", 0, 1, HUNDRED)).verdict().wireName());

    other.ceiling(Scope.USER, "ada", TENTH);
    changePolicy(one, 300);
    Decision decision = decided(one.ask("c", "run", 150_000, 1, null));

    assertEquals(ProblemCode.USER_CEILING_REACHED, decision.verdict().code());
    Account account = one.account(Scope.USER, "ada");
    assertTrue(account.addsUp());
    assertEquals(TENTH, account.limit());
    for (TestAuthority process : List.of(other, one, other)) {
      String key = UUID.randomUUID().toString();
      assertEquals("allow", decided(process.ask(key, "run", 0, 1, null)).verdict().wireName());
      assertEquals(TENTH, process.account(Scope.USER, "ada").limit());
    }
    assertEquals(new LimitVersion(2, 2), one.account(Scope.USER, "ada").version());
  }

  @Test
  void whenManyChangesCross_everyAccountAddsUp() {
    one.policy(Policy.DEFAULT);
    for (int round = 0; round < 12; round++) {
      TestAuthority changer = round % 2 == 0 ? one : other;
      TestAuthority asker = round % 3 == 0 ? one : other;
      changer.ceiling(Scope.USER, "ada", MicroUsd.of(1_000_000L + round));
      changePolicy(round % 4 < 2 ? other : one, 300 + round);
      assertEquals(
          "allow", decided(asker.ask("k" + round, "run", 0, 1, null)).verdict().wireName());
      Account account = asker.account(Scope.USER, "ada");
      assertTrue(account.addsUp(), account.toString());
      assertEquals(MicroUsd.of(1_000_000L + round), account.limit());
    }
  }

  @Test
  void whenAnAccountDoesNotAddUp_itIsPutRight() {
    one.ceiling(Scope.USER, "ada", TENTH);
    Answer.Decided held = (Answer.Decided) one.ask("a", "run", 0, 100, null);
    AccountKey key = AccountKey.total(one.tenantId, Scope.USER, "ada");
    breakAvailable(key, 99_000_000);
    assertEquals(MicroUsd.of(99_500), one.storedAccount(Scope.USER, "ada").available());

    Decision decision = decided(one.ask("b", "run", 0, 30_000, null));

    assertEquals(
        ProblemCode.USER_CEILING_REACHED,
        decision.verdict().code(),
        "0.15 USD do not fit what is really left");
    assertTrue(one.account(Scope.USER, "ada").addsUp());
    breakAvailable(key, 99_000_000);
    Settlement.Result extended =
        one.settlement.extend(one.gateway, held.reservation().id(), null, 30_000L);
    assertInstanceOf(Settlement.Result.Blocked.class, extended);
    assertTrue(one.account(Scope.USER, "ada").addsUp());
  }

  private static void breakAvailable(AccountKey key, long micros) {
    String table = LocalCloudForTests.shared().definitions().ledgerTable().create().tableName();
    Written written =
        new Database(LocalCloudForTests.dynamoDb().build())
            .write(
                new Write.Update(
                    table,
                    new Key(key.partitionKey(), key.sortKey()),
                    "SET avl = :wrong",
                    null,
                    Attributes.of(":wrong", micros)),
                Deadline.ofRequest());
    assertTrue(written.isDone());
  }
}
