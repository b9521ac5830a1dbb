package io.budgetauthority.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.configuration.AddIncrease;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.scan.AccountScan;
import io.budgetauthority.ledger.scan.DecisionScan;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.AuditEntry;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// The comparison of accounts with their reservations and charges, on sums that are right and on
/// sums that were changed by hand.
class LedgerCheckTest {

  private static final String LEDGER =
      LocalCloudForTests.shared().definitions().ledgerTable().create().tableName();
  private static final String DECISIONS =
      LocalCloudForTests.shared().definitions().decisionsTable().create().tableName();
  private static final List<Window> PERIODS =
      List.of(Window.HOUR, Window.DAY, Window.WEEK, Window.MONTH, Window.QUARTER);
  private static final MicroUsd RUN_LIMIT = MicroUsd.of(5_000_000);

  private final TestAttribution it = new TestAttribution();
  private final TestAuthority service = it.service;
  private final AccountKey ada = AccountKey.total(service.tenantId, Scope.USER, "ada");

  /// Twenty decisions in two runs and a child run. Four of them still hold.
  @BeforeEach
  void makeDecisions() {
    service.policy(Policy.DEFAULT);
    service.ceiling(Scope.USER, "ada", MicroUsd.of(100_000_000));
    for (Window window : PERIODS) {
      var unused =
          service.configuration.put(
              new ScopeId(service.tenantId, Scope.USER, "ada"), window, RUN_LIMIT);
    }
    for (int i = 0; i < 20; i++) {
      if (i % 3 == 2) {
        service.askAsChild("key-" + i, "child", "run-0", 0, 1_000);
      } else {
        service.ask("key-" + i, "run-" + i % 3, 0, 1_000, RUN_LIMIT);
      }
      if (i % 5 != 0) {
        service.commit(service.idOf("key-" + i), 0, 100 + i);
      }
    }
    it.catchUp();
  }

  @AfterEach
  void close() {
    it.close();
  }

  private LedgerCheck check() {
    return new LedgerCheck(
        new AccountScan(it.database, LEDGER),
        new DecisionScan(it.database, DECISIONS),
        it.table,
        service.ledger,
        service.configuration.tenants,
        service.configuration.audit,
        service.clock);
  }

  private LedgerCheck.Result run() {
    return check().run(service.tenantId);
  }

  private void change(AccountKey account, String attribute, long byMicros) {
    it.dynamoDb.updateItem(
        update ->
            update
                .tableName(LEDGER)
                .key(
                    Map.of(
                        "pk", AttributeValue.fromS(account.partitionKey()),
                        "sk", AttributeValue.fromS(account.sortKey())))
                .updateExpression("ADD " + attribute + " :change, avl :opposite")
                .expressionAttributeValues(
                    Map.of(
                        ":change", AttributeValue.fromN(Long.toString(byMicros)),
                        ":opposite", AttributeValue.fromN(Long.toString(-byMicros)))));
  }

  private void delete(AccountKey account) {
    it.dynamoDb.deleteItem(
        delete ->
            delete
                .tableName(LEDGER)
                .key(
                    Map.of(
                        "pk", AttributeValue.fromS(account.partitionKey()),
                        "sk", AttributeValue.fromS(account.sortKey()))));
  }

  /// Everything that was settled is deleted, as DynamoDB does at the end of its time to live.
  private int deleteSettledDecisions() {
    List<Map<String, AttributeValue>> gone =
        it
            .dynamoDb
            .scanPaginator(
                scan ->
                    scan.tableName(DECISIONS)
                        .filterExpression("tenant = :tenant AND attribute_exists(#ttl)")
                        .expressionAttributeNames(Map.of("#ttl", "ttl"))
                        .expressionAttributeValues(
                            Map.of(":tenant", AttributeValue.fromS(service.tenantId))))
            .items()
            .stream()
            .toList();
    gone.forEach(
        item ->
            it.dynamoDb.deleteItem(
                delete ->
                    delete
                        .tableName(DECISIONS)
                        .key(Map.of("pk", Objects.requireNonNull(item.get("pk"))))));
    return gone.size();
  }

  private AccountDifference only(LedgerCheck.Result result) {
    assertThat(result.differences()).as(result.toString()).hasSize(1);
    return result.differences().getFirst();
  }

  @Test
  void whenAllAgrees_nothingDiffers() {
    LedgerCheck.Result result = run();

    assertThat(result.differences()).isEmpty();
    assertThat(result.moving()).isEmpty();
    assertThat(result.decisions()).isEqualTo(20);
    assertThat(result.accounts()).isEqualTo(4 + PERIODS.size());
  }

  @Test
  void whenDecisionsAreDeleted_nothingDiffers() {
    service.clock.advance(Duration.ofDays(60));

    assertThat(deleteSettledDecisions()).isEqualTo(16);

    assertThat(run().differences()).isEmpty();
  }

  @Test
  void whenAnAccountHadIncreases_nothingDiffers() {
    var unused =
        service.configuration.addIncrease.add(
            TestConfiguration.admin(service.tenantId),
            new AddIncrease.Wanted(
                "more",
                "any",
                new ScopeId(service.tenantId, Scope.USER, "ada"),
                Window.TOTAL,
                RUN_LIMIT,
                service.clock.instant().plusSeconds(60),
                "a test"));
    assertThat(service.account(Scope.USER, "ada").increases().included()).hasSize(1);

    assertThat(run().differences()).isEmpty();
  }

