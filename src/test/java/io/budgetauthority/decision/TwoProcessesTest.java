package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

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
    service.configuration.replace(service.tenantId, next);
  }

  private static Decision decided(Answer answer) {
    return assertInstanceOf(Answer.Decided.class, answer).decision();
  }

  @Test
  void whenEachKnowsAnotherChange_theLowerLimitHolds() {
    one.policy(Policy.DEFAULT);
    one.ceiling(Scope.USER, "ada", HUNDRED);
    assertThat(decided(one.ask("a", "run", 0, 1, HUNDRED)).verdict().wireName()).isEqualTo("allow");
    assertThat(decided(other.ask("b", "run", 0, 1, HUNDRED)).verdict().wireName())
        .isEqualTo("allow");

    other.ceiling(Scope.USER, "ada", TENTH);
    changePolicy(one, 300);
    Decision decision = decided(one.ask("c", "run", 150_000, 1, null));

    assertThat(decision.verdict().code()).isEqualTo(ProblemCode.USER_CEILING_REACHED);
    Account account = one.account(Scope.USER, "ada");
    assertThat(account.addsUp()).isTrue();
    assertThat(account.limit()).isEqualTo(TENTH);
    for (TestAuthority process : List.of(other, one, other)) {
      String key = UUID.randomUUID().toString();
      assertThat(decided(process.ask(key, "run", 0, 1, null)).verdict().wireName())
          .isEqualTo("allow");
      assertThat(process.account(Scope.USER, "ada").limit()).isEqualTo(TENTH);
    }
    assertThat(one.account(Scope.USER, "ada").version()).isEqualTo(new LimitVersion(2, 2));
  }

  @Test
  void whenManyChangesCross_everyAccountAddsUp() {
    one.policy(Policy.DEFAULT);
    for (int round = 0; round < 12; round++) {
      TestAuthority changer = round % 2 == 0 ? one : other;
      TestAuthority asker = round % 3 == 0 ? one : other;
      changer.ceiling(Scope.USER, "ada", MicroUsd.of(1_000_000L + round));
      changePolicy(round % 4 < 2 ? other : one, 300 + round);
      assertThat(decided(asker.ask("k" + round, "run", 0, 1, null)).verdict().wireName())
          .isEqualTo("allow");
      Account account = asker.account(Scope.USER, "ada");
      assertThat(account.addsUp()).as(account.toString()).isTrue();
      assertThat(account.limit()).isEqualTo(MicroUsd.of(1_000_000L + round));
    }
  }

  @Test
  void whenAnAccountDoesNotAddUp_itIsPutRight() {
    one.ceiling(Scope.USER, "ada", TENTH);
    Answer.Decided held = (Answer.Decided) one.ask("a", "run", 0, 100, null);
    AccountKey key = AccountKey.total(one.tenantId, Scope.USER, "ada");
    breakAvailable(key, 99_000_000);
    assertThat(one.storedAccount(Scope.USER, "ada").available()).isEqualTo(MicroUsd.of(99_500));

    Decision decision = decided(one.ask("b", "run", 0, 30_000, null));

    assertThat(decision.verdict().code())
        .as("0.15 USD do not fit what is really left")
        .isEqualTo(ProblemCode.USER_CEILING_REACHED);
    assertThat(one.account(Scope.USER, "ada").addsUp()).isTrue();
    breakAvailable(key, 99_000_000);
    Settlement.Result extended =
        one.settlement.extend(one.gateway, held.reservation().id(), null, 30_000L);
    assertThat(extended).isInstanceOf(Settlement.Result.Blocked.class);
    assertThat(one.account(Scope.USER, "ada").addsUp()).isTrue();
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
    assertThat(written.isDone()).isTrue();
  }
}
