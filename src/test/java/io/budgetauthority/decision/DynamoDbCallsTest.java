package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/// What a decision and a settlement ask of DynamoDB, call by call, whatever the mode
/// (ledger.md#reserve and ledger.md#settle: one batch read and one transaction; of a block, one
/// put.
class DynamoDbCallsTest {

  private static final List<String> DECIDED = List.of("BatchGetItem", "TransactWriteItems");
  private static final List<String> BLOCKED = List.of("BatchGetItem", "PutItem");
  private static final List<String> READ = List.of("BatchGetItem");
  private static final List<String> WRITTEN = List.of("TransactWriteItems");
  private static final List<String> SETTLED = List.of("GetItem", "TransactWriteItems");

  private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
  private final TestAuthority service =
      TestAuthority.watchedBy(
          new ExecutionInterceptor() {
            @Override
            public void beforeExecution(
                Context.BeforeExecution context, ExecutionAttributes attributes) {
              calls.add(context.request().getClass().getSimpleName().replace("Request", ""));
            }
          });

  private List<String> callsOf(Runnable step) {
    calls.clear();
    step.run();
    return List.copyOf(calls);
  }

  private void ask(String key, long outputTokens) {
    assertThat(service.ask(key, "run-1", 10, outputTokens, MicroUsd.parse("1.00")))
        .isInstanceOf(Answer.Decided.class);
  }

  private void tenantIn(Mode mode) {
    service.policy(TestAuthority.policyIn(mode));
    for (Scope scope : List.of(Scope.USER, Scope.KEY)) {
      String id = scope == Scope.USER ? "ada" : "ci";
      service.ceiling(scope, id, Window.DAY, MicroUsd.parse("5.00"));
      service.ceiling(scope, id, Window.TOTAL, MicroUsd.parse("50.00"));
    }
    service.ceiling(Scope.TENANT, "-", Window.MONTH, MicroUsd.parse("500.00"));
    // What is configured is read once and remembered for some seconds.
    assertInstanceOf(Answer.DryRun.class, dryRun());
  }

  private Answer dryRun() {
    return service.authority.decide(
        Ask.of(service.gateway, TestAuthority.request(10, 10L), null, "run-dry"));
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void whenACallIsAskedAndSettled_eachIsAReadAndAWriteAtMost(Mode mode) {
    tenantIn(mode);

    assertThat(callsOf(() -> ask("first", 1_000)))
        .as("the first of a run makes it")
        .isEqualTo(DECIDED);
    assertThat(callsOf(() -> ask("second", 1_000))).isEqualTo(DECIDED);
    assertThat(callsOf(() -> ask("third", 1_000))).isEqualTo(DECIDED);
    assertThat(callsOf(() -> ask("third", 1_000))).as("a replay").isEqualTo(READ);
    assertThat(callsOf(this::dryRun)).as("a dry run").isEqualTo(READ);

    ReservationId first = service.idOf("first");
    assertThat(callsOf(() -> service.commit(first, 10, 500, UsageQuality.ESTIMATED)))
        .as("a commit by the process that decided")
        .isEqualTo(WRITTEN);
    assertThat(callsOf(() -> service.commit(first, 10, 500, UsageQuality.ESTIMATED)))
        .as("a commit again")
        .isEqualTo(List.of("GetItem"));
    assertThat(callsOf(() -> service.commit(first, 10, 600)))
        .as("a better report")
        .isEqualTo(SETTLED);
    assertThat(
            callsOf(
                () -> service.settlement.release(service.gateway, service.idOf("second"), null)))
        .as("a release; where nothing is held it is the reservation's alone")
        .isEqualTo(mode == Mode.ACTUALS_ONLY ? List.of("UpdateItem") : WRITTEN);
    assertThat(callsOf(() -> service.settlement.find(service.gateway, first)))
        .as("a look-up")
        .isEqualTo(List.of("GetItem"));
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void whenACallIsBlocked_itIsOneReadAndOnePut(Mode mode) {
    tenantIn(mode);
    // All of the run is spent, so that every mode that blocks does.
    ask("spends", 1_000);
    service.commit(service.idOf("spends"), 10, 300_000);

    List<String> calls = callsOf(() -> ask("over", 64_000));
    assertThat(calls).isEqualTo(mode == Mode.ADVISORY_ESTIMATE ? DECIDED : BLOCKED);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void whenADayBegins_itsAccountsAreMadeInTheSameTransaction(Mode mode) {
    tenantIn(mode);
    ask("today", 1_000);
    service.clock.set(Instant.parse("2026-11-25T00:00:00.001Z"));

    assertThat(callsOf(() -> ask("tomorrow", 1_000))).isEqualTo(DECIDED);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void whenOutputIsExtended_itIsTwoReadsAndOneWrite(Mode mode) {
    tenantIn(mode);
    ask("streams", 1_000);

    assertThat(
            callsOf(
                () ->
                    service.settlement.extend(
                        service.gateway, service.idOf("streams"), service.clock.instant(), 2_000L)))
        .isEqualTo(
            List.of(
                "GetItem",
                "BatchGetItem",
                mode == Mode.ACTUALS_ONLY ? "UpdateItem" : "TransactWriteItems"));
  }
}
