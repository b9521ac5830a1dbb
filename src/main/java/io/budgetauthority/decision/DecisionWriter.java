package io.budgetauthority.decision;

import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.ConditionalHold;
import io.budgetauthority.ledger.EnforcedAccount;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunCounter;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Tenants;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Turns a plan into what is answered and stored: the decision, its reservation, and the changes of
/// its runs.
///
/// @param issued whether the run was issued to this call alone
/// @param notices warnings beside those of the plan
/// @param degraded the code of the outage in which the ledger was not asked; null where it was
///   asked
record DecisionWriter(
    DecisionRequest request,
    Tenants.Versioned versioned,
    String priceTableVersion,
    String runId,
    boolean issued,
    Lineage lineage,
    Tuple tuple,
    List<String> notices,
    @Nullable String degraded,
    Instant now) {

  private Policy policy() {
    return versioned.policy();
  }

  /// The id and the owner of an item, and the hash that tells a retry from a reused key.
  record Identity(ReservationId id, String tenantId, String principalId, String requestHash) {}

  Decision decision(Plan.Grant grant, List<EnforcedAccount> enforcedAccounts) {
    Map<EnforcedAccount, MicroUsd> holds =
        grant.holds().stream()
            .collect(Collectors.toMap(ConditionalHold::enforced, ConditionalHold::hold));
    return decision(
        grant.verdict(),
        grant.mode(),
        grant.quote(),
        enforcedAccounts.stream()
            .map(enforced -> enforced.sharing(holds.getOrDefault(enforced, MicroUsd.ZERO)))
            .toList(),
        Stream.concat(grant.warnings().stream(), notices.stream()).toList());
  }

  Decision decision(Plan.Block block, List<EnforcedAccount> enforcedAccounts) {
    return decision(
        block.verdict(),
        block.mode(),
        block.quote(),
        enforcedAccounts.stream().map(enforced -> enforced.sharing(MicroUsd.ZERO)).toList(),
        List.of());
  }

  private Decision decision(
      Verdict verdict,
      Mode mode,
      @Nullable Quote quote,
      List<AccountShare> accounts,
      List<String> warnings) {
    boolean isBlock = verdict instanceof Verdict.Block;
    return new Decision(
        verdict,
        mode,
        new Decision.Subject(
            runId.equals(Authority.DRY_RUN) ? null : runId, lineage.parentRunId(), null, tuple),
        new Decision.Model(
            quote == null ? request.provider() : quote.provider(),
            request.model(),
            quote == null || isBlock ? null : quote.model(),
            request.requestClass()),
        quote == null
            ? new Decision.Tokens(
                request.inputTokens(), null, request.maxOutputTokens(), null, false)
            : new Decision.Tokens(
                quote.inputTokens(),
                InputBound.of(request, quote.row()).basis(),
                request.maxOutputTokens(),
                quote.capTokens(),
                quote.clamped()),
        quote == null
            ? new Decision.Service(
                request.serviceTier(), request.inferenceRegion(), request.speed())
            : quote.service(),
        quote == null ? null : quote.estimate().worst(),
        accounts,
        warnings,
        priceTableVersion,
        now,
        degraded,
        request.bounds());
  }

  /// The reservation of a call that is let through.
  Reservation granted(Decision decision, Identity identity, Plan.Grant grant) {
    return reservation(identity, ReservationState.RESERVED, decision, grant.quote());
  }

  /// The item of a block, which reserves nothing.
  Reservation blocked(Decision decision, Identity identity, Plan.Block block) {
    return reservation(identity, ReservationState.NONE, decision, block.quote());
  }

  private Reservation reservation(
      Identity identity, ReservationState state, Decision decision, @Nullable Quote quote) {
    int ttlSeconds =
        request.ttlSeconds() == null ? policy().reservationTtlSeconds() : request.ttlSeconds();
    return new Reservation(
        identity.id(),
        identity.tenantId(),
        identity.principalId(),
        identity.requestHash(),
        Reservation.newNonce(),
        1,
        state,
        request.explicitForward(),
        false,
        decision,
        quote == null ? null : quote.row(),
        null,
        null,
        now.plusSeconds(ttlSeconds),
        state == ReservationState.NONE ? now : null,
        Duration.ofDays(policy().retentionDays()));
  }

  /// The amounts to hold by an update. A run that this decision starts has its hold in its new
  /// item, so it is left out.
  List<ConditionalHold> updates(Plan.Grant grant) {
    return lineage.run() != null
        ? grant.holds()
        : grant.holds().stream().filter(hold -> !isOwnRun(hold)).toList();
  }

  private boolean isOwnRun(ConditionalHold hold) {
    AccountKey account = hold.enforced().account().key();
    return account.scope() == Scope.RUN && account.id().equals(runId);
  }

  /// The changes of the run and of its ancestors. The run is started or renewed, and each ancestor
  /// is renewed.
  List<Ledger.RunChange> runChanges(Plan.Grant grant, String tenantId) {
    Instant expiresAt = now.plus(policy().runTtl());
    List<Ledger.RunChange> changes = new ArrayList<>();
    Run run = lineage.run();
    changes.add(
        run == null
            ? start(grant, tenantId, expiresAt)
            : new Ledger.Renew(run, run.tuple().completedBy(tuple), now, expiresAt, true));
    lineage
        .ancestors()
        .forEach(one -> changes.add(new Ledger.Renew(one, one.tuple(), now, expiresAt, false)));
    return changes;
  }

  private Ledger.Start start(Plan.Grant grant, String tenantId, Instant expiresAt) {
    ConditionalHold first = grant.holds().stream().filter(this::isOwnRun).findFirst().orElseThrow();
    Account account = first.enforced().account();
    Account held =
        Account.of(
            account.key(), account.limit(), account.committed(), first.hold(), account.version());
    return new Ledger.Start(
        new Run(
            tenantId,
            runId,
            lineage.chain(),
            tuple,
            null,
            now,
            expiresAt,
            held.limit(),
            Run.Rules.USUAL,
            !issued,
            held));
  }

  /// The counters that the decision increments: those of a new run, and those of a key or user that
  /// it binds.
  List<RunCounter> counters(String tenantId) {
    Run run = lineage.run();
    if (run != null) {
      return RunCounters.ofKnown(tenantId, versioned, run, run.tuple().completedBy(tuple), now);
    }
    return issued ? List.of() : RunCounters.ofNew(tenantId, versioned, tuple, now);
  }
}