  @Test
  void whenReservedIsWrong_itBecomesTheSumOfHolds() {
    Account right = service.account(Scope.USER, "ada");
    change(ada, "res", 777);

    AccountDifference difference = only(run());
    assertThat(difference.key()).isEqualTo(ada);
    service.clock.advance(Duration.ofMillis(1));
    assertThat(check().correct(difference)).isTrue();

    assertThat(service.account(Scope.USER, "ada")).isEqualTo(right);
    assertThat(run().differences()).isEmpty();
    AuditEntry entry = service.configuration.audit.list(service.tenantId, 1, null).getFirst();
    assertThat(entry.principalId()).isEqualTo("budget check");
    assertThat(entry.subject()).isEqualTo("accounts/user/ada/total");
  }

  @Test
  void whenAvailableIsWrong_itIsComputedAnew() {
    Account right = service.account(Scope.USER, "ada");
    it.dynamoDb.updateItem(
        update ->
            update
                .tableName(LEDGER)
                .key(
                    Map.of(
                        "pk", AttributeValue.fromS(ada.partitionKey()),
                        "sk", AttributeValue.fromS(ada.sortKey())))
                .updateExpression("ADD avl :change")
                .expressionAttributeValues(
                    Map.of(":change", AttributeValue.fromN(Long.toString(5)))));

    assertThat(check().correct(only(run()))).isTrue();

    assertThat(service.account(Scope.USER, "ada")).isEqualTo(right);
  }

  @Test
  void whenNoDecisionIsDeleted_committedIsExact() {
    MicroUsd right = service.run("run-0").account().committed();
    AccountKey run = AccountKey.total(service.tenantId, Scope.RUN, "run-0");
    for (long wrong : new long[] {-3, 3}) {
      change(run, "cmt", wrong);

      assertThat(check().correct(only(run()))).isTrue();

      assertThat(service.run("run-0").account().committed()).isEqualTo(right);
    }
  }

  @Test
  void whenDecisionsAreDeleted_committedStaysWithinItsBounds() {
    service.clock.advance(Duration.ofDays(60));
    assertThat(deleteSettledDecisions()).isEqualTo(16);
    AccountKey run = AccountKey.total(service.tenantId, Scope.RUN, "run-0");
    MicroUsd right = service.run("run-0").account().committed();

    change(run, "cmt", -1);
    assertThat(run().differences()).as("what is deleted may never have been charged").isEmpty();
    change(run, "cmt", 2);
    assertThat(check().correct(only(run()))).isTrue();

    assertThat(service.run("run-0").account().committed()).isEqualTo(right);
  }

  @Test
  void whenAPeriodHasMoreThanWasCharged_itIsCorrected() {
    service.clock.advance(Duration.ofDays(120));
    assertThat(deleteSettledDecisions()).isEqualTo(16);
    Instant made = service.clock.instant().minus(Duration.ofDays(120));
    for (Window window : PERIODS) {
      AccountKey period =
          new AccountKey(
              service.tenantId,
              Scope.USER,
              "ada",
              window,
              window.periodOf(made, ZoneOffset.UTC),
              0);
      change(period, "cmt", 1);
      assertThat(only(run()).key()).isEqualTo(period);
      change(period, "cmt", -1);
    }
  }

  @Test
  void whenAChargeIsNotInItsRowYet_nothingDiffers() {
    service.clock.advance(Duration.ofDays(60));
    assertThat(deleteSettledDecisions()).isEqualTo(16);
    service.commit(service.idOf("key-0"), 0, 4_000);

    assertThat(run().differences()).isEmpty();
  }

  @Test
  void whenAnAccountIsMissing_itIsMadeWithoutALimit() {
    Account right = service.account(Scope.USER, "ada");
    delete(ada);

    assertThat(check().correct(only(run()))).isTrue();

    Account made = service.account(Scope.USER, "ada");
    assertThat(made.committed()).isEqualTo(right.committed());
    assertThat(made.reserved()).isEqualTo(right.reserved());
    service.ask("next", "run-9", 0, 10, RUN_LIMIT);
    assertThat(service.account(Scope.USER, "ada").limit()).isEqualTo(right.limit());
  }

  @Test
  void whenARunIsMissing_itIsReportedAndNotMade() {
    delete(AccountKey.total(service.tenantId, Scope.RUN, "run-1"));

    assertThat(check().correct(only(run()))).isFalse();
  }

  @Test
  void whenAnAccountChanged_itIsNotCorrected() {
    change(ada, "res", 777);
    AccountDifference difference = only(run());
    service.ask("next", "run-9", 0, 10, RUN_LIMIT);

    assertThat(check().correct(difference)).isFalse();

    AccountDifference now = only(run());
    assertThat(
            new LedgerCheck.Result(0, 0, List.of(now), List.of())
                .alsoIn(new LedgerCheck.Result(0, 0, List.of(difference), List.of())))
        .isEmpty();
  }
}
