package io.budgetauthority.decision;

import io.budgetauthority.ledger.Account;
import io.budgetauthority.ledger.AccountKey;
import io.budgetauthority.ledger.ConditionalHold;
import io.budgetauthority.ledger.EnforcedAccount;
import io.budgetauthority.ledger.Hold;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.RunCounter;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Tenants;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Turns a plan into what is answered and stored: the decision's facts, its reservation, and the
/// changes of its runs.
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
    Run.Tuple tuple,
    List<String> notices,
    @Nullable String degraded,
    Instant now) {

  private Policy policy() {
    return versioned.policy();
  }

  /// The id and the owner of an item, and the hash that tells a retry from a reused key.
  record Identity(ReservationId id, String tenantId, String principalId, String requestHash) {}

  DecisionFacts facts(Plan.Grant grant, List<EnforcedAccount> enforcedAccounts) {
    Map<EnforcedAccount, MicroUsd> holds =
        grant.takes().stream()
            .collect(Collectors.toMap(ConditionalHold::enforced, ConditionalHold::hold));
    List<DecisionFacts.Touched> touched =
        touched(enforcedAccounts, enforced -> holds.getOrDefault(enforced, MicroUsd.ZERO));
    return facts(
        grant.kind().name().toLowerCase(Locale.ROOT),
        grant.code(),
        grant.mode(),
        grant.constrainedBy(),
        grant.quote(),
        touched,
        margins(enforcedAccounts),
        grant.alternatives(),
        Stream.concat(grant.warnings().stream(), notices.stream()).toList(),
        null);
  }

  DecisionFacts facts(Plan.Block block, List<EnforcedAccount> enforcedAccounts) {
    EnforcedAccount blocking = block.blocking();
    DecisionFacts.BlockFacts blockFacts =
        new DecisionFacts.BlockFacts(
            block.detail(),
            blocking == null ? null : enforcedAccounts.indexOf(blocking),
            block.remedies().stream().map(Remedy::wireName).toList(),
            block.fitsMaxOutputTokens(),
            block.resetsAt(),
            block.candidates());
    return facts(
        DecisionFacts.BLOCK,
        block.code(),
        block.mode(),
        blocking,
        block.quote(),
        touched(enforcedAccounts, enforced -> MicroUsd.ZERO),
        List.of(),
        block.alternatives(),
        List.of(),
        blockFacts);
  }

  private static List<DecisionFacts.Touched> touched(
      List<EnforcedAccount> enforcedAccounts, Function<EnforcedAccount, MicroUsd> hold) {
    return enforcedAccounts.stream()
        .map(enforced -> DecisionFacts.Touched.of(enforced, hold.apply(enforced)))
        .toList();
  }

  /// The margin of each account, stored for a later change of its hold; empty where no account is a
  /// soft gate.
  private static List<MicroUsd> margins(List<EnforcedAccount> enforcedAccounts) {
    return enforcedAccounts.stream().anyMatch(enforced -> enforced.mode() == Mode.SOFT_GATE)
        ? enforcedAccounts.stream().map(EnforcedAccount::margin).toList()
        : List.of();
  }

  private DecisionFacts facts(
      String decision,
      @Nullable ProblemCode code,
      Mode mode,
      @Nullable EnforcedAccount constrainedBy,
      @Nullable Quote quote,
      List<DecisionFacts.Touched> touched,
      List<MicroUsd> margins,
      List<Alternative> alternatives,
      List<String> warnings,
      DecisionFacts.@Nullable BlockFacts block) {
    return new DecisionFacts(
        decision,
        code == null ? null : code.wireName(),
        mode,
        constrainedBy == null ? null : constrainedBy.account().key().scope(),
        runId.equals(Authority.DRY_RUN) ? null : runId,
        lineage.parentRunId(),
        tuple.userId(),
        tuple.keyId(),
        tuple.teamId(),
        tuple.featureId(),
        quote == null ? request.provider() : quote.provider(),
        request.model(),
        quote == null || block != null ? null : quote.model(),
        request.requestClass(),
        quote == null ? request.inputTokens() : Long.valueOf(quote.inputTokens()),
        quote == null ? null : InputBound.of(request, quote.row()).basis().wireName(),
        quote == null ? request.serviceTier() : quote.serviceTier(),
        quote == null ? request.inferenceRegion() : quote.inferenceRegion(),
        quote == null ? request.speed() : quote.speed(),
        request.maxOutputTokens(),
        quote == null ? null : Long.valueOf(quote.capTokens()),
        quote != null && quote.clamped(),
        quote == null ? null : quote.estimate().worst(),
        touched.stream()
            .map(DecisionFacts.Touched::remaining)
            .min(Comparator.naturalOrder())
            .orElse(null),
        DecisionFacts.CURRENCY,
        priceTableVersion,
        touched,
        alternatives,
        warnings,
        now,
        degraded,
        null,
        DecisionFacts.Asked.of(request, margins),
        block);
  }

  @Nullable Reservation granted(
      DecisionFacts facts, @Nullable Identity identity, Plan.Grant grant) {
    Quote quote = grant.quote();
    return identity == null
        ? null
        : reservation(
            identity,
            ReservationState.RESERVED,
            grant.takes().stream()
                .map(take -> new Hold(take.enforced().account().key(), take.hold()))
                .toList(),
            quote == null ? MicroUsd.ZERO : quote.estimate().worst(),
            facts,
            quote);
  }

  @Nullable Reservation blocked(
      DecisionFacts facts, @Nullable Identity identity, Plan.Block block) {
    return identity == null
        ? null
        : reservation(
            identity, ReservationState.NONE, List.of(), MicroUsd.ZERO, facts, block.quote());
  }

  private Reservation reservation(
      Identity identity,
      ReservationState state,
      List<Hold> holds,
      MicroUsd estimate,
      DecisionFacts facts,
      @Nullable Quote quote) {
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
        holds,
        estimate,
        null,
        null,
        now,
        now.plusSeconds(ttlSeconds),
        state == ReservationState.NONE ? now : null,
        Duration.ofDays(policy().retentionDays()),
        DecisionJson.write(facts),
        quote == null ? "" : DecisionJson.writePrice(quote.row()));
  }

  /// The amounts to hold by an update. A run that this decision starts has its hold in its new
  /// item, so it is left out.
  List<ConditionalHold> takes(Plan.Grant grant) {
    return lineage.run() != null
        ? grant.takes()
        : grant.takes().stream().filter(take -> !isOwnRun(take)).toList();
  }

  private boolean isOwnRun(ConditionalHold take) {
    AccountKey account = take.enforced().account().key();
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
    ConditionalHold first = grant.takes().stream().filter(this::isOwnRun).findFirst().orElseThrow();
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
