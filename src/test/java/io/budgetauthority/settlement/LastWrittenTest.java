package io.budgetauthority.settlement;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/// Steps from what a process wrote last, without a read (ledger.md#settle).
class LastWrittenTest {

  private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
  private final TestAuthority one = new TestAuthority(new Names());
  private final TestAuthority other = one.anotherProcess();

  /// Notes the names of the calls to DynamoDB.
  private final class Names implements ExecutionInterceptor {
    @Override
    public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
      calls.add(context.request().getClass().getSimpleName());
    }
  }

  LastWrittenTest() {
    one.policy(Policy.DEFAULT);
    one.ceiling(Scope.USER, "ada", MicroUsd.of(10_000));
    assertThat(one.ask("call", "run", 0, 100, null)).isNotNull();
    calls.clear();
  }

  private Reservation commit(TestAuthority process, int tokens, UsageQuality quality) {
    Settlement.Result result = process.commit(process.idOf("call"), 0, tokens, quality);
    assertThat(result).isInstanceOf(Settlement.Result.Done.class);
    return ((Settlement.Result.Done) result).reservation();
  }

  private void assertAda(long committed, long reserved) {
    assertThat(one.account(Scope.USER, "ada").committed()).isEqualTo(MicroUsd.of(committed));
    assertThat(one.account(Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.of(reserved));
  }

  private static MicroUsd charged(@Nullable Reservation reservation) {
    return reservation == null ? MicroUsd.ZERO : reservation.charged();
  }

  @Test
  void whenTheDecidingProcessCommits_itReadsNothing() {
    assertThat(charged(commit(one, 40, UsageQuality.EXACT))).isEqualTo(MicroUsd.of(200));

    assertThat(calls).containsExactly("TransactWriteItemsRequest");
    assertAda(200, 0);
  }

  @Test
  void whenItForwardsFirst_theCommitReadsNothingEither() {
    assertThat(one.settlement.forward(one.gateway, one.idOf("call")))
        .isInstanceOf(Settlement.Result.Done.class);
    calls.clear();

    assertThat(charged(commit(one, 40, UsageQuality.EXACT))).isEqualTo(MicroUsd.of(200));
    assertAda(200, 0);
  }

  @Test
  void whenAnotherProcessCommittedBefore_theBetterReportStays() {
    assertThat(charged(commit(other, 40, UsageQuality.EXACT))).isEqualTo(MicroUsd.of(200));

    assertThat(charged(commit(one, 60, UsageQuality.ESTIMATED))).isEqualTo(MicroUsd.of(200));
    assertAda(200, 0);
  }

  @Test
  void whenAnotherProcessReleasedBefore_aLateCommitIsCharged() {
    assertThat(other.settlement.release(other.gateway, other.idOf("call"), "unused"))
        .isInstanceOf(Settlement.Result.Done.class);
    assertAda(0, 0);

    assertThat(charged(commit(one, 60, UsageQuality.EXACT))).isEqualTo(MicroUsd.of(300));
    assertAda(300, 0);
  }

  @Test
  void whenAnotherProcessHoldsMore_allOfItIsFreed() {
    assertThat(other.settlement.extend(other.gateway, other.idOf("call"), null, 300L))
        .isInstanceOf(Settlement.Result.Done.class);
    assertAda(0, 1_500);

    assertThat(charged(commit(one, 10, UsageQuality.EXACT))).isEqualTo(MicroUsd.of(50));
    assertAda(50, 0);
  }

  @Test
  void whenItIsCommittedTwice_itIsChargedOnce() {
    Reservation first = commit(one, 40, UsageQuality.EXACT);
    Reservation second = commit(one, 40, UsageQuality.EXACT);

    assertThat(first.state()).isEqualTo(ReservationState.COMMITTED);
    assertThat(second.charged()).isEqualTo(first.charged());
    assertAda(200, 0);
  }

  @Test
  void whenAnotherTenantOrAgentSteps_itIsNotFoundOrForbidden() {
    Caller stranger = new Caller("other-" + one.tenantId, "gateway", Role.GATEWAY, null, null);
    Caller agent = new Caller(one.tenantId, "agent", Role.AGENT, "ada", "ci");

    assertThat(one.settlement.release(stranger, one.idOf("call"), null))
        .isInstanceOf(Settlement.Result.NotFound.class);
    assertThat(one.settlement.release(agent, one.idOf("call"), null))
        .isInstanceOf(Settlement.Result.Forbidden.class);
    assertAda(0, 500);
  }
}
